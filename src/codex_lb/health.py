"""Whether this process lives, has started, and may be sent work."""

import asyncio

import msgspec

from codex_lb.asgi import Receive, Scope, Send
from codex_lb.store import Store, StoreError

_DATABASE_WAIT_S = 2.0


class Health:
    """`/health`, `/health/live`, `/health/ready`, `/health/startup`; open to everyone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        status, document = await self._answer(scope["path"].rstrip("/"))
        if scope["method"] not in ("GET", "HEAD"):
            status, document = 405, {"detail": "Method Not Allowed"}
        body = b"" if scope["method"] == "HEAD" else msgspec.json.encode(document)
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, path: str) -> tuple[int, dict[str, object]]:
        match path:
            case "/health":
                return 200, {"status": "ok"}
            case "/health/live" | "/health/startup":
                return 200, {"status": "ok", "checks": None}
            case "/health/ready":
                return await self._ready()
            case _:
                return 404, {"detail": "Not Found"}

    async def _ready(self) -> tuple[int, dict[str, object]]:
        if self.draining:
            return 503, {"detail": "The server is shutting down."}
        try:
            async with asyncio.timeout(_DATABASE_WAIT_S):
                await self._store.account("")
        except (StoreError, TimeoutError):
            return 503, {"detail": "The database does not answer."}
        writer = self._store.requests
        checks = {"database": "ok" if writer.last_error is None else "not writable"}
        log = {"waiting": writer.waiting, "lost": writer.lost}
        return 200, {"status": "ok", "checks": checks, "request_log": log}
