"""Copies of the store: whole ones while it is in use, and put back in its place."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tests.store.kills import left_by_kills

from codex_lb.core.model import Credential, Identity
from codex_lb.store import KeyFileError, Store, StoreError, StoreInUseError
from codex_lb.store.backups import KEPT, back_up, back_up_dated, restore

NOW = 1_800_000_000.0
ALICE = Identity("acc-1", "user-1", "alice@example.com", "plus")
CREDENTIAL = Credential("secret-access", "secret-refresh", "secret-id", None, NOW)


pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[Store]:
    opened = await open_(data_dir)
    await opened.put_account("a", ALICE, CREDENTIAL, now=NOW)
    yield opened
    await opened.close()


async def open_(data: Path) -> Store:
    return await Store.open(None, data, data / "encryption.key", clock=lambda: NOW)


async def ids(data: Path) -> list[str]:
    store = await open_(data)
    try:
        return [account.id for account in await store.accounts()]
    finally:
        await store.close()


async def test_a_copy_of_a_store_in_use_is_whole_and_private(store: Store, data_dir: Path) -> None:
    copy = back_up_dated(data_dir / "store.db", NOW)

    assert [path.name for path in copy.parent.iterdir()] == [copy.name], "it is one file"
    assert copy == data_dir / "backups" / "store-20270115T080000Z.db"
    assert (copy.stat().st_mode & 0o777, copy.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    await store.close()
    (data_dir / "store.db").write_bytes(copy.read_bytes())
    assert await ids(data_dir) == ["a"]


async def test_the_newest_are_kept_and_copies_of_other_names_too(data_dir: Path) -> None:
    own = data_dir / "backups" / "mine.db"
    back_up(data_dir / "store.db", own)
    made = [back_up_dated(data_dir / "store.db", NOW + day * 86_400) for day in range(KEPT + 2)]
    assert sorted(own.parent.iterdir()) == sorted([own, *made[2:]])


def test_a_copy_never_replaces_a_file(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    with pytest.raises(StoreError, match="is there already"):
        back_up(data_dir / "store.db", target)
    assert target.read_text() == "mine"


def test_a_full_disk_leaves_no_copy(data_dir: Path, tmp_path: Path) -> None:
    """A directory in the place of the file that SQLite writes beside fails as late as a full disk."""
    target = tmp_path / "copy.db"
    (tmp_path / "copy.db.part-journal").mkdir()
    with pytest.raises(StoreError, match="no copy of"):
        back_up(data_dir / "store.db", target)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


async def test_a_copy_comes_back_and_what_it_replaces_is_kept(
    store: Store, data_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    back_up(data_dir / "store.db", copy)
    await store.put_account("b", ALICE, CREDENTIAL, now=NOW)
    with pytest.raises(StoreInUseError):
        restore(copy, data_dir / "store.db", data_dir / "encryption.key", NOW)
    await store.close()

    aside = restore(copy, data_dir / "store.db", data_dir / "encryption.key", NOW)

    assert await ids(data_dir) == ["a"]
    assert aside is not None
    restore(aside, data_dir / "store.db", data_dir / "encryption.key", NOW + 1)
    assert await ids(data_dir) == ["a", "b"]


async def test_a_copy_comes_back_in_the_place_of_a_damaged_store(
    store: Store, data_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    back_up(data_dir / "store.db", copy)
    await store.close()
    damaged = b"no database" * 1000
    (data_dir / "store.db").write_bytes(damaged)
    aside = restore(copy, data_dir / "store.db", data_dir / "encryption.key", NOW)
    assert await ids(data_dir) == ["a"]
    assert aside is not None
    assert aside.read_bytes() == damaged


async def test_what_is_no_good_copy_changes_nothing(
    store: Store, data_dir: Path, tmp_path: Path
) -> None:
    good, copy = tmp_path / "good.db", tmp_path / "copy.db"
    back_up(data_dir / "store.db", good)
    await store.close()
    key_file = data_dir / "encryption.key"
    key, before = key_file.read_bytes(), (data_dir / "store.db").read_bytes()

    def refused(error: type[StoreError], why: str) -> None:
        with pytest.raises(error, match=why):
            restore(copy, data_dir / "store.db", key_file, NOW)
        assert (data_dir / "store.db").read_bytes() == before
        assert not (data_dir / "backups").exists()

    copy.write_bytes(b"")
    refused(StoreError, "is not a copy of a store")
    copy.write_bytes(b"PNG" * 1000)
    refused(StoreError, "cannot be read as a database")
    copy.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    refused(StoreError, "is damaged|cannot be read")
    for statement, why in (
        ("UPDATE alembic_version SET version_num = '9999'", "newer than this program's"),
        ("DROP TABLE alembic_version", "is not a copy of a store"),
    ):
        copy.write_bytes(good.read_bytes())
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute(statement)
            connection.commit()
        refused(StoreError, why)
    copy.write_bytes(good.read_bytes())
    key_file.write_bytes(Fernet.generate_key())
    refused(KeyFileError, "does not match")
    key_file.write_bytes(key)
    assert await ids(data_dir) == ["a"]


async def test_a_kill_at_any_step_leaves_the_one_store_or_the_other(
    store: Store, data_dir: Path, tmp_path: Path
) -> None:
    back_up(data_dir / "store.db", data_dir / "copy.db")
    await store.put_account("b", ALICE, CREDENTIAL, now=NOW)
    crashed = tmp_path / "crashed"  # a copy of the open store has what a crash leaves
    shutil.copytree(data_dir, crashed)

    left = left_by_kills("restore", crashed, tmp_path)

    assert len(left) > 8
    found = [await ids(data) for data in left]
    switch = found.index(["a"])
    assert 0 < switch < len(found) - 1
    assert found == [["a", "b"]] * switch + [["a"]] * (len(found) - switch)
