"""One HTTP request on its way through the routes: its head, and the way back to its client."""

import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from codex_lb import __version__, asgi
from codex_lb.asgi import Receive, Scope, Send
from codex_lb.core.answers import Answer
from codex_lb.core.keys import ApiKey
from codex_lb.core.responses import Dialect
from codex_lb.proxy.downstream import Downstream

CODEX = "/backend-api/codex"


@dataclass(slots=True)
class Asked:
    scope: Scope
    receive: Receive
    send: Send
    path: str
    dialect: Dialect
    headers: dict[str, str]
    id: str
    client_id: str  # by which the client knows it
    address: str | None = None  # from which it comes, behind trusted proxies
    key: ApiKey | None = None  # that the client has shown

    def downstream(
        self,
        *,
        streams: bool = False,
        quota: Callable[[], Mapping[str, str]] = dict,
        is_handshake: bool = False,
    ) -> Downstream:
        return Downstream(
            self.receive,
            self.send,
            dialect=self.dialect,
            headers={
                "x-request-id": self.client_id,
                "x-app-version": __version__,
            },
            quota=quota,
            streams=streams,
            write_now=asgi.write_now(self.scope),
            says_as_event=_never if is_handshake else None,
            is_brief=is_handshake,
        )


def _never(_answer: Answer) -> bool:
    return False


def request_ids() -> Callable[[], str]:
    """32 hexadecimal digits at each call, never the same twice: this process's own, and a count."""
    process, count = secrets.token_hex(10), itertools.count(1)
    return lambda: f"{process}{next(count):012x}"


def read_head(scope: Scope, receive: Receive, send: Send, request_id: str) -> Asked:
    path = scope["path"].rstrip("/") or "/"
    if path.startswith(f"{CODEX}/v1/"):  # some clients append /v1 to any base URL
        path = CODEX + path[len(CODEX) + 3 :]
    headers = asgi.first_values(scope)
    client_id = asgi.own_request_id(headers) or request_id
    dialect = Dialect.CODEX if path.startswith("/backend-api") else Dialect.OPENAI
    return Asked(scope, receive, send, path, dialect, headers, request_id, client_id)
