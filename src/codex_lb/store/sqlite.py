"""SQLite: one thread writes, a few read beside it (WAL), and the event loop only waits.

A transaction is one hop to a thread. An asyncio driver hops some twenty times for the same, which
was measured to cost three times the CPU, most of it on the event loop (docs/decisions/0009).

A write begins with `BEGIN IMMEDIATE`, so that it waits for the lock at once instead of failing in
its middle, and reaches the disk before it returns. Only the request log does without that: a power
cut may cost it its last rows, but a rotated refresh token that is lost is lost for good.
"""

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Literal, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event

from codex_lb.store.database import Work

T = TypeVar("T")

READERS = 4
LOCK_WAIT_S = 30.0  # for a lock that another program holds; backups have been seen to take 20 s
WAL_LEFT_BYTES = 64 * 2**20  # what the WAL shrinks to after it has grown

_Synchronous = Literal["FULL", "NORMAL"]


class SqliteDatabase:
    kind: Literal["sqlite"] = "sqlite"

    def __init__(self, url: URL) -> None:
        self._writer = _engine(url, 1)
        event.listen(self._writer, "begin", _begin_write)
        self._reader = _engine(url, READERS)
        event.listen(self._reader, "begin", _begin_read)
        self._write_thread = ThreadPoolExecutor(1, "store-write")
        self._read_threads = ThreadPoolExecutor(READERS, "store-read")

    async def read(self, work: Work[T]) -> T:
        return await _run(self._read_threads, self._reader, work)

    async def write(self, work: Work[T]) -> T:
        return await _run(self._write_thread, self._writer, work)

    async def write_log(self, work: Work[T]) -> T:
        engine = self._writer.execution_options(synchronous="NORMAL")
        return await _run(self._write_thread, engine, work)

    async def hold(self, number: int) -> None:
        """Nothing to do: the lock file (see files.py) says the same of the whole directory."""

    async def release(self) -> None:
        pass

    async def dispose(self) -> None:
        for threads, engine in (
            (self._read_threads, self._reader),
            (self._write_thread, self._writer),  # last, so that it takes the WAL with it
        ):
            await asyncio.get_running_loop().run_in_executor(threads, engine.dispose)
            threads.shutdown(wait=False)


async def _run(threads: Executor, engine: Engine, work: Work[T]) -> T:
    def transaction() -> T:
        with engine.begin() as connection:
            return work(connection)

    return await asyncio.get_running_loop().run_in_executor(threads, transaction)


def _engine(url: URL, size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={
            "timeout": LOCK_WAIT_S,
            "isolation_level": None,  # transactions begin where we say, see below
            "check_same_thread": False,  # a pooled connection serves one thread after the other
        },
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: Any, _record: object) -> None:  # a DBAPI connection has no type
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA journal_size_limit={WAL_LEFT_BYTES}")


def _begin_write(connection: Connection) -> None:
    level: _Synchronous = connection.get_execution_options().get("synchronous", "FULL")
    connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
