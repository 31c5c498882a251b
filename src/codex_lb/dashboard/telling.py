"""Tell the open pages what happens to requests and accounts, and once a second how it stands.

Changes of accounts, refusals and rows come in crowds: that there are new ones is told four times a
second.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Protocol

from codex_lb.core.answers import Answer
from codex_lb.core.live import Live, TurnedAway
from codex_lb.core.model import OpenedRequest, Receipt
from codex_lb.core.request_log import client_group
from codex_lb.dashboard import log_entries
from codex_lb.dashboard.bus import Bus, Kind
from codex_lb.store import RequestRecord

_EVERY_S = 0.25
_STANDING = 4  # told at every so manieth time
_FLUSH_S = 0.25  # a busy log is never empty, but then there is a next time soon
_LONGEST = 200  # characters of a path


class RequestLog(Protocol):
    def opened(self, row: OpenedRequest) -> None: ...
    def closed(self, receipt: Receipt) -> None: ...
    async def flushed(self) -> None: ...


class Telling:
    """A request log that also tells; the rows themselves are kept by `log`."""

    def __init__(self, log: RequestLog, bus: Bus, live: Live, clock: Callable[[], float]) -> None:
        self._log = log
        self._bus = bus
        self._live = live
        self._clock = clock
        self._open: dict[str, OpenedRequest] = {}
        self._changed: set[str] = set()  # accounts
        self._has_refused = False
        self._is_log_behind = False  # it does not have yet all that was told of

    @property
    def in_flight(self) -> int:
        return len(self._open)

    def opened(self, row: OpenedRequest) -> None:
        self._log.opened(row)
        self._open[row.id] = row
        self._is_log_behind = True
        self._tell("request.started", RequestRecord(row, None, "in_progress"))

    def closed(self, receipt: Receipt) -> None:
        self._log.closed(receipt)
        self._live.add(receipt)
        row = self._open.pop(receipt.id, None)
        self._is_log_behind = True
        if row is not None:
            self._tell("request.finished", RequestRecord(row, receipt, receipt.status))

    def account_changed(self, account_id: str) -> None:
        """Told a little later: readings come with every reply."""
        self._changed.add(account_id)

    def refused(
        self, path: str, headers: Mapping[str, str], address: str | None, answer: Answer
    ) -> None:
        """A request that no row tells of."""
        self._has_refused = True
        self._live.turn_away(
            TurnedAway(
                self._clock(),
                client_group(headers.get("user-agent")),
                address,
                path[:_LONGEST],
                answer.status,
                answer.code,
                answer.message,
            )
        )

    async def _catch_up(self) -> None:
        """Who asks now finds what has begun and finished in every list and sum."""
        self._is_log_behind = False
        try:
            async with asyncio.timeout(_FLUSH_S):
                await self._log.flushed()
        except TimeoutError:
            self._is_log_behind = True
        self._bus.tell("requests.logged", {})

    def _tell(self, kind: Kind, record: RequestRecord) -> None:
        if self._bus.is_heard:
            self._bus.tell(kind, _told(record))
        else:
            self._bus.skip()

    async def run(self) -> None:
        """Tell how it stands, until cancelled."""
        before: object = None
        for count in itertools.count():
            await asyncio.sleep(_EVERY_S)
            for account_id in self._changed:
                self._bus.tell("account.changed", {"accountId": account_id})
            self._changed.clear()
            if self._is_log_behind and self._bus.is_heard:
                await self._catch_up()
            if self._has_refused:
                self._has_refused = False
                self._bus.tell("request.refused", {})
            if count % _STANDING or not self._bus.is_heard:
                continue
            told = log_entries.now(self._live.now(self._clock()), self.in_flight)
            if told != before:
                before = told
                self._bus.tell("now", told.model_dump(by_alias=True), keep=False)


def _told(record: RequestRecord) -> dict[str, object]:
    entry = log_entries.RequestLogEntry.model_validate(log_entries.entry(record, {}))
    return entry.model_dump(by_alias=True, mode="json")
