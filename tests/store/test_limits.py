"""Limits as they are kept: many requests at once, on both databases, and processes that die."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from codex_lb.core.keys import ApiKey, Terms
from codex_lb.core.limits import WINDOW_S, Limit, Rule, Spend, estimate
from codex_lb.core.model import Cost, OpenedRequest, Receipt, Usage
from codex_lb.store import Store
from codex_lb.store.api_keys import Patch

NOW = 1_800_000_000.0
NOW_MS = int(NOW * 1000)
DAY_S = 86_400.0

Open = Callable[[], Awaitable[Store]]

DAILY = Rule("total_tokens", "daily", 1_500)
USAGE = Usage(50, 100)
NEED = Spend(50, 100, 10)


def opened(name: str, key: ApiKey | None, *, model: str = "m") -> OpenedRequest:
    return OpenedRequest(
        name, NOW_MS, "responses", "sse", model, api_key_id=key.id if key else None
    )


def done(name: str, usage: Usage | None = USAGE, *, at: float = NOW) -> Receipt:
    return Receipt(name, "success", int(at * 1000), usage=usage, cost=Cost(1, 2, 7))


async def created(store: Store, *rules: Rule) -> ApiKey:
    key, _ = await store.keys.create(Terms("k"), rules, now=NOW)
    return key


async def limits_of(store: Store, key: ApiKey) -> list[Limit]:
    found = await store.keys.one(key.id)
    assert found is not None
    return list(found.limits)


async def counters(store: Store, key: ApiKey) -> list[tuple[int, int]]:
    """Used and held of every limit."""
    return [(limit.used, limit.held) for limit in await limits_of(store, key)]


async def serve(store: Store, row: OpenedRequest, receipt: Receipt) -> None:
    store.requests.opened(row)
    store.requests.closed(receipt)
    await store.requests.flushed()


async def reserve(
    store: Store, key: ApiKey, name: str, need: Spend = NEED, *, model: str = "m", now: float = NOW
) -> object:
    return await store.keys.reserve(key.id, name, model=model, estimate=lambda _mean: need, now=now)


async def test_a_request_holds_while_it_runs_and_uses_when_it_ends(store: Store) -> None:
    key = await created(
        store,
        DAILY,
        Rule("input_tokens", "5h", 1_000),
        Rule("output_tokens", "monthly", 1_000, "m"),
        Rule("cost_usd", "weekly", 1_000),
        Rule("total_tokens", "7d", 1_000, "other"),
    )
    row = opened("r", key)
    store.requests.opened(row)
    assert await reserve(store, key, "r") == NEED
    assert await counters(store, key) == [(0, 150), (0, 50), (0, 100), (0, 10), (0, 0)]

    store.requests.closed(done("r", Usage(60, 200)))
    await store.requests.flushed()
    assert await counters(store, key) == [(260, 0), (60, 0), (200, 0), (10, 0), (0, 0)]


@pytest.mark.parametrize("status", ["error", "cancelled"])
async def test_a_request_that_fails_uses_and_holds_nothing(store: Store, status: str) -> None:
    key = await created(store, DAILY)
    store.requests.opened(opened("r", key))
    await reserve(store, key, "r")
    store.requests.closed(replace(done("r", None), status=status, cost=None))  # type: ignore[arg-type]
    await store.requests.flushed()
    assert await counters(store, key) == [(0, 0)]


async def test_a_row_that_is_closed_twice_is_counted_once(store: Store) -> None:
    key = await created(store, DAILY)
    for _ in range(2):
        await serve(store, opened("r", key), done("r"))
    assert await counters(store, key) == [(150, 0)]


async def test_all_limits_are_held_or_none(store: Store) -> None:
    key = await created(store, DAILY, Rule("output_tokens", "daily", 150))
    assert await reserve(store, key, "r1") == NEED
    assert await reserve(store, key, "r2") == "wait"
    assert await counters(store, key) == [(0, 150), (0, 100)]


async def test_a_spent_limit_is_told(store: Store) -> None:
    key = await created(store, Rule("total_tokens", "daily", 100))
    await serve(store, opened("r", key), done("r"))
    (limit,) = await limits_of(store, key)
    assert await reserve(store, key, "r2") == limit
    assert (limit.used, limit.resets_at) == (150, NOW + DAY_S)


async def test_a_key_that_is_gone_limits_nothing(store: Store) -> None:
    key = await created(store, DAILY)
    await reserve(store, key, "r")
    assert await store.keys.delete(key.id)
    assert await reserve(store, key, "r2") == NEED
    await store.keys.top_up(key.id, "r", NEED)
    await serve(store, opened("r", key), done("r"))


async def test_a_running_request_can_hold_more_but_never_less(store: Store) -> None:
    key = await created(store, DAILY, Rule("input_tokens", "daily", 1_500))
    store.requests.opened(opened("r", key))
    await reserve(store, key, "r")
    await store.keys.top_up(key.id, "r", Spend(20, 900, None))
    assert await counters(store, key) == [(0, 920), (0, 50)]
    store.requests.closed(done("r"))
    await store.requests.flushed()
    assert await counters(store, key) == [(150, 0), (50, 0)]
    await store.keys.top_up(key.id, "r", Spend(0, 5_000, None))
    assert await counters(store, key) == [(150, 0), (50, 0)]


async def test_a_new_window_begins_empty_and_where_the_old_ones_would_end(store: Store) -> None:
    key = await created(store, Rule("total_tokens", "daily", 100))
    await serve(store, opened("r", key), done("r"))
    assert await reserve(store, key, "r2", now=NOW + 2.5 * DAY_S) == NEED
    (limit,) = await limits_of(store, key)
    assert (limit.used, limit.held, limit.resets_at) == (0, 150, NOW + 3 * DAY_S)


async def test_usage_counts_in_the_window_in_which_the_request_ended(store: Store) -> None:
    key = await created(store, DAILY)
    await serve(store, opened("late", key), done("late", at=NOW + 1.5 * DAY_S))
    await serve(store, opened("early", key), done("early", at=NOW + 0.5 * DAY_S))
    (limit,) = await limits_of(store, key)
    assert (limit.used, limit.resets_at) == (150, NOW + 2 * DAY_S)


async def test_use_is_noted_with_the_mean_of_what_was_answered(store: Store) -> None:
    key = await created(store)
    for n, output in enumerate((100, 180)):
        await serve(store, opened(f"r{n}", key), done(f"r{n}", Usage(1, output), at=NOW + n))
    found = await store.keys.one(key.id)
    assert found is not None
    assert (found.last_used_at, found.mean_output) == (NOW + 1, 110.0)


# -- many at once ------------------------------------------------------------------------------


@dataclass
class Upstream:
    """Serves a key's requests as the proxy would, and counts."""

    store: Store
    key: ApiKey
    served: int = 0
    refused: int = 0

    async def ask(self, name: str) -> None:
        self.store.requests.opened(opened(name, self.key))
        receipt = replace(done(name, None), status="error", cost=None)
        while True:
            verdict = await self._reserve(name)
            if verdict != "wait":
                break
            await asyncio.sleep(0.01)
        if isinstance(verdict, Spend):
            await asyncio.sleep(0.02)
            receipt = done(name)
            self.served += 1
        else:
            self.refused += 1
        self.store.requests.closed(receipt)
        await self.store.requests.flushed()

    async def _reserve(self, name: str) -> object:
        return await self.store.keys.reserve(
            self.key.id,
            name,
            model="m",
            estimate=lambda mean: estimate(200, mean_output=mean, price=lambda _usage: None),
            now=NOW,
        )


