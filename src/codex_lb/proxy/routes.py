"""The data plane's paths: which endpoint, which dialect, and what may pass.

A raw ASGI callable: everything here is on the way to the first byte. Caller, origin and
method are judged before a byte of the body is read.
"""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from codex_lb import __version__, asgi
from codex_lb.asgi import ClientGoneError, Receive, Scope, Send
from codex_lb.core import access, affinity, answers, catalogue, json_guard, keys, responses
from codex_lb.core.answers import Answer
from codex_lb.core.catalogue import Catalogue, Document
from codex_lb.core.keys import ApiKey
from codex_lb.core.model import OpenedRequest
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Call, Dialect
from codex_lb.proxy import body
from codex_lb.proxy.downstream import Downstream, ShutdownError
from codex_lb.proxy.exchange import Exchange
from codex_lb.proxy.gate import Gate
from codex_lb.proxy.models import Models
from codex_lb.proxy.parts import Parts, Request
from codex_lb.proxy.turnstile import Turnstile

_log = structlog.get_logger(__name__)

_MIB = 1024 * 1024
_LONG_READ = 2 * _MIB  # reading a larger body takes longer than others should wait
_CODEX = "/backend-api/codex"
_ONE_MODEL = "/v1/models/"
_OWN_USAGE = "/v1/usage"
USAGE_PATH = "/api/codex/usage"  # beside the operator's API, because Codex asks there


@dataclass(slots=True)
class _Asked:
    """One HTTP request on its way through the routes."""

    scope: Scope
    receive: Receive
    send: Send
    path: str
    dialect: Dialect
    headers: dict[str, str]
    id: str
    client_id: str  # by which the client knows it
    key: ApiKey | None = None  # that the client has shown

    def downstream(
        self, *, streams: bool = False, quota: Callable[[], Mapping[str, str]] = dict
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
        )


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
        self._parts = parts
        self._models = models
        self._gate = gate
        self._own_usage = own_usage
        self._max_body = max_responses_body_mb * _MIB
        self._live: dict[Downstream, ApiKey | None] = {}
        self._new_id = _request_ids()
        self._turnstile = Turnstile()
        self.draining = False
        self._routes: dict[str, tuple[str, Callable[[_Asked], Awaitable[None]]]] = {
            "/v1/responses": ("POST", self._responses),
            f"{_CODEX}/responses": ("POST", self._responses),
            "/v1/models": ("GET", self._list_models),
            f"{_CODEX}/models": ("GET", self._list_models),
            _OWN_USAGE: ("GET", self._tell_own_usage),
            USAGE_PATH: ("GET", self._tell_quota),
            "/backend-api/wham/usage": ("GET", self._tell_quota),
        }

    def stop_all(self) -> None:
        """End what still runs; every client is told."""
        for client in list(self._live):
            client.stop(answers.shutting_down())

    def stop_revoked(self, is_good: Callable[[ApiKey], bool]) -> None:
        """End the streams of keys that may not be used any more."""
        for client, key in list(self._live.items()):
            if key is not None and not is_good(key):
                client.stop(answers.revoked())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _read_head(scope, receive, send, self._new_id())
        one_model = asked.path.startswith(_ONE_MODEL)
        route = ("GET", self._tell_model) if one_model else self._routes.get(asked.path)
        answer = self._refused(asked, route[0] if route else None)
        if answer is not None or route is None:
            return await asked.downstream().answer(answer or answers.not_found(asked.path))
        try:
            return await route[1](asked)
        except (ClientGoneError, ShutdownError):
            return None

    def _refused(self, asked: _Asked, method: str | None) -> Answer | None:
        """Why the request stays outside; None: it may pass."""
        asked_method = asked.scope["method"]
        if access.is_cross_site(asked_method, asked.headers):
            return answers.forbidden("Requests from other sites are refused.", "cross_site_request")
        caller = self._gate.judge(
            self._address(asked), asked.headers, insists=asked.path == _OWN_USAGE
        )
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

    def _address(self, asked: _Asked) -> str | None:
        return access.caller_address(asgi.peer(asked.scope), asked.headers, self._gate.proxies)

    # -- responses ------------------------------------------------------------------------------

    async def _responses(self, asked: _Asked) -> None:
        call = await self._read_call(asked)
        if isinstance(call, Answer):
            return await asked.downstream().answer(call)
        client = asked.downstream(streams=call.stream, quota=self._parts.told.headers)
        key = asked.key
        tie = affinity.of(call, asked.headers, api_key_id=key.id if key else None)
        row = self._row(asked, call, tie)
        request = Request(call, asked.dialect, tie, asked.headers, row, key)
        self._live[client] = key
        try:
            await Exchange(self._parts, request, client).serve()
        except (ClientGoneError, ShutdownError):
            raise
        except Exception:  # noqa: BLE001  the edge: a defect must not leave the client unanswered
            _log.exception("exchange failed", request=asked.id, client_id=asked.client_id)
            if not client.started:
                await client.answer(answers.internal())
        finally:
            del self._live[client]

    async def _read_call(self, asked: _Asked) -> Call | Answer:
        try:
            data = await body.read(asked.receive, asked.headers, limit=self._max_body)
            await self._turnstile.enter()
            if len(data) > _LONG_READ:  # others are served meanwhile
                return await asyncio.to_thread(_judged, data, asked.dialect, asked.key)
            return _judged(data, asked.dialect, asked.key)
        except BadRequestError as error:
            return answers.bad_request(error)
        except body.TooLargeError:
            return answers.too_large(self._max_body, asked.dialect)
        except body.UnsupportedEncodingError as error:
            return answers.unsupported_encoding(error.coding, asked.dialect)
        except (body.BadEncodingError, body.TruncatedError) as error:
            return answers.bad_request(BadRequestError(str(error)))

    def _row(self, asked: _Asked, call: Call, tie: affinity.Affinity) -> OpenedRequest:
        return OpenedRequest(
            id=asked.id,
            opened_at_ms=int(self._parts.clock() * 1000),
            endpoint="responses",
            transport="sse" if call.stream else "http",
            model=call.model,
            effort=call.effort,
            service_tier=call.service_tier,
            api_key_id=asked.key.id if asked.key else None,
            conversation_id=tie.conversation,
            user_agent=asked.headers.get("user-agent"),
            client_ip=self._address(asked),
        )

    # -- quota ----------------------------------------------------------------------------------

    async def _tell_quota(self, asked: _Asked) -> None:
        """For `/status` in Codex: the pool as one account, in upstream's shape."""
        document = self._parts.told.document()
        sent = {"content-type": "application/json", "cache-control": "no-store"}
        await asked.downstream().reply(200, sent, document)

    async def _tell_own_usage(self, asked: _Asked) -> None:
        if asked.key is None:
            raise RuntimeError("the gate insists on a key here")
        document = await self._own_usage(asked.key)
        sent = {"content-type": "application/json", "cache-control": "no-store"}
        await asked.downstream().reply(200, sent, document)

    # -- models ---------------------------------------------------------------------------------

    async def _list_models(self, asked: _Asked) -> None:
        known = _allowed(await self._models.get(), asked.key)
        versioned = b"client_version=" in asked.scope.get("query_string", b"")
        wants_codex = asked.dialect is Dialect.CODEX or versioned
        await _send_document(asked, known.codex if wants_codex else known.openai)

    async def _tell_model(self, asked: _Asked) -> None:
        slug = asked.path.removeprefix(_ONE_MODEL)
        document = _allowed(await self._models.get(), asked.key).entry(slug)
        if document is None:
            return await asked.downstream().answer(answers.no_such_model(slug))
        return await _send_document(asked, document)


