"""A client connection as those see it who write to it: a reply, or who takes over after HTTP.

`door.py` guards the connection itself.
"""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl


class Line:
    """For replies: closing it leaves the client time to read the answer.

    A head goes out together with what follows it at once. Codex takes for the body of a refused
    WebSocket handshake what it reads along with the head.
    """

    __slots__ = ("_hang_up", "_head", "_loop", "_send", "is_closing", "write")

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        hang_up: Callable[[], None],
    ) -> None:
        self._send = transport.write
        self._loop = loop
        self._hang_up = hang_up
        self._head = b""
        self.is_closing = transport.is_closing
        self.write: Callable[[bytes], None] = self._write

    def begin(self) -> None:
        """What is written next is a head."""
        self.write = self._hold

    def close(self) -> None:
        self._flush()
        self._hang_up()

    def _hold(self, head: bytes) -> None:
        self._head, self.write = head, self._join
        self._loop.call_soon(self._flush)

    def _join(self, data: bytes) -> None:
        head, self._head = self._head, b""
        self.write = self._write
        self._write(head + data)

    def _flush(self) -> None:
        if self._head:
            self._join(b"")

    def _write(self, data: bytes) -> None:
        """To nobody, if the client is gone: the loop tells so a step later, and raises till then."""
        if not self.is_closing():
            self._send(data)


class Pipe:
    """For the successor of a connection that has left HTTP."""

    __slots__ = ("_flow", "_transport", "close", "drain")

    def __init__(self, transport: asyncio.Transport, flow: FlowControl) -> None:
        self._transport = transport
        self.close = transport.close
        self.drain = flow.drain
        self._flow = flow

    def write(self, data: bytes) -> None:
        """As a line does."""
        if not self._transport.is_closing():
            self._transport.write(data)

    @property
    def is_behind(self) -> bool:
        return self._flow.write_paused
