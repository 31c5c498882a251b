"""The page a browser gets: what runs here and which addresses to copy, without any script.

Whatever is asked for beyond the known paths gets the same page with status 404, so that a
mistyped address still leads somewhere; the paths of programs never do.
"""

import re
from html import escape
from importlib.resources import files

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from codex_lb.dashboard.guard import is_api
from codex_lb.dashboard.problems import Problem, answer

_OF_PROGRAMS = ("/v1", "/backend-api", "/health", "/metrics")
_READ = ["GET", "HEAD"]
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?")
_DEFAULT_HOST = "127.0.0.1:2455"

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_ASSETS = {"page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


def install(app: FastAPI, *, version: str, notice: str | None = None) -> None:
    """Serve the page and its assets, and give it for every path that nobody else has."""
    folder = files("codex_lb.dashboard") / "static"
    banner = f'<p class="notice" role="note">{escape(notice)}</p>' if notice else ""
    page = (folder / "page.html").read_text("utf-8")
    page = page.replace("{version}", version).replace("{notice}", banner)

    @app.api_route("/", methods=_READ, include_in_schema=False)
    async def home(request: Request) -> Response:
        return _page(page, request, 200)

    for name, kind in _ASSETS.items():
        _serve(app, f"/assets/{name}", (folder / name).read_bytes(), kind)

    @app.exception_handler(404)
    async def missing(request: Request, _error: HTTPException) -> Response:
        if request.method in _READ and not _belongs_to_programs(request.url.path):
            return _page(page, request, 404)
        return answer(Problem(404, "http_404", "Not Found"))


def _serve(app: FastAPI, path: str, content: bytes, kind: str) -> None:
    @app.api_route(path, methods=_READ, include_in_schema=False)
    async def asset() -> Response:
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})


def _page(page: str, request: Request, status: int) -> Response:
    host = request.headers.get("host", "")
    shown = host if _HOST.fullmatch(host) else _DEFAULT_HOST
    return Response(
        page.replace("{origin}", f"{request.url.scheme}://{shown}"),
        status,
        {"cache-control": "no-cache", "content-security-policy": _POLICY},
        "text/html; charset=utf-8",
    )


def _belongs_to_programs(path: str) -> bool:
    return is_api(path) or any(path == p or path.startswith(f"{p}/") for p in _OF_PROGRAMS)
