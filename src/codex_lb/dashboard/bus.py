"""What changes, told to every open page at once.

Events have growing numbers and the newest are kept, so that a page that was cut off goes on where
it was. One that has missed more, or knew another process, is told to ask for everything anew.

A page asks for what is there first and listens then. So events are made from when it asks until some
time after the last page has left, and a page begins a little before what it was told, because rows
are written a moment after their event.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Literal

import msgspec

Kind = Literal[
    "request.started", "request.finished", "requests.logged", "request.refused", "account.changed", "operator.acted", "now", "resync",
]  # fmt: skip

KEPT = 500
PING_S = 15.0
_PING = b": ping\n\n"
_HEARD_S = 60.0  # after somebody asked, or left
_LATE_S = 0.25  # by which a row may come later than its event
_WAITING = 200  # events that a page may be behind before it is told to ask anew


class Bus:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._process = secrets.token_hex(4)
        self._count = 0
        self._kept: deque[tuple[int, float, bytes]] = deque(maxlen=KEPT)
        self._pages: set[asyncio.Queue[bytes]] = set()
        self._heard_until = clock()

    @property
    def is_heard(self) -> bool:
        """Whether any page listens or soon will; else making events is in vain: `skip` them."""
        return bool(self._pages) or self._clock() < self._heard_until

    @property
    def cursor(self) -> str:
        """The place after the newest event."""
        return f"{self._process}-{self._count}"

    def begin(self) -> str:
        """Where a page begins to listen that is told now what is there."""
        now = self._clock()
        self._heard_until = now + _HEARD_S
        recent = [number for number, at, _ in self._kept if now - at < _LATE_S]
        return f"{self._process}-{recent[0] - 1 if recent else self._count}"

    def skip(self) -> None:
        """Something happened that nobody heard of: whoever comes back later asks anew."""
        self._count += 1
        self._kept.clear()

    def tell(self, kind: Kind, data: Mapping[str, object], *, keep: bool = True) -> None:
        """Never waits. Without `keep` the event is gone for pages that are cut off just now."""
        if keep:
            self._count += 1
        event = self._event(kind, data)
        if keep:
            self._kept.append((self._count, self._clock(), event))
        for page in self._pages:
            if page.qsize() < _WAITING:
                page.put_nowait(event)
            elif page.qsize() == _WAITING:
                page.put_nowait(self._event("resync", {}))

    async def listen(
        self, last: str | None, still_may: Callable[[], Awaitable[bool]], *, ping_s: float = PING_S
    ) -> AsyncGenerator[bytes, None]:
        """Server-sent events from after `last` on, as long as the page may have them."""
        page: asyncio.Queue[bytes] = asyncio.Queue()
        self._pages.add(page)
        try:
            yield b"retry: 1000\n\n"
            for event in self._missed(last):
                yield event
            while await still_may():
                try:
                    async with asyncio.timeout(ping_s):
                        event = await page.get()
                except TimeoutError:
                    event = _PING
                yield event
        finally:
            self._pages.discard(page)
            self._heard_until = self._clock() + _HEARD_S

    def _missed(self, last: str | None) -> list[bytes]:
        if last is None:
            return []
        process, _, number = last.partition("-")
        oldest = self._kept[0][0] if self._kept else self._count + 1
        is_ours = process == self._process and number.isdecimal()
        if not is_ours or not oldest - 1 <= int(number) <= self._count:
            return [self._event("resync", {})]
        return [event for at, _, event in self._kept if at > int(number)]

    def _event(self, kind: Kind, data: Mapping[str, object]) -> bytes:
        text = msgspec.json.encode(data)
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (self.cursor.encode(), kind.encode(), text)
