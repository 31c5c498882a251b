"""What a browser gets while the dashboard is not built: what runs here, and what to copy.

No script, nothing from elsewhere; whoever may see it learns nothing but the version.
"""

import re
from collections.abc import Callable
from html import escape
from importlib.resources import files

from fastapi import FastAPI, Request
from starlette.responses import Response

_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?")
_DEFAULT_HOST = "127.0.0.1:2455"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_ASSETS = {"page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


def install(
    app: FastAPI, *, version: str, base: str, notice: str | None
) -> Callable[[Request, int], Response]:
    """Serve the page's assets. What comes back makes the page, with a status."""
    folder = files("codex_lb.dashboard") / "static"
    for name, kind in _ASSETS.items():
        _serve(app, f"/assets/{name}", (folder / name).read_bytes(), kind)
    banner = f'<p class="notice" role="note">{escape(notice)}</p>' if notice else ""
    page = (folder / "page.html").read_text("utf-8")
    page = page.replace("{version}", version).replace("{notice}", banner)

    def fill(request: Request, status: int) -> Response:
        host = request.headers.get("host", "")
        shown = host if _HOST.fullmatch(host) else _DEFAULT_HOST
        origin = f"{request.url.scheme}://{shown}{base}"
        return Response(
            page.replace("{origin}", origin).replace("{base}", base),
            status,
            {"cache-control": "no-cache", "content-security-policy": _POLICY},
            "text/html; charset=utf-8",
        )

    return fill


def _serve(app: FastAPI, path: str, content: bytes, kind: str) -> None:
    @app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)
    async def asset() -> Response:
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})
