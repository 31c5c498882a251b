"""One HTTP/1.1 connection to upstream, one exchange at a time.

Written for streams of many small chunks: what arrives is parsed by httptools and kept as it is
until the reader takes it, all of it at once, so that a chunk costs one append. Reading pauses
while the reader is behind. `upstream/client.py` opens, keeps and closes connections.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from codex_lb.core import errors
from codex_lb.core.errors import Signal

MAX_HEAD_BYTES = 64 * 1024
_PAUSE_AT = 256 * 1024  # bytes waiting for the reader
_INFORMATIONAL = range(100, 200)
_SWITCHING = 101


class Connection(asyncio.Protocol):
    """`send`, then `head`, then `read` until it gives nothing; then `is_reusable` tells."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._lost = False
        self._begin()

    def _begin(self) -> None:
        """Forget the last exchange."""
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._head_size = 0
        self._status = 0
        self._chunks: list[bytes] = []
        self._size = 0
        self._paused = False
        self._complete = False
        self._shortcut: Callable[[bytes], bool] | None = None
        self._until_close = False
        self._keeps_alive = False
        self._fault: Signal | None = None
        self._may_switch = False
        self._switched = False  # what comes is no longer HTTP

    # -- for the client -------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_reusable(self) -> bool:
        """Whether the exchange has ended so that another may follow."""
        return (
            self._complete and not self._lost and not self._until_close and not self._switched
            and self._fault is None and self._keeps_alive
        )  # fmt: skip

    def send(self, head: bytes, body: bytes, *, may_switch: bool = False) -> None:
        """`may_switch`: the request asks to leave HTTP."""
        self._begin()
        self._may_switch = may_switch
        if self._transport is None or self._lost:
            self._fault = errors.fault("connection_closed", "Upstream closed the connection.")
            return
        self._transport.writelines((head, body) if body else (head,))

    async def head(self) -> tuple[int, dict[str, str]] | Signal:
        """Status and headers (names in lower case, first value), or what came instead."""
        while self._status == 0 and self._fault is None:
            await self._news()
        return (self._status, self._headers) if self._status else cast("Signal", self._fault)

    async def read(self) -> bytes | Signal:
        """All that has arrived of the body; empty at its end; or what broke it off."""
        while not self._chunks:
            if self._complete:
                return b""
            if self._fault is not None:
                return self._fault
            await self._news()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def pass_on(self, take: Callable[[bytes], bool] | None) -> None:
        """Offer what arrives to `take` first, in the event loop's own call, which must not fail.

        What it refuses waits for `read`, and so does what follows until that has been read.
        """
        self._shortcut = take

    def switch(self) -> tuple[asyncio.Transport, bytes]:
        """Give up the connection after a 101: its transport, and what has come of the new protocol."""
        transport, self._transport = cast("asyncio.Transport", self._transport), None
        return transport, b"".join(self._chunks)

    def abort(self) -> None:
        """Close at once; nobody reads what is still on the way."""
        if self._transport is not None:
            self._transport.abort()

    def _has_news(self) -> bool:
        return bool(self._chunks) or self._complete or self._fault is not None

    async def _news(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- for the event loop ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._switched:
            self._chunks.append(data)
            return
        if self._complete or self._fault is not None:
            self.abort()  # more than was asked for: the framing cannot be trusted
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as switch:
            self._switch_over(data[switch.args[0] :])
        except httptools.HttpParserError:
            self._refuse()
        if self._size > _PAUSE_AT and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        if self._shortcut is None or self._has_news():
            self._wake()

    def _switch_over(self, rest: bytes) -> None:
        if not self._may_switch:
            return self._refuse()
        self._switched = True
        return self._chunks.append(rest)

    def _refuse(self) -> None:
        self._break_off("bad_reply", "Upstream's answer is not HTTP.")
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self._complete:
            return
        if self._until_close and exc is None:
            self._complete = True  # the end of the connection is the end of the body
        elif self._status:
            self._break_off("stream_incomplete", "Upstream cut the stream.")
        elif exc is None:
            self._break_off("connection_closed", "Upstream closed without an answer.")
        else:
            self._break_off("connection_reset", "Upstream broke the connection.")
        self._wake()

    def _break_off(self, name: str, message: str) -> None:
        if self._fault is None:
            self._fault = errors.fault(name, message)

    # -- for the parser -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._complete:  # a second reply to one request would be taken for the next one's
            raise httptools.HttpParserError("more than was asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD_BYTES:
            raise httptools.HttpParserError("the head is too large")
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status in _INFORMATIONAL and not (status == _SWITCHING and self._may_switch):
            self._headers = {}
            return
        self._status = status
        self._keeps_alive = self._parser.should_keep_alive()
        has_length = "content-length" in self._headers or "transfer-encoding" in self._headers
        self._until_close = not self._keeps_alive and not has_length

    def on_body(self, data: bytes) -> None:
        if self._shortcut is not None and not self._chunks and self._shortcut(data):
            return
        self._chunks.append(data)
        self._size += len(data)

    def on_message_complete(self) -> None:
        self._complete = self._status != 0