@pytest.mark.parametrize("maximum", [1_500, 1_450, 1_510])
async def test_fifty_at_once_use_a_limit_that_covers_ten(store: Store, maximum: int) -> None:
    key = await created(store, Rule("total_tokens", "daily", maximum))
    upstream = Upstream(store, key)
    async with asyncio.TaskGroup() as group:
        for n in range(50):
            group.create_task(upstream.ask(f"r{n}"))
    ((used, held),) = await counters(store, key)
    assert held == 0
    assert maximum <= used < maximum + 150
    assert used == 150 * upstream.served
    assert upstream.served + upstream.refused == 50


async def test_a_wide_limit_holds_up_nobody(store: Store) -> None:
    key = await created(store, Rule("total_tokens", "daily", 1_000_000))
    granted = await asyncio.gather(*(reserve(store, key, f"r{n}") for n in range(50)))
    assert set(granted) == {NEED}
    assert await counters(store, key) == [(0, 50 * 150)]


async def test_two_replicas_share_a_limit(postgres_url: str, data_dir: Path) -> None:
    async def open_() -> Store:
        key_file = data_dir / "encryption.key"
        return await Store.open(postgres_url, data_dir, key_file, clock=lambda: NOW)

    one = await open_()
    other = await open_()
    try:
        key = await created(one, DAILY)
        sides = [Upstream(one, key), Upstream(other, key)]
        async with asyncio.TaskGroup() as group:
            for n in range(50):
                group.create_task(sides[n % 2].ask(f"r{n}"))
        assert await counters(one, key) == [(1_500, 0)]
        assert sides[0].served + sides[1].served == 10
    finally:
        await other.close()
        await one.close()


