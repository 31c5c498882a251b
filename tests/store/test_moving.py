"""A bundle goes from one store to another, whole or not at all."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from tests.store.kills import left_by_kills

from codex_lb.core import operator_settings
from codex_lb.core.bundle import Bundle, BundleError, read, written
from codex_lb.core.identity import local_id
from codex_lb.core.keys import Terms
from codex_lb.core.limits import Rule
from codex_lb.core.model import (
    Block,
    Credential,
    Identity,
    OpenedRequest,
    QuotaWindow,
    Receipt,
    Usage,
)
from codex_lb.store import Store, StoreError
from codex_lb.store.bundle_file import SHORTEST, seal, unseal

NOW = 1_800_000_000.0
PASSPHRASE = "correct horse battery staple"
ALICE, BOB = (
    Identity("acc", f"user-{name}", f"{name}@example.com", "plus") for name in ("alice", "bob")
)
A, B = local_id(ALICE), local_id(BOB)
RULE = Rule("total_tokens", "daily", 1_000)


def credential(name: str, at: float = NOW) -> Credential:
    return Credential(f"access-{name}", f"refresh-{name}", f"id-{name}", None, at)


@pytest_asyncio.fixture
async def source(tmp_path: Path) -> AsyncIterator[Store]:
    """A store with a bit of everything, always on SQLite."""
    data = tmp_path / "source"
    opened = await Store.open(None, data, data / "key", clock=lambda: NOW)
    await fill(opened)
    yield opened
    await opened.close()


async def fill(store: Store) -> None:
    for id_, identity, name in ((A, ALICE, "alice"), (B, BOB, "bob")):
        await store.put_account(id_, identity, credential(name), now=NOW - 60)
    await store.set_alias(A, "Alice")
    await store.set_priority(A, "burn_first")
    await store.set_state(B, "paused", reason=None, allowed_from={"active"})
    known = await store.account(A)
    assert known is not None
    await store.put_readings(
        replace(known, windows=(QuotaWindow(300, 0.5, NOW + 9, NOW, "usage"),))
    )
    await store.put_blocks(A, [Block("fault", NOW, NOW + 5, "why")])
    key, _ = await store.keys.create(Terms("ci", assigned_accounts=(A,)), [RULE], now=NOW)
    opened = OpenedRequest("r1", int(NOW * 1000), "responses", "sse", "m", api_key_id=key.id)
    receipt = Receipt("r1", "success", int(NOW * 1000) + 9, account_id=A, usage=Usage(10, 20))
    await store.import_history([(opened, receipt)])
    await store.put_setting("operator", operator_settings.as_json(
        operator_settings.read({"version": 3, "routingStrategy": "round_robin"})
    ))  # fmt: skip
    await store.put_setting("firewall", [{"network": "10.0.0.1", "created_at": NOW}])


async def packed(store: Store, *, with_history: bool = True) -> Bundle:
    """As it comes out of a file."""
    return read(written(await store.moves.pack(with_history=with_history, now=NOW)))


async def test_what_moves_is_there_as_it_was(source: Store, store: Store) -> None:
    plan = await store.moves.unpack(await packed(source), skip_invalid=False, now=NOW)

    assert {line.fate for line in plan.lines} == {"new", "replaces"}
    assert plan.invalid == []
    assert await store.accounts() == await source.accounts()
    for id_, name in ((A, "alice"), (B, "bob")):
        assert await store.credential(id_) == credential(name)
    [key], [moved] = (await source.keys.every())[1], (await store.keys.every())[1]
    assert moved == replace(key, limits=moved.limits)
    assert [(limit.rule, limit.used) for limit in moved.limits] == [(RULE, 30)]
    assert (await store.setting("operator")) == {
        **operator_settings.as_json(operator_settings.read({"version": 2})),
        "routingStrategy": "round_robin",
    }
    assert await store.setting("firewall") == await source.setting("firewall")
    assert await store.request("r1") == await source.request("r1")
    assert await store.request_totals() == await source.request_totals()
    [record] = await store.account_events(A, limit=9)
    assert (record.event.kind, record.event.by) == ("added", "operator")


async def test_a_look_ahead_says_the_same_and_writes_nothing(source: Store, store: Store) -> None:
    bundle = await packed(source)
    foreseen = await store.moves.foresee(bundle)
    assert await store.accounts() == []
    assert (await store.moves.unpack(bundle, skip_invalid=False, now=NOW)).lines == foreseen.lines


async def test_the_second_time_changes_nothing(source: Store, store: Store) -> None:
    bundle = await packed(source)
    await store.moves.unpack(bundle, skip_invalid=False, now=NOW)
    await store.replace_credential(
        A, expected_refresh_token="refresh-alice", credential=credential("renewed", NOW + 60)
    )
    before = await packed(store)

    plan = await store.moves.unpack(bundle, skip_invalid=False, now=NOW)

    assert {line.fate for line in plan.lines} == {"unchanged"}
    assert await packed(store) == before
    assert await store.credential(A) == credential("renewed", NOW + 60)


async def test_the_request_log_stays_unless_it_is_wanted(source: Store, store: Store) -> None:
    bundle = await packed(source, with_history=False)
    await store.moves.unpack(bundle, skip_invalid=False, now=NOW)
    assert await store.request("r1") is None
    [key] = (await store.keys.every())[1]
    assert [limit.used for limit in key.limits] == [30], "what was used is used"


async def test_a_known_account_keeps_its_name_and_is_signed_in_anew(
    source: Store, store: Store
) -> None:
    await store.put_account(A, ALICE, credential("old", NOW - 60), now=NOW - 99)
    await store.set_alias(A, "Mine")
    await store.moves.unpack(await packed(source), skip_invalid=False, now=NOW)
    account = await store.account(A)
    assert account is not None
    assert (account.alias, account.created_at, account.windows) == ("Mine", NOW - 99, ())
    assert await store.credential(A) == credential("alice")
    assert len(await store.accounts()) == 2


async def test_a_refresh_token_that_may_be_spent_is_not_sent_again(
    source: Store, store: Store
) -> None:
    assert await source.claim_refresh(A, "refresh-alice", now=NOW) == "claimed"
    await store.moves.unpack(await packed(source), skip_invalid=False, now=NOW)
    assert await store.claim_refresh(A, "refresh-alice", now=NOW) == "in_doubt"
    assert await store.claim_refresh(B, "refresh-bob", now=NOW) == "claimed"


async def test_one_bad_record_keeps_all_out_unless_it_is_to_be_skipped(
    source: Store, store: Store
) -> None:
    good = await packed(source)
    [key] = good.keys
    bundle = replace(good, keys=[replace(key, hash="none")])
    with pytest.raises(BundleError, match=r"1 records cannot be; the first is api key ci \("):
        await store.moves.unpack(bundle, skip_invalid=False, now=NOW)
    assert await store.accounts() == []

    await store.moves.unpack(bundle, skip_invalid=True, now=NOW)
    assert len(await store.accounts()) == 2
    assert (await store.keys.every())[1] == []


async def test_what_the_database_refuses_leaves_all_as_it_was(source: Store, store: Store) -> None:
    good = await packed(source)
    bundle = replace(good, keys=[replace(good.keys[0], created_at=None)])  # type: ignore[arg-type]  # as no row can be
    before = await packed(store)
    with pytest.raises(StoreError):
        await store.moves.unpack(bundle, skip_invalid=False, now=NOW)
    assert await packed(store) == before


async def test_a_kill_at_any_step_leaves_all_of_it_or_nothing(
    source: Store, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    target = await Store.open(None, data, data / "encryption.key", clock=lambda: NOW)
    await target.put_account(A, ALICE, credential("old", NOW - 60), now=NOW - 99)
    await target.close()
    (data / "bundle.json").write_bytes(written(await packed(source)))

    left = left_by_kills("unpack", data, tmp_path)

    assert len(left) > 30
    seen = []
    for each in left:
        store = await Store.open(None, each, each / "encryption.key", clock=lambda: NOW)
        tokens = await store.credential(A)
        assert tokens is not None
        seen.append((
            tokens.refresh_token,
            len(await store.accounts()),
            len((await store.keys.every())[1]),
            await store.setting("firewall") is not None,
            await store.request("r1") is not None,
        ))  # fmt: skip
        await store.close()
    old, new = ("refresh-old", 1, 0, False, False), ("refresh-alice", 2, 1, True, True)
    switch = seen.index(new)
    assert 30 < switch < len(seen) - 1
    assert seen == [old] * switch + [new] * (len(seen) - switch)


async def test_no_secret_is_readable_in_the_file(source: Store) -> None:
    file = seal(await source.moves.pack(with_history=True, now=NOW), PASSPHRASE)
    for secret in (b"refresh-alice", b"alice@example.com", PASSPHRASE.encode()):
        assert secret not in file


async def test_no_two_files_are_alike(source: Store) -> None:
    bundle = await source.moves.pack(with_history=False, now=NOW)
    first, second = seal(bundle, PASSPHRASE), seal(bundle, PASSPHRASE)
    assert first[20:] != second[20:]
    assert unseal(first, PASSPHRASE) == unseal(second, PASSPHRASE)


FILE = seal(Bundle(NOW), PASSPHRASE)


@pytest.mark.parametrize(
    ("file", "passphrase", "message"),
    [
        pytest.param(FILE, "wrong horse battery", "The passphrase is wrong", id="a wrong passphrase"),
        pytest.param(FILE[:-1] + b"x", PASSPHRASE, "has been changed", id="a changed end"),
        pytest.param(
            FILE[:20] + b"x" + FILE[21:], PASSPHRASE, "has been changed", id="a changed beginning"
        ),
        pytest.param(FILE[:-9], PASSPHRASE, "bytes and should have", id="a cut file"),
        pytest.param(FILE + b"x", PASSPHRASE, "bytes and should have", id="something behind"),
        pytest.param(FILE[:30], PASSPHRASE, "The file is cut", id="a head alone"),
        pytest.param(
            FILE.replace(b"bundle 1", b"bundle 2", 1), PASSPHRASE,
            "has format 2; this version reads 1", id="a newer format",
        ),
        pytest.param(b"", PASSPHRASE, "not a bundle", id="nothing"),
        pytest.param(b"PK\x03\x04" * 99, PASSPHRASE, "not a bundle", id="another file"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_says_why(file: bytes, passphrase: str, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        unseal(file, passphrase)


def test_a_short_passphrase_seals_nothing() -> None:
    with pytest.raises(BundleError, match=f"at least {SHORTEST} characters"):
        seal(Bundle(NOW), "x" * (SHORTEST - 1))
