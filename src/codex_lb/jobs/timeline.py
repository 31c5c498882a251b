"""Write down what happens to the accounts, for the operator to read.

Nothing waits for it: events gather in memory and are written within about a second. What keeps
happening is told once a minute. Each has its line in the log too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import structlog

from codex_lb.core.model import AccountEvent

CAPACITY = 1_000  # events waiting, should the database be down
REPEATED_S = 60.0
_GATHER_S = 0.5
_RETRY_S = 2.0
_TO_ACT_ON = ("reauth_required", "deactivated", "refresh_failed")

_log = structlog.get_logger(__name__)

Write = Callable[[Sequence[AccountEvent]], Awaitable[None]]


class Timeline:
    """`note` never waits; `run` writes until cancelled. `write` may get an event twice."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._numbers = count()
        self._waiting: dict[int, AccountEvent] = {}  # oldest first; stays until it is on disk
        self._noted: dict[tuple[object, ...], float] = {}  # when, of the last minute
        self._wake = asyncio.Event()
        self._is_full = False

    def note(self, event: AccountEvent) -> None:
        if self._is_repeated(event):
            return
        _tell(event)
        self._waiting[next(self._numbers)] = event
        if len(self._waiting) > CAPACITY:
            del self._waiting[next(iter(self._waiting))]
            if not self._is_full:
                _log.warning("oldest account events dropped", waiting=CAPACITY)
            self._is_full = True
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(_GATHER_S)  # several events often come together
            if not await self.flush():
                await asyncio.sleep(_RETRY_S)

    async def flush(self) -> bool:
        """Write what waits. False if the database does not take it; it stays for the next time."""
        self._wake.clear()
        batch = dict(self._waiting)
        try:
            if batch:
                await self._write(list(batch.values()))
        except Exception as error:  # noqa: BLE001  whatever the database says, serving goes on
            _log.warning("account events delayed", waiting=len(self._waiting), error=str(error))
            self._wake.set()
            return False
        for number in batch:
            self._waiting.pop(number, None)
        self._is_full = False
        return True

    def _is_repeated(self, event: AccountEvent) -> bool:
        """Whether the same was noted within the last minute. Notes it otherwise."""
        noted = self._noted
        while noted and abs(event.at - noted[oldest := next(iter(noted))]) >= REPEATED_S:
            del noted[oldest]
        what = (event.account_id, event.kind, event.detail)
        if what in noted:
            return True
        noted[what] = event.at
        return False


def _tell(event: AccountEvent) -> None:
    told = _log.warning if event.kind in _TO_ACT_ON else _log.info
    told(
        "account event noted",
        kind=event.kind,
        account=event.account_id,
        by=event.by,
        detail=event.detail,
    )