# -- processes that end ------------------------------------------------------------------------


async def test_what_a_process_held_when_it_ended_is_free_at_the_next_start(
    open_store: Open,
) -> None:
    store = await open_store()
    key = await created(store, DAILY)
    store.requests.opened(opened("with a row", key))
    for name in ("with a row", "without one"):
        assert await reserve(store, key, name) == NEED
    await store.close()

    assert await counters(await open_store(), key) == [(0, 0)]


async def test_nobody_waits_for_what_a_dead_replica_holds(
    postgres_url: str, data_dir: Path, cut: Callable[[], Awaitable[None]]
) -> None:
    async def open_() -> Store:
        key_file = data_dir / "encryption.key"
        return await Store.open(postgres_url, data_dir, key_file, clock=lambda: NOW)

    store, dying = await open_(), await open_()
    try:
        key = await created(store, DAILY)
        assert isinstance(await reserve(dying, key, "r1", Spend(0, 1_500, None)), Spend)
        assert await reserve(store, key, "r2") == "wait"
        await cut()  # the server frees its lock, as it does when it dies
        assert await reserve(store, key, "r2") == NEED
        assert await counters(store, key) == [(0, 150)]
    finally:
        await dying.close()
        await store.close()


# -- what the operator changes -----------------------------------------------------------------


async def test_a_rule_that_stays_keeps_its_counters(store: Store) -> None:
    key = await created(store, DAILY, Rule("input_tokens", "daily", 9))
    await serve(store, opened("r", key), done("r"))
    await reserve(store, key, "r2")
    (before, _) = await limits_of(store, key)

    raised = replace(DAILY, max_value=9_000)
    patched = await store.keys.patch(key.id, Patch(lambda t: t, [raised]), now=NOW + 60)

    assert patched is not None
    assert patched.limits == (replace(before, rule=raised),)


async def test_a_new_rule_counts_what_was_used_in_its_window(store: Store) -> None:
    key = await created(store)
    other = await created(store)
    old = replace(opened("old", key), opened_at_ms=NOW_MS - int(DAY_S * 1000) - 1)
    await serve(store, old, done("old", at=NOW - DAY_S))
    await serve(store, opened("r", key), done("r", Usage(4_000, 6_000)))
    await serve(store, opened("s", key, model="x"), done("s"))
    await serve(store, opened("t", other), done("t"))
    rules = [
        Rule("total_tokens", "daily", 100_000),
        Rule("total_tokens", "weekly", 100_000),
        Rule("cost_usd", "daily", 100_000),
        Rule("output_tokens", "daily", 100_000, "m"),
    ]
    await store.keys.patch(key.id, Patch(lambda t: t, rules), now=NOW)
    assert [used for used, _ in await counters(store, key)] == [10_150, 10_300, 20, 6_000]


async def test_a_new_rule_counts_a_request_that_runs_when_it_ends(store: Store) -> None:
    key = await created(store)
    store.requests.opened(opened("r", key))
    await store.requests.flushed()
    await store.keys.patch(key.id, Patch(lambda t: t, [DAILY]), now=NOW)
    store.requests.closed(done("r", at=NOW + 1))
    await store.requests.flushed()
    assert await counters(store, key) == [(150, 0)]


async def test_a_reset_empties_every_window_and_lets_the_next_request_in(store: Store) -> None:
    key = await created(store, Rule("total_tokens", "daily", 100), Rule("cost_usd", "5h", 5))
    await serve(store, opened("r", key), done("r"))
    assert isinstance(await reserve(store, key, "r2"), Limit)

    await store.keys.patch(key.id, Patch(lambda t: t, resets_usage=True), now=NOW + 60)

    assert [(limit.used, limit.resets_at) for limit in await limits_of(store, key)] == [
        (0, NOW + 60 + DAY_S),
        (0, NOW + 60 + WINDOW_S["5h"]),
    ]
    assert await reserve(store, key, "r2", now=NOW + 61) == NEED


@pytest.mark.parametrize(
    ("closed_before_s", "counted"),
    [
        pytest.param(0.2, 150, id="its row was on the way"),
        pytest.param(2 * DAY_S, 0, id="it is from another window"),
    ],
)
async def test_what_ended_just_before_a_rule_was_made_counts(
    store: Store, closed_before_s: float, counted: int
) -> None:
    """The rule has counted the rows that were there; this one is written after it was made."""
    key = await created(store, DAILY)
    await serve(store, opened("r", key), done("r", at=NOW - closed_before_s))
    assert await counters(store, key) == [(counted, 0)]
