"""Logins that lapse while the service runs: renewed once for all, and nobody waits for a dead one."""

import asyncio

import pytest
from tests.journeys import wire
from tests.journeys.patience import eventually
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

from codex_lb.simulator import SimAccount
from codex_lb.simulator.steps import BlackHole, Refuse, SlowHead

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

CROWD = 50
SOON_S = 30.0  # an access token this near its end is renewed before it is used
DAY_S = 86_400.0
ROUND_LIMIT_S = 15.0  # the first round of renewals comes with the start
BY_OTHERS_S = 5.0  # until another account serves in place of one that waits for the login host
# The exit waits for an exchange under way, for 15 s at most: its answer is the only good token.
EXIT_LIMIT_S = 30.0

FINAL = (
    "invalid_grant",
    "refresh_token_expired",
    "refresh_token_reused",
    "refresh_token_invalidated",
    "invalid_refresh_token",
    "token_expired",
)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Only requests and the rounds of renewal use credentials, so that calls can be counted."""
    return {
        "CODEX_LB_USAGE_REFRESH_ENABLED": "false",
        "CODEX_LB_MODEL_REGISTRY_ENABLED": "false",
        "CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT": str(CROWD),
    }


@pytest.mark.parametrize("is_foreseen", [True, False], ids=["about to expire", "answered 401"])
async def test_a_crowd_on_an_expired_account_is_one_renewal_and_every_request_is_answered(
    is_foreseen: bool, service: Service, pool: Pool
) -> None:
    member = await pool.add(access_ttl_s=SOON_S if is_foreseen else 3600.0)
    member.upstream.access_ttl_s = 3600.0
    if not is_foreseen:
        member.upstream.expire()
    pool.sim.script(SlowHead(0.5), endpoint="refresh", times=1)

    async with asyncio.TaskGroup() as group:
        crowd = [group.create_task(wire.ask(service)) for _ in range(CROWD)]

    assert all(task.result().is_completed for task in crowd)
    assert pool.sim.refresh_calls(member.upstream) == 1
    refused = [call for call in pool.calls() if call.status == 401]
    assert bool(refused) != is_foreseen
    assert len(pool.calls()) == CROWD + len(refused)


@pytest.mark.parametrize("case", FINAL)
async def test_a_login_refused_for_good_is_left_for_another_account_and_asks_for_a_sign_in(
    case: str, service: Service, pool: Pool
) -> None:
    dead, other = await _tied_and_expired(pool)
    pool.sim.script(Refuse(case), account=dead.upstream, endpoint="refresh")

    replies = [await wire.ask(service, key=key) for key in ("thread-1", "thread-1", "thread-2")]

    assert all(reply.is_completed for reply in replies)
    assert pool.asked()[1:] == [dead, other, other, other]
    assert pool.sim.refresh_calls(dead.upstream) == 1
    told = (await service.accounts())[dead.id]
    assert told["status"] == "reauth_required"
    assert "sign-in" in told["statusReason"]
    assert case in told["statusReason"]
    await eventually(lambda: _has_event(service, dead, "refresh_failed"), within_s=5)


@pytest.mark.parametrize("case", FINAL)
async def test_the_same_words_with_a_500_disable_nothing_and_the_renewal_is_tried_later(
    case: str, service: Service, pool: Pool
) -> None:
    troubled, other = await _tied_and_expired(pool)
    pool.sim.script(
        Refuse(case, status=500), account=troubled.upstream, endpoint="refresh", times=1
    )

    diverted = await wire.ask(service, key="thread-1")
    after_failure = await pool.status(troubled)
    await service.admin("POST", f"/api/accounts/{troubled.id}/probe")  # ends its rest
    returned = await wire.ask(service, key="thread-1")

    assert diverted.is_completed
    assert returned.is_completed
    assert after_failure == "active"
    assert pool.asked()[2] is other
    assert pool.asked()[-1] is troubled
    assert pool.sim.refresh_calls(troubled.upstream) == 2
    assert await pool.status(troubled) == "active"


async def test_a_401_on_a_good_looking_token_is_renewed_once_retried_once_and_then_left(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    odd, other = await pool.tie("thread-1")
    pool.sim.script(Refuse("unauthorized"), account=odd.upstream)

    replies = [await wire.ask(service, key="thread-1") for _ in range(3)]

    assert all(reply.is_completed for reply in replies)
    assert pool.asked()[1:] == [odd, odd, other, other, other]
    assert pool.sim.refresh_calls(odd.upstream) == 1
    assert await pool.status(odd) == "active"


async def test_a_login_host_that_hangs_costs_requests_little_and_the_exit_comes(
    service: Service, pool: Pool
) -> None:
    waiting, other = await _tied_and_expired(pool)
    pool.sim.script(BlackHole(), endpoint="refresh")
    began = asyncio.get_running_loop().time()

    async with asyncio.TaskGroup() as group:
        first = [group.create_task(wire.ask(service, key="thread-1")) for _ in range(5)]
    later = await wire.ask(service, key="thread-2")
    service.terminate()
    async with asyncio.timeout(EXIT_LIMIT_S):
        exit_code = await service.ended()
    took_s = asyncio.get_running_loop().time() - began
    await service.start()

    assert all(task.result().is_completed for task in first)
    assert later.is_completed
    # A bound with room: the wait itself is a constant of 4 s, the rest is this machine.
    assert max(task.result().took_s for task in first) < BY_OTHERS_S * 2
    assert set(pool.asked()[-6:]) == {other}
    assert pool.sim.refresh_calls(waiting.upstream) == 1
    assert exit_code == 0
    assert took_s < EXIT_LIMIT_S
    assert await pool.status(waiting) == "active"


async def test_idle_and_paused_accounts_are_renewed_in_the_background(
    service: Service, pool: Pool
) -> None:
    idle, paused, young = await _add_aged(pool, 9), await _add_aged(pool, 9), await pool.add()
    await service.admin("POST", f"/api/accounts/{paused.id}/pause")

    await service.stop()
    await service.start()  # a round comes with the start, and then each minute

    aged = (idle, paused)
    await pool.sim.wait_for(
        lambda: all(pool.sim.refresh_calls(m.upstream) == 1 for m in aged), ROUND_LIMIT_S
    )
    for member in aged:
        await eventually(lambda member=member: _has_event(service, member, "refreshed"), within_s=5)  # type: ignore[misc]
    assert pool.calls() == [], "nobody asked for anything"
    assert pool.sim.refresh_calls(young.upstream) == 0
    assert await pool.status(paused) == "paused"
    assert await pool.status(idle) == "active"
    await service.admin("POST", f"/api/accounts/{paused.id}/reactivate")
    replies = [await wire.ask(service, key=f"thread-{n}") for n in range(6)]
    assert all(reply.is_completed for reply in replies)
    assert paused in pool.asked()
    assert {call.status for call in pool.calls()} == {200}


async def test_a_renewal_ahead_of_the_end_spares_requests_the_wait_and_the_401(
    service: Service, pool: Pool
) -> None:
    """An access token that ends in ten minutes is renewed though it would still do."""
    account = pool.sim.add_account(email="ending-soon@example.com", access_ttl_s=600.0)
    member = await _import_aged(pool, account, age_s=600.0)
    account.access_ttl_s = 3600.0

    await service.stop()
    await service.start()
    await pool.sim.wait_for(lambda: pool.sim.refresh_calls(account) == 1, ROUND_LIMIT_S)
    await eventually(lambda: _has_event(service, member, "refreshed"), within_s=5)
    account.access_tokens = {account.access_token: account.access_tokens[account.access_token]}
    replies = [await wire.ask(service) for _ in range(5)]

    assert all(reply.is_completed for reply in replies)
    assert {call.status for call in pool.calls()} == {200}
    assert pool.sim.refresh_calls(account) == 1
    assert all(len(row["attempts"]) == 1 for row in await pool.rows(5))


async def _tied_and_expired(pool: Pool) -> tuple[Member, Member]:
    """The account that `thread-1` is sure to ask first, with its access token lapsed; another."""
    await pool.add_two()
    tied, other = await pool.tie("thread-1")
    tied.upstream.expire()
    return tied, other


async def _add_aged(pool: Pool, days: float) -> Member:
    account = pool.sim.add_account(email=f"aged-{len(pool.sim.accounts)}@example.com")
    return await _import_aged(pool, account, age_s=days * DAY_S)


async def _import_aged(pool: Pool, account: SimAccount, *, age_s: float) -> Member:
    """As if its last renewal were that long ago."""
    account.refreshed_at -= age_s
    member = Member(account, await pool.service.import_account(account))
    pool.members.append(member)
    return member


async def _has_event(service: Service, member: Member, kind: str) -> bool:
    told = await service.admin("GET", f"/api/accounts/{member.id}/events")
    return any(event["kind"] == kind for event in told["events"])
