"""Accounts and their credentials: what is put comes back, and races have one winner."""

import asyncio
from dataclasses import replace

import pytest

from codex_lb.core.model import (
    AccountState,
    Block,
    Credential,
    Credits,
    ExtraLimit,
    Identity,
    QuotaWindow,
)
from codex_lb.store import Affinity, StateConflict, Store

NOW = 1_800_000_000.0
ALICE = Identity(
    "acc-1", "user-1", "alice@example.com", "plus", workspace_id="ws", workspace_label="W"
)
BOB = Identity(None, None, "bob@example.com", "unknown")
CREDENTIAL = Credential("access", "refresh", "id", expires_at=NOW + 3600, refreshed_at=NOW - 5)
LOGIN = Block("login", NOW, NOW + 60, "refused")
WINDOW = QuotaWindow(300, 0.5, NOW + 60, NOW, "usage")
BURST = Block("burst", NOW, NOW + 5, "too fast")


def renewed(number: int) -> Credential:
    return Credential(f"access-{number}", f"refresh-{number}", "id", None, NOW + number)


async def test_an_account_comes_back_as_it_was_put(store: Store) -> None:
    account, replaced = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)

    assert not replaced
    assert account.id == "a"
    assert account.identity == ALICE
    assert (account.state, account.state_reason) == ("active", None)
    assert (account.created_at, account.refreshed_at) == (NOW, CREDENTIAL.refreshed_at)
    assert account.access_expires_at == CREDENTIAL.expires_at
    assert (account.windows, account.blocks) == ((), ())
    assert await store.account("a") == account
    assert await store.accounts() == [account]
    assert await store.credential("a") == CREDENTIAL


async def test_accounts_are_listed_in_the_order_of_their_adding(store: Store) -> None:
    for age, name in enumerate(["c", "a", "b"]):
        await store.put_account(name, ALICE, CREDENTIAL, now=NOW + age)

    assert [account.id for account in await store.accounts()] == ["c", "a", "b"]


async def test_what_does_not_exist_is_none_or_false(store: Store) -> None:
    assert await store.account("x") is None
    assert await store.credential("x") is None
    assert await store.set_state("x", "paused", reason=None, allowed_from=["active"]) is None
    assert not await store.delete_account("x", delete_history=False)
    assert not await store.replace_credential(
        "x", expected_refresh_token="refresh", credential=CREDENTIAL
    )
    await store.put_blocks("x", [BURST])
    assert await store.set_alias("x", "work") is None
    assert await store.set_priority("x", "preserve") is None
    assert await store.accounts() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("active", "active", id="an active account stays active"),
        pytest.param("paused", "paused", id="a paused account stays paused"),
        pytest.param("reauth_required", "active", id="a refused login is forgotten"),
        pytest.param("deactivated", "active", id="a deactivated account gets another chance"),
    ],
)
async def test_signing_in_again(store: Store, before: AccountState, after: AccountState) -> None:
    await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.set_state("a", before, reason="because", allowed_from=["active"])
    await store.put_blocks("a", [LOGIN, BURST])
    moved = replace(ALICE, plan="pro")

    account, replaced = await store.put_account("a", moved, renewed(1), now=NOW + 99)

    assert replaced
    assert account.state == after
    assert account.state_reason is None
    assert account.identity == moved
    assert account.blocks == (BURST,)
    assert (account.created_at, account.refreshed_at) == (NOW, NOW + 1)
    assert await store.credential("a") == renewed(1)
    assert len(await store.accounts()) == 1


async def test_twenty_that_import_one_new_account_make_one(store: Store) -> None:
    results = await asyncio.gather(
        *(store.put_account("a", ALICE, renewed(n), now=NOW) for n in range(20))
    )

    assert sorted(replaced for _, replaced in results) == [False] + [True] * 19


async def test_of_twenty_renewals_exactly_one_wins(store: Store) -> None:
    await store.put_account("a", ALICE, CREDENTIAL, now=NOW)

    won = await asyncio.gather(
        *(
            store.replace_credential(
                "a", expected_refresh_token=CREDENTIAL.refresh_token, credential=renewed(n)
            )
            for n in range(20)
        )
    )

    assert won.count(True) == 1
    winner = renewed(won.index(True))
    assert await store.credential("a") == winner
    account = await store.account("a")
    assert account is not None
    assert account.refreshed_at == winner.refreshed_at
    assert account.access_expires_at is None


