"""The operator's actions on a running pool: in the store, in the pool, and asked of upstream."""

import asyncio
from dataclasses import dataclass, field
from typing import NoReturn

import pytest
from tests.dashboard.builders import NOW, AuthFile

from codex_lb.core.accounts import PAUSE, PROBE, REACTIVATE, Change
from codex_lb.core.identity import parse
from codex_lb.core.model import Account, Block, Credential
from codex_lb.dashboard.pooled_accounts import PooledAccounts
from codex_lb.jobs.keeper import Keeper
from codex_lb.proxy.leases import Wish
from codex_lb.proxy.pool import Pool
from codex_lb.store import Store
from codex_lb.upstream.credentials import Credentials


@dataclass
class FakeUsage:
    asked_soon: list[str] = field(default_factory=list)

    def poll_soon(self, account_id: str) -> None:
        self.asked_soon.append(account_id)

    async def poll(self, account_id: str) -> int:
        return 200 if account_id else 0


@dataclass
class Running:
    accounts: PooledAccounts
    pool: Pool
    usage: FakeUsage
    watched: list[Account]


@pytest.fixture
def running(store: Store) -> Running:
    def clock() -> float:
        return NOW

    async def refresh(_credential: Credential) -> Credential:
        raise AssertionError("nothing here renews")

    def spawn(_work: object) -> NoReturn:
        raise AssertionError("nothing here runs beside")

    keeper, usage = Keeper(store), FakeUsage()
    pool = Pool(clock=clock, limit=8, on_change=keeper.changed)
    credentials = Credentials(store, refresh, spawn, clock)
    watched: list[Account] = []
    accounts = PooledAccounts(store, pool, credentials, keeper, clock, usage, watched.append)
    return Running(accounts, pool, usage, watched)


async def added(running: Running, auth_file: AuthFile) -> str:
    account, _ = await running.accounts.import_(*parse(auth_file.document(), now=NOW))
    return account.id


async def test_a_new_account_is_in_the_pool_and_upstream_is_asked_about_it(
    running: Running, auth_file: AuthFile
) -> None:
    id_ = await added(running, auth_file)
    assert [account.id for account in running.pool.accounts()] == [id_]
    assert [account.id for account in running.watched] == [id_]
    assert running.usage.asked_soon == [id_]


async def test_what_the_operator_sets_is_in_the_pool_and_in_the_store(
    running: Running, store: Store, auth_file: AuthFile
) -> None:
    id_ = await added(running, auth_file)
    named = await running.accounts.set_alias(id_, "Work")
    ordered = await running.accounts.set_priority(id_, "preserve")
    assert named is not None
    assert ordered is not None
    (pooled,) = running.pool.accounts()
    stored = await store.account(id_)
    assert pooled == stored
    assert (pooled.alias, pooled.priority) == ("Work", "preserve")
    assert await running.accounts.set_alias("nobody", "Work") is None


@pytest.mark.parametrize("change", [REACTIVATE, PROBE])
async def test_trying_again_forgets_the_blocks_and_asks_upstream(
    running: Running, store: Store, auth_file: AuthFile, change: Change
) -> None:
    id_ = await added(running, auth_file)
    running.pool.block(id_, Block("quota", NOW - 60, NOW + 60, "spent"))
    await running.accounts.change(id_, change)
    (pooled,) = running.pool.accounts()
    stored = await store.account(id_)
    assert stored is not None
    assert (pooled.blocks, stored.blocks) == ((), ())
    assert running.usage.asked_soon == [id_, id_]
    assert await running.accounts.poll(id_) == 200


async def test_a_change_of_one_account_leaves_what_is_proven_of_another_meanwhile(
    running: Running, auth_file: AuthFile
) -> None:
    """Between the pool and the store there are moments in which only the pool knows."""
    one = await added(running, auth_file)
    other = await added(running, AuthFile(account_id="other"))
    proof = Block("usage_limit", NOW, NOW + 60, "spent")
    running.pool.block(other, proof)
    await running.accounts.reload(one)
    blocks = {account.id: account.blocks for account in running.pool.accounts()}
    assert blocks == {one: (), other: (proof,)}


async def test_a_paused_account_is_not_asked_about(running: Running, auth_file: AuthFile) -> None:
    id_ = await added(running, auth_file)
    await running.accounts.change(id_, PAUSE)
    assert running.usage.asked_soon == [id_]


async def test_what_is_learnt_of_other_accounts_meanwhile_is_not_forgotten(
    running: Running, auth_file: AuthFile
) -> None:
    named = await added(running, auth_file)
    limited = await added(running, AuthFile("acc-2", "bob@example.com"))
    block = Block("usage_limit", NOW, NOW + 60, "spent", is_told=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(running.accounts.set_alias(named, "Work"))
        await asyncio.sleep(0)  # the store is at it
        running.pool.block(limited, block)
    assert [account.blocks for account in running.pool.accounts()] == [(), (block,)]


async def test_a_deleted_account_leaves_the_pool(running: Running, auth_file: AuthFile) -> None:
    id_ = await added(running, auth_file)
    assert await running.accounts.delete(id_, delete_history=False)
    assert running.pool.accounts() == []


async def test_streams_are_those_that_run_now(running: Running, auth_file: AuthFile) -> None:
    id_ = await added(running, auth_file)
    async with running.pool.lease(Wish(), wait_s=0):
        assert running.accounts.streams() == {id_: 1}
    assert running.accounts.streams() == {id_: 0}
