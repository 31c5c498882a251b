"""Upstream is asked per plan and not too often; what it said stays known."""

import asyncio
import json
from dataclasses import replace

import pytest

from codex_lb.core import errors, registry
from codex_lb.core.catalogue import Catalogue
from codex_lb.core.errors import Signal
from codex_lb.core.model import Account, AccountState, Block, Identity
from codex_lb.proxy.models import PATH, RETRY_S, SYNC_S, Models
from codex_lb.proxy.pool import Pool


class World:
    """A clock, a pool, and an upstream that tells each account what stands in `said`."""

    def __init__(self, *accounts: Account, **said: str) -> None:
        self.now = 1_000_000.0
        self.said = said
        self.asked: list[str] = []
        self.pool = Pool(clock=lambda: self.now, limit=1)
        self.pool.load(accounts)
        self.models = Models(self.pool, self.fetch, lambda: self.now)

    async def fetch(self, account: Account, path: str) -> bytes | Signal:
        assert path == PATH
        self.asked.append(account.id)
        await asyncio.sleep(0)  # others get their turn, as with a real call
        if account.id not in self.said:
            return errors.fault("connect", "down")
        slugs = [{"slug": slug, "display_name": slug} for slug in self.said[account.id].split()]
        return json.dumps({"models": slugs}).encode()


def account(name: str, plan: str, state: AccountState = "active") -> Account:
    identity = Identity(name, None, f"{name}@example.com", plan)
    return Account(name, identity, state, None, 0, 0, None)


def ids(known: Catalogue) -> list[str]:
    return [model["id"] for model in json.loads(known.openai.body)["data"]]


async def test_one_account_of_each_plan_is_asked_and_a_second_if_it_fails() -> None:
    world = World(
        account("a", "plus"), account("b", "plus"), account("c", "pro"), account("d", "pro"),
        account("e", "pro"), account("f", "prolite"), b="small", c="small large",
    )  # fmt: skip
    assert ids(await world.models.get()) == ["small", "large"]
    assert sorted(world.asked) == ["a", "b", "c"]
    assert world.models.serves("plus", "large") is False
    assert world.models.serves("prolite", "large") is True


async def test_no_more_than_two_accounts_are_asked_those_without_a_block_first() -> None:
    block = Block("fault", 0, 2_000_000, "down")
    first = replace(account("a", "plus"), blocks=(block,))
    world = World(first, account("b", "plus"), account("c", "plus"))
    await world.models.sync()
    assert world.asked == ["b", "c"]


async def test_all_who_come_before_anything_is_known_wait_for_the_same_answer() -> None:
    world = World(account("a", "plus"), a="small")
    found = await asyncio.gather(*(world.models.get() for _ in range(5)))
    assert [ids(known) for known in found] == [["small"]] * 5
    assert world.asked == ["a"]


async def test_a_client_does_not_wait_for_an_upstream_that_hangs() -> None:
    asked: list[str] = []

    async def hang(account: Account, _path: str) -> bytes | Signal:
        asked.append(account.id)
        await asyncio.Event().wait()
        return b""

    world = World(account("a", "plus"))
    models = Models(world.pool, hang, lambda: world.now, patience_s=0.01)
    async with asyncio.timeout(30):
        assert ids(await models.get()) == ids(models.known())
        await models.get()
    assert asked == ["a"], "nor does the next one, until it is time to ask again"


async def test_nobody_waits_for_upstream_once_something_is_known() -> None:
    world = World(account("a", "plus"), a="small")
    await world.models.get()
    world.pool.load([account("a", "plus"), account("b", "pro")])
    world.now += SYNC_S
    await world.models.get()
    assert world.asked == ["a"]


async def test_a_sync_asks_for_what_is_new_or_old() -> None:
    world = World(account("a", "plus"), a="small", b="large")
    await world.models.sync()
    world.pool.load([account("a", "plus"), account("b", "pro")])
    await world.models.sync()
    assert world.asked == ["a", "b"]
    world.now += SYNC_S
    await world.models.sync()
    assert sorted(world.asked) == ["a", "a", "b", "b"]


async def test_a_failure_keeps_what_was_known_and_is_not_repeated_at_once() -> None:
    world = World(account("a", "plus"), a="small")
    await world.models.sync()
    world.said.clear()
    for wait_s, asked in ((SYNC_S, 2), (RETRY_S - 1, 2), (1, 3)):
        world.now += wait_s
        await world.models.sync()
        assert len(world.asked) == asked
    assert ids(await world.models.get()) == ["small"]


async def test_what_was_known_long_ago_is_listed_if_upstream_says_nothing() -> None:
    world = World(account("a", "plus"), a="small")
    await world.models.sync()
    world.said.clear()
    world.now += registry.VALID_S
    assert ids(await world.models.get()) == ["small"]
    assert len(world.asked) == 2


@pytest.mark.parametrize(
    ("state", "listed"),
    [
        ("active", ["small", "large"]), ("paused", ["small"]),
        ("reauth_required", ["small"]), ("deactivated", ["small"]),
    ],
)  # fmt: skip
async def test_what_nobody_can_serve_is_not_listed(state: AccountState, listed: list[str]) -> None:
    world = World(account("a", "plus"), account("b", "pro"), a="small", b="small large")
    await world.models.sync()
    world.pool.load([account("a", "plus"), account("b", "pro", state)])
    assert ids(await world.models.get()) == listed


async def test_what_an_account_at_its_limit_serves_is_listed() -> None:
    world = World(account("a", "plus"), a="small")
    world.pool.block("a", Block("usage_limit", world.now, world.now + 60, "spent"))
    assert ids(await world.models.get()) == ["small"]


async def test_a_plan_without_an_account_is_forgotten_a_paused_one_is_not() -> None:
    world = World(account("a", "plus"), account("b", "pro"), a="small", b="large")
    await world.models.sync()
    world.pool.load([account("a", "plus"), account("b", "pro", "paused")])
    await world.models.sync()
    assert world.models.serves("plus", "large") is False
    world.pool.load([account("a", "plus")])
    await world.models.sync()
    assert world.models.serves("plus", "large") is None


async def test_the_same_models_fetched_again_have_the_same_tag() -> None:
    world = World(account("a", "plus"), a="small")
    first = await world.models.get()
    world.now += SYNC_S
    await world.models.sync()
    assert len(world.asked) == 2
    assert await world.models.get() == first
    world.said["a"] = "small large"
    world.now += SYNC_S
    await world.models.sync()
    assert (await world.models.get()).codex.etag != first.codex.etag
