"""What may come in: one client connection, guarded before the application sees a request.

uvicorn's httptools protocol parses requests and writes replies; `Door` adds what it leaves open:

1. A head keeps within `Bounds` and has exactly one `Host` (`core/framing.py`).
2. A head, a body, an idle connection and a client that does not read have a time limit each.
3. A request that is answered before its body has been read ends its connection: the reply says
   `connection: close`, and a little more is read for a moment, so that the client finds the
   answer before its connection breaks.
4. One peer address holds a limited number of connections.
5. Requests are not pipelined: what follows an unanswered request is dropped and the connection
   ends with the answer, as RFC 9112 section 9.3.2 allows.

Nothing is timed per chunk or per request: a connection notes when its phase began, and `Hall.sweep`
looks at all of them once per `Bounds.sweep_s`.
`server.py` makes the hall and runs it.
"""

import asyncio
import enum
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

import httptools
from uvicorn import Config
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from codex_lb.core.framing import (
    CRASHED,
    LARGE_HEADERS,
    LONG_URI,
    MALFORMED,
    SLOW_BODY,
    SLOW_HEAD,
    Bounds,
    Refusal,
    judge_head,
)
from codex_lb.logs import Log

_REQUEST_LINE_BYTES = 64  # method, version and line ends, beside the URI


class _StopParsingError(Exception):
    """Raised in a parser callback: answer with `refusal`, or (None) just take in no more."""

    def __init__(self, refusal: Refusal | None) -> None:
        super().__init__()
        self.refusal = refusal


class _Phase(enum.Enum):
    FRESH = enum.auto()  # connected, not a byte yet
    HEAD = enum.auto()  # some of a head
    BODY = enum.auto()  # a head, and a body that is not complete
    REPLY = enum.auto()  # a whole request, not answered yet
    IDLE = enum.auto()  # answered
    LINGER = enum.auto()  # answered and half closed; the client may still be sending
    CLOSING = enum.auto()  # closed, with a reply's last bytes still to be taken by the client


@dataclass(slots=True)
class Hall:
    """What the connections of one server share: the bounds, the tasks, and who is there."""

    config: Config
    tasks: asyncio.TaskGroup
    log: Log
    bounds: Bounds
    state: ServerState = field(default_factory=ServerState)
    peers: Counter[str] = field(default_factory=Counter)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    turned_away: Counter[str] = field(default_factory=Counter)  # since the last sweep
    empty: asyncio.Event = field(default_factory=asyncio.Event)  # no connection, no task
    draining: bool = False

    def admit(self) -> "Door":
        return Door(self)

    def doors(self) -> "list[Door]":
        return [door for door in self.state.connections if isinstance(door, Door)]

    def recount(self) -> None:
        if self.state.connections or self.running:
            self.empty.clear()
        else:
            self.empty.set()

    async def sweep(self) -> None:
        """Enforce the time limits and keep the `date` header right, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self.state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
            for door in self.doors():
                door.check(loop.time())
            if self.turned_away:  # one line for all, because a flood must not flood the log
                self.log.warning("connections refused", count_by_peer=dict(self.turned_away))
                self.turned_away.clear()
            await asyncio.sleep(self.bounds.sweep_s)

    def drain(self) -> None:
        """End idle connections now and every other one with the answer it waits for."""
        self.draining = True
        self.recount()
        for door in self.doors():
            door.shutdown()

    def abort(self) -> None:
        """Cut every connection and cancel every request."""
        for door in self.doors():
            door.transport.abort()
        for task in self.running:
            task.cancel()


class _Line:
    """A connection as a reply sees it: closing it leaves the client time to read the answer."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, door: "Door") -> None:
        self.write = door.transport.write
        self.is_closing = door.transport.is_closing
        self.close = door.hang_up


