"""The outermost layer of the control plane: what is true of every answer, whoever gives it.

Each answer carries our request id, the version and the headers that keep browsers from storing,
framing or guessing at it. An exception that nobody foresaw ends here, logged, as a plain 500.
"""

import uuid
from collections.abc import Iterable

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codex_lb import asgi
from codex_lb.dashboard.problems import Problem, answer

log = structlog.get_logger(__name__)

REQUEST_ID = "codex_lb.request_id"  # in a scope: by which the caller knows its request

RawHeaders = list[tuple[bytes, bytes]]

# Stand wherever an answer does not say otherwise itself.
_DEFAULTS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}


class Edge:
    """ASGI middleware. A path with and without its last slash is one path for all within."""

    def __init__(self, app: ASGIApp, *, version: str) -> None:
        self._app = app
        self._version = version.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # none lives here
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = asgi.own_request_id(asgi.first_values(scope)) or str(uuid.uuid4())
        path = scope["path"].rstrip("/") or "/"
        scope = {**scope, "path": path, REQUEST_ID: request_id}
        started = False

        async def framed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = [(b"x-request-id", request_id.encode()), (b"x-app-version", self._version)]
                headers = _with_defaults(message.get("headers", ())) + own
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except ClientDisconnect:
            log.info("caller hung up", path=scope["path"], request_id=request_id)
        except Exception:
            log.exception("request crashed", path=scope["path"], request_id=request_id)
            if started:
                raise  # only the server can still end it: by closing the connection
            await answer(_CRASH)(scope, receive, framed)


_CRASH = Problem(500, "internal_error", "Something went wrong here; the log has the details.")


def _with_defaults(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    said = list(headers)
    names = {name.lower() for name, _ in said}
    return said + [(name, value) for name, value in _DEFAULTS.items() if name not in names]
