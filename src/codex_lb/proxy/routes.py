"""The data plane's paths: which endpoint, which dialect, and what may pass.

A raw ASGI callable: everything here is on the way to the first byte. Caller, origin and
method are judged before a byte of the body is read.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from codex_lb import asgi
from codex_lb.asgi import ClientGoneError, Receive, Scope, Send
from codex_lb.core import access, answers, upgrade
from codex_lb.core.answers import Answer
from codex_lb.core.keys import ApiKey
from codex_lb.proxy import forms
from codex_lb.proxy.asked import CODEX, Asked, read_head, request_ids
from codex_lb.proxy.beside import Beside, Route
from codex_lb.proxy.downstream import ShutdownError
from codex_lb.proxy.gate import Gate
from codex_lb.proxy.listings import ONE_MODEL, Listings
from codex_lb.proxy.models import Models
from codex_lb.proxy.parts import Parts
from codex_lb.proxy.serving import Serving
from codex_lb.proxy.sockets import Sockets

_OWN_USAGE = "/v1/usage"
USAGE_PATH = "/api/codex/usage"  # beside the operator's API, because Codex asks there

# Below `/v1` and the Codex route alike.
_FORMS = {
    "/responses": forms.RESPONSES,
    "/responses/compact": forms.COMPACT,
    "/images/generations": forms.IMAGES,
    "/images/edits": forms.IMAGE_EDITS,
}


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
        self._on_refused = parts.on_refused
        self.serving = Serving(parts, max_body_mb=max_responses_body_mb)
        self._new_id = request_ids()
        self.draining = False
        self._beside = Beside(self.serving)
        told = Listings(models, parts.told, own_usage)
        sockets = Sockets(
            self.serving, parts, self._caller, self._new_id, max_frame_mb=max_responses_body_mb
        )
        socket: Route = ("GET", sockets.serve)
        self._sockets = {"/v1/responses": socket, f"{CODEX}/responses": socket}
        self._one_model: Route = ("GET", told.model)
        self._routes: dict[str, Route] = {
            **{
                prefix + path: ("POST", partial(self.serving.serve, form))
                for prefix in ("/v1", CODEX)
                for path, form in _FORMS.items()
            },
            "/v1/chat/completions": ("POST", partial(self.serving.serve, forms.CHAT)),
            "/v1/models": ("GET", told.models),
            f"{CODEX}/models": ("GET", told.models),
            _OWN_USAGE: ("GET", told.own_usage),
            USAGE_PATH: ("GET", told.quota),
            "/backend-api/wham/usage": ("GET", told.quota),
            **self._beside.routes(),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = read_head(scope, receive, send, self._new_id())
        asked.address = access.caller_address(asgi.peer(scope), asked.headers, self._gate.proxies)
        route = self._route(asked)
        answer = self._refused(asked, route[0] if route else None)
        if answer is not None or route is None:
            answer = answer or answers.not_found(asked.path)
            self._on_refused(asked.path, asked.headers, asked.address, answer)
            return await asked.downstream().answer(answer)
        try:
            return await route[1](asked)
        except (ClientGoneError, ShutdownError):
            return None

    def _route(self, asked: Asked) -> Route | None:
        is_upgrade = asked.scope["method"] == "GET" and upgrade.is_asked(asked.headers)
        if is_upgrade and asked.path in self._sockets:
            return self._sockets[asked.path]
        if asked.path.startswith(ONE_MODEL):
            return self._one_model
        return self._routes.get(asked.path) or self._beside.uploaded(asked.path)

    def _caller(self, asked: Asked) -> ApiKey | Answer | None:
        return self._gate.judge(asked.address, asked.headers, insists=asked.path == _OWN_USAGE)

    def _refused(self, asked: Asked, method: str | None) -> Answer | None:
        """Why the request stays outside; None: it may pass."""
        asked_method = asked.scope["method"]
        if access.is_cross_site(asked_method, asked.headers):
            return answers.forbidden("Requests from other sites are refused.", "cross_site_request")
        caller = self._caller(asked)
        if isinstance(caller, Answer):
            return caller
        asked.key = caller
        if method is None:
            return answers.not_found(asked.path)
        if asked_method != method and not (method == "GET" and asked_method == "HEAD"):
            return answers.wrong_method(asked_method, asked.path)
        return answers.shutting_down() if self.draining else None
