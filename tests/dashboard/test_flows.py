"""Signing accounts in, against the simulator's login host and by a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import pytest
from tests.dashboard.login_scene import Scene, scene

from codex_lb.core import oauth
from codex_lb.core.oauth import DeviceCode, Flow
from codex_lb.simulator.steps import Refuse, Reset, SlowHead, Status
from codex_lb.store import StoreError
from codex_lb.upstream.oauth import Refused


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    async with scene() as built:
        yield built


def ended(flow: Flow | str | None, stage: Literal["success", "error"]) -> Flow:
    assert isinstance(flow, Flow)
    assert flow.stage == stage, flow.message
    return flow


async def test_a_browser_signs_an_account_in_and_frees_the_port(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    assert here.listener.is_open
    url = await here.consent(begun.authorization_url, "alice@example.com")

    flow = ended(await here.flows.take(url), "success")

    (account,) = here.accounts.rows.values()
    assert (account.id, account.identity.email) == (flow.signed_in, "alice@example.com")
    assert here.accounts.credentials[account.id].refresh_token == here.alice.refresh_token
    assert not here.listener.is_open


async def test_what_the_browser_brings_to_the_port_is_taken(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    assert here.listener.take is not None
    take = here.listener.take
    assert await take(url.partition("1455")[2]) is None
    assert await take("/auth/callback?code=c&state=guessed") == oauth.UNKNOWN
    assert len(here.accounts.rows) == 1


async def test_pasting_twice_is_harmless(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    here.sim.script(SlowHead(0.05), endpoint="code", times=1)

    async with asyncio.TaskGroup() as group:
        pasted = [group.create_task(here.flows.take(url)) for _ in range(3)]
    again = await here.flows.take(url)

    assert {ended(task.result(), "success") for task in pasted} == {ended(again, "success")}
    assert len(here.sim.requests_to("/oauth/token")) == 1


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        pytest.param(lambda url: url.replace("state=", "state=x"), oauth.UNKNOWN, id="wrong"),
        pytest.param(lambda url: url.partition("&state")[0], oauth.UNREADABLE, id="missing"),
    ],
)
async def test_a_state_that_is(here: Scene, change: object, refused: str) -> None:
    assert callable(change)
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")

    assert await here.flows.take(change(url)) == refused

    assert here.sim.requests_to("/oauth/token") == []
    ended(await here.flows.take(url), "success")  # the flow waits for the right one


async def test_a_state_is_good_for_one_code(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    first, second = [
        await here.consent(begun.authorization_url, "alice@example.com") for _ in range(2)
    ]
    ended(await here.flows.take(first), "success")
    assert await here.flows.take(second) == oauth.SPENT
    assert len(here.sim.requests_to("/oauth/token")) == 1


async def test_an_abandoned_flow_ends_and_frees_the_port_and_the_next_succeeds(here: Scene) -> None:
    abandoned = await here.flows.in_browser(None)
    url = await here.consent(abandoned.authorization_url, "alice@example.com")
    here.clock.now += oauth.BROWSER_S
    await here.flows.tend()
    assert not here.listener.is_open
    assert ended(await here.flows.find(abandoned.flow.id), "error").message == oauth.EXPIRED
    assert await here.flows.take(url) == oauth.SPENT

    second = await here.flows.in_browser(None)
    assert here.listener.opened == 2
    url = await here.consent(second.authorization_url, "alice@example.com")
    ended(await here.flows.take(url), "success")


async def test_a_code_that_comes_too_late_is_refused_whoever_noticed(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    here.clock.now += oauth.BROWSER_S
    assert await here.flows.take(url) == oauth.SPENT
    assert here.accounts.rows == {}


async def test_several_flows_are_told_apart(here: Scene) -> None:
    here.sim.add_account("bob@example.com")
    one, two = await here.flows.in_browser(None), await here.flows.in_browser(None)
    url = await here.consent(two.authorization_url, "bob@example.com")

    assert await here.flows.take(url, one.flow.id) == oauth.UNKNOWN
    ended(await here.flows.take(url, two.flow.id), "success")

    first = await here.flows.find(one.flow.id)
    assert first is not None
    assert first.stage == "pending"
    assert here.listener.is_open
    latest = await here.flows.find(None)
    assert latest is not None
    assert latest.id == two.flow.id
    url = await here.consent(one.authorization_url, "alice@example.com")
    ended(await here.flows.take(url), "success")
    assert {account.identity.email for account in here.accounts.rows.values()} == {
        "alice@example.com",
        "bob@example.com",
    }


async def test_who_declines_is_told_so(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "nobody")
    assert ended(await here.flows.take(url), "error").message == oauth.DECLINED
    assert not here.listener.is_open


async def test_a_flow_that_is_given_up_takes_nothing_more(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    assert ended(here.flows.cancel(begun.flow.id), "error").message == oauth.CANCELLED
    assert not here.listener.is_open
    assert await here.flows.take(url) == oauth.SPENT
    assert here.flows.cancel("flow_nobody") is None


async def test_a_port_that_is_taken_is_said_and_pasting_still_works(here: Scene) -> None:
    here.listener.trouble = "Port 1455 is in use."
    begun = await here.flows.in_browser(None)
    assert begun.warning == "Port 1455 is in use."
    url = await here.consent(begun.authorization_url, "alice@example.com")
    ended(await here.flows.take(url), "success")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        pytest.param(Refuse("invalid_grant"), "invalid_grant", id="a refusal"),
        pytest.param(Reset(), "no reply", id="a cut connection"),
        pytest.param(Status(200, {"access_token": "at"}), "missing", id="half an answer"),
        pytest.param(Status(200, "<html>"), "missing", id="a page"),
    ],
)
async def test_an_exchange_that_fails_ends_the_flow_with_the_reason(
    here: Scene, step: Refuse | Reset | Status, said: str
) -> None:
    here.sim.script(step, endpoint="code", times=1)
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    assert said in (ended(await here.flows.take(url), "error").message or "")
    assert here.accounts.rows == {}


async def test_a_store_that_fails_ends_the_flow_with_the_reason(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    here.accounts.broken = StoreError("the disk is full")
    assert "the disk is full" in (ended(await here.flows.take(url), "error").message or "")


async def test_whoever_is_interrupted_leaves_no_flow_hanging(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    here.sim.script(SlowHead(30), endpoint="code", times=1)
    async with asyncio.TaskGroup() as group:
        taking = group.create_task(here.flows.take(url))
        await here.sim.wait_for(lambda: bool(here.sim.requests_to("/oauth/token")), 10)
        taking.cancel()
    assert "interrupted" in (ended(await here.flows.find(begun.flow.id), "error").message or "")


async def test_an_account_signs_in_anew_as_itself(here: Scene) -> None:
    id_ = await signed_in(here, "alice@example.com")
    here.alice.session = "reused"
    begun = await here.flows.in_browser(id_)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    assert ended(await here.flows.take(url), "success").signed_in == id_
    assert here.accounts.credentials[id_].refresh_token == here.alice.refresh_token


@dataclass(frozen=True)
class Other:
    email: str
    workspace: str | None = None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Other("bob@example.com"), id="another person"),
        pytest.param(Other("alice@example.com", "ws-2"), id="another workspace of the same person"),
    ],
)
async def test_another_identity_is_refused_and_nothing_is_written(
    here: Scene, other: Other
) -> None:
    id_ = await signed_in(here, "alice@example.com")
    before = dict(here.accounts.credentials), dict(here.accounts.rows)
    seat = here.sim.add_account(other.email, workspace_id=other.workspace)
    begun = await here.flows.in_browser(id_)
    url = await here.consent(begun.authorization_url, seat.account_id)

    message = ended(await here.flows.take(url), "error").message or ""

    assert "You signed in as" in message
    assert "Nothing was changed" in message
    assert (here.accounts.credentials, here.accounts.rows) == before


async def test_seats_under_one_address_stay_distinct(here: Scene) -> None:
    seats = [here.alice]
    seats += [here.sim.add_account(here.alice.email, workspace_id=name) for name in ("w1", "w2")]
    ids = {await signed_in(here, seat.account_id) for seat in seats}
    assert len(ids) == len(here.accounts.rows) == 3


async def test_an_account_that_is_gone_meanwhile_does_not_come_back(here: Scene) -> None:
    id_ = await signed_in(here, "alice@example.com")
    begun = await here.flows.in_browser(id_)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    here.accounts.rows.clear()
    assert "removed" in (ended(await here.flows.take(url), "error").message or "")
    assert here.accounts.rows == {}


async def test_old_flows_give_way_to_new_ones(here: Scene) -> None:
    first = (await here.flows.in_browser(None)).flow
    for _ in range(32):
        last = (await here.flows.in_browser(None)).flow
    assert await here.flows.find(first.id) is None
    assert await here.flows.find(last.id) == last


async def test_the_end_of_the_process_ends_all_flows(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    here.flows.close()
    ended(await here.flows.find(begun.flow.id), "error")
    assert not here.listener.is_open


# Device codes


async def by_device(here: Scene, account_id: str | None = None) -> tuple[str, DeviceCode]:
    begun = await here.flows.by_device(account_id)
    assert not isinstance(begun, Refused), begun
    return begun[0].id, begun[1]


def polls(here: Scene) -> int:
    return len(here.sim.requests_to("/deviceauth/token"))


async def test_a_device_code_is_asked_for_in_its_interval_until_it_is_approved(
    here: Scene,
) -> None:
    id_, code = await by_device(here)
    assert (code.interval_s, code.expires_at) == (5.0, here.clock.now + 900)
    await here.flows.tend()
    assert polls(here) == 0
    for expected in (1, 2):
        here.clock.now += 5
        await here.flows.tend()
        await here.flows.tend()
        assert polls(here) == expected
    here.sim.approve_device(code.user_code, here.alice)
    here.clock.now += 5
    await here.flows.tend()
    assert ended(await here.flows.find(id_), "success").signed_in in here.accounts.rows
    assert here.listener.opened == 0


@pytest.mark.parametrize(
    ("what", "said"), [("deny", oauth.DECLINED), ("wait", oauth.EXPIRED), ("lapse", oauth.EXPIRED)]
)
async def test_a_device_code_may_end_without_a_sign_in(here: Scene, what: str, said: str) -> None:
    id_, code = await by_device(here)
    match what:
        case "deny":
            here.sim.deny_device(code.user_code)
            here.clock.now += 5
        case "wait":
            here.clock.now += 900
        case _:
            here.sim.script(Status(400, {"error": "expired_token"}), endpoint="device", times=1)
            here.clock.now += 5
    await here.flows.tend()
    assert ended(await here.flows.find(id_), "error").message == said


async def test_a_login_host_that_fails_for_the_moment_is_asked_again(here: Scene) -> None:
    id_, code = await by_device(here)
    here.sim.approve_device(code.user_code, here.alice)
    for step in (Reset(), Status(503, "busy"), Status(429, "")):
        here.sim.script(step, endpoint="device", times=1)
    for _ in range(4):
        here.clock.now += 5
        await here.flows.tend()
    ended(await here.flows.find(id_), "success")


async def test_a_login_host_that_wants_it_slower_is_asked_less_often(here: Scene) -> None:
    await by_device(here)
    here.sim.script(Status(400, {"error": "slow_down"}), endpoint="device", times=1)
    here.clock.now += 5
    await here.flows.tend()
    here.clock.now += 9
    await here.flows.tend()
    assert polls(here) == 1
    here.clock.now += 1
    await here.flows.tend()
    assert polls(here) == 2


async def test_a_refusal_for_good_is_told(here: Scene) -> None:
    id_, _ = await by_device(here)
    here.sim.script(Status(400, {"error": "invalid_request"}), endpoint="device", times=1)
    here.clock.now += 5
    await here.flows.tend()
    assert "invalid_request" in (ended(await here.flows.find(id_), "error").message or "")


async def test_a_device_code_may_be_switched_off(here: Scene) -> None:
    here.sim.login.device_enabled = False
    begun = await here.flows.by_device(None)
    assert isinstance(begun, Refused)
    assert begun.signal.status == 404


async def test_one_flow_that_breaks_leaves_the_others(here: Scene) -> None:
    broken, code = await by_device(here)
    sound, other = await by_device(here)
    bob = here.sim.add_account("bob@example.com")
    here.sim.approve_device(code.user_code, here.alice)
    here.sim.approve_device(other.user_code, bob)
    here.sim.script(Refuse("invalid_grant"), endpoint="code", times=1)
    here.clock.now += 5
    await here.flows.tend()
    states = {(await here.flows.find(id_)).stage for id_ in (broken, sound)}  # type: ignore[union-attr]
    assert states == {"success", "error"}


async def test_who_waits_for_a_flow_hears_its_end_at_once(here: Scene) -> None:
    begun = await here.flows.in_browser(None)
    url = await here.consent(begun.authorization_url, "alice@example.com")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(here.flows.find(begun.flow.id, wait_s=60))
        await here.flows.take(url)
    ended(waiting.result(), "success")


async def test_the_job_tends_flows_only_while_there_are_some(here: Scene) -> None:
    async with asyncio.TaskGroup() as group:
        job = group.create_task(here.flows.run())
        id_, code = await by_device(here)
        here.sim.approve_device(code.user_code, here.alice)
        here.clock.now += 5
        flow = await here.flows.find(id_, wait_s=30)
        job.cancel()
    ended(flow, "success")


async def signed_in(here: Scene, who: str) -> str:
    begun = await here.flows.in_browser(None)
    flow = await here.flows.take(await here.consent(begun.authorization_url, who))
    return ended(flow, "success").signed_in or ""
