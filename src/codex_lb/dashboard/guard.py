"""Decide, before a byte of the body is read, whether a request may reach `/api` at all.

Who is the operator is decided in `core/operator.py`. Whoever is not gets to the routes of signing in
alone. The routes find the caller in the request's scope.
"""

from collections.abc import Mapping

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codex_lb import asgi
from codex_lb.core import operator
from codex_lb.core.access import SAFE_METHODS
from codex_lb.core.operator import Caller
from codex_lb.dashboard.callers import CALLER, SIGN_IN, Callers
from codex_lb.dashboard.problems import Problem, answer
from codex_lb.store import StoreError

# Of what a form of a foreign page can send without asking, only the upload's type is among them.
_BODIES = frozenset({"application/json", "multipart/form-data"})
_MOST_BYTES = 2_097_152  # of a body
_UPLOADS = ("/api/accounts/import", "/api/bundle/import")  # bound theirs themselves

_log = structlog.get_logger(__name__)


class Guard:
    """ASGI middleware in front of everything under `/api`; other paths pass."""

    def __init__(self, app: ASGIApp, *, callers: Callers) -> None:
        self._app = app
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_api(scope["path"]):
            headers = asgi.first_values(scope)
            try:
                scope[CALLER] = await self._callers.identify(scope, headers)
            except StoreError as error:
                _log.warning("caller not identified", error=str(error))
                await answer(_unavailable())(scope, receive, send)
                return
            refusal = _refusal(scope, headers, scope[CALLER])
            if refusal is not None:
                await answer(refusal)(scope, receive, send)
                return
            if not scope["path"].startswith(_UPLOADS):
                receive = _bounded(receive)
        await self._app(scope, receive, send)


def _refusal(scope: Scope, headers: Mapping[str, str], caller: Caller) -> Problem | None:
    why = caller.refusal
    if why is not None and (why is operator.CROSS_SITE or not scope["path"].startswith(SIGN_IN)):
        return Problem.of(why)
    if (
        scope["method"] not in SAFE_METHODS
        and _has_body(headers)
        and _content_type(headers) not in _BODIES
    ):
        return Problem(415, "unsupported_media_type", "Send JSON as application/json.")
    return None


def _bounded(receive: Receive) -> Receive:
    left = _MOST_BYTES

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return bounded


def is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _has_body(headers: Mapping[str, str]) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _unavailable() -> Problem:
    return Problem(503, "store_unavailable", "The database does not answer. Try again.")
