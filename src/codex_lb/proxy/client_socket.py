"""The client's half of a WebSocket: its frames in order, ours back, and how it ends.

It stands between the server (`asgi.Successor`) and the turns of `proxy/sockets.py`. A turn sees it as
one HTTP request's `receive` and `send`, so that it takes the same line: what is said as a 200 is
events, any other status becomes an `error` frame.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from codex_lb.asgi import Message, Pipe
from codex_lb.core import answers, errors, events, frames, sse, turns
from codex_lb.core.answers import Answer
from codex_lb.core.frames import BrokenError
from codex_lb.core.responses import Dialect
from codex_lb.core.sse import Event
from codex_lb.proxy.downstream import PULSE_S, Downstream
from codex_lb.proxy.links import Link

_LINGER_S = 5.0  # for the client to answer our close frame


class ClientSocket:
    """`max_bytes`: of one message, and of all that wait."""

    def __init__(
        self, dialect: Dialect, *, max_bytes: int, quota: Callable[[], Mapping[str, str]]
    ) -> None:
        self.dialect = dialect
        self.pipe: Pipe | None = None  # once the handshake is answered
        self.link: Link | None = None
        self.gone = asyncio.Event()  # the client hears nothing more
        self._lost = asyncio.Event()  # nor is there a connection
        self._max_bytes = max_bytes
        self._quota = quota
        self._now = asyncio.get_running_loop().time
        self._heard_at = self._pinged_at = self._worked_at = self._now()
        self._waiting = deque[frames.Message]()
        self._news = asyncio.Event()
        self._is_busy = False
        self._ending: int | None = None  # the close code, once no new turn may begin
        self._closed = False  # said so
        self._is_deaf = False  # what comes cannot be read any more
        self.agree(inflates=False)

    def agree(self, *, inflates: bool) -> None:
        """Whether the client may send compressed messages."""
        self._reader = frames.Reader(masked=True, max_bytes=self._max_bytes, inflates=inflates)

    # -- for the turns --------------------------------------------------------------------------

    async def next(self) -> frames.Message | None:
        """The next frame that wants an answer; None: there will be none."""
        self._is_busy = False
        self._worked_at = self._now()
        while not self._waiting and self._ending is None and not self.gone.is_set():
            self._news.clear()
            await self._news.wait()
        if self._ending is not None:
            self.close(self._ending)
        if self.gone.is_set():
            return None
        self._is_busy = True
        return self._waiting.popleft()

    def client(self, *, pulse_s: float = PULSE_S) -> Downstream:
        """The client as one turn sees it."""
        turn = _Turn(self, self._quota)
        return Downstream(
            turn.receive,
            turn.send,
            dialect=self.dialect,
            headers={},
            streams=self.dialect is Dialect.CODEX,  # others need no sign of life but a ping
            write_now=self.write_now,
            hold_s=None,
            pulse_s=pulse_s,
            keepalive=frames.text("", events.KEEPALIVE),
            says_as_event=partial(_says_as_event, self.dialect),
        )

    def write_now(self, data: bytes) -> bool:
        if self.pipe is None or self._closed or self.pipe.is_behind:
            return False
        self.pipe.write(data)
        return True

    async def write(self, data: bytes) -> None:
        if self.pipe is not None and not self._closed:
            self.pipe.write(data)
            await self.pipe.drain()

    def aside(self, event: Event) -> None:
        """What upstream says when nobody has asked."""
        if event.kind != "error":
            self.write_now(event.raw)
            return
        status = turns.status_of(errors.read_event(event.data()))
        said = turns.error_event(status, event.data(), self._quota())
        self.write_now(frames.text("error", said))

    def stop(self, farewell: Answer) -> None:
        """End with the running turn, whose own client is told beside."""
        self._end(frames.POLICY if farewell.final else frames.RESTART)

    def close(self, code: int) -> None:
        if self.pipe is not None and not self._closed:
            self._closed = True
            self.pipe.write(frames.close(code))
        self.gone.set()
        self._news.set()

    async def closed(self) -> None:
        """Wait for the client's side of the end, not for long."""
        try:
            async with asyncio.timeout(_LINGER_S):
                await self._lost.wait()
        except TimeoutError:
            return

    def _end(self, code: int) -> None:
        self._ending = code
        self._news.set()

    # -- for the server -------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        self._heard_at = self._now()
        if self._is_deaf:
            return
        try:
            messages = self._reader.feed(data)
        except BrokenError as error:
            self._give_up(error)
        else:
            for message in messages:
                self._take(message)

    def lost(self) -> None:
        self.gone.set()
        self._lost.set()
        self._news.set()

    def check(self, now: float) -> None:
        if self.pipe is None or self._closed:
            return
        if self.link is not None:
            self.link.check(now)
        if self.pipe.is_behind:
            self._heard_at = now  # the server bounds that; a ping would only wait in line
        worked_at = now if self._is_busy else self._worked_at
        match turns.due(
            now, heard_at=self._heard_at, pinged_at=self._pinged_at, worked_at=worked_at
        ):
            case "ping":
                self._pinged_at = now
                self.pipe.write(frames.frame(frames.PING, b""))
            case "dead":
                self.pipe.close()
            case "idle":
                self.close(frames.AWAY)
            case None:
                pass

    def shutdown(self) -> None:
        self._end(frames.RESTART)

    def _take(self, message: frames.Message) -> None:
        match message.opcode:
            case frames.PING:
                self.write_now(frames.frame(frames.PONG, message.data))
            case frames.CLOSE:
                self.close(frames.reply_code(message.data))
                if self.pipe is not None:
                    self.pipe.close()
            case frames.TEXT:
                self._sort(sse.kind_of(message.data), message)
            case frames.BINARY:
                self._sort(None, message)
            case _:
                pass  # a pong

    def _sort(self, kind: str | None, message: frames.Message) -> None:
        size = sum(len(each.data) for each in self._waiting)
        is_full = len(self._waiting) >= turns.MOST_WAITING or size > self._max_bytes
        link = self.link
        match turns.on_frame(
            kind,
            is_full=is_full,
            is_ending=self._ending is not None,
            has_upstream=link is not None and link.is_open,
        ):
            case "serve":
                self._waiting.append(message)
                self._news.set()
            case "pass on" if link is not None:
                link.pass_on(message.data)
            case "hang up":
                self.close(frames.POLICY)
            case _:
                pass

    def _give_up(self, error: BrokenError) -> None:
        if error.code == frames.TOO_LARGE:
            told = answers.too_large(self._max_bytes, Dialect.CODEX)
            self.write_now(frames.text("error", turns.error_event(told.status, told.body(), {})))
        self._is_deaf = True
        self.close(error.code)


class _Turn:
    """One turn as an HTTP request: `receive` tells that the client has left, `send` takes the answer."""

    def __init__(self, socket: ClientSocket, quota: Callable[[], Mapping[str, str]]) -> None:
        self._socket = socket
        self._quota = quota
        self._status = 200

    async def receive(self) -> Message:
        await self._socket.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif self._status != 200:  # noqa: PLR2004  no events but an answer
            said = turns.error_event(self._status, message["body"], self._quota())
            await self._socket.write(frames.text("error", said))
        elif message["body"]:
            await self._socket.write(message["body"])


def _says_as_event(dialect: Dialect, answer: Answer) -> bool:
    is_said = answer.as_event and dialect is Dialect.CODEX
    return is_said or turns.says_as_event(answer.status, dialect)
