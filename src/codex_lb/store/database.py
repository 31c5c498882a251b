"""What the queries need of a database, whichever of the two it is.

Queries are plain functions of a connection. A `Database` runs such a function as one transaction:
on SQLite in a thread of its own, on PostgreSQL on the event loop. Either way the caller awaits.
"""

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

T = TypeVar("T")
Work = Callable[[Connection], T]

Kind = Literal["sqlite", "postgresql"]


class Database(Protocol):
    """Open pools. A cancelled call has either not begun, or ends in commit or rollback."""

    @property
    def kind(self) -> Kind: ...

    async def read(self, work: Work[T]) -> T:
        """One snapshot over all queries of `work`."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Has reached the disk when it returns."""
        ...

    async def write_log(self, work: Work[T]) -> T:
        """Like `write`, but a power cut (not a crash of ours) may undo the last of these."""
        ...

    async def hold(self, number: int) -> None:
        """Hold the lock `number` as long as this process lives; no more than once."""
        ...

    async def release(self) -> None:
        """Let go of the lock held, if any."""
        ...

    async def dispose(self) -> None: ...


def upsert(dialect: str, table: Table) -> Any:  # no base type has `excluded`
    """An INSERT that knows ON CONFLICT, which both databases spell alike but SQLAlchemy does not."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415  loaded by then

        return postgresql.insert(table)
    return sqlite.insert(table)


def to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
