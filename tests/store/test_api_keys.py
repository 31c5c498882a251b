"""API keys as they are kept: nothing but their hash, changed whole, noticed by every process."""

import asyncio
from dataclasses import astuple, fields, replace
from pathlib import Path

import pytest
from sqlalchemy import text

from codex_lb.core.keys import InvalidKeyError, Terms, hashed
from codex_lb.core.limits import Rule
from codex_lb.core.model import Cost, OpenedRequest, Receipt, Usage
from codex_lb.store import AccountTotals, Store
from codex_lb.store.addresses import connect, parse_url
from codex_lb.store.api_keys import Patch
from codex_lb.store.schema import api_keys

NOW = 1_800_000_000.0

TERMS = Terms(
    "ops",
    allowed_models=("gpt-5.5", "gpt-5.4"),
    allowed_efforts=("low",),
    assigned_accounts=("a",),
    enforced_model="gpt-5.5",
    enforced_effort="low",
    enforced_tier="flex",
    shows_hidden=True,
    expires_at=NOW + 1,
    is_active=False,
)


def unchanged(terms: Terms) -> Terms:
    return terms


def test_every_term_has_its_column() -> None:
    assert {field.name for field in fields(Terms)} <= set(api_keys.c.keys())


async def test_a_key_comes_back_as_it_was_created(store: Store) -> None:
    rules = [Rule("cost_usd", "5h", 2**62, "m"), Rule("total_tokens", "monthly", 1)]
    key, secret = await store.keys.create(TERMS, rules, now=NOW)

    assert await store.keys.one(key.id) == key
    assert (key.terms, key.prefix, key.created_at) == (TERMS, secret.key[:15], NOW)
    assert key.hash == hashed(secret.key)
    assert [limit.rule for limit in key.limits] == rules
    assert [limit.resets_at - NOW for limit in key.limits] == [5 * 3600, 30 * 86_400]


async def test_the_secret_itself_is_not_kept(tmp_path: Path) -> None:
    store = await Store.open(None, tmp_path, tmp_path / "key", clock=lambda: NOW)
    _, secret = await store.keys.create(Terms("k"), [], now=NOW)
    await store.close()
    database = connect(parse_url(None, tmp_path / "store.db"))
    (row,) = await database.read(lambda c: c.execute(text("SELECT * FROM api_keys")).all())
    await database.dispose()
    assert secret.key not in str(row)


async def test_keys_are_listed_in_the_order_of_their_creation(store: Store) -> None:
    keys = [(await store.keys.create(Terms(f"k{n}"), [], now=NOW + n))[0] for n in (2, 0, 1)]
    _, listed = await store.keys.every()
    assert listed == [keys[1], keys[2], keys[0]]


async def test_a_change_of_terms_leaves_everything_else(store: Store) -> None:
    key, _ = await store.keys.create(TERMS, [Rule("total_tokens", "daily", 5)], now=NOW)
    opened = replace(TERMS, name="new", allowed_models=(), expires_at=None, is_active=True)

    changed = await store.keys.patch(key.id, Patch(lambda _: opened), now=NOW + 60)

    assert changed == replace(key, terms=opened)
    assert await store.keys.one(key.id) == changed


async def test_a_change_that_is_refused_changes_nothing(store: Store) -> None:
    key, _ = await store.keys.create(TERMS, [], now=NOW)
    before = await store.keys.version()

    def refuse(_: Terms) -> Terms:
        raise InvalidKeyError("no")

    with pytest.raises(InvalidKeyError):
        await store.keys.patch(key.id, Patch(refuse, [Rule("cost_usd", "5h", 1)]), now=NOW)
    assert await store.keys.every() == (before, [key])


async def test_changes_at_once_are_all_made(store: Store) -> None:
    key, _ = await store.keys.create(Terms("k"), [], now=NOW)

    def allow(model: str) -> Patch:
        return Patch(lambda t: replace(t, allowed_models=(*t.allowed_models, model)))

    models = [f"m{n}" for n in range(10)]
    await asyncio.gather(*(store.keys.patch(key.id, allow(m), now=NOW) for m in models))

    changed = await store.keys.one(key.id)
    assert changed is not None
    assert sorted(changed.terms.allowed_models) == models


async def test_a_new_secret_ends_the_old_one_and_nothing_else(store: Store) -> None:
    key, old = await store.keys.create(TERMS, [Rule("total_tokens", "daily", 5)], now=NOW)
    found = await store.keys.regenerate(key.id)
    assert found is not None
    changed, new = found
    assert new.key != old.key
    assert changed == replace(key, prefix=new.prefix, hash=new.hash)
    assert await store.keys.every() == (await store.keys.version(), [changed])


async def test_a_deleted_key_is_gone_with_its_limits(store: Store) -> None:
    key, _ = await store.keys.create(TERMS, [Rule("total_tokens", "daily", 5)], now=NOW)
    assert await store.keys.delete(key.id)
    assert (await store.keys.every())[1] == []
    assert not await store.keys.delete(key.id)


async def test_a_key_that_is_not_there_cannot_be_changed(store: Store) -> None:
    assert await store.keys.one("x") is None
    assert await store.keys.patch("x", Patch(unchanged, [], resets_usage=True), now=NOW) is None
    assert await store.keys.regenerate("x") is None


async def test_every_change_makes_another_version(store: Store) -> None:
    seen = [await store.keys.version()]
    key, _ = await store.keys.create(Terms("k"), [], now=NOW)
    seen.append(await store.keys.version())
    await store.keys.patch(key.id, Patch(unchanged), now=NOW)
    seen.append(await store.keys.version())
    await store.keys.regenerate(key.id)
    seen.append(await store.keys.version())
    await store.keys.delete(key.id)
    seen.append(await store.keys.version())
    assert len(set(seen)) == 5


async def test_what_keys_have_served_is_summed_over_all_hours(store: Store) -> None:
    for n, key_id in enumerate(("a", "a", None, "b")):
        at_ms = int((NOW + n * 3600) * 1000)
        row = OpenedRequest(f"r{n}", at_ms, "responses", "sse", "m", api_key_id=key_id)
        store.requests.opened(row)
        store.requests.closed(
            Receipt(row.id, "success", at_ms, usage=Usage(10, 20, 5), cost=Cost(1, 2, 3))
        )
    await store.requests.flushed()
    totals = await store.keys.totals()
    assert totals == {"a": AccountTotals(2, 60, 10, 12), "b": AccountTotals(1, 30, 5, 6)}
    assert {type(value) for value in astuple(totals["a"])} == {int}  # PostgreSQL sums decimals


async def test_who_listens_hears_of_every_change_once_it_is_kept(store: Store) -> None:
    heard: list[list[str]] = []

    async def listen() -> None:
        heard.append([key.terms.name for key in (await store.keys.every())[1]])

    store.keys.on_change = listen
    key, _ = await store.keys.create(Terms("a"), [], now=NOW)
    await store.keys.patch(key.id, Patch(lambda _: Terms("b")), now=NOW)
    await store.keys.regenerate(key.id)
    await store.keys.delete(key.id)
    assert heard == [["a"], ["b"], ["b"], []]
