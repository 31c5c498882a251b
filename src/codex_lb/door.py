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
6. A connection that leaves HTTP (`asgi.UPGRADE`) keeps its place, its bound on what a client does
   not read, and its share of the sweep; what its bytes mean is then its successor's business.

Nothing is timed per chunk or per request: a connection notes when its phase began, and
`Hall.sweep` looks at all of them every now and then. `server.py` opens a door per connection.
"""

import asyncio
import enum
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from codex_lb import asgi
from codex_lb.core.framing import (
    CRASHED,
    LARGE_HEADERS,
    LONG_URI,
    MALFORMED,
    SLOW_BODY,
    SLOW_HEAD,
    Refusal,
    judge_head,
)
from codex_lb.hall import Hall

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
    UPGRADED = enum.auto()  # no longer HTTP
    CLOSING = enum.auto()  # closed, with a reply's last bytes still to be taken by the client


class _Line:
    """A connection as a reply sees it: closing it leaves the client time to read the answer."""

    __slots__ = ("_write", "close", "is_closing")

    def __init__(self, door: "Door") -> None:
        self._write = door.transport.write
        self.is_closing = door.transport.is_closing
        self.close = door.hang_up

    def write(self, data: bytes) -> None:
        """To nobody, if the client is gone: the loop tells so a step later, and raises till then."""
        if not self.is_closing():
            self._write(data)


class _Pipe(_Line):
    """A connection as its successor sees it."""

    __slots__ = ("_flow", "drain")

    def __init__(self, door: "Door") -> None:
        super().__init__(door)
        self.close = door.transport.close
        self.drain = door.flow.drain
        self._flow = door.flow

    @property
    def is_behind(self) -> bool:
        return self._flow.write_paused


class Door(HttpToolsProtocol, asyncio.BufferedProtocol):
    """One client connection. Buffered, because that is how a protocol limits what is read at once."""

    def __init__(self, hall: Hall) -> None:
        super().__init__(hall.config, hall.state, {}, asyncio.get_running_loop())
        self._hall = hall
        self._phase = _Phase.FRESH
        self._since = 0.0  # loop time at which the phase began, or its last progress
        self._blocked_since = 0.0  # loop time since when the client has read nothing
        self._deaf = False  # what comes in is no longer parsed
        self._spilled = 0  # bytes thrown away since then
        self._fed = 0  # bytes parsed since the head began, or since the body's last byte
        self._keep_alive = False  # what the client asked for
        self._arrived: RequestResponseCycle | None = None  # parsed, not started
        self._successor: asgi.Successor | None = None  # once it has left HTTP

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        super().connection_made(transport)
        self._line = _Line(self)
        self._since = self.loop.time()
        if not self._hall.enter(self, self._peer()):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._hall.leave(self, self._peer())
        if self._successor is not None:
            self._successor.lost()

    def pause_writing(self) -> None:
        self._blocked_since = self.loop.time()
        super().pause_writing()

    def shutdown(self) -> None:
        if self._phase in (_Phase.FRESH, _Phase.IDLE):
            self.transport.close()
        elif self._successor is not None:
            self._successor.shutdown()
        else:
            self._keep_alive = False
            if self._is_answering() and not self.cycle.response_started:
                self.cycle.keep_alive = False

    def abort(self) -> None:
        self.transport.abort()

    def hang_up(self) -> None:
        """Close, at once if the client has nothing more to send, else after lingering."""
        if self._phase is _Phase.BODY or self._deaf:
            self._linger()
        else:
            self.transport.close()

    def check(self, now: float) -> None:
        """Strike if the phase has lasted too long."""
        if self.transport.is_closing() and self._phase is not _Phase.CLOSING:
            self._enter(_Phase.CLOSING)
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
            case _Phase.UPGRADED if self._successor is not None:
                self._successor.check(now)
            case _:
                pass

    # Bytes in

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 # a hint
        return self._hall.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(self._hall.buffer[:nbytes].tobytes())

    def data_received(self, data: bytes) -> None:
        if self._successor is not None:
            self._successor.received(data)
            return
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
        except httptools.HttpParserUpgrade as switch:
            self._go_deaf()  # until the application takes it out of HTTP, it is served as HTTP
            self._spilled = len(data) - switch.args[0]
        except httptools.HttpParserCallbackError as error:
            self._stop(error.__context__)
        except (httptools.HttpParserError, _StopParsingError) as error:
            self._stop(error)
        self._start()

    def on_message_begin(self) -> None:
        if self._is_answering():
            raise _StopParsingError(None)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        if refusal := judge_head(version, self.url, self.headers, self._hall.bounds):
            raise _StopParsingError(refusal)
        super().on_headers_complete()
        self.headers = []  # trailers go here, and nowhere: the request keeps its own list
        self._enter(_Phase.BODY)
        self._keep_alive = self.cycle.keep_alive and not self._hall.draining
        self.cycle.keep_alive = False  # until the body is complete
        self.cycle.transport = self._line  # type: ignore[assignment] # all of it that a cycle uses
        self.scope["extensions"] = {asgi.WRITE_NOW: {"call": partial(_write_now, self.cycle)}}
        if self.parser.should_upgrade():
            self.scope["extensions"][asgi.UPGRADE] = {"call": self._upgrade}

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
        """Bound what the parser takes in without an end: a URI, a header, a trailer."""
        bounds = self._hall.bounds
        if self._phase is _Phase.HEAD:
            if len(self.url) > bounds.uri_bytes:
                raise _StopParsingError(LONG_URI)
            if self._fed - len(self.url) - _REQUEST_LINE_BYTES > bounds.header_bytes:
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
            self._hall.run(self._answer(self._arrived))
        self._arrived = None

    async def _answer(self, cycle: RequestResponseCycle) -> None:
        try:
            await self.app(cycle.scope, cycle.receive, cycle.send)
        except Exception:  # the outer edge: a crash costs one request, not the server
            self._hall.log.exception("request crashed", path=cycle.scope["path"])
        if self._successor is not None:
            self.transport.close()
        elif not (cycle.response_complete or cycle.disconnected):
            await self._apologize(cycle)
        cycle.scope["extensions"].clear()
        cycle.on_response = _nothing  # parts the references of connection and cycle

    def _upgrade(self, headers: Mapping[str, str], successor: asgi.Successor) -> asgi.Pipe | None:
        if self._spilled or self.cycle.response_started:
            return None
        named = (
            (name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()
        )
        lines = [*self._hall.state.default_headers, *named]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in lines)
        self.transport.write(STATUS_LINE[101] + head + b"\r\n")
        self._successor = successor
        self._enter(_Phase.UPGRADED)
        return _Pipe(self)

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


def _write_now(cycle: RequestResponseCycle, data: bytes) -> bool:
    if not cycle.chunked_encoding or cycle.response_complete or cycle.disconnected:
        return False
    if cycle.flow.write_paused:
        return False
    cycle.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
    return True


def _nothing() -> None:
    """What a cycle calls on completion once its connection has let it go."""
