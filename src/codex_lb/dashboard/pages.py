"""Which page does a browser get for an address? The rules, in their order.

1. A program's address never gets a page.
2. Whoever is not the operator gets the page that signs in, at the address that was asked for, so
   that what follows needs no way back. On this machine `/login` is where to set a password.
3. The operator gets the dashboard, with the first data of the page inside, to spare a round trip.
4. An address that is none of the dashboard's gets it too, with status 404: it says so itself.

If the dashboard was not built, there is a plain page that says what runs here.
"""

import json
import re
import secrets

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message

from codex_lb import asgi
from codex_lb.core import operator
from codex_lb.dashboard import assets, plain_page
from codex_lb.dashboard.assets import Built
from codex_lb.dashboard.callers import Callers
from codex_lb.dashboard.guard import is_api
from codex_lb.dashboard.problems import Problem, answer
from codex_lb.store import StoreError

_OF_PROGRAMS = ("/v1", "/backend-api", "/health", "/metrics", "/assets")
_READ = ["GET", "HEAD"]
_THEME = "codex_lb_theme"  # a cookie, so that a page is never painted in the wrong colours first

# By the first part of a page's address: what it asks for first.
_SESSION = "/api/dashboard-auth/session"
_FIRST_DATA: dict[str, tuple[str, ...]] = {
    "": ("/api/ui/overview",),
    "accounts": ("/api/ui/accounts",),
    "connect": ("/api/ui/connect",),
    "keys": ("/api/ui/keys",),
    "login": (),
    "requests": ("/api/ui/requests",),
    "settings": ("/api/ui/settings",),
    "usage": (),
}
_BY_QUERY = frozenset({"requests"})  # these show something else with a query
_DEEPEST = 2  # parts of a page's address

# Whoever stops the page behind a dialog from scrolling adds a style sheet, hence the nonce.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)


def install(
    app: FastAPI,
    callers: Callers,
    built: Built | None,
    *,
    version: str,
    base: str = "",
    notice: str | None = None,
) -> None:
    """Serve pages and their assets, and a page for every path that nobody else has.

    `base`: what stands before every path in the browser, as `/codex`.
    """
    facts = {"version": version, "notice": notice}
    plain = plain_page.install(app, version=version, base=base, notice=notice)

    async def page(request: Request) -> Response:
        if built is None:
            return plain(request, 200 if request.url.path == "/" else 404)
        part = _first_part(request.url.path)
        asked = _FIRST_DATA.get(part)
        if part in _BY_QUERY and request.url.query:
            asked = ()
        signs_in = await _signs_in(callers, request)
        wanted = (_SESSION,) if signs_in or asked is None else (_SESSION, *asked)
        found = {path: await _ask(request, path) for path in wanted}
        first = {path: told for path, told in found.items() if told is not None}
        shown = built.login if signs_in else built.app
        status = 200 if signs_in or asked is not None else 404
        return _filled(shown, request, base, {**facts, "first": first}, status)

    @app.api_route("/assets/{name}", methods=_READ, include_in_schema=False)
    async def asset(request: Request, name: str) -> Response:
        sent = built and assets.send(built, name, request.headers.get("accept-encoding", ""))
        return sent or answer(Problem(404, "http_404", "Not Found"))

    @app.api_route("/", methods=_READ, include_in_schema=False)
    async def home(request: Request) -> Response:
        return await page(request)

    @app.exception_handler(404)
    async def missing(request: Request, _error: HTTPException) -> Response:
        if request.method in _READ and not _belongs_to_programs(request.url.path):
            return await page(request)
        return answer(Problem(404, "http_404", "Not Found"))


async def _signs_in(callers: Callers, request: Request) -> bool:
    """Who followed a link of another site is judged by what the page asks then."""
    try:
        caller = await callers.identify(request.scope, asgi.first_values(request.scope))
    except StoreError:
        return False  # the dashboard says what is wrong
    if request.url.path == "/login" and caller.kind == "local":
        return True  # to set the first password
    return caller.refusal not in (None, operator.CROSS_SITE)


async def _ask(request: Request, path: str) -> object:
    """What our own API tells this caller at `path`; None if that is nothing good."""
    status, body = 0, bytearray()

    async def take(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        body.extend(message.get("body", b""))

    kept = ("type", "asgi", "http_version", "scheme", "server", "client")
    scope = {name: request.scope[name] for name in kept}
    dropped = (b"accept-encoding", b"if-none-match")
    headers = [(name, value) for name, value in request.scope["headers"] if name not in dropped]
    asked = {"method": "GET", "path": path, "query_string": b"", "headers": headers}
    await request.app(scope | asked, request.receive, take)
    return json.loads(body) if status == 200 else None  # noqa: PLR2004


def _filled(page: str, request: Request, base: str, facts: object, status: int) -> Response:
    nonce, theme = secrets.token_urlsafe(16), request.cookies.get(_THEME)
    shown = theme if theme in ("light", "dark") else "system"
    values = {
        "__base__": base,
        "__nonce__": nonce,
        "__theme__": shown,
        "__facts__": json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c"),
    }
    text = re.sub("|".join(map(re.escape, values)), lambda found: values[found[0]], page)
    policy = _POLICY.replace("{nonce}", nonce)
    return Response(text, status, {"content-security-policy": policy}, "text/html; charset=utf-8")


def _first_part(path: str) -> str:
    """Deeper than any page lies what no page has."""
    parts = path.strip("/").split("/")
    return parts[0] if len(parts) <= _DEEPEST else "/"


def _belongs_to_programs(path: str) -> bool:
    return is_api(path) or any(path == p or path.startswith(f"{p}/") for p in _OF_PROGRAMS)
