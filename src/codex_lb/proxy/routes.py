"""The data plane's paths: which endpoint, which dialect, and what may pass.

A raw ASGI callable: everything here is on the way to the first byte. Caller, origin and
method are judged before a byte of the body is read.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from codex_lb import asgi
from codex_lb.asgi import ClientGoneError, Receive, Scope, Send
from codex_lb.core import access, answers
from codex_lb.core.answers import Answer
from codex_lb.core.keys import ApiKey
from codex_lb.proxy import forms
from codex_lb.proxy.asked import CODEX, Asked, read_head, request_ids
from codex_lb.proxy.downstream import ShutdownError
from codex_lb.proxy.gate import Gate
from codex_lb.proxy.listings import ONE_MODEL, Listings
from codex_lb.proxy.models import Models
from codex_lb.proxy.parts import Parts
from codex_lb.proxy.serving import Serving

_OWN_USAGE = "/v1/usage"
USAGE_PATH = "/api/codex/usage"  # beside the operator's API, because Codex asks there

Route = tuple[str, Callable[[Asked], Awaitable[None]]]  # method, what serves it


class DataPlane:
    """`/v1` and `/backend-api`."""

    def __init__(
        self,
        parts: Parts,
        models: Models,
        gate: Gate,
        own_usage: Callable[[ApiKey], Awaitable[bytes]],
        *,
        max_responses_body_mb: int,
    ) -> None:
        """`own_usage`: the answer to a key's owner who asks what it has used."""
        self._gate = gate
        self.serving = Serving(parts, max_body_mb=max_responses_body_mb)
        self._new_id = request_ids()
        self.draining = False
        told = Listings(models, parts.told, own_usage)
        responses = partial(self.serving.serve, forms.RESPONSES)
        self._one_model: Route = ("GET", told.model)
        self._routes: dict[str, Route] = {
            "/v1/responses": ("POST", responses),
            f"{CODEX}/responses": ("POST", responses),
            "/v1/models": ("GET", told.models),
            f"{CODEX}/models": ("GET", told.models),
            _OWN_USAGE: ("GET", told.own_usage),
            USAGE_PATH: ("GET", told.quota),
            "/backend-api/wham/usage": ("GET", told.quota),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = read_head(scope, receive, send, self._new_id())
        asked.address = access.caller_address(asgi.peer(scope), asked.headers, self._gate.proxies)
        route = self._route(asked.path)
        answer = self._refused(asked, route[0] if route else None)
        if answer is not None or route is None:
            return await asked.downstream().answer(answer or answers.not_found(asked.path))
        try:
            return await route[1](asked)
        except (ClientGoneError, ShutdownError):
            return None

    def _route(self, path: str) -> Route | None:
        return self._one_model if path.startswith(ONE_MODEL) else self._routes.get(path)

    def _refused(self, asked: Asked, method: str | None) -> Answer | None:
        """Why the request stays outside; None: it may pass."""
        asked_method = asked.scope["method"]
        if access.is_cross_site(asked_method, asked.headers):
            return answers.forbidden("Requests from other sites are refused.", "cross_site_request")
        caller = self._gate.judge(asked.address, asked.headers, insists=asked.path == _OWN_USAGE)
        if isinstance(caller, Answer):
            return caller
        asked.key = caller
        if method is None:
            return answers.not_found(asked.path)
        if method == "POST" and asked.headers.get("upgrade", "").lower() == "websocket":
            return answers.no_websocket()
        if asked_method != method and not (method == "GET" and asked_method == "HEAD"):
            return answers.wrong_method(asked_method, asked.path)
        return answers.shutting_down() if self.draining else None
