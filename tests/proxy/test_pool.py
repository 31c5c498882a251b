"""The pool's live state: leases come back, the queue is fair, evidence counts."""

import asyncio

import pytest

from codex_lb.core.model import Account, Block, Identity, QuotaWindow
from codex_lb.core.routing import Choice, Refusal
from codex_lb.proxy.pool import NoAccountError, Pool, Wish


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def account(name: str) -> Account:
    return Account(
        name, Identity(name, None, f"{name}@example.com", "plus"), "active", None, 0, 0, None
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pool_of(*names: str, clock: Clock, limit: int = 1) -> Pool:
    pool = Pool(clock=clock, limit=limit)
    pool.load([account(name) for name in names])
    return pool


def usage_limit(clock: Clock, seconds: float = 60.0) -> Block:
    return Block("usage_limit", clock.now, clock.now + seconds, "spent")


async def test_a_slot_comes_back_whatever_happens(clock: Clock) -> None:
    pool = pool_of("a", clock=clock)
    with pytest.raises(ValueError, match="boom"):
        async with pool.lease(Wish(), wait_s=0):
            raise ValueError("boom")
    assert pool.in_flight == 0


async def test_those_who_wait_are_served_in_order(clock: Clock) -> None:
    pool = pool_of("a", clock=clock)
    served: list[int] = []

    async def work(number: int) -> None:
        async with pool.lease(Wish(), wait_s=5):
            served.append(number)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(work(number))
    assert served == list(range(20))
    assert (pool.in_flight, pool.waiting) == (0, 0)


async def test_one_bound_elsewhere_does_not_hold_up_the_queue(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    served: list[str] = []

    async def work(name: str, wish: Wish) -> None:
        async with pool.lease(wish, wait_s=5):
            served.append(name)

    async with asyncio.TaskGroup() as group, pool.lease(Wish(bound="a"), wait_s=0):
        async with pool.lease(Wish(bound="b"), wait_s=0):
            group.create_task(work("for a", Wish(bound="a")))
            group.create_task(work("for b", Wish(bound="b")))
            await asyncio.sleep(0)
            assert pool.waiting == 2
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert served == ["for b"]
    assert served == ["for b", "for a"]


async def test_waiting_ends_with_the_reason(clock: Clock) -> None:
    pool = pool_of("a", clock=clock)
    async with pool.lease(Wish(), wait_s=0):
        with pytest.raises(NoAccountError) as caught:
            async with pool.lease(Wish(), wait_s=0.01):
                pass
    assert caught.value.refusal.kind == "busy"
    assert [hurdle.reason for _, hurdle in caught.value.refusal.obstacles] == ["at 1 of 1 streams"]
    assert pool.waiting == 0


async def test_who_waits_gets_an_account_whose_rest_ends(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)

    async def work() -> str:
        async with pool.lease(Wish(), wait_s=5) as lease:
            return lease.account.id

    async with pool.lease(Wish(bound="a"), wait_s=0):
        pool.block("b", Block("burst", clock.now, clock.now + 0.01, "too fast"))
        async with asyncio.timeout(1), asyncio.TaskGroup() as group:
            waiting = group.create_task(work())
            await asyncio.sleep(0)
            assert pool.waiting == 1
            clock.now += 0.01
    assert waiting.result() == "b"


async def test_who_waits_learns_when_waiting_is_in_vain(clock: Clock) -> None:
    pool = pool_of("a", clock=clock)

    async def wait() -> None:
        async with pool.lease(Wish(), wait_s=5):
            pass

    async def spend() -> None:
        async with pool.lease(Wish(), wait_s=0):
            await asyncio.sleep(0)
            pool.block("a", usage_limit(clock))

    results = await asyncio.gather(spend(), wait(), return_exceptions=True)
    assert isinstance(results[1], NoAccountError)
    assert results[1].refusal.kind == "exhausted"


@pytest.mark.parametrize("granted", [False, True])
async def test_who_gives_up_waiting_leaks_no_slot(clock: Clock, granted: bool) -> None:
    pool = pool_of("a", clock=clock)

    async def wait() -> None:
        async with pool.lease(Wish(), wait_s=5):
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        async with pool.lease(Wish(), wait_s=0):
            waiting = group.create_task(wait())
            await asyncio.sleep(0)
            if not granted:
                waiting.cancel()
        if granted:  # the slot was handed over, the waiter has not run yet
            waiting.cancel()
    assert (pool.in_flight, pool.waiting) == (0, 0)


def test_an_account_that_leaves_is_gone(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.load([account("b")])
    assert [a.id for a in pool.accounts()] == ["b"]


async def test_a_slot_of_an_account_that_left_does_not_go_to_the_one_that_came_back(
    clock: Clock,
) -> None:
    pool = pool_of("a", clock=clock)
    async with pool.lease(Wish(), wait_s=0):
        pool.load([])
        pool.load([account("a")])
    assert pool.in_flight == 0
    assert pool.choose(Wish()) == Choice("a", "only one left")


def test_a_success_disproves_older_blocks_but_no_newer_ones(clock: Clock) -> None:
    pool = pool_of("a", clock=clock)
    pool.block("a", usage_limit(clock))
    clock.now += 10
    pool.served("a", since=clock.now - 20)
    assert isinstance(pool.choose(Wish()), Refusal)
    pool.served("a", since=clock.now)
    assert isinstance(pool.choose(Wish()), Choice)


def test_a_refused_model_stays_refused_through_success_with_others(clock: Clock) -> None:
    pool = pool_of("a", clock=clock)
    pool.block("a", Block("model", clock.now, clock.now + 60, "no", "x"))
    pool.served("a", since=clock.now + 1)
    assert isinstance(pool.choose(Wish(model="x")), Refusal)
    assert isinstance(pool.choose(Wish(model="y")), Choice)


def test_a_block_ends_by_itself(clock: Clock) -> None:
    pool = pool_of("a", clock=clock)
    pool.block("a", usage_limit(clock, 60))
    clock.now += 60
    assert isinstance(pool.choose(Wish()), Choice)


def test_a_conversation_is_kept_for_half_an_hour(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.served("b", since=clock.now, affinity_key="k")
    assert pool.choose(Wish(affinity="k")) == Choice("b", "affinity")
    clock.now += 1801
    assert pool.choose(Wish(affinity="k")) == Choice("a", "capacity_weighted")


def test_a_short_diversion_does_not_move_a_conversation(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.served("a", since=clock.now, affinity_key="k")
    pool.block("a", Block("burst", clock.now, clock.now + 10, "busy"))
    pool.served("b", since=clock.now, affinity_key="k")
    clock.now += 10
    assert pool.choose(Wish(affinity="k")) == Choice("a", "affinity")


def test_a_spent_account_loses_its_conversations(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.served("a", since=clock.now, affinity_key="k")
    pool.block("a", usage_limit(clock, 10))
    pool.served("b", since=clock.now, affinity_key="k")
    clock.now += 10
    assert pool.choose(Wish(affinity="k")) == Choice("b", "affinity")


def test_a_stored_response_binds(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.served("b", since=clock.now, response_id="resp_1")
    assert pool.owner("resp_1") == "b"
    assert pool.owner("resp_2") is None


def test_changes_are_told_and_proofs_are_urgent(clock: Clock) -> None:
    told: list[tuple[str, bool]] = []

    def note(changed: Account, *, urgent: bool) -> None:
        told.append((changed.id, urgent))

    pool = Pool(clock=clock, limit=1, on_change=note)
    pool.load([account("a")])
    pool.measured("a", [QuotaWindow(300, 0.5, None, clock.now, "headers")])
    pool.block("a", usage_limit(clock))
    pool.set_state("a", "reauth_required", "no")
    pool.set_state("a", "deactivated", "the first word stands")
    assert told == [("a", False), ("a", True), ("a", True)]
    assert pool.accounts()[0].state_reason == "no"
