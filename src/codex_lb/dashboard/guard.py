"""Decide, before a byte of the body is read, whether a request may reach `/api` at all.

The operator is who shows the admin token. While none is set, it is whoever works on this machine: a
caller from loopback, under a local host name, with no trace of a proxy in between. A foreign web page
in the operator's browser is nobody in both cases (`core/access.py` has these rules).
"""

import hmac
from collections.abc import Collection, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from codex_lb import asgi
from codex_lb.core.access import SAFE_METHODS, Standing, bearer, is_foreign, standing
from codex_lb.dashboard.problems import Problem, answer

# Of what a form of a foreign page can send without asking, only the upload's type is among them.
_BODIES = frozenset({"application/json", "multipart/form-data"})


class Guard:
    """ASGI middleware in front of everything under `/api`; other paths pass."""

    def __init__(
        self, app: ASGIApp, *, allowed_hosts: Collection[str], admin_token: str | None
    ) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts
        self._admin_token = admin_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_api(scope["path"]):
            refusal = self._judge(scope)
            if refusal is not None:
                await answer(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _judge(self, scope: Scope) -> Problem | None:
        headers = asgi.first_values(scope)
        # Reading is refused like writing: what is given here rests on the caller's address alone.
        if is_foreign(headers):
            return Problem(
                403, "cross_site_request", "The request comes from a page of another site."
            )
        stranger = self._stranger(scope, headers)
        if stranger is not None:
            return stranger
        if (
            scope["method"] not in SAFE_METHODS
            and _has_body(headers)
            and _content_type(headers) not in _BODIES
        ):
            return Problem(415, "unsupported_media_type", "Send JSON as application/json.")
        return None

    def _stranger(self, scope: Scope, headers: Mapping[str, str]) -> Problem | None:
        """Why the caller is not the operator."""
        if self._admin_token is not None:
            return _by_token(self._admin_token, bearer(headers))
        allowed = self._allowed_hosts
        if standing(asgi.peer(scope), headers, allowed_hosts=allowed) is Standing.LOCAL:
            return None
        return Problem(
            401,
            "bootstrap_required",
            "Only callers on this machine may use this, under a local host name and not through a"
            " proxy.",
        )


def _by_token(token: str, shown: str | None) -> Problem | None:
    if shown is None:
        return Problem(401, "authentication_required", "Show the admin token as a bearer token.")
    if not hmac.compare_digest(shown.encode(), token.encode()):
        return Problem(401, "invalid_admin_token", "The admin token is wrong.")
    return None


def is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _has_body(headers: Mapping[str, str]) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
