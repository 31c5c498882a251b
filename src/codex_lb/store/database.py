"""The connection to SQLite or PostgreSQL: addresses, pools, and how a transaction begins.

On SQLite one connection writes and a few read beside it (WAL). A write begins with
`BEGIN IMMEDIATE`, so that it waits for the lock at once instead of failing in its middle, and
reaches the disk before it returns; only the request log does without that, because a power cut
may cost it its last rows, but a rotated refresh token that is lost is lost for good.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlalchemy import URL, Table, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from codex_lb.store.errors import StoreError

Kind = Literal["sqlite", "postgresql"]

READERS = 4  # each SQLite connection is a thread
WRITE_WAIT_S = 30.0  # for a lock another program holds; backups have been seen to take 20 s
CONNECT_WAIT_S = 10.0
STATEMENT_WAIT_S = 60.0  # longer than any lock we take; ends a wait on a network that went away

_SCHEMES = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

_POSTGRESQL_OPTIONS = {"host", "port", "ssl", "sslmode"}


def parse_url(url: str | None, default_file: Path) -> URL:
    """The address for SQLAlchemy; None means SQLite in `default_file`. Raises `StoreError`."""
    if url is None:
        return URL.create("sqlite+aiosqlite", database=str(default_file))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # their text would show the password
        raise StoreError("the database URL cannot be read") from None
    if parsed.drivername not in _SCHEMES:
        raise StoreError(
            f"databases of kind {parsed.drivername!r} are not supported; use postgresql:// or sqlite://"
        )
    parsed = parsed.set(drivername=_SCHEMES[parsed.drivername])
    known = _POSTGRESQL_OPTIONS if parsed.get_backend_name() == "postgresql" else set()
    if unknown := ", ".join(sorted(set(parsed.query) - known)):
        raise StoreError(f"the database URL has options that mean nothing here: {unknown}")
    if "sslmode" in parsed.query:  # libpq's name; asyncpg knows the same values as `ssl`
        mode = parsed.query["sslmode"]
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("an SQLite database must be a file")
    return parsed


@dataclass(frozen=True, slots=True)
class Database:
    """Open pools. Every context it hands out is one transaction."""

    kind: Kind
    _writer: AsyncEngine
    _log_writer: AsyncEngine
    _reader: AsyncEngine

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One snapshot over several queries."""
        return self._reader.begin()

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """On disk when the context ends."""
        return self._writer.begin()

    def write_log(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Like `write`, but a power cut (not a crash of ours) may undo the last of these."""
        return self._log_writer.begin()

    def session(self) -> AsyncConnection:
        """A connection of its own outside any transaction, for a PostgreSQL session lock."""
        return self._writer.execution_options(isolation_level="AUTOCOMMIT").connect()

    async def dispose(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()


def connect(url: URL) -> Database:
    """Pools for `url`; nothing is opened before the first query."""
    if url.get_backend_name() == "postgresql":
        return _postgresql(url)
    return _sqlite(url)


def _sqlite(url: URL) -> Database:
    def engine(size: int) -> AsyncEngine:
        return create_async_engine(
            url,
            pool_size=size,
            max_overflow=0,
            pool_timeout=2 * WRITE_WAIT_S,
            hide_parameters=True,
            connect_args={"timeout": WRITE_WAIT_S, "isolation_level": None},
        )

    writer, reader = engine(1), engine(READERS)
    event.listen(writer.sync_engine, "connect", _prepare_sqlite)
    event.listen(reader.sync_engine, "connect", _prepare_sqlite)
    event.listen(writer.sync_engine, "begin", _begin_write)
    event.listen(reader.sync_engine, "begin", _begin_read)
    return Database("sqlite", writer, writer.execution_options(synchronous="NORMAL"), reader)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # a DBAPI connection has no type
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA journal_size_limit=67108864")
    cursor.close()


def _begin_write(connection: Connection) -> None:
    level = connection.get_execution_options().get("synchronous", "FULL")
    connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _postgresql(url: URL) -> Database:
    writer = create_async_engine(
        url,
        pool_size=READERS,
        max_overflow=READERS,
        pool_timeout=WRITE_WAIT_S,
        pool_pre_ping=True,  # a restarted server costs no request
        hide_parameters=True,
        connect_args={"timeout": CONNECT_WAIT_S, "command_timeout": STATEMENT_WAIT_S},
    )
    reader = writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database("postgresql", writer, writer, reader)


def upsert(connection: AsyncConnection, table: Table) -> Any:  # no base type has `excluded`
    """An INSERT that knows ON CONFLICT, which both databases spell alike but SQLAlchemy does not."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415  a tenth of an SQLite start

        return postgresql.insert(table)
    return sqlite.insert(table)


def to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
