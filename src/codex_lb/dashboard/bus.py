"""What changes, told to every open page at once.

Events have growing numbers and the newest are kept, so that a page that was cut off goes on where
it was. One that has missed more, or knew another process, is told to ask for everything anew.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Literal

import msgspec

Kind = Literal[
    "request.started", "request.finished", "request.refused", "account.changed", "operator.acted", "now", "resync",
]  # fmt: skip

KEPT = 500
PING_S = 15.0
_PING = b": ping\n\n"
_WAITING = 200  # events that a page may be behind before it is told to ask anew


class Bus:
    def __init__(self) -> None:
        self._process = secrets.token_hex(4)
        self._count = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._pages: set[asyncio.Queue[bytes]] = set()

    @property
    def is_heard(self) -> bool:
        """Whether any page listens; else making events is in vain."""
        return bool(self._pages)

    @property
    def cursor(self) -> str:
        """The place after the newest event."""
        return f"{self._process}-{self._count}"

    def tell(self, kind: Kind, data: Mapping[str, object], *, keep: bool = True) -> None:
        """Never waits. Without `keep` the event is gone for pages that are cut off just now."""
        if keep:
            self._count += 1
        event = self._event(kind, data)
        if keep:
            self._kept.append((self._count, event))
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

    def _missed(self, last: str | None) -> list[bytes]:
        if last is None:
            return []
        process, _, number = last.partition("-")
        oldest = self._kept[0][0] if self._kept else self._count + 1
        is_ours = process == self._process and number.isdecimal()
        if not is_ours or not oldest - 1 <= int(number) <= self._count:
            return [self._event("resync", {})]
        return [event for at, event in self._kept if at > int(number)]

    def _event(self, kind: Kind, data: Mapping[str, object]) -> bytes:
        text = msgspec.json.encode(data)
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (self.cursor.encode(), kind.encode(), text)
