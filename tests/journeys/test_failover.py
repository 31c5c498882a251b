"""One account in trouble, another one well: the client gets an answer, and only the guilty rest."""

from uuid import uuid4

import pytest
from tests.journeys import wire
from tests.journeys.patience import eventually
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import (
    BlackHole,
    Burst,
    Close,
    FailedEvent,
    Garbage,
    Html,
    HugeHeader,
    Refuse,
    Reset,
    Status,
    Step,
    UsageLimit,
)

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

YEAR_2100 = 4_102_444_800


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_FIRST_EVENT_TIMEOUT_SECONDS": "2"}


async def test_an_exhausted_account_is_left_for_another_and_rests_until_its_own_reset(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    spent, other = await pool.tie("thread-1")
    spent.upstream.used_5h = 1.0

    diverted = await wire.ask(service, key="thread-1")
    later = [await wire.ask(service, key=f"later-{n}") for n in range(3)]

    assert diverted.is_completed
    assert len({e["response"]["id"] for e in diverted.events if "response" in e}) == 1
    assert all(reply.is_completed for reply in later)
    assert pool.asked() == [spent, spent, other, other, other, other]
    first, *_ = (await pool.rows(5))[1:]
    assert [a["code"] for a in first["attempts"]] == ["usage_limit_reached", None]
    assert [a["verdict"] for a in first["attempts"]] == ["next", "relay"]
    assert await pool.status(spent) == "rate_limited"
    assert await pool.status(other) == "active"


async def test_an_exhausted_pool_answers_429_with_the_earliest_reset(
    service: Service, pool: Pool
) -> None:
    for member, wait_s in zip(await pool.add_two(), (7200, 1800), strict=True):
        pool.sim.script(UsageLimit(resets_in_s=wait_s), account=member.upstream)
    earliest = pool.sim.now() + 1800

    reply = await wire.ask(service, path=wire.OPENAI)

    assert reply.status == 429
    assert reply.error["type"] == "usage_limit_reached"
    assert reply.error["code"] == "usage_limit_reached"
    assert reply.error["plan_type"] == "plus"
    assert reply.error["resets_at"] == pytest.approx(earliest, abs=2)
    assert reply.error["resets_in_seconds"] == pytest.approx(1800, abs=10)
    assert int(reply.headers["retry-after"]) == pytest.approx(1800, abs=10)
    assert reply.headers["x-should-retry"] == "false"
    assert len(pool.calls()) <= 2


async def test_an_exhausted_pool_names_no_reset_that_nobody_has_told(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(Status(429, {"error": {"type": "usage_limit_reached", "message": "No more"}}))

    reply = await wire.ask(service, path=wire.OPENAI)

    assert reply.status == 429
    assert reply.error["code"] == "usage_limit_reached"
    assert reply.error.get("resets_at") is None


async def test_paused_accounts_are_no_exhausted_pool(service: Service, pool: Pool) -> None:
    member = await pool.add()
    await service.admin("POST", f"/api/accounts/{member.id}/pause")

    for_sdk = await wire.ask(service, path=wire.OPENAI)
    for_codex = await wire.ask(service, path=wire.CODEX)

    assert (for_sdk.status, for_sdk.error["code"]) == (503, "no_accounts")
    assert for_sdk.headers["x-should-retry"] == "false"
    assert (for_codex.status, for_codex.error["code"]) == (400, "no_accounts")
    assert "paused" in for_sdk.error["message"]
    assert pool.calls() == []


async def test_accounts_that_need_a_sign_in_are_no_exhausted_pool(
    service: Service, pool: Pool
) -> None:
    member = await pool.add()
    member.upstream.expire()
    pool.sim.script(Refuse("invalid_grant"), account=member.upstream, endpoint="refresh")

    await wire.ask(service, path=wire.OPENAI)
    reply = await wire.ask(service, path=wire.OPENAI)

    assert (reply.status, reply.error["code"]) == (503, "no_accounts")
    assert "sign" in reply.error["message"]


@pytest.mark.parametrize("code", ["usage_limit_reached", "insufficient_quota"])
async def test_a_usage_error_inside_the_stream_is_replaced_by_another_accounts_answer(
    code: str, service: Service, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(FailedEvent(code, after="created"), times=1)

    reply = await wire.ask(service)

    assert reply.is_completed
    assert len({e["response"]["id"] for e in reply.events if "response" in e}) == 1
    assert reply.kinds.count("response.created") == 1
    spent, other = pool.asked()
    assert spent is not other
    assert [attempt[1:] for attempt in await pool.last_attempts(1)] == [
        (code, "next"),
        (None, "relay"),
    ]


@pytest.mark.parametrize("code", ["server_is_overloaded", "slow_down"])
@pytest.mark.parametrize("after", ["created", "in_progress"])
async def test_overload_inside_the_stream_is_retried_unseen_and_hurts_no_account(
    code: str, after: str, service: Service, pool: Pool
) -> None:
    busy, other = await pool.add_two()
    pool.sim.script(FailedEvent(code, after=after), times=1)

    reply = await wire.ask(service)

    assert reply.is_completed
    assert len(pool.calls()) == 2
    assert await pool.status(busy) == await pool.status(other) == "active"


async def test_a_burst_refusal_with_quota_left_rests_the_account_for_seconds(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    hurried, other = await pool.tie("thread-9")
    pool.sim.script(Burst(retry_after_s=1.0), account=hurried.upstream, times=1)

    assert (await wire.ask(service, key="thread-9")).is_completed
    assert pool.asked()[-2:] == [hurried, other]

    async def serves_again() -> bool:
        assert (await wire.ask(service, key=str(uuid4()))).is_completed
        return pool.asked()[-1] is hurried

    await eventually(serves_again, within_s=4)


async def test_a_conversation_returns_to_its_account_after_a_short_diversion(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    hurried, other = await pool.tie("thread-15")
    pool.sim.script(Burst(retry_after_s=1.0), account=hurried.upstream, times=1)
    await wire.ask(service, key="thread-15")
    assert pool.asked()[-1] is other

    async def is_back() -> bool:
        assert (await wire.ask(service, key="thread-15")).is_completed
        return pool.asked()[-1] is hurried

    await eventually(is_back, within_s=4)


async def test_a_usage_limit_concerns_the_account_and_not_one_model(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    spent, other = await pool.tie("thread-10")
    spent.upstream.used_5h = 1.0
    await wire.ask(service, key="thread-10")

    reply = await wire.ask(service, key="thread-10", model="gpt-5.6-sol")

    assert reply.is_completed
    assert pool.asked()[-1] is other
    assert pool.asked().count(spent) == 2


@pytest.mark.parametrize(
    "resets_at",
    [
        pytest.param(YEAR_2100, id="in the year 2100"),
        pytest.param(1_000_000, id="in the past"),
        pytest.param((YEAR_2100 - 86_400 * 365 * 70) * 1000, id="in milliseconds"),
    ],
)
async def test_a_reset_time_is_ignored_that_lies(
    resets_at: float, service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(UsageLimit(resets_at=resets_at), times=1)

    await wire.ask(service, path=wire.OPENAI)
    reply = await wire.ask(service, path=wire.OPENAI)

    assert reply.status == 429
    assert "resets_at" not in reply.error
    (account,) = (await service.accounts()).values()
    assert account["status"] == "rate_limited"


async def test_a_dead_refresh_token_does_not_stop_the_search(service: Service, pool: Pool) -> None:
    await pool.add_two()
    dead, other = await pool.tie("thread-14")
    pool.sim.script(Refuse("token_expired"), account=dead.upstream)
    pool.sim.script(Refuse("invalid_grant"), account=dead.upstream, endpoint="refresh")

    reply = await wire.ask(service, key="thread-14")

    assert reply.is_completed
    assert pool.asked()[-1] is other
    assert await pool.status(dead) == "reauth_required"
    assert len(pool.sim.requests_to("/oauth/token")) == 1


async def test_a_conversation_moves_at_once_when_its_account_is_deleted(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    owner, other = await pool.tie("thread-19")
    await service.admin("DELETE", f"/api/accounts/{owner.id}")

    reply = await wire.ask(service, key="thread-19")

    assert reply.is_completed
    assert pool.asked() == [owner, other]


async def test_a_malformed_request_is_refused_once_and_hurts_no_account(
    service: Service, pool: Pool
) -> None:
    one, two = await pool.add_two()
    pool.sim.script(Refuse("bad_request"), times=1)

    refused = await wire.ask(service)
    next_one = await wire.ask(service)

    assert refused.status == 400
    assert refused.error["param"] == "input[3]"
    assert next_one.is_completed
    assert len(pool.calls()) == 2
    assert await pool.status(one) == await pool.status(two) == "active"


async def test_a_model_that_one_plan_lacks_is_served_by_another_account(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    without, other = await pool.tie("thread-16")
    pool.sim.script(Refuse("model_not_supported"), account=without.upstream, times=1)

    served = await wire.ask(service, key="thread-16", model="gpt-5.6-sol")
    another_model = [await wire.ask(service, key=str(uuid4())) for _ in range(3)]

    assert served.is_completed
    assert pool.asked()[:3] == [without, without, other]
    assert all(reply.is_completed for reply in another_model)
    assert without in pool.asked()[3:]
    assert await pool.status(without) == "active"


async def test_a_model_that_nobody_has_is_one_clear_error_and_blocks_nothing_else(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(Refuse("model_not_supported"), times=2)

    refused = await wire.ask(service, model="gpt-5.6-sol")
    another_model = await wire.ask(service)

    assert refused.status == 400
    assert "model is not supported" in refused.error["message"]
    assert another_model.is_completed
    assert len(pool.calls()) == 3


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Status(500), id="500 without a word"),
        pytest.param(Refuse("bad_gateway"), id="502 with a page"),
        pytest.param(Status(503, "<html>busy</html>"), id="503 with a page"),
        pytest.param(Refuse("workspace_forbidden"), id="403"),
        pytest.param(Refuse("unauthorized"), id="401"),
        pytest.param(Refuse("rate_limit"), id="429 with words"),
        pytest.param(Refuse("bare_429"), id="429 with a detail"),
        pytest.param(Refuse("empty_429"), id="429 without a word"),
        pytest.param(FailedEvent("server_error", after="start"), id="a failure as first event"),
        pytest.param(FailedEvent("server_error", after="created"), id="a failure after created"),
        pytest.param(Reset(), id="a reset before the headers"),
        pytest.param(Reset(before_headers=False), id="a reset after the headers"),
        pytest.param(Close(), id="a close before the headers"),
        pytest.param(Html(), id="a page with status 200"),
        pytest.param(Garbage(), id="bytes that are not HTTP"),
        pytest.param(HugeHeader(), id="a header of 300 kB"),
        pytest.param(BlackHole(), id="silence"),
    ],
)
async def test_before_the_first_word_a_fault_costs_one_more_call_and_nothing_else(
    fault: Step, service: Service, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(fault, times=1)

    reply = await wire.ask(service, key=str(uuid4()))

    assert reply.is_completed
    assert len(pool.calls()) == 2
    [row] = await pool.rows(1)
    assert row["status"] == "success"
    assert len(row["attempts"]) == 2


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Status(500), id="500"),
        pytest.param(Refuse("rate_limit"), id="429"),
        pytest.param(Reset(), id="a reset"),
        pytest.param(BlackHole(), id="silence"),
    ],
)
async def test_when_everybody_fails_there_are_at_most_three_calls_and_a_bounded_wait(
    fault: Step, service: Service, pool: Pool
) -> None:
    for _ in range(4):
        await pool.add()
    pool.sim.script(fault)

    reply = await wire.ask(service, path=wire.OPENAI)

    assert reply.status >= 429 or reply.ends
    assert not reply.is_completed
    assert len(pool.calls()) <= 3
    assert reply.took_s < 30  # waits of a few seconds, and a busy machine
    [row] = await pool.rows(1)
    assert row["status"] == "error"


async def test_a_cool_down_never_takes_out_the_last_account(service: Service, pool: Pool) -> None:
    one, two = await pool.add_two()
    pool.sim.script(Status(500), times=2)
    await wire.ask(service)

    replies = [await wire.ask(service) for _ in range(3)]

    assert all(reply.is_completed for reply in replies)
    assert await pool.status(one) == await pool.status(two) == "active"
