"""The operator's actions on a store without a server."""

import pytest
from tests.dashboard.builders import NOW, AuthFile

from codex_lb.core.accounts import PAUSE, PROBE, REACTIVATE
from codex_lb.core.identity import parse
from codex_lb.core.model import Block
from codex_lb.core.operator_settings import OperatorSettings
from codex_lb.core.routing_settings import RoutingSettings
from codex_lb.dashboard.ports import AccountsPort
from codex_lb.dashboard.stored_accounts import StoredAccounts
from codex_lb.dashboard.stored_settings import StoredSettings
from codex_lb.store import StateConflict, Store


async def added(accounts: AccountsPort, auth_file: AuthFile) -> str:
    account, replaced = await accounts.import_(*parse(auth_file.document(), now=NOW))
    assert not replaced
    return account.id


async def test_an_import_is_kept_and_a_second_one_replaces_it(
    store: Store, auth_file: AuthFile
) -> None:
    accounts = StoredAccounts(store, lambda: NOW)
    id_ = await added(accounts, auth_file)
    auth_file.tokens["refresh_token"] = "rt_newer"
    account, replaced = await accounts.import_(*parse(auth_file.document(), now=NOW))
    assert replaced
    assert [row.id for row in await accounts.list()] == [account.id] == [id_]
    credential = await store.credential(id_)
    assert credential is not None
    assert credential.refresh_token == "rt_newer"
    assert await accounts.totals() == {}


async def test_coming_back_forgets_every_block(store: Store, auth_file: AuthFile) -> None:
    accounts = StoredAccounts(store, lambda: NOW)
    id_ = await added(accounts, auth_file)
    await store.put_blocks(id_, [Block("quota", NOW, NOW + 60, "spent")])

    paused = await accounts.change(id_, PAUSE)
    assert paused is not None
    assert (paused.state, len(paused.blocks)) == ("paused", 1)

    back = await accounts.change(id_, REACTIVATE)
    assert back is not None
    assert (back.state, back.blocks) == ("active", ())


async def test_what_is_not_allowed_changes_nothing(store: Store, auth_file: AuthFile) -> None:
    accounts = StoredAccounts(store, lambda: NOW)
    id_ = await added(accounts, auth_file)
    await store.set_state(id_, "reauth_required", reason="expired", allowed_from=PAUSE.allowed_from)
    with pytest.raises(StateConflict):
        await accounts.change(id_, REACTIVATE)
    (account,) = await accounts.list()
    assert (account.state, account.state_reason) == ("reauth_required", "expired")


async def test_a_deleted_account_is_gone_with_its_credential(
    store: Store, auth_file: AuthFile
) -> None:
    accounts = StoredAccounts(store, lambda: NOW)
    id_ = await added(accounts, auth_file)
    assert await accounts.delete(id_, delete_history=False)
    assert await accounts.list() == []
    assert await store.credential(id_) is None
    assert not await accounts.delete(id_, delete_history=False)
    assert await accounts.change(id_, PAUSE) is None


async def test_what_an_operator_does_stands_in_the_timeline(
    store: Store, auth_file: AuthFile
) -> None:
    accounts = StoredAccounts(store, lambda: NOW)
    id_ = await added(accounts, auth_file)
    await accounts.import_(*parse(auth_file.document(), now=NOW))
    await accounts.change(id_, PAUSE)
    await accounts.change(id_, REACTIVATE)
    await accounts.change(id_, PROBE)
    records = await store.account_events(id_, limit=9)
    assert [record.event.kind for record in records] == [
        "probed",
        "reactivated",
        "paused",
        "signed_in",
        "added",
    ]
    assert {record.event.by for record in records} == {"operator"}


async def test_settings_are_kept_and_told(store: Store) -> None:
    heard: list[OperatorSettings] = []
    settings = StoredSettings(store, on_change=heard.append)
    assert await settings.read() == OperatorSettings()
    wanted = OperatorSettings(RoutingSettings(strategy="fill_first"), 2)
    await settings.write(wanted)
    assert await StoredSettings(store).read() == wanted
    assert heard == [wanted]
    await store.put_setting("operator", {"routingStrategy": "of another release", "version": 3})
    assert await settings.read() == OperatorSettings()


async def test_what_another_process_sets_is_told_once(store: Store) -> None:
    heard: list[OperatorSettings] = []
    here, there = StoredSettings(store, on_change=heard.append), StoredSettings(store)
    await here.look()
    await here.look()
    assert heard == [OperatorSettings()], "at the first look, and not again"
    await there.write(OperatorSettings(version=2, needs_api_key=True))
    await here.look()
    await here.write(OperatorSettings(version=3))
    await here.look()
    assert [(each.version, each.needs_api_key) for each in heard[1:]] == [(2, True), (3, False)]
