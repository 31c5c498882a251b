"""The sums of a period, from roll-ups."""

from dataclasses import asdict

from sqlalchemy import Connection

from codex_lb.core.buckets import TIMEFRAMES, period
from codex_lb.store import Conversations, PeriodSums, Store, Sums, rollups

NOW = 1_800_000_000.0
PERIOD = period(TIMEFRAMES["7d"], NOW + 60)
HOUR = 3_600


async def put(store: Store, dimension: str, hour_at: int, key: str, **counts: int) -> None:
    def add(connection: Connection) -> None:
        rollups.add(connection, {(dimension, hour_at, key): rollups.Counts(counts)})

    await store._database.write(add)  # noqa: SLF001  else every case would need its requests


async def test_an_empty_log_has_nothing_to_sum(store: Store) -> None:
    assert await store.log.period_sums(PERIOD) == PeriodSums({}, Sums(), None, None)
    assert await conversations(store) == Conversations({}, 0, 0)


async def conversations(store: Store) -> Conversations:
    return await store.log.conversations(PERIOD.start_at, PERIOD.end_at, bucket_s=PERIOD.bucket_s)


async def test_hours_are_summed_by_bucket_over_all_models(store: Store) -> None:
    start, bucket = PERIOD.start_at, PERIOD.bucket_s
    await put(store, "model", start, "m", requests=1, errors=1, input_tokens=10, cost_micros=5)
    await put(store, "model", start + bucket - HOUR, "n", requests=2, output_tokens=7, cancelled=1)
    await put(store, "model", PERIOD.end_at - HOUR, "m", requests=4, cached_tokens=3)
    await put(store, "account", start, "a", requests=100)

    found = await store.log.period_sums(PERIOD)

    assert found.buckets == {
        start: Sums(3, 1, 1, 17, 0, 5),
        PERIOD.end_at - bucket: Sums(4, cached_tokens=3),
    }
    assert found.first_at == start


async def test_the_same_stretch_before_is_summed_apart(store: Store) -> None:
    for hour_at, requests in (
        (PERIOD.previous_start_at - HOUR, 1),
        (PERIOD.previous_start_at, 2),
        (int(PERIOD.previous_end_at) // HOUR * HOUR, 4),
        (int(PERIOD.previous_end_at) // HOUR * HOUR + HOUR, 8),
        (PERIOD.start_at, 16),
        (PERIOD.end_at, 32),
    ):
        await put(store, "model", hour_at, "m", requests=requests)

    found = await store.log.period_sums(PERIOD)

    assert asdict(found.previous) == asdict(Sums(requests=2 + 4))
    assert {at: sums.requests for at, sums in found.buckets.items()} == {PERIOD.start_at: 16}
    assert found.first_at == PERIOD.previous_start_at - HOUR


async def test_the_most_frequent_error_of_the_period_is_named(store: Store) -> None:
    await put(store, "error", PERIOD.previous_start_at, "old", requests=99)
    await put(store, "error", PERIOD.start_at, "", requests=50)
    await put(store, "error", PERIOD.start_at, "b", requests=3)
    await put(store, "error", PERIOD.start_at, "a", requests=2)
    await put(store, "error", PERIOD.end_at - HOUR, "a", requests=1)
    await put(store, "error", PERIOD.end_at - HOUR, "c", requests=2)

    assert (await store.log.period_sums(PERIOD)).top_error == "a"


async def test_a_conversation_counts_once_in_a_bucket_and_once_in_all(store: Store) -> None:
    start, bucket = PERIOD.start_at, PERIOD.bucket_s
    await put(store, "conversation", start - HOUR, "before", requests=1)
    await put(store, "conversation", start, "x", requests=1)
    await put(store, "conversation", start + HOUR, "x", requests=2)
    await put(store, "conversation", start + bucket, "x", requests=3)
    await put(store, "conversation", start + bucket, "y", requests=4)

    assert await conversations(store) == Conversations({start: 1, start + bucket: 2}, 2, 10)
