"""The client's side of one exchange: start, bytes, silence, leaving.

A stream's beginning is held back while an account may still change, but not for ever: after
`HOLD_S` the client gets its 200 and then a sign of life in every silence (a data event for Codex,
whose idle timer ignores comments; a comment for the others, whose parsers ignore it).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from codex_lb.asgi import ClientGoneError, Receive, Send, WriteNow
from codex_lb.core import events
from codex_lb.core.answers import Answer
from codex_lb.core.responses import Dialect

HOLD_S = 5.0
PULSE_S = 10.0

STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
}


class ShutdownError(Exception):
    """The process ends before the answer is complete."""


class Downstream:
    """`headers` are sent with every answer, and what `quota` says when it begins.

    `streams`: the client waits for events. `hold_s`: None if signs of life need no beginning.
    `is_brief`: it reads no long answers. `says_as_event`: whether an answer of ours is the last event of a stream even if none has begun.
    """

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        dialect: Dialect,
        headers: Mapping[str, str],
        quota: Callable[[], Mapping[str, str]] = dict,
        streams: bool = True,
        write_now: WriteNow | None = None,
        hold_s: float | None = HOLD_S,
        pulse_s: float = PULSE_S,
        keepalive: bytes | None = None,
        says_as_event: Callable[[Answer], bool] | None = None,
        is_brief: bool = False,
    ) -> None:
        self._receive = receive
        self._send = send
        self._headers = headers
        self._quota = quota
        self._write_now = write_now
        self._streams = streams
        self._hold_s = hold_s
        self._pulse_s = pulse_s
        self._is_brief = is_brief
        is_codex = dialect is Dialect.CODEX
        self._keepalive = keepalive or (
            events.KEEPALIVE_CODEX if is_codex else events.KEEPALIVE_COMMENT
        )
        self.says_as_event = says_as_event or (lambda answer: answer.as_event and is_codex)
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self._quiet_since = loop.time()
        self._watcher: asyncio.Task[None] | None = None
        self.started = False
        self.finished = False
        self.farewell: Answer | None = None  # why we end this exchange ourselves
        self.status = 0  # as sent
        self.is_fresh = True  # no event has been sent
        self.numbered = b""  # the latest piece sent with a sequence number in it

    async def begin_stream(self, headers: Mapping[str, str]) -> None:
        if not self.started:
            await self._start(200, STREAM_HEADERS | dict(headers))

    async def write(self, data: bytes) -> None:
        """Events, whole; waits while the client reads more slowly than we send."""
        if not data:
            return
        self.is_fresh = False
        if events.NUMBER in data:
            self.numbered = data
        self._quiet_since = self._now()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    def write_now(self, data: bytes) -> bool:
        """Whole events, from the event loop's own call. False: not now; `write` would wait."""
        if self._write_now is None or not self._write_now(data):
            return False
        if events.NUMBER in data:
            self.numbered = data
        self._quiet_since = self._now()
        return True

    async def finish(self) -> None:
        if not self.finished:
            self.finished = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def reply(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer; only before a stream has begun."""
        await self._start(status, {**headers, "content-length": str(len(body))})
        self.finished = True
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def answer(self, answer: Answer) -> None:
        answer = answer.brief() if self._is_brief else answer
        await self.reply(answer.status, answer.headers(), answer.body())

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        self.started = True
        self.status = status
        pairs = [
            (name.encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in {**self._headers, **self._quota(), **headers}.items()
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    # -- beside the relay -----------------------------------------------------------------------

    async def attended(self, work: Awaitable[None]) -> None:
        """Do `work`, cancelled when the client leaves or the process stops.

        Raises `ClientGoneError` or `ShutdownError` once the cancelled work has cleaned up.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._watcher = group.create_task(self._attend())
                try:
                    await work
                finally:
                    self._watcher.cancel()
        except BaseExceptionGroup as group_error:
            # One failure at a time: the watcher's or the work's own.
            raise group_error.exceptions[0] from None

    def stop(self, farewell: Answer) -> None:
        """End this exchange now; its relay says so to the client."""
        self.farewell = farewell
        if self._watcher is not None:
            # Not at once: a task that is cancelled before its first step never learns why.
            asyncio.get_running_loop().call_soon(self._watcher.cancel)

    async def _attend(self) -> None:
        try:
            while not self.finished:
                try:
                    async with asyncio.timeout(self._until_pulse()):
                        message = await self._receive()
                except TimeoutError:
                    await self._pulse()
                    continue
                if message["type"] == "http.disconnect" and not self.finished:
                    raise ClientGoneError
        except asyncio.CancelledError:
            if self.farewell is not None:
                raise ShutdownError from None
            raise

    def _until_pulse(self) -> float | None:
        """Seconds to the next sign of life; None: none is due (a JSON reply comes in one piece)."""
        if not self._streams:
            return None
        held = None if self.started else self._hold_s
        silence = self._pulse_s if held is None else held
        return max(0.0, self._quiet_since + silence - self._now())

    async def _pulse(self) -> None:
        if self.finished or self._until_pulse() != 0.0:
            return  # something was sent since
        if self._hold_s is not None:
            await self.begin_stream({})
        self._quiet_since = self._now()
        await self._send({"type": "http.response.body", "body": self._keepalive, "more_body": True})
