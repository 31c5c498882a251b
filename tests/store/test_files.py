"""The data directory belongs to one user and to one process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codex_lb.core.model import Credential, Identity
from codex_lb.store import Store, StoreError, StoreInUseError
from codex_lb.store.files import make_private_directory

NOW = 1_800_000_000.0


def modes(directory: Path) -> dict[str, str]:
    paths = [directory, *directory.iterdir()]
    return {path.name: oct(path.stat().st_mode & 0o7777) for path in paths}


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777], ids=oct)
async def test_files_are_private_whatever_the_umask(data_dir: Path, mask: int) -> None:
    credential = Credential("a", "r", "i", None, 1.0)
    identity = Identity(None, None, "a@example.com", "plus")
    for _ in range(2):  # the second start finds them there
        with umask(mask):
            store = await Store.open(None, data_dir, data_dir / "key", clock=lambda: NOW)
            await store.put_account("a", identity, credential, now=NOW)
            found = modes(data_dir)
            await store.close()
        assert found == {
            "data": "0o700",
            "key": "0o600",
            "store.db": "0o600",
            "store.db-shm": "0o600",
            "store.db-wal": "0o600",
            "store.lock": "0o600",
        }


async def test_files_that_were_open_to_others_are_closed_to_them(data_dir: Path) -> None:
    key = data_dir / "encryption.key"
    await (await Store.open(None, data_dir, key, clock=lambda: NOW)).close()
    for path in (data_dir, key, data_dir / "store.db"):
        path.chmod(0o755)

    await (await Store.open(None, data_dir, key, clock=lambda: NOW)).close()

    closed = {"data": "0o700", "encryption.key": "0o600", "store.db": "0o600"}
    assert modes(data_dir) == closed | {"store.lock": "0o600"}


@pytest.mark.parametrize(
    ("mode", "file", "expected"),
    [
        pytest.param(0o755, None, 0o700, id="an empty directory becomes ours"),
        pytest.param(0o755, "store.db", 0o700, id="one that is ours is tightened"),
        pytest.param(0o755, "notes.txt", 0o755, id="somebody else's keeps its mode"),
        pytest.param(0o1777, "store.db", 0o1777, id="and so does a shared one"),
    ],
)
def test_directories(tmp_path: Path, mode: int, file: str | None, expected: int) -> None:
    directory = tmp_path / "d"
    directory.mkdir()
    directory.chmod(mode)
    if file:
        (directory / file).touch()
    make_private_directory(directory, ours_if_holds="store.db")
    assert directory.stat().st_mode & 0o7777 == expected


async def test_a_second_process_is_told_who_is_there(data_dir: Path) -> None:
    key = data_dir / "encryption.key"
    store = await Store.open(None, data_dir, key, clock=lambda: NOW)
    try:
        with pytest.raises(StoreInUseError, match=f"in use by process {os.getpid()}") as refusal:
            await Store.open(None, data_dir, key, clock=lambda: NOW)
        assert refusal.value.pid == os.getpid()
        assert await store.accounts() == []
    finally:
        await store.close()

    await (await Store.open(None, data_dir, key, clock=lambda: NOW)).close()


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda data: b"not a database".ljust(len(data)), id="another file"),
        pytest.param(lambda data: data[:4096] + b"\xff" * 8192 + data[12288:], id="bad pages"),
        pytest.param(lambda data: data[: len(data) // 2], id="half a file"),
    ],
)
async def test_a_damaged_database_is_refused_and_left_alone(data_dir: Path, harm: object) -> None:
    assert callable(harm)
    key, file = data_dir / "encryption.key", data_dir / "store.db"
    await (await Store.open(None, data_dir, key, clock=lambda: NOW)).close()
    file.write_bytes(harm(file.read_bytes()))
    before = file.read_bytes()

    with pytest.raises(StoreError, match=r"store\.db (is damaged|cannot be read as a database)"):
        await Store.open(None, data_dir, key, clock=lambda: NOW)

    assert file.read_bytes() == before
    assert names(data_dir) == [
        "encryption.key",
        "store.db",
        "store.lock",
    ]
