"""Affinities reach the store in a while, and survive a store that fails for a while."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from codex_lb.core.model import Account, Identity
from codex_lb.jobs.affinities import AffinityKeeper
from codex_lb.proxy.pool import Pool
from codex_lb.store import Store
from codex_lb.store.records import Affinity

NOW = 1_000_000.0


def affinity(key: str, account_id: str = "a", expires_at: float = NOW + 60) -> Affinity:
    return Affinity("conversation", key, account_id, expires_at)


class Shelf:
    """A store that fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.written: list[list[Affinity]] = []
        self.wrote = asyncio.Event()

    async def put_affinities(self, given: Sequence[Affinity], *, now: float) -> None:
        assert now == NOW
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")
        self.written.append(list(given))
        self.wrote.set()


class Source:
    def __init__(self, *batches: list[Affinity]) -> None:
        self.batches = list(batches)

    def __call__(self) -> list[Affinity]:
        return self.batches.pop(0) if self.batches else []


def keeper(shelf: Shelf, *batches: list[Affinity]) -> AffinityKeeper:
    return AffinityKeeper(shelf, Source(*batches), lambda: NOW, every_s=0.001)


async def test_what_changes_is_written_in_a_while() -> None:
    shelf = Shelf()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        work = group.create_task(keeper(shelf, [affinity("k")]).run())
        await shelf.wrote.wait()
        work.cancel()
    assert shelf.written == [[affinity("k")]]


async def test_nothing_new_writes_nothing() -> None:
    shelf = Shelf()
    await keeper(shelf).flush()
    assert shelf.written == []


async def test_what_the_store_did_not_take_is_written_later_in_its_newest_form() -> None:
    shelf = Shelf(failures=1)
    kept = keeper(shelf, [affinity("k"), affinity("other")], [affinity("k", "b")])
    await kept.flush()
    await kept.flush()
    await kept.flush()
    assert shelf.written == [[affinity("k", "b"), affinity("other")]]


async def test_what_has_expired_while_it_waited_is_dropped() -> None:
    shelf = Shelf()
    await keeper(shelf, [affinity("k", expires_at=NOW), affinity("other")]).flush()
    assert shelf.written == [[affinity("other")]]


async def test_the_store_gives_back_what_the_pool_has_learnt(tmp_path: Path) -> None:
    pool = Pool(clock=lambda: NOW, limit=1)
    identity = Identity("a", None, "a@example.com", "plus")
    pool.load([Account("a", identity, "active", None, 0, 0, None)])
    pool.served("a", since=NOW, affinity_key="k")
    store = await Store.open(None, tmp_path, tmp_path / "encryption.key", clock=lambda: NOW)
    try:
        await AffinityKeeper(store, pool.changed_affinities, lambda: NOW).flush()
        assert await store.affinities(now=NOW) == [affinity("k", expires_at=NOW + 1800)]
    finally:
        await store.close()
