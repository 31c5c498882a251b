"""PostgreSQL through asyncpg: a small pool, and one session that shows this process to be alive.

The session lock needs a connection of its own from end to end, so a pooler in front of the server
must not be in transaction mode.
"""

from typing import Literal, TypeVar

import structlog
from sqlalchemy import URL, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from codex_lb.store.database import Work
from codex_lb.store.faults import plain

T = TypeVar("T")

POOL_SIZE = 5  # one of them holds the lock
OVERFLOW = 5
POOL_WAIT_S = 30.0
CONNECT_WAIT_S = 10.0
STATEMENT_WAIT_S = 60.0  # longer than any lock we take; ends a wait on a network that went away

log = structlog.get_logger(__name__)


class PostgresqlDatabase:
    kind: Literal["postgresql"] = "postgresql"

    def __init__(self, url: URL) -> None:
        self._writer = create_async_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=OVERFLOW,
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,  # a restarted server costs no request
            hide_parameters=True,
            connect_args={"timeout": CONNECT_WAIT_S, "command_timeout": STATEMENT_WAIT_S},
        )
        self._reader = self._writer.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._session: AsyncConnection | None = None

    async def read(self, work: Work[T]) -> T:
        return await _run(self._reader, work)

    async def write(self, work: Work[T]) -> T:
        return await _run(self._writer, work)

    async def write_log(self, work: Work[T]) -> T:
        return await _run(self._writer, work)

    async def hold(self, number: int) -> None:
        if self._session is not None:
            try:
                await self._session.execute(select(1))
            except (SQLAlchemyError, OSError) as error:
                log.warning("lock session lost", error=plain(error))
                await self.release()
            else:
                return
        self._session = await self._locked_session(number)

    async def release(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.invalidate()  # back in the pool it would keep its locks
            await session.close()

    async def _locked_session(self, number: int) -> AsyncConnection:
        session = self.session()
        await session.start()
        try:
            await session.execute(select(func.pg_advisory_lock(number)))
        except BaseException:
            await session.invalidate()
            await session.close()
            raise
        return session

    def session(self) -> AsyncConnection:
        """A connection outside any transaction; to be used as a context or started."""
        return self._writer.execution_options(isolation_level="AUTOCOMMIT").connect()

    async def dispose(self) -> None:
        await self.release()
        await self._writer.dispose()


async def _run(engine: AsyncEngine, work: Work[T]) -> T:
    async with engine.begin() as connection:
        return await connection.run_sync(work)
