"""Which account is asked: shares, priorities, the operator's policy, and a crowd with a bad one."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.journeys import wire
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import Close, FailedEvent, Refuse, Reset, Status, Step

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """What accounts report counts here."""
    return {"CODEX_LB_USAGE_REFRESH_ENABLED": "true"}


CROWD = 24
_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd(sim: Simulator, service: Service) -> AsyncIterator[Pool]:
    """Equal accounts, in for all tests that use them."""
    begun = await Pool.begin(sim, service)
    for _ in range(CROWD):
        await begun.add()
    yield begun
    await begun.end()


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(crowd: Pool) -> Pool:
    """The crowd with a new record and nobody at rest."""
    crowd.sim.reset()
    for member in crowd.members:
        await crowd.service.admin("POST", f"/api/accounts/{member.id}/probe")
    return crowd


# The crowd comes first: a pool of one's own would take its accounts out.


async def test_equal_accounts_get_equal_shares(service: Service, fresh: Pool) -> None:
    replies = [await _ask(service) for _ in range(120)]

    assert all(reply.is_completed for reply in replies)
    shares = Counter(fresh.asked())
    assert len(shares) == CROWD
    assert set(shares.values()) <= set(range(3, 8)), "the mean is 5"


async def test_a_burst_of_requests_is_spread_as_evenly(service: Service, fresh: Pool) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_ask(service)) for _ in range(48)]

    assert all(task.result().is_completed for task in tasks)
    shares = Counter(fresh.asked())
    assert len(shares) == CROWD
    assert set(shares.values()) <= {1, 2, 3}, "the mean is 2"


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        pytest.param(1, Status(500), id="answers 500"),
        pytest.param(2, Refuse("token_expired"), id="is refused its login"),
        pytest.param(3, Refuse("empty_429"), id="answers 429 without a word"),
        pytest.param(4, Reset(), id="resets its connections"),
        pytest.param(5, Close(), id="closes its connections"),
        pytest.param(6, FailedEvent("server_error"), id="fails in its first event"),
    ],
)
async def test_no_client_notices_one_of_many_that(
    place: int, fault: Step, service: Service, fresh: Pool
) -> None:
    bad = fresh.members[place]
    fresh.sim.script(fault, account=bad.upstream)

    for _ in range(6):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_ask(service)) for _ in range(CROWD // 3)]
        assert all(task.result().is_completed for task in tasks)

    assert 1 <= fresh.asked().count(bad) <= 3


async def test_trouble_everywhere_is_not_multiplied(service: Service, fresh: Pool) -> None:
    fresh.sim.script(Status(500))

    replies = []
    calls = [0]
    for _ in range(100):
        replies.append(await _ask(service))
        calls.append(len(fresh.calls()))

    assert not any(reply.is_completed for reply in replies)
    each = [after - before for before, after in itertools.pairwise(calls)]
    assert max(each) <= 3
    assert sum(each) - 100 <= 0.2 * sum(each), "what was asked again"


async def test_the_operators_policy_holds_from_the_next_request_on(
    service: Service, pool: Pool
) -> None:
    low, high = await pool.add(used_5h=0.1), await pool.add(used_5h=0.6)

    assert await _chosen(service, pool, routingStrategy="fill_first") == [high] * 4
    assert await _chosen(service, pool, routingStrategy="usage_weighted") == [low] * 4
    turns = await _chosen(service, pool, routingStrategy="round_robin")
    assert Counter(turns) == {low: 2, high: 2}
    single = {"routingStrategy": "single_account", "singleAccountId": high.id}
    assert await _chosen(service, pool, **single) == [high] * 4

    await _set(service, routingStrategy="capacity_weighted", singleAccountId=None)


async def test_an_account_to_burn_goes_first_and_one_to_preserve_goes_last(
    service: Service, pool: Pool
) -> None:
    kept, burnt = await pool.add(used_5h=0.0), await pool.add(used_5h=0.5)
    plain = await pool.add(used_5h=0.3)
    await _prefer(service, kept, "preserve")
    await _prefer(service, burnt, "burn_first")

    assert await _chosen(service, pool) == [burnt] * 4
    burnt.upstream.used_5h = 1.0
    await service.admin("POST", f"/api/accounts/{burnt.id}/probe")
    assert await _chosen(service, pool) == [plain] * 4
    await service.admin("POST", f"/api/accounts/{plain.id}/pause")
    assert await _chosen(service, pool) == [kept] * 4


async def _chosen(service: Service, pool: Pool, **settings: str) -> list[Member]:
    """Who serves four new conversations, one after the other, under these settings."""
    if settings:
        await _set(service, **settings)
    before = len(pool.asked())
    replies = [await _ask(service) for _ in range(4)]
    assert all(reply.is_completed for reply in replies)
    return pool.asked()[before:]


async def _ask(service: Service) -> wire.Reply:
    """The first turn of a new conversation."""
    return await wire.ask(service, key=f"routing-{next(_numbers)}")


async def _set(service: Service, **settings: str | None) -> None:
    await service.admin("PUT", "/api/settings", json=settings)


async def _prefer(service: Service, member: Member, priority: str) -> None:
    path = f"/api/accounts/{member.id}/routing-policy"
    await service.admin("PUT", path, json={"routingPolicy": priority})