def _allowed(known: Catalogue, key: ApiKey | None) -> Catalogue:
    """What of the catalogue the key may use."""
    if key is None or not keys.restricts(key.terms):
        return known
    return catalogue.narrowed(
        known, lambda slug: keys.allows(key.terms, slug), hides=key.terms.shows_hidden
    )


async def _send_document(asked: _Asked, document: Document) -> None:
    client = asked.downstream()
    tags = {"etag": document.etag, "cache-control": "no-cache"}
    if document.etag in asked.headers.get("if-none-match", ""):
        return await client.reply(304, tags, b"")
    body = b"" if asked.scope["method"] == "HEAD" else document.body
    return await client.reply(200, tags | {"content-type": "application/json"}, body)


def _judged(data: bytes, dialect: Dialect, key: ApiKey | None) -> Call | Answer:
    """The call as the key would have it, or why the key may not make it. Raises `BadRequestError`."""
    if not json_guard.is_harmless(data):
        complaint = json_guard.refuse(data)
        if complaint:
            raise BadRequestError(complaint)
    call = responses.read(data, dialect)
    if key is None:
        return call
    call = keys.imposed(key, call)
    return keys.refused_call(key, call.model, call.effort) or call


def _request_ids() -> Callable[[], str]:
    """32 hexadecimal digits at each call, never the same twice: this process's own, and a count."""
    process, count = secrets.token_hex(10), itertools.count(1)
    return lambda: f"{process}{next(count):012x}"


def _read_head(scope: Scope, receive: Receive, send: Send, request_id: str) -> _Asked:
    path = scope["path"].rstrip("/") or "/"
    if path.startswith(f"{_CODEX}/v1/"):  # some clients append /v1 to any base URL
        path = _CODEX + path[len(_CODEX) + 3 :]
    headers = asgi.first_values(scope)
    client_id = asgi.own_request_id(headers) or request_id
    dialect = Dialect.CODEX if path.startswith("/backend-api") else Dialect.OPENAI
    return _Asked(scope, receive, send, path, dialect, headers, request_id, client_id)
