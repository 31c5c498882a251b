"""The request log's writer: `opened` and `closed` never wait and never raise.

Rows queue in memory and reach the database in batches, within 50 ms while it is well. While it is
not (locked, full, unreachable) they wait, the writer asks again ever more slowly, and beyond the
bound the oldest are dropped and counted. A row is opened and closed under one id: what is closed
before its batch was written becomes one insert, and a closing row is written whole, so that it
does not matter whether its opening ever arrived.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import structlog
from sqlalchemy import Connection

from codex_lb.core.model import OpenedRequest, Receipt
from codex_lb.store import requests
from codex_lb.store.database import Database
from codex_lb.store.faults import is_rows_fault, plain
from codex_lb.store.text import tidied

CAPACITY = 20_000  # rows waiting: some 50 MB of ordinary ones, a minute of a very busy proxy
BATCH = 500
GATHER_S = 0.02  # how long the first row of a batch waits for others
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity, see `_settle`
class _Entry:
    opened: OpenedRequest
    receipt: Receipt | None = None


class RequestWriter:
    """Call from the event loop's thread only. `run` does the writing."""

    def __init__(self, database: Database, instance_id: str, *, capacity: int = CAPACITY) -> None:
        self._database = database
        self._instance_id = instance_id
        self._capacity = capacity
        self._queue: dict[str, _Entry] = {}  # oldest first; stays until it is on disk
        self._running: dict[str, OpenedRequest] = {}  # opened here and not closed yet
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()  # somebody waits for an empty queue
        self._empty = asyncio.Event()
        self._empty.set()
        self.lost = 0  # rows dropped, be it for want of room or because no database takes them
        self.last_error: str | None = None  # None while all is well

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def opened(self, row: OpenedRequest) -> None:
        row = tidied(row)
        self._running[row.id] = row
        if len(self._running) > self._capacity:
            del self._running[next(iter(self._running))]
        self._enqueue(_Entry(row))

    def closed(self, receipt: Receipt) -> None:
        """Close the row opened under the same id. One that was never opened counts as lost."""
        row = self._running.pop(receipt.id, None)
        if row is None:
            self.lost += 1
        else:
            self._enqueue(_Entry(row, tidied(receipt)))

    async def flushed(self) -> None:
        """Wait until nothing waits any more; give it a time limit, for the database may be down."""
        self._hurry.set()
        await self._empty.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        retry_s = FIRST_RETRY_S
        while True:
            if not self._queue:
                await self._wake.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(GATHER_S):
                        await self._hurry.wait()
            try:
                await self._flush()
            except Exception as error:  # noqa: BLE001  whatever the database says, serving goes on
                self._complain(error)
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)
            else:
                retry_s = FIRST_RETRY_S

    def _enqueue(self, entry: _Entry) -> None:
        self._queue[entry.opened.id] = entry
        if len(self._queue) > self._capacity:
            del self._queue[next(iter(self._queue))]
            self.lost += 1
        self._wake.set()
        self._empty.clear()

    async def _flush(self) -> None:
        batch = list(islice(self._queue.values(), BATCH))
        try:
            await self._write(batch)
        except Exception as error:
            if not is_rows_fault(error):
                raise
            await self._write_singly(batch)
        self._recover()

    async def _write(self, batch: list[_Entry]) -> None:
        opened = [entry.opened for entry in batch if entry.receipt is None]
        pairs = [(entry.opened, entry.receipt) for entry in batch if entry.receipt is not None]

        def write(connection: Connection) -> None:
            requests.insert_opened(connection, self._instance_id, opened)
            requests.close(connection, self._instance_id, pairs)

        await self._database.write_log(write)
        self._settle(batch)

    async def _write_singly(self, batch: list[_Entry]) -> None:
        """Find the row that spoils the batch, and give up that one alone."""
        for entry in batch:
            try:
                await self._write([entry])
            except Exception as error:
                if not is_rows_fault(error):
                    raise
                self.lost += 1
                log.error("request row dropped", request=entry.opened.id, error=plain(error))  # noqa: TRY400  the trace says nothing more
                self._settle([entry])

    def _settle(self, written: list[_Entry]) -> None:
        """Forget what is written, unless its request was closed meanwhile."""
        for entry in written:
            if self._queue.get(entry.opened.id) is entry:
                del self._queue[entry.opened.id]
        if not self._queue:
            self._wake.clear()
            self._hurry.clear()
            self._empty.set()

    def _complain(self, error: Exception) -> None:
        if self.last_error is None:
            log.warning("request rows delayed", waiting=self.waiting, error=plain(error))
        self.last_error = plain(error)

    def _recover(self) -> None:
        if self.last_error is not None:
            log.warning("request rows written again", waiting=self.waiting, lost=self.lost)
        self.last_error = None
