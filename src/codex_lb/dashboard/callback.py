"""Listen for the browser that comes back from the login host, on loopback and only for a while.

The address is registered there: `http://localhost:1455/auth/callback`. A browser may take
"localhost" for either loopback family, so both are listened on. Any page can make a browser ask
here, so nothing but one GET of one path under a local name is heard, within bounds of size and time;
what it means is for `take` to say, which knows the states that were given out.
"""

import asyncio
import base64
import errno
import hashlib
import re
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from html import escape
from http import HTTPStatus

import structlog

from codex_lb.core.oauth import CALLBACK_PATH
from codex_lb.dashboard.port_holder import holder

Take = Callable[
    [str], Awaitable[str | None]
]  # of a request's target; None: signed in, else why not

_HEAD_BYTES = 16_384
_HEAD_S = 10.0
_WRITE_S = 10.0
_MOST = 32  # connections at a time; a browser opens a few
_LOOPBACK = ("127.0.0.1", "::1")
_LOCAL_NAMES = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
_REQUEST = re.compile(rb"([A-Z]+) (/[\x21-\x7e]*) HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"^host:[ \t]*([^\s]*?)(?::\d{1,5})?[ \t]*\r$", re.IGNORECASE | re.MULTILINE)

_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title} - codex-lb</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>{style}</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_HEADERS = (
    "content-type: text/html; charset=utf-8",
    "cache-control: no-store",
    f"content-security-policy: {_POLICY}",
    "referrer-policy: no-referrer",
    "x-content-type-options: nosniff",
    "connection: close",
)
_DONE = "The account is signed in. You may close this page."

_log = structlog.get_logger(__name__)


class CallbackListener:
    def __init__(self, host: str, port: int) -> None:
        """`host`: "localhost" for both loopback families, or one address."""
        self._hosts = _LOOPBACK if host == "localhost" else (host,)
        self._port = port
        self._servers: list[asyncio.Server] = []
        self._connections = 0
        self._turn = asyncio.Lock()

    @property
    def address(self) -> str:
        """Where the browser is sent back to."""
        return f"http://localhost:{self._port}{CALLBACK_PATH}"

    async def open(self, take: Take) -> str | None:
        """Listen, if not yet. None, or a sentence on why that cannot be."""
        async with self._turn:
            if self._servers:
                return None
            sockets: list[socket.socket] = []
            try:
                for host in self._hosts:
                    sockets += _bound(host, self._port)
            except OSError as error:
                for sock in sockets:
                    sock.close()
                return await self._why(error)
            for sock in sockets:
                serving = await asyncio.start_server(
                    lambda reader, writer: self._serve(reader, writer, take),
                    sock=sock,
                    limit=_HEAD_BYTES,
                )
                self._servers.append(serving)
            return None

    def close(self) -> None:
        """Give the port back; what is being answered is answered."""
        for serving in self._servers:
            serving.close()
        self._servers.clear()

    async def _why(self, error: OSError) -> str:
        if error.errno != errno.EADDRINUSE:
            return f"Port {self._port} cannot be listened on: {error.strerror or error}."
        known = await asyncio.to_thread(holder, self._port)
        by = f"by {known}, such as a `codex login` that waits" if known else "by another program"
        return f"Port {self._port} is in use {by}. End that and start again."

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take
    ) -> None:
        self._connections += 1
        try:
            if self._connections <= _MOST:
                await self._answer(reader, writer, take)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass  # whoever asked has gone, is too slow or says too much
        except Exception:  # noqa: BLE001  the edge of what a browser asks here
            _log.exception("sign-in page failed")
        finally:
            self._connections -= 1
            with suppress(OSError):
                writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take
    ) -> None:
        async with asyncio.timeout(_HEAD_S):
            head = await reader.readuntil(b"\r\n\r\n")
        asked = target(head)
        if isinstance(asked, HTTPStatus):
            status, title, text = asked, asked.phrase, "There is nothing else here."
        else:
            why_not = await take(asked)
            status = HTTPStatus.OK if why_not is None else HTTPStatus.BAD_REQUEST
            title, text = ("Not signed in", why_not) if why_not else ("Signed in", _DONE)
        body = _PAGE.format(title=title, text=escape(text), style=_STYLE).encode()
        head_lines = (
            f"HTTP/1.1 {status} {status.phrase}",
            *_HEADERS,
            f"content-length: {len(body)}",
        )
        writer.write("\r\n".join((*head_lines, "", "")).encode() + body)
        async with asyncio.timeout(_WRITE_S):
            await writer.drain()


def target(head: bytes) -> str | HTTPStatus:
    """The target of the one request that is heard, else the status of its refusal."""
    request, hosts = _REQUEST.match(head), _HOST.findall(head)
    if request is None or len(hosts) != 1:
        return HTTPStatus.BAD_REQUEST
    if hosts[0].lower() not in _LOCAL_NAMES:
        return HTTPStatus.MISDIRECTED_REQUEST  # a foreign name that was pointed at this machine
    if request[1] != b"GET":
        return HTTPStatus.METHOD_NOT_ALLOWED
    if request[2].partition(b"?")[0].decode() != CALLBACK_PATH:
        return HTTPStatus.NOT_FOUND
    return request[2].decode()


def _bound(host: str, port: int) -> list[socket.socket]:
    """One socket; none if the machine has no such family. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if host in _LOOPBACK and family == socket.AF_INET6:
            return []
        raise
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(_MOST)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRNOTAVAIL and host == "::1":
            return []
        raise
    return [sock]
