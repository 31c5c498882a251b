"""Copies of the SQLite store: a whole one while it is in use, and one put back in its place.

SQLite's own backup copies page by page what one reader sees, so nobody who writes waits for it. It
goes in one step, because a copy in pieces begins anew with every write. A copy gets its name when it
is whole and sound; one that was cut is never taken for one. The key file is in none of them.
"""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from codex_lb.store.errors import StoreError
from codex_lb.store.files import PRIVATE_DIRECTORY, held, make_private_file, settle_directory
from codex_lb.store.opening import HEAD, inspect_file, schema_of
from codex_lb.store.secrets import read_key_file

KEPT = 5  # of those that we name


def back_up_dated(store: Path, now: float) -> Path:
    """A copy in the directory `backups` beside the store; the oldest beyond `KEPT` go."""
    directory = store.parent / "backups"
    target = directory / f"store-{_stamp(now)}.db"
    back_up(store, target)
    for old in sorted(directory.glob("store-*.db"))[:-KEPT]:
        old.unlink()
    return target


def back_up(store: Path, target: Path) -> None:
    """Raises `StoreError`, and `target` is as it was."""
    if target.exists():
        raise StoreError(f"{target} is there already")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        make_private_file(part)
        _copy(store, part)
        part.replace(target)
        settle_directory(target.parent)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"no copy of {store} could be made: {error}") from error


def _copy(source: Path, target: Path) -> None:
    address = f"file:{quote(str(source))}?mode=rw"  # also takes in what a crash left in a WAL
    with (
        closing(sqlite3.connect(address, uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # so that it is one file, wherever it is read
        (verdict,) = new.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"it is damaged: {verdict}")


def back_up_before_migration(store: Path, now: float) -> None:
    """Nothing, if there is no store or no migration is due. Raises `StoreError`."""
    if store.stat().st_size and schema_of(store) not in (None, HEAD):
        back_up_dated(store, now)


def restore(copy: Path, store: Path, key_file: Path, now: float) -> Path | None:
    """Put `copy` in the store's place; where the replaced one is now, if there was one.

    Killed at any step, it leaves the one store or the other. Raises `StoreInUseError` while
    somebody serves, `KeyFileError` if the key file does not open the copy, `StoreError`.
    """
    if not copy.is_file() or not copy.stat().st_size:
        raise StoreError(f"{copy} is not a copy of a store")
    store.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    with held(store.with_suffix(".lock")):
        inspect_file(copy, read_key_file(key_file), key_file)
        if schema_of(copy) is None:
            raise StoreError(f"{copy} is not a copy of a store")
        new = store.with_name(f"{store.name}.new")
        new.unlink(missing_ok=True)
        back_up(copy, new)
        try:
            aside = _set_aside(store, now) if store.exists() else None
            for rest in _beside(store):
                rest.unlink(missing_ok=True)
            new.replace(store)
            settle_directory(store.parent)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise StoreError(f"{store} cannot be replaced: {error}") from error
        return aside


def _set_aside(store: Path, now: float) -> Path:
    aside = store.parent / "backups" / f"replaced-{_stamp(now)}.db"
    try:
        back_up(store, aside)  # which also empties the WAL that a crash has left
    except StoreError:
        if aside.exists():
            raise
        shutil.copyfile(store, aside)  # damaged, which may be why it is replaced
        make_private_file(aside)
    return aside


def _beside(store: Path) -> list[Path]:
    return [store.with_name(store.name + end) for end in ("-wal", "-shm")]


def _stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
