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
from functools import partial

import structlog
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from codex_lb.core.model import OpenedRequest, Receipt
from codex_lb.store import limits, requests
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


def this_process(now: float) -> Instance:
    return Instance(secrets.token_hex(8), os.getpid(), socket.gethostname(), now)


class Presence:
    """Says that this process lives, and closes what dead ones left open."""

    def __init__(self, database: Database, me: Instance, clock: Callable[[], float]) -> None:
        self._database = database
        self._me = me
        self._clock = clock

    async def announce(self) -> None:
        """Hold the lock, renew the row, close what the dead left. To be repeated."""
        await self._database.hold(lock_number(self._me.id))
        now = self._clock()
        await self._database.write_log(partial(_renew, me=self._me, now=now))
        for other in await self._database.read(_known):
            if other != self._me.id:
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
        await self._database.release()
        await self._bury(self._me.id)

    async def _bury(self, instance_id: str) -> None:
        closing = partial(_close_some, instance_id=instance_id, now=self._clock())
        while await self._database.write(closing):
            pass


def _renew(connection: Connection, *, me: Instance, now: float) -> None:
    insert = upsert(connection.dialect.name, instances).values(asdict(me) | {"heartbeat_at": now})
    connection.execute(
        insert.on_conflict_do_update(index_elements=["id"], set_={"heartbeat_at": now})
    )


def _known(connection: Connection) -> list[str]:
    """Ids of all processes that have a row or an open request."""
    known = set(connection.scalars(select(instances.c.id)))
    known |= set(connection.scalars(requests.instances_with_open_rows()))
    return sorted(known)


def _close_some(connection: Connection, *, instance_id: str, now: float) -> bool:
    """Close some rows of a process if it is dead. False when there is nothing left to do."""
    if not is_dead(connection, instance_id):
        return False
    row = connection.execute(select(instances).where(instances.c.id == instance_id)).one_or_none()
    by = f"process {row.pid} on {row.host}" if row else "the process serving it"
    ended_at = row.heartbeat_at if row else now
    left = requests.records(connection, requests.open_of(instance_id, _BATCH))
    pairs = [(record.opened, interrupted(record.opened, ended_at, by)) for record in left]
    requests.close(connection, instance_id, pairs)
    if len(left) == _BATCH:
        return True
    limits.release_instance(connection, instance_id)  # of requests that never came to have a row
    connection.execute(delete(instances).where(instances.c.id == instance_id))
    return False


def is_dead(connection: Connection, instance_id: str) -> bool:
    """On PostgreSQL it stays so until the transaction ends, because that holds its lock."""
    if connection.dialect.name == "sqlite":
        return True
    attempt = select(func.pg_try_advisory_xact_lock(lock_number(instance_id)))
    return bool(connection.scalar(attempt))


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


def lock_number(instance_id: str) -> int:
    """A signed 64-bit number, which is what PostgreSQL locks."""
    number = int(instance_id, 16)
    return number - 2**64 if number >= 2**63 else number
