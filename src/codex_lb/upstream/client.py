"""Open a call upstream and hand on its bytes.

Our own HTTP client, because the general ones pay for every chunk of a stream what a whole
request should cost (docs/decisions/0002). It knows just what we need of HTTP/1.1: one request,
one reply, connections kept for the next. Cookies are neither kept nor sent: they would tie accounts
to one another. What can fail below HTTP is told by a name that `core/outcome.py` knows.
"""

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

import aiohappyeyeballs

from codex_lb.core import errors, sse
from codex_lb.core.errors import Signal
from codex_lb.core.sse import Event
from codex_lb.upstream.connection import Connection

_KEEP_ALIVE_S = 30.0  # below what load balancers in front of upstream grant an idle connection
_MAX_IDLE = 64  # connections kept per host; a burst's worth
_MAX_ERROR_BYTES = 256 * 1024
_CLOSE_S = 0.5  # for upstream to end a stream that said all, so that its connection serves again
_HAPPY_EYEBALLS_S = 0.25  # RFC 8305: the next address is tried after that


class UpstreamFaultError(Exception):
    """The connection failed; `signal` says how."""

    def __init__(self, signal: Signal) -> None:
        super().__init__(signal.message)
        self.signal = signal


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads; connections of one origin serve all its URLs."""

    host: str
    port: int
    is_tls: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose headers are here and whose body is still on the way."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    _connection: Connection
    _scanner: sse.Scanner = field(default_factory=sse.Scanner)

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").lower().startswith("text/event-stream")

    async def events(self) -> AsyncIterator[list[Event]]:
        """The body as events, those that are there at a time. Raises as `chunks`, and `EventTooLargeError`."""
        async for chunk in self.chunks():
            events = self._scanner.feed(chunk)
            if events:
                yield events
        last = self._scanner.finish()
        if last:
            yield last

    def pass_deltas(self, take: Callable[[bytes], bool] | None) -> None:
        """Offer single deltas to `take` first, as `Connection.pass_on` does chunks; None: no more."""
        if take is None:
            return self._connection.pass_on(None)
        is_delta = self._scanner.is_delta
        return self._connection.pass_on(lambda chunk: is_delta(chunk) and take(chunk))

    async def drain(self) -> None:
        """Read to the end, so that the connection can be used again; else it is closed."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                async for _ in self.chunks():
                    pass
        except (TimeoutError, UpstreamFaultError):
            return  # the client has its answer; only the connection is lost

    def switch(self) -> tuple[asyncio.Transport, bytes]:
        """As `Connection.switch`, of a reply with status 101."""
        return self._connection.switch()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises `UpstreamFaultError` if it is cut."""
        while True:
            data = await self._connection.read()
            if isinstance(data, Signal):
                raise UpstreamFaultError(data)
            if not data:
                return
            yield data

    async def read(self) -> bytes:
        """An error's body, cut at a size that no error needs; what came of one that is cut."""
        parts: list[bytes] = []
        size = 0
        while size <= _MAX_ERROR_BYTES:
            data = await self._connection.read()
            if isinstance(data, Signal) or not data:
                break  # if it was cut: the status has said the main thing
            parts.append(data)
            size += len(data)
        return b"".join(parts)


class UpstreamClient:
    """Calls below `base_url` (the ChatGPT back end) and `auth_url` (its login host)."""

    def __init__(
        self,
        base_url: str,
        auth_url: str,
        *,
        connect_timeout_s: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: for other roots of trust than the system's."""
        self.base_url = base_url
        self.auth_url = auth_url
        self._connect_timeout_s = connect_timeout_s
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._idle: defaultdict[Origin, list[tuple[Connection, float]]] = defaultdict(list)

    async def close(self) -> None:
        for connections in self._idle.values():
            for connection, _ in connections:
                connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # the loop drops the transports in its next turn

    @asynccontextmanager
    async def open(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> AsyncIterator[Reply]:
        """The reply to one call; leaving the block before its end closes the connection.

        Raises `UpstreamFaultError` when no usable head of a reply comes.
        """
        origin, host, target = _split(url)
        connection = self._take_idle(origin) or await self._connect(origin)
        try:
            head_ = _head(method, target, host, headers, len(body))
            connection.send(head_, body, may_switch="upgrade" in headers)
            head = await connection.head()
            if isinstance(head, Signal):
                raise UpstreamFaultError(head)
            if head[1].get("content-encoding", "identity") != "identity":
                unasked = "Upstream's answer is compressed, which was not asked for."
                raise UpstreamFaultError(errors.fault("bad_reply", unasked))
            yield Reply(head[0], head[1], connection)
        finally:
            self._put_back(origin, connection)

    def _take_idle(self, origin: Origin) -> Connection | None:
        kept = self._idle[origin]
        while kept:
            connection, since = kept.pop()
            if connection.is_open and self._loop.time() - since < _KEEP_ALIVE_S:
                return connection
            connection.abort()
        return None

    def _put_back(self, origin: Origin, connection: Connection) -> None:
        kept = self._idle[origin]
        if connection.is_reusable and len(kept) < _MAX_IDLE:
            kept.append((connection, self._loop.time()))
        else:
            connection.abort()

    async def _connect(self, origin: Origin) -> Connection:
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                found = await self._loop.getaddrinfo(
                    origin.host, origin.port, type=socket.SOCK_STREAM
                )
                sock = await aiohappyeyeballs.start_connection(
                    found, happy_eyeballs_delay=_HAPPY_EYEBALLS_S, loop=self._loop
                )
                _, connection = await self._loop.create_connection(
                    Connection,
                    sock=sock,
                    ssl=self._tls_context() if origin.is_tls else None,
                    server_hostname=origin.host if origin.is_tls else None,
                )
        except TimeoutError as error:
            late = errors.fault("connect_timeout", "Upstream could not be reached in time.")
            raise UpstreamFaultError(late) from error
        except OSError as error:
            unreachable = f"Upstream could not be reached: {error.strerror or error}."
            raise UpstreamFaultError(errors.fault("connect_failed", unreachable)) from error
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


@lru_cache(maxsize=64)
def _split(url: str) -> tuple[Origin, str, str]:
    """Origin, `Host` and request target of `url`."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    origin = Origin(parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls)
    target = parts.path or "/"
    return (
        origin,
        parts.netloc.rpartition("@")[2],
        f"{target}?{parts.query}" if parts.query else target,
    )


def _head(method: str, target: str, host: str, headers: Mapping[str, str], length: int) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if length or method == "POST":
        lines.append(f"content-length: {length}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1:  # a line end inside a value would be another header
        raise UpstreamFaultError(errors.fault("bad_reply", "A header holds a line end."))
    return head.encode("latin-1", "replace") + b"\r\n\r\n"