async def test_a_state_changes_only_from_where_it_may(store: Store) -> None:
    await store.put_account("a", ALICE, CREDENTIAL, now=NOW)

    paused = await store.set_state("a", "paused", reason="holidays", allowed_from=["active"])
    with pytest.raises(StateConflict) as refusal:
        await store.set_state("a", "deactivated", reason=None, allowed_from=["active"])

    assert refusal.value.current == "paused"
    assert paused is not None
    assert (paused.state, paused.state_reason) == ("paused", "holidays")
    assert await store.account("a") == paused


async def test_windows_and_blocks_are_what_was_put_last(store: Store) -> None:
    week = QuotaWindow(10080, 0.25, NOW + 9.5, NOW, "headers")
    short = QuotaWindow(300, 1.0, None, NOW, "error")
    barred = Block("model", NOW, NOW + 1, "not in the plan", model="gpt-x")
    other = replace(barred, model="gpt-y")
    account, _ = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.put_account("b", BOB, CREDENTIAL, now=NOW)

    await store.put_readings(replace(account, windows=(week, short, replace(short, measured_at=0))))
    await store.put_blocks("a", [LOGIN, barred, other])
    await store.put_blocks("b", [BURST])
    await store.put_blocks("a", [other, barred, BURST, replace(BURST, until=NOW)])

    first, second = await store.accounts()
    assert first.windows == (short, week)
    assert first.blocks == (BURST, barred, other)
    assert (second.windows, second.blocks) == ((), (BURST,))

    await store.put_readings(account)
    await store.put_blocks("a", [])
    bare = await store.account("a")
    assert bare == replace(first, windows=(), blocks=())


async def test_readings_are_what_was_put_last(store: Store) -> None:
    account, _ = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    read = replace(
        account,
        identity=replace(ALICE, plan="pro"),
        windows=(WINDOW,),
        credits=Credits(has=True, unlimited=False, balance=12.5, measured_at=NOW),
        extras=(ExtraLimit("codex_bengalfox", "GPT-5.3-Codex-Spark", (WINDOW,)),),
        reset_credits=2,
    )

    await store.put_readings(read)
    assert await store.account("a") == read

    await store.put_readings(account)
    assert await store.account("a") == account


async def test_readings_of_an_account_that_is_gone_are_dropped(store: Store) -> None:
    account, _ = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.delete_account("a", delete_history=False)

    await store.put_readings(replace(account, windows=(WINDOW,)))

    assert await store.accounts() == []


async def test_what_the_operator_wishes_outlives_readings_and_another_sign_in(store: Store) -> None:
    account, _ = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.set_alias("a", "work")
    wished = await store.set_priority("a", "burn_first")
    assert wished == replace(account, alias="work", priority="burn_first")

    await store.put_readings(replace(account, windows=(WINDOW,)))
    again, _ = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)

    assert again == replace(wished, windows=(WINDOW,))
    assert await store.set_alias("a", None) == replace(again, alias=None)


async def test_a_deleted_account_leaves_nothing_but_its_history(store: Store) -> None:
    account, _ = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.put_readings(replace(account, windows=(WINDOW,)))
    await store.put_affinities([Affinity("thread", "t", "a", NOW + 60)], now=NOW)

    assert await store.delete_account("a", delete_history=False)

    assert await store.accounts() == []
    assert await store.credential("a") is None
    assert await store.affinities(now=NOW) == []
    assert await store.request_totals() == {}
    again, replaced = await store.put_account("a", BOB, renewed(2), now=NOW)
    assert (again.windows, replaced) == ((), False)


async def test_affinities_live_until_they_expire(store: Store) -> None:
    first = Affinity("thread", "t", "a", NOW + 10)
    second = Affinity("session", "t", "b", NOW + 20)
    await store.put_affinities([first, second], now=NOW)
    assert await store.affinities(now=NOW) == [second, first]
    assert await store.affinities(now=NOW + 10) == [second]

    renewed_ = replace(first, account_id="b", expires_at=NOW + 30)
    await store.put_affinities([first, renewed_], now=NOW + 20)
    assert await store.affinities(now=NOW) == [renewed_]


async def test_settings_hold_any_json(store: Store) -> None:
    assert await store.setting("theme") is None
    await store.put_setting("theme", "dark")
    await store.put_setting("theme", {"dark": [1, 2.5, None, True]})
    assert await store.setting("theme") == {"dark": [1, 2.5, None, True]}


async def test_accounts_survive_a_restart(store: Store, open_store: object) -> None:
    assert callable(open_store)
    account, _ = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.close()

    later = await open_store()

    assert await later.accounts() == [account]
    assert await later.credential("a") == CREDENTIAL
    assert await later.request_totals() == {}
