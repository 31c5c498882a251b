"""From a URL and a key file to a database that may be used, or a refusal that has written nothing.

The order matters. What can be judged by reading is judged first: the key file, then on SQLite the
file itself. Only then is anything created, locked or migrated; and migration, the check of the
keys and the first key are one transaction, which on PostgreSQL one replica makes at a time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection, func, inspect, select, text

from codex_lb.store import preferences
from codex_lb.store.errors import StoreError
from codex_lb.store.schema import metadata, speak_postgresql
from codex_lb.store.secrets import Keyring, create_key_file, require

HEAD = "0004"  # the newest migration, so that Alembic is imported only when one is due

CHECKED_UP_TO_BYTES = 100_000_000  # a quarter of a second; beyond, the start would suffer

_MIGRATION_LOCK = 0x636F6465786C62  # any number that everybody who migrates agrees on


def inspect_file(path: Path, keys: Keyring | None, key_file: Path) -> None:
    """Judge the SQLite file at `path`, if there is one, without changing a byte of its directory.

    Raises `KeyFileError` if `keys` do not open it, `StoreError` if it is damaged.
    """
    if not path.exists() or not path.stat().st_size:
        return
    with looked_at(path) as connection:
        verdict = "ok"
        if path.stat().st_size <= CHECKED_UP_TO_BYTES:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        sealed = _fingerprints_in(connection)
    if verdict != "ok":
        raise StoreError(f"{path} is damaged: {verdict}; restore it from a backup")
    if sealed is not None:
        require(keys, sealed, key_file)


def schema_of(path: Path) -> str | None:
    """The migration the SQLite file is at; None if it is no store. Raises `StoreError`."""
    with looked_at(path) as connection:
        if not _has_table(connection, "alembic_version"):
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return _judged(row[0]) if row else None


@contextmanager
def looked_at(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, without changing a byte of its directory. Raises `StoreError`."""
    # Without a WAL nobody has it open, and only then may SQLite be told to leave no trace.
    mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} cannot be read as a database: {error}") from error


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return connection.execute(query, (name,)).fetchone() is not None


def _fingerprints_in(connection: sqlite3.Connection) -> list[str] | None:
    """None if the database is not that far yet."""
    if not _has_table(connection, "settings"):
        return None
    row = connection.execute(
        "SELECT value FROM settings WHERE name = ?", (preferences.KEY_FINGERPRINTS,)
    ).fetchone()
    return msgspec.json.decode(row[0], type=list[str]) if row else None


def prepare(connection: Connection, keys: Keyring | None, key_file: Path) -> Keyring:
    """Bring the schema to `HEAD` and settle the keys, in the transaction of `connection`.

    Raises `KeyFileError`; `StoreError` if the database is a newer version's or not ours.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
    found = version(connection)
    if found is not None:
        keys = require(keys, _fingerprints(connection), key_file)
    if found is None:
        _create(connection)
    elif found != HEAD:
        _migrate(connection)
    keys = keys or create_key_file(key_file)
    _remember(connection, keys)
    return keys


def require_keys(connection: Connection, keys: Keyring | None, key_file: Path) -> None:
    """Raises `KeyFileError` if `keys` are not all that have sealed something."""
    require(keys, _fingerprints(connection), key_file)


def _fingerprints(connection: Connection) -> list[str]:
    stored = preferences.read(connection, preferences.KEY_FINGERPRINTS)
    return msgspec.convert(stored or [], list[str])


def _remember(connection: Connection, keys: Keyring) -> None:
    """From now on the first key seals, so it must be there at every later start."""
    sealed, first = _fingerprints(connection), keys.fingerprints[0]
    if first not in sealed:
        preferences.write(connection, preferences.KEY_FINGERPRINTS, [*sealed, first])


def version(connection: Connection) -> str | None:
    """The migration the database is at; None if it is empty. Raises `StoreError`."""
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        if tables & set(metadata.tables):
            raise StoreError("the database has tables of another program; use an empty one")
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else _judged(found)


def _judged(version: str) -> str:
    """`version`, if it is one of ours that this program can read or migrate."""
    if not (version.isdecimal() and len(version) == len(HEAD)):
        raise StoreError(
            f"the database belongs to another program (its schema is {version!r}); use an empty"
            " directory, and bring what the other one has with: codex-lb import --from-directory"
        )
    if version > HEAD:
        raise StoreError(
            f"the database is at schema {version}, newer than this program's {HEAD};"
            " use the newer program, or restore a backup from before the upgrade"
        )
    return version


def _create(connection: Connection) -> None:
    """What all migrations together make (a test compares the two), with no need to load Alembic."""
    if connection.dialect.name == "postgresql":
        speak_postgresql()
    metadata.create_all(connection)
    connection.execute(
        text(
            "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL,"
            " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)").bindparams(head=HEAD))


def _migrate(connection: Connection) -> None:
    from codex_lb.store.migrate import upgrade  # noqa: PLC0415  slow to import, rarely needed

    upgrade(connection)
