"""Secrets are sealed on disk, and a key file that does not fit stops everything."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from codex_lb.core.model import Credential, Identity
from codex_lb.store import KeyFileError, Store, StoreError
from codex_lb.store.errors import KeyFault
from codex_lb.store.secrets import Keyring, create_key_file, read_key_file, require

NOW = 1_800_000_000.0
ALICE = Identity("acc-1", "user-1", "alice@example.com", "plus")
CREDENTIAL = Credential("secret-access", "secret-refresh", "secret-id", None, NOW)
OLD, NEW, OTHER = Fernet.generate_key(), Fernet.generate_key(), Fernet.generate_key()

Open = Callable[[], Awaitable[Store]]


def contents(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(directory)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(directory.rglob("*"))
    }


def test_a_keyring_opens_what_any_of_its_keys_sealed() -> None:
    sealed = Keyring([OLD]).seal("token")
    assert b"token" not in sealed
    assert Keyring([NEW, OLD]).open(sealed) == "token"
    with pytest.raises(StoreError):
        Keyring([NEW]).open(sealed)


def test_fingerprints_tell_keys_apart_and_tell_nothing_else() -> None:
    assert Keyring([OLD, NEW]).fingerprints == (
        *Keyring([OLD]).fingerprints,
        *Keyring([NEW]).fingerprints,
    )
    assert len({*Keyring([OLD, NEW, OTHER]).fingerprints}) == 3


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        pytest.param(b"", "it is empty", id="an empty file"),
        pytest.param(b"\n \n", "it is empty", id="white space"),
        pytest.param(b"hunter2\n", "expected one Fernet key per line", id="a password"),
        pytest.param(OLD + b"\nhunter2\n", "expected one", id="a key and something else"),
        pytest.param(b"\x00\xff\xfe" * 20, "expected one Fernet key per line", id="binary"),
    ],
)
def test_what_is_not_a_key(tmp_path: Path, content: bytes, detail: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match=f"is not a key: {detail}") as refusal:
        read_key_file(path)
    assert refusal.value.fault == "is not a key"
    assert "hunter2" not in str(refusal.value)


def test_a_key_file_that_is_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_key_file(tmp_path)


def test_a_key_file_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "key"
    assert read_key_file(path) is None
    created = create_key_file(path)
    assert create_key_file(path).fingerprints == created.fingerprints
    read = read_key_file(path)
    assert read is not None
    assert read.fingerprints == created.fingerprints
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_key_that_has_sealed_anything_is_required(tmp_path: Path) -> None:
    both = Keyring([NEW, OLD])
    assert require(both, both.fingerprints, tmp_path) is both
    with pytest.raises(KeyFileError, match="does not match the database"):
        require(Keyring([NEW]), both.fingerprints, tmp_path)
    with pytest.raises(KeyFileError, match="is missing"):
        require(None, (), tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(None, "is missing", id="a missing key file"),
        pytest.param(OTHER + b"\n", "does not match the database", id="another key"),
        pytest.param(b"garbage\n", "is not a key", id="garbage"),
    ],
)
async def test_is_refused_and_nothing_is_written(
    open_store: Open, data_dir: Path, content: bytes | None, fault: KeyFault
) -> None:
    store = await open_store()
    account, _ = await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.close()
    key_file = data_dir / "encryption.key"
    key = key_file.read_bytes()
    key_file.unlink()
    if content is not None:
        key_file.write_bytes(content)
    (data_dir / "store.lock").unlink(missing_ok=True)  # as in a restored backup
    before = contents(data_dir)

    with pytest.raises(KeyFileError) as refusal:
        await open_store()

    assert refusal.value.fault == fault
    assert str(key_file) in str(refusal.value)
    assert contents(data_dir) == before

    key_file.write_bytes(key)
    healed = await open_store()
    assert await healed.accounts() == [account]
    assert await healed.credential("a") == CREDENTIAL


async def test_a_refusal_after_a_crash_leaves_the_wal_alone(data_dir: Path, tmp_path: Path) -> None:
    """What a copy of the open database holds is what a crash leaves."""
    crashed = tmp_path / "crashed"
    store = await Store.open(None, data_dir, data_dir / "key", clock=lambda: NOW)
    try:
        await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
        shutil.copytree(data_dir, crashed)
    finally:
        await store.close()
    (crashed / "store.db-shm").unlink()  # SQLite makes it anew for whoever looks
    key = (crashed / "key").read_bytes()
    (crashed / "key").write_bytes(OTHER)
    before = contents(crashed)
    assert len(before["store.db-wal"][1]) > 0

    with pytest.raises(KeyFileError, match="does not match"):
        await Store.open(None, crashed, crashed / "key", clock=lambda: NOW)

    after = contents(crashed)
    after.pop("store.db-shm", None)
    assert after == before
    (crashed / "key").write_bytes(key)
    healed = await Store.open(None, crashed, crashed / "key", clock=lambda: NOW)
    assert await healed.credential("a") == CREDENTIAL
    await healed.close()


async def test_no_token_is_readable_in_any_file(data_dir: Path) -> None:
    store = await Store.open(None, data_dir, data_dir / "key", clock=lambda: NOW)
    try:
        await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
        while_open = contents(data_dir)
    finally:
        await store.close()

    assert "store.db-wal" in while_open
    everything = b"".join(
        data for found in (while_open, contents(data_dir)) for _, data in found.values()
    )
    assert b"alice@example.com" in everything
    assert b"secret-" not in everything


async def test_a_key_that_has_sealed_something_must_stay(open_store: Open, data_dir: Path) -> None:
    key_file = data_dir / "encryption.key"
    store = await open_store()
    await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.close()
    old = key_file.read_bytes()

    key_file.write_bytes(NEW + b"\n" + old)  # the first key seals
    store = await open_store()
    assert await store.credential("a") == CREDENTIAL
    await store.put_account("b", ALICE, CREDENTIAL, now=NOW)
    await store.close()
    key_file.write_bytes(NEW)
    with pytest.raises(KeyFileError, match="does not match"):  # "a" needs the old one
        await open_store()
    key_file.write_bytes(old)
    with pytest.raises(KeyFileError, match="does not match"):  # "b" needs the new one
        await open_store()
