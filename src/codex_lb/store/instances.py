"""Which processes serve from this database, and what a dead one has left open.

A process holds a lock as long as it lives, and the kernel or the server frees it however it ends:
on SQLite the lock file (so every other row there is of a dead process), on PostgreSQL a session
advisory lock whose number is the instance's id. What a dead process left open is closed as an
error, so that no row stays `in_progress` for ever.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from codex_lb.core.model import OpenedRequest, Receipt
from codex_lb.store import requests
from codex_lb.store.database import Database, upsert
from codex_lb.store.faults import plain
from codex_lb.store.schema import instances

BEAT_S = 30.0  # how late at most a dead replica's rows are closed, and how coarse their end is
_BATCH = 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Instance:
    """A process that serves. `id` is 16 hex digits."""

    id: str
    pid: int
    host: str
    started_at: float
    heartbeat_at: float


def this_process(now: float) -> Instance:
    return Instance(secrets.token_hex(8), os.getpid(), socket.gethostname(), now, now)


def interrupted(opened: OpenedRequest, ended_at: float, by: str) -> Receipt:
    """The receipt of a request whose process `by` ended at the Unix second `ended_at`."""
    closed_at_ms = max(opened.opened_at_ms, round(ended_at * 1000))
    return Receipt(
        id=opened.id,
        status="error",
        closed_at_ms=closed_at_ms,
        error_code=requests.INTERRUPTED,
        error_message=f"{by} ended before this request did",
        duration_ms=closed_at_ms - opened.opened_at_ms,
    )


class Presence:
    """Says that this process lives, and closes what dead ones left open."""

    def __init__(self, database: Database, me: Instance, clock: Callable[[], float]) -> None:
        self._database = database
        self._me = me
        self._clock = clock
        self._session: AsyncConnection | None = None  # holds the lock on PostgreSQL

    async def announce(self) -> None:
        """Hold the lock, renew the row, close what the dead left. To be repeated."""
        if self._database.kind == "postgresql":
            await self._hold_lock()
        now = self._clock()
        async with self._database.write_log() as connection:
            insert = upsert(connection, instances).values(asdict(self._me) | {"heartbeat_at": now})
            await connection.execute(
                insert.on_conflict_do_update(index_elements=["id"], set_={"heartbeat_at": now})
            )
        for other in await self._others():
            await self._bury(other)

    async def run(self) -> None:
        """Announce until cancelled."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self.announce()
            except (SQLAlchemyError, OSError) as error:
                log.warning("heartbeat failed", error=plain(error))

    async def leave(self) -> None:
        """Take this process for ended. Whatever it has not closed by now is interrupted."""
        await self._drop_session()
        await self._bury(self._me.id)

    async def _others(self) -> list[str]:
        """Ids of all other processes that have a row or an open request."""
        async with self._database.read() as connection:
            known = set(await connection.scalars(select(instances.c.id)))
            known |= set(await connection.scalars(requests.instances_with_open_rows()))
        return sorted(known - {self._me.id})

    async def _bury(self, instance_id: str) -> None:
        """Close what `instance_id` left open and forget it, unless it lives."""
        closed = _BATCH
        while closed == _BATCH:
            async with self._database.write() as connection:
                if not await self._is_dead(connection, instance_id):
                    return
                closed = await self._close_some(connection, instance_id)
                if closed < _BATCH:
                    await connection.execute(delete(instances).where(instances.c.id == instance_id))

    async def _close_some(self, connection: AsyncConnection, instance_id: str) -> int:
        query = select(instances).where(instances.c.id == instance_id)
        row = (await connection.execute(query)).one_or_none()
        by = f"process {row.pid} on {row.host}" if row else "the process serving it"
        ended_at = row.heartbeat_at if row else self._clock()
        left = await requests.records(connection, requests.open_of(instance_id, _BATCH))
        pairs = [(record.opened, interrupted(record.opened, ended_at, by)) for record in left]
        await requests.close(connection, instance_id, pairs)
        return len(pairs)

    async def _is_dead(self, connection: AsyncConnection, instance_id: str) -> bool:
        """On PostgreSQL it stays so until the transaction ends, because we hold its lock."""
        if self._database.kind == "sqlite":
            return True
        attempt = select(func.pg_try_advisory_xact_lock(lock_number(instance_id)))
        return bool(await connection.scalar(attempt))

    async def _hold_lock(self) -> None:
        if self._session is not None:
            try:
                await self._session.execute(select(1))
            except (SQLAlchemyError, OSError) as error:
                log.warning("lock session lost", error=plain(error))
                await self._drop_session()
            else:
                return
        session = self._database.session()
        await session.start()
        self._session = session
        await session.execute(select(func.pg_advisory_lock(lock_number(self._me.id))))

    async def _drop_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.invalidate()  # a pooled connection would keep its locks
            await session.close()


def lock_number(instance_id: str) -> int:
    """A signed 64-bit number, which is what PostgreSQL locks."""
    number = int(instance_id, 16)
    return number - 2**64 if number >= 2**63 else number
