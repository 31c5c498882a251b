"""Tell the open pages what happens to requests and accounts, and once a second how it stands."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from codex_lb.core.live import Live
from codex_lb.core.model import Account, OpenedRequest, Receipt
from codex_lb.dashboard import log_entries
from codex_lb.dashboard.bus import Bus
from codex_lb.store import RequestRecord

_EVERY_S = 1.0


class RequestLog(Protocol):
    def opened(self, row: OpenedRequest) -> None: ...
    def closed(self, receipt: Receipt) -> None: ...


class Telling:
    """A request log that also tells; the rows themselves are kept by `log`."""

    def __init__(self, log: RequestLog, bus: Bus, live: Live, clock: Callable[[], float]) -> None:
        self._log = log
        self._bus = bus
        self._live = live
        self._clock = clock
        self._open: dict[str, OpenedRequest] = {}
        self._changed: set[str] = set()  # accounts

    @property
    def in_flight(self) -> int:
        return len(self._open)

    def opened(self, row: OpenedRequest) -> None:
        self._log.opened(row)
        self._open[row.id] = row
        if self._bus.is_heard:
            self._bus.tell("request.started", _told(RequestRecord(row, None, "in_progress")))

    def closed(self, receipt: Receipt) -> None:
        self._log.closed(receipt)
        self._live.add(receipt)
        row = self._open.pop(receipt.id, None)
        if row is not None and self._bus.is_heard:
            record = RequestRecord(row, receipt, receipt.status)
            self._bus.tell("request.finished", _told(record))

    def account_changed(self, account: Account) -> None:
        """Told with the next second: readings come with every reply."""
        self._changed.add(account.id)

    async def run(self) -> None:
        """Tell how it stands, until cancelled."""
        before: object = None
        while True:
            await asyncio.sleep(_EVERY_S)
            for account_id in self._changed:
                self._bus.tell("account.changed", {"accountId": account_id})
            self._changed.clear()
            if not self._bus.is_heard:
                continue
            told = log_entries.now(self._live.now(self._clock()), self.in_flight)
            if told != before:
                before = told
                self._bus.tell("now", told.model_dump(by_alias=True), keep=False)


def _told(record: RequestRecord) -> dict[str, object]:
    entry = log_entries.RequestLogEntry.model_validate(log_entries.entry(record, {}))
    return entry.model_dump(by_alias=True, mode="json")
