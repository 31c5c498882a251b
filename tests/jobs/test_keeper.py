"""What the pool learns reaches the store soon, and survives a store that fails for a while."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from codex_lb.core.model import (
    Account,
    Block,
    Credential,
    Credits,
    ExtraLimit,
    Identity,
    QuotaWindow,
)
from codex_lb.core.sampling import SELDOM_S
from codex_lb.jobs.keeper import SAMPLES, Keeper
from codex_lb.proxy.leases import Wish
from codex_lb.proxy.pool import Pool
from codex_lb.store import Store

NOW = 1_000_000.0
IDENTITY = Identity("acc", None, "a@example.com", "plus")
CREDENTIAL = Credential("access", "refresh", "id", None, NOW)
WINDOW = QuotaWindow(300, 0.5, NOW + 60, NOW, "headers")


async def open_store(directory: Path) -> Store:
    return await Store.open(None, directory, directory / "encryption.key", clock=lambda: NOW)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(tmp_path / "data")
    await store.put_account("a", IDENTITY, CREDENTIAL, now=NOW)
    yield store
    await store.close()


@pytest.fixture
async def keeper(store: Store) -> AsyncIterator[Keeper]:
    keeper = Keeper(store)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(keeper.run())
        yield keeper
        work.cancel()


async def account(store: Store) -> Account:
    found = await store.account("a")
    assert found is not None
    return found


async def until_written(store: Store, *, within_s: float) -> Account:
    before = await account(store)
    async with asyncio.timeout(within_s):
        while (now := await account(store)) == before:  # noqa: ASYNC110  a database tells nobody
            await asyncio.sleep(0.01)
    return now


async def test_a_proof_is_written_within_moments(store: Store, keeper: Keeper) -> None:
    block = Block("usage_limit", NOW, NOW + 60, "spent", is_told=True)
    keeper.changed(replace(await account(store), blocks=(block,)), urgent=True)
    assert (await until_written(store, within_s=1)).blocks == (block,)


async def test_a_lost_login_is_written_with_its_reason(store: Store, keeper: Keeper) -> None:
    lost = replace(await account(store), state="reauth_required", state_reason="revoked")
    keeper.changed(lost, urgent=True)
    written = await until_written(store, within_s=1)
    assert (written.state, written.state_reason) == ("reauth_required", "revoked")


async def test_the_operator_is_right_over_what_an_attempt_found(
    store: Store, keeper: Keeper
) -> None:
    found = replace(await account(store), state="reauth_required", state_reason="revoked")
    await store.set_state("a", "paused", reason=None, allowed_from={"active"})
    keeper.changed(found, urgent=True)
    await keeper.flush()
    assert (await account(store)).state == "paused"


async def test_a_login_that_is_there_again_is_not_lost_by_what_comes_late(
    store: Store, keeper: Keeper
) -> None:
    lost = replace(await account(store), state="reauth_required", state_reason="revoked")
    newer = Credential("access-2", "refresh-2", "id", None, NOW + 1)
    await store.put_account("a", IDENTITY, newer, now=NOW + 1)
    keeper.changed(lost, urgent=True)
    await keeper.flush()
    assert (await account(store)).state == "active"


async def test_a_reading_waits_for_others_but_flush_does_not(store: Store, keeper: Keeper) -> None:
    keeper.changed(replace(await account(store), windows=(WINDOW,)), urgent=False)
    await asyncio.sleep(0.05)
    assert (await account(store)).windows == ()
    await keeper.flush()
    assert (await account(store)).windows == (WINDOW,)


async def test_what_is_forgotten_is_not_written(store: Store, keeper: Keeper) -> None:
    keeper.changed(replace(await account(store), windows=(WINDOW,)), urgent=False)
    keeper.forget("a")
    await keeper.flush()
    assert (await account(store)).windows == ()


async def test_everything_that_upstream_says_is_written(store: Store, keeper: Keeper) -> None:
    before = await account(store)
    read = replace(
        before,
        identity=replace(IDENTITY, plan="pro"),
        credits=Credits(has=True, unlimited=False, balance=5.0, measured_at=NOW),
        extras=(ExtraLimit("codex_bengalfox", "GPT-5.3-Codex-Spark", (WINDOW,)),),
        reset_credits=1,
    )
    for known in (before, read):
        keeper.changed(known, urgent=False)
        await keeper.flush()
        assert await account(store) == known


async def test_of_a_window_only_what_says_something_becomes_history(
    store: Store, keeper: Keeper
) -> None:
    known = await account(store)
    for after_s, used in ((0, 0.5), (30, 0.6), (70, 0.6), (600, 0.6)):
        window = replace(WINDOW, used=used, measured_at=NOW + after_s)
        keeper.changed(replace(known, windows=(window,)), urgent=False)
    await keeper.flush()

    kept = [(sample.measured_at, sample.used) for sample in await store.samples(since=0)]
    assert kept == [(NOW, 0.5), (NOW + 70, 0.6)]


async def test_history_waits_for_a_store_that_fails(store: Store, tmp_path: Path) -> None:
    keeper = Keeper(store)
    keeper.changed(replace(await account(store), windows=(WINDOW,)), urgent=False)
    with closing(sqlite3.connect(tmp_path / "data" / "store.db")) as elsewhere:
        elsewhere.execute("ALTER TABLE quota_samples RENAME TO hidden")
        assert not await keeper.flush()
        elsewhere.execute("ALTER TABLE hidden RENAME TO quota_samples")
    assert await store.samples(since=0) == []

    assert await keeper.flush()

    assert [sample.measured_at for sample in await store.samples(since=0)] == [NOW]


async def test_history_that_waits_is_bounded(store: Store) -> None:
    keeper = Keeper(store)
    known = await account(store)
    for n in range(SAMPLES + 3):
        window = replace(WINDOW, measured_at=NOW + n * SELDOM_S)
        keeper.changed(replace(known, windows=(window,)), urgent=False)
    await keeper.flush()

    kept = await store.samples(since=0)
    assert (len(kept), kept[0].measured_at) == (SAMPLES, NOW + 3 * SELDOM_S)


async def test_an_account_that_cannot_be_written_holds_up_no_other(store: Store) -> None:
    await store.put_account("b", IDENTITY, CREDENTIAL, now=NOW)
    keeper = Keeper(store)
    for known in await store.accounts():
        odd = 2**70 if known.id == "a" else 0  # larger than any column
        keeper.changed(replace(known, windows=(WINDOW,), reset_credits=odd), urgent=False)

    await keeper.flush()

    assert [known.windows for known in await store.accounts()] == [(), (WINDOW,)]


async def test_an_account_that_is_gone_is_no_error(store: Store, keeper: Keeper) -> None:
    gone = replace(await account(store), windows=(WINDOW,))
    await store.delete_account("a", delete_history=False)
    keeper.changed(gone, urgent=True)
    await keeper.flush()
    assert await store.account("a") is None


async def test_a_block_outlives_a_restart(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await store.put_account("a", IDENTITY, CREDENTIAL, now=NOW)
    keeper = Keeper(store)
    pool = Pool(clock=lambda: NOW, limit=1, on_change=keeper.changed)
    pool.load(await store.accounts())
    pool.block("a", Block("usage_limit", NOW, NOW + 60, "spent", is_told=True))
    refused = pool.choose(Wish())
    await keeper.flush()
    await store.close()

    store = await open_store(tmp_path)
    pool = Pool(clock=lambda: NOW, limit=1)
    pool.load(await store.accounts())
    assert pool.choose(Wish()) == refused
    await store.close()
