"""One WebSocket to upstream: turns one after another, each read until its last event.

Takes over the transport of a `Connection` whose handshake was granted. What arrives in a turn is kept
as it is until the reader takes it, or goes the short way (`pass_on`); what arrives between two turns is
handed to `aside`. Reading pauses while the reader is behind.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping

from codex_lb.core import errors, events, frames, sse, turns
from codex_lb.core.frames import BrokenError, Message
from codex_lb.core.sse import Event
from codex_lb.upstream.client import UpstreamFaultError

_PAUSE_AT = 256 * 1024  # bytes waiting for the reader
_KEY_BYTES = 4


class WebSocket(asyncio.Protocol):
    """`rest`: what has come behind the handshake's answer."""

    def __init__(
        self, transport: asyncio.Transport, rest: bytes, aside: Callable[[Message], None]
    ) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._aside = aside
        self._reader = frames.Reader(masked=False, max_bytes=sse.MAX_EVENT_BYTES)
        self._messages: list[Message] = []
        self._size = 0
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._shortcut: Callable[[bytes], bool] | None = None
        self._code = frames.CUT  # with which it ended
        self._heard_at = self._pinged_at = self.opened_at = self._loop.time()
        self.is_open = not transport.is_closing()
        self.is_in_turn = False
        self.has_served = False
        transport.set_protocol(self)
        if rest:
            self.data_received(rest)

    # -- for the relay --------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        self._write(frames.TEXT, data)

    async def read(self) -> list[Message] | int:
        """All that has arrived; or the close code once there is no more."""
        while not self._messages:
            if not self.is_open:
                return self._code
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        messages, self._messages, self._size = self._messages, [], 0
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        return messages

    def pass_on(self, take: Callable[[bytes], bool] | None) -> None:
        """Offer single deltas, as they stand on the wire, to `take`, which must not fail."""
        self._shortcut = take

    def check(self, now: float) -> None:
        """Ask for a sign of life, or give the connection up for want of one."""
        match turns.due(now, heard_at=self._heard_at, pinged_at=self._pinged_at, worked_at=now):
            case "ping":
                self._pinged_at = now
                self._write(frames.PING, b"")
            case "dead":
                self.abort()
            case _:
                pass

    def abort(self) -> None:
        """Close at once; nobody reads what is still on the way."""
        if self.is_open:
            self._write(frames.CLOSE, frames.NORMAL.to_bytes(2))
            self._end(frames.CUT)

    def _write(self, opcode: int, data: bytes) -> None:
        # The loop tells of a loss a step after it closes the transport, and raises till then.
        if self.is_open and not self._transport.is_closing():
            self._transport.write(frames.frame(opcode, data, secrets.token_bytes(_KEY_BYTES)))

    def _end(self, code: int) -> None:
        if self.is_open:
            self.is_open, self._code = False, code
            self._transport.close()
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- for the event loop ---------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        is_free = not self._messages and self._reader.is_between
        if self._shortcut and is_free and frames.is_delta(data) and self._shortcut(data):
            return None
        try:
            messages = self._reader.feed(data)
        except BrokenError:
            return self._end(frames.MALFORMED)
        for message in messages:
            self._take(message)
        if self._size > _PAUSE_AT and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        if self._messages:
            self._wake()
        return None

    def _take(self, message: Message) -> None:
        match message.opcode:
            case frames.PING:
                self._write(frames.PONG, message.data)
            case frames.CLOSE:
                self._write(frames.CLOSE, message.data[:2])
                self._end(frames.close_code(message.data))
            case frames.TEXT if self.is_in_turn:
                self._messages.append(message)
                self._size += len(message.raw or message.data)
            case frames.TEXT:
                self._aside(message)
            case _:
                pass  # a pong; upstream sends nothing binary

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._end(frames.CUT)


class TurnReply:
    """The answer to one frame, as the relay takes it. `headers`: of the handshake if it was made for it.

    `is_over` once its last event has come and another turn may follow; `response_id` is what that may
    go on from.
    """

    status = 200
    is_stream = True

    def __init__(self, socket: WebSocket, headers: Mapping[str, str]) -> None:
        self._socket = socket
        self.headers = headers
        self.is_over = False
        self.response_id: str | None = None

    async def events(self) -> AsyncIterator[list[Event]]:
        is_new = True
        while True:
            found = await self._socket.read()
            if isinstance(found, int):
                raise UpstreamFaultError(
                    turns.ended(found, is_stale=is_new and self._socket.has_served)
                )
            is_new = False
            batch = frames.events(found)
            for event in batch:
                self._note(event)
            yield batch

    def _note(self, event: Event) -> None:
        if event.kind in events.TERMINAL:
            self.is_over = self._socket.has_served = True
            if event.kind in events.GOOD_ENDS:
                self.response_id = events.facts(event.data()).id
            elif event.kind == "error":
                self.headers = errors.headers_in(event.data())
                self.is_over = not turns.ends_connection(errors.read_event(event.data()))

    def pass_deltas(self, take: Callable[[bytes], bool] | None) -> None:
        self._socket.pass_on(take)

    async def read(self) -> bytes:
        return b""

    async def drain(self) -> None:
        """Nothing to be read: the next turn's events follow."""
