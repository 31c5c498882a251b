"""The pool's live state: leases come back, the queue is fair, evidence counts."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from codex_lb.core.model import Account, AccountEvent, Block, Identity, QuotaWindow, Skipped
from codex_lb.core.routing import Choice, Refusal
from codex_lb.core.routing_settings import RoutingSettings
from codex_lb.core.usage_report import UsageReport
from codex_lb.proxy.leases import NoAccountError, Wish
from codex_lb.proxy.pool import Pool
from codex_lb.store.records import Affinity


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


async def test_who_has_waited_in_vain_gets_a_resting_account(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.block("b", Block("burst", clock.now, clock.now + 60, "busy"))
    async with pool.lease(Wish(bound="a"), wait_s=0), pool.lease(Wish(), wait_s=0) as lease:
        assert (lease.account.id, lease.reason) == ("b", "last resort")
        assert lease.skipped == (Skipped("a", "at 1 of 1 streams"),)


async def test_a_lease_keeps_a_conversation_at_home_whatever_the_reason(clock: Clock) -> None:
    pool = pool_of("a", clock=clock, limit=2)
    pool.served("a", since=clock.now, affinity_key="k")
    pool.block("a", Block("burst", clock.now, clock.now + 60, "busy"))
    async with (
        pool.lease(Wish(affinity="k"), wait_s=0) as home,
        pool.lease(Wish(affinity="other"), wait_s=0) as other,
    ):
        assert (home.reason, other.reason) == ("last resort", "last resort")
        assert (home.kept, other.kept) == (True, False)


async def test_a_crowd_at_once_is_spread_evenly(clock: Clock) -> None:
    pool = pool_of(*(f"{i:02}" for i in range(24)), clock=clock, limit=8)
    async with AsyncExitStack() as held:
        leases = [await held.enter_async_context(pool.lease(Wish(), wait_s=0)) for _ in range(120)]
        assert set(Counter(lease.account.id for lease in leases).values()) == {5}


def test_the_operator_changes_the_policy_while_it_runs(clock: Clock) -> None:
    pool = pool_of("a", "b", "c", clock=clock)
    pool.use(RoutingSettings("single_account", single_account_id="c"), 8)
    assert pool.choose(Wish()) == Choice("c", "single_account")
    pool.use(RoutingSettings("sequential_drain"), 8)
    assert pool.choose(Wish()) == Choice("a", "sequential_drain")


async def test_a_change_of_the_policy_can_free_who_waits(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.use(RoutingSettings("single_account", single_account_id="a"), 1)

    async def work() -> str:
        async with pool.lease(Wish(), wait_s=5) as lease:
            return lease.account.id

    async with asyncio.TaskGroup() as group, pool.lease(Wish(), wait_s=0):
        waiting = group.create_task(work())
        await asyncio.sleep(0)
        pool.use(RoutingSettings(), 1)
        assert await waiting == "b"


def test_a_plan_without_the_model_is_not_asked(clock: Clock) -> None:
    pool = Pool(clock=clock, limit=1, serves=lambda plan, model: (plan, model) != ("plus", "x"))
    pool.load([account("a")])
    refusal = pool.choose(Wish("x"))
    assert isinstance(refusal, Refusal)
    assert refusal.kind == "model"
    assert isinstance(pool.choose(Wish("y")), Choice)
    unknown = Pool(clock=clock, limit=1)
    unknown.load([account("a")])
    assert isinstance(unknown.choose(Wish("x")), Choice)


# -- readings -----------------------------------------------------------------------------------


def read(clock: Clock, used: float) -> tuple[QuotaWindow, ...]:
    return (QuotaWindow(300, used, clock.now + 60, clock.now, "usage"),)


async def test_a_report_that_frees_an_account_serves_who_waits(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.block("b", usage_limit(clock))

    async def work() -> str:
        async with pool.lease(Wish(), wait_s=5) as lease:
            return lease.account.id

    async with asyncio.TaskGroup() as group, pool.lease(Wish(bound="a"), wait_s=0):
        waiting = group.create_task(work())
        await asyncio.sleep(0)
        clock.now += 1
        pool.reported("b", UsageReport(windows=read(clock, 0.0)))
        assert await waiting == "b"


def test_what_is_said_of_an_account_that_is_gone_is_nothing(clock: Clock) -> None:
    pool = pool_of("a", clock=clock)
    before = pool.accounts()
    pool.measured("gone", read(clock, 0.5))
    pool.reported("gone", UsageReport("pro"))
    pool.measured("a", ())
    assert pool.accounts() == before


def test_the_timeline_tells_each_change_once(clock: Clock) -> None:
    told: list[AccountEvent] = []
    pool = Pool(clock=clock, limit=1, on_event=told.append)
    pool.load([account("a")])
    pool.block("a", usage_limit(clock))
    pool.block("a", usage_limit(clock, 90))
    clock.now += 1
    pool.measured("a", read(clock, 0.5))
    pool.reported("a", UsageReport("pro", read(clock, 1.0)))
    pool.reported("a", UsageReport("pro", read(clock, 1.0)))
    clock.now += 60
    pool.measured("a", read(clock, 0.0))
    pool.set_state("a", "reauth_required", "revoked")
    pool.set_state("a", "deactivated", "the first word stands")
    assert told == [
        AccountEvent("a", 1000, "limited", "upstream", "usage limit reached: spent"),
        AccountEvent("a", 1001, "recovered", "upstream", "there is quota again"),
        AccountEvent("a", 1001, "plan_changed", "upstream", "from plus to pro"),
        AccountEvent(
            "a", 1001, "limited", "upstream",
            "usage limit reached until 1970-01-01 00:17 UTC: "
            "nothing left of the window of 300 minutes",
        ),
        AccountEvent("a", 1061, "recovered", "upstream", "there is quota again"),
        AccountEvent("a", 1061, "reauth_required", "upstream", "revoked"),
    ]  # fmt: skip


def test_a_limit_known_from_the_store_is_no_news(clock: Clock) -> None:
    told: list[AccountEvent] = []
    pool = Pool(clock=clock, limit=1, on_event=told.append)
    pool.load([replace(account("a"), blocks=(usage_limit(clock),))])
    pool.block("a", usage_limit(clock, 90))
    assert told == []


# -- conversations across a restart ---------------------------------------------------------------


def test_conversations_outlive_a_restart(clock: Clock) -> None:
    before = pool_of("a", "b", clock=clock)
    before.served("b", since=clock.now, affinity_key="k")
    stored = before.changed_affinities()
    assert stored == [Affinity("conversation", "k", "b", clock.now + 1800)]
    after = pool_of("a", "b", clock=clock)
    after.load_affinities(stored)
    assert after.choose(Wish(affinity="k")) == Choice("b", "affinity")
    clock.now += 1800
    assert after.choose(Wish(affinity="k")) == Choice("a", "capacity_weighted")


def test_a_conversation_whose_account_is_gone_finds_a_new_home(clock: Clock) -> None:
    pool = pool_of("a", "b", clock=clock)
    pool.served("b", since=clock.now, affinity_key="k")
    pool.load([account("a")])
    assert pool.choose(Wish(affinity="k")) == Choice("a", "only one left")
    pool.served("a", since=clock.now, affinity_key="k")
    pool.load([account("a"), account("b")])
    assert pool.choose(Wish(affinity="k")) == Choice("a", "affinity")
