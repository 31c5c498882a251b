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

    __slots__ = ("_hang_up", "_head", "_loop", "_transport", "is_closing", "write")

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        hang_up: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._hang_up = hang_up
        self._head = b""
        self.is_closing = transport.is_closing
        self.write: Callable[[bytes], None] = transport.write

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
        self.write = self._transport.write
        self.write(head + data)

    def _flush(self) -> None:
        if self._head:
            self._join(b"")


class Pipe:
    """For the successor of a connection that has left HTTP."""

    __slots__ = ("_flow", "close", "drain", "write")

    def __init__(self, transport: asyncio.Transport, flow: FlowControl) -> None:
        self.write = transport.write
        self.close = transport.close
        self.drain = flow.drain
        self._flow = flow

    @property
    def is_behind(self) -> bool:
        return self._flow.write_paused