class Door(HttpToolsProtocol):
    """One client connection."""

    def __init__(self, hall: Hall) -> None:
        super().__init__(hall.config, hall.state, {}, asyncio.get_running_loop())
        self._hall = hall
        self._phase = _Phase.FRESH
        self._since = 0.0  # loop time at which the phase began, or its last progress
        self._blocked_since = 0.0  # loop time since when the client has read nothing
        self._deaf = False  # what comes in is no longer parsed
        self._spilled = 0  # bytes thrown away since then
        self._fed = 0  # bytes parsed since the head began, or since the body's last byte
        self._header_bytes = 0
        self._header_fields = 0
        self._keep_alive = False  # what the client asked for
        self._arrived: RequestResponseCycle | None = None  # parsed, not started

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        super().connection_made(transport)
        self._line = _Line(self)
        self._since = self.loop.time()
        self._hall.recount()
        peer = self._peer()
        self._hall.peers[peer] += 1
        if self._hall.peers[peer] > self._hall.bounds.connections_per_peer:
            self._hall.turned_away[peer] += 1
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        peer = self._peer()
        self._hall.peers[peer] -= 1
        if not self._hall.peers[peer]:
            del self._hall.peers[peer]
        self._hall.recount()

    def pause_writing(self) -> None:
        self._blocked_since = self.loop.time()
        super().pause_writing()

    def shutdown(self) -> None:
        if self._phase in (_Phase.FRESH, _Phase.IDLE):
            self.transport.close()
        else:
            self._keep_alive = False
            if self._is_answering() and not self.cycle.response_started:
                self.cycle.keep_alive = False

    def hang_up(self) -> None:
        """Close, at once if the client has nothing more to send, else after lingering."""
        if self._phase is _Phase.BODY or self._deaf:
            self._linger()
        else:
            self.transport.close()

    def check(self, now: float) -> None:
        """Strike if the phase has lasted too long."""
        bounds, waited = self._hall.bounds, now - self._since
        if self.flow.write_paused and now - self._blocked_since > bounds.write_stall_s:
            self.transport.abort()
            return
        match self._phase:
            case _Phase.FRESH if waited > bounds.head_s:
                self.transport.close()
            case _Phase.HEAD if waited > bounds.head_s:
                self._refuse(SLOW_HEAD)
            case _Phase.BODY if self.flow.read_paused or self.cycle.waiting_for_100_continue:
                self._since = now  # it is us who make the client wait
            case _Phase.BODY if waited > bounds.body_stall_s and not self.cycle.response_started:
                self._refuse(SLOW_BODY)
            case _Phase.IDLE if waited > bounds.idle_s:
                self.transport.close()
            case _Phase.LINGER if waited > bounds.linger_s:
                self._enter(_Phase.CLOSING)
                self.transport.close()
            case _Phase.CLOSING if waited > bounds.write_stall_s:
                self.transport.abort()
            case _:
                pass

    # Bytes in

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._spill(len(data))
            return
        if self._phase is _Phase.IDLE:
            self._enter(_Phase.HEAD)
        elif self._phase is _Phase.FRESH:
            self._phase = _Phase.HEAD  # its time runs from connecting
        self._fed += len(data)
        try:
            self.parser.feed_data(data)
            self._check_unfinished()
        except httptools.HttpParserUpgrade:
            self._go_deaf()  # nobody here speaks another protocol: it is served as HTTP
        except httptools.HttpParserCallbackError as error:
            self._stop(error.__context__)
        except (httptools.HttpParserError, _StopParsingError) as error:
            self._stop(error)
        self._start()

    def on_message_begin(self) -> None:
        if self._is_answering():
            raise _StopParsingError(None)
        super().on_message_begin()
        self._header_bytes = self._header_fields = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self._hall.bounds.uri_bytes:
            raise _StopParsingError(LONG_URI)

    def on_header(self, name: bytes, value: bytes) -> None:
        bounds = self._hall.bounds
        self._header_fields += 1
        self._header_bytes += len(name) + len(value) + 4
        if self._header_fields > bounds.header_fields or self._header_bytes > bounds.header_bytes:
            raise _StopParsingError(LARGE_HEADERS)
        if self._phase is _Phase.HEAD:  # trailers are counted and dropped
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if refusal := judge_head(self.parser.get_http_version(), self.url, self.headers):
            raise _StopParsingError(refusal)
        super().on_headers_complete()
        self._enter(_Phase.BODY)
        self._keep_alive = self.cycle.keep_alive and not self._hall.draining
        self.cycle.keep_alive = False  # until the body is complete
        self.cycle.transport = self._line  # type: ignore[assignment] # all of it that a cycle uses

    def on_body(self, body: bytes) -> None:
        self._since = self.loop.time()
        self._fed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._phase = _Phase.REPLY
        if not self.cycle.response_started:
            self.cycle.keep_alive = self._keep_alive

    def _check_unfinished(self) -> None:
        """Bound what the parser holds back: an endless URI, header, or trailer."""
        bounds = self._hall.bounds
        if self._phase is _Phase.HEAD:
            headers = self._fed - len(self.url) - _REQUEST_LINE_BYTES if self.headers else 0
            if self._fed > bounds.uri_bytes + bounds.header_bytes or headers > bounds.header_bytes:
                raise _StopParsingError(LARGE_HEADERS)
        elif self._phase is _Phase.BODY and self._fed > bounds.uri_bytes + bounds.header_bytes:
            raise _StopParsingError(MALFORMED)

    def _stop(self, cause: BaseException | None) -> None:
        match cause:
            case _StopParsingError(refusal=None):
                self._go_deaf()
            case _StopParsingError(refusal=Refusal() as refusal):
                self._refuse(refusal)
            case httptools.HttpParserError() if self._phase is _Phase.REPLY:
                self._go_deaf()  # garbage after a good request: answer that one
            case httptools.HttpParserError():
                self._refuse(MALFORMED)
            case _:
                raise RuntimeError("a parser callback failed") from cause

    # Answers

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:  # noqa: ARG002 # always self.app
        """Hold the request back until all bytes at hand are parsed and known to be good."""
        self._arrived = cycle

    def _start(self) -> None:
        if self._arrived is not None and not self._arrived.disconnected:
            task = self._hall.tasks.create_task(self._answer(self._arrived))
            self._hall.running.add(task)
            task.add_done_callback(self._finished)
        self._arrived = None

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._hall.running.discard(task)
        self._hall.recount()

    async def _answer(self, cycle: RequestResponseCycle) -> None:
        try:
            await self.app(cycle.scope, cycle.receive, cycle.send)
        except Exception:  # the outer edge: a crash costs one request, not the server
            self._hall.log.exception("request crashed", path=cycle.scope["path"])
        if not (cycle.response_complete or cycle.disconnected):
            await self._apologize(cycle)
        cycle.on_response = _nothing  # parts the references of connection and cycle

    async def _apologize(self, cycle: RequestResponseCycle) -> None:
        """End a request whose application left it open: 500, or a visibly cut reply."""
        if cycle.response_started:
            self.transport.close()
            return
        body = CRASHED.body()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await cycle.send(
            {"type": "http.response.start", "status": CRASHED.status, "headers": headers}
        )
        await cycle.send({"type": "http.response.body", "body": body, "more_body": False})

    def on_response_complete(self) -> None:
        if self._phase is _Phase.LINGER:
            return
        if self.transport.is_closing():
            self._enter(_Phase.CLOSING)
            return
        self.flow.resume_reading()
        self._enter(_Phase.IDLE)
        if self._hall.draining:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer without the application, unless its own answer has begun, and hang up."""
        self._hall.log.debug(
            "request refused", peer=self._peer(), status=refusal.status, reason=refusal.message
        )
        started = self._is_answering() and self.cycle.response_started
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if started:
            self.transport.close()
            return
        body = refusal.body()
        head = [
            STATUS_LINE[refusal.status],
            *(name + b": " + value + b"\r\n" for name, value in self._hall.state.default_headers),
            b"content-type: application/json\r\n",
            b"content-length: %d\r\n" % len(body),
            b"connection: close\r\n",
        ]
        if refusal.status != HTTPStatus.REQUEST_TIMEOUT:
            head.append(b"x-should-retry: false\r\n")
        self.transport.write(b"".join([*head, b"\r\n", body]))
        self._linger()

    def _linger(self) -> None:
        self._deaf = True
        self._enter(_Phase.LINGER)
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _go_deaf(self) -> None:
        self._deaf = True
        if not self.cycle.response_started:
            self.cycle.keep_alive = False
        self._keep_alive = False

    def _spill(self, size: int) -> None:
        self._spilled += size
        if self._spilled > self._hall.bounds.linger_bytes:
            if self._phase is _Phase.LINGER:
                self.flow.pause_reading()  # the sweep closes it
            else:
                self.transport.abort()  # a flood behind an unanswered request

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _enter(self, phase: _Phase) -> None:
        self._phase = phase
        self._since = self.loop.time()
        self._fed = 0

    def _peer(self) -> str:
        return self.client[0] if self.client else ""


def _nothing() -> None:
    """What a cycle calls on completion once its connection has let it go."""
