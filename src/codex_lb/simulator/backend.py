"""The ChatGPT back end: every endpoint below `/backend-api`.

All of them want a live bearer token of a known account and its id in `chatgpt-account-id`.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import hdrs, web

from codex_lb.simulator import (
    answers,
    catalogue,
    quota,
    refusals,
    sentinels,
    sockets,
    strict,
    turns,
)
from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.files import file_routes
from codex_lb.simulator.record import Received
from codex_lb.simulator.refusals import Reply, json_reply
from codex_lb.simulator.site import Site, carry_out, once, receive, request_object, signed_in
from codex_lb.simulator.staging import Stream
from codex_lb.simulator.turns import Context

BASE = "/backend-api"
JsonObject = dict[str, Any]
Default = Callable[[SimAccount, Received], Reply]

# Control paths that Codex CLI calls and a proxy passes through on one account.
CONTROL = re.compile(
    r"/(codex/(thread/goal|analytics-events|memories|realtime|safety|alpha|agent-identities)"
    r"|wham/(settings|agent-identities)|ps)/"
)


def routes(site: Site) -> list[web.RouteDef]:
    def single(method: str, path: str, endpoint: str, default: Default) -> web.RouteDef:
        return web.route(method, BASE + path, _single(site, endpoint, default))

    async def responses(request: web.Request) -> web.StreamResponse:
        if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
            return await sockets.serve(site, request)
        return await _responses(site, request)

    return [
        web.route("*", f"{BASE}/codex/responses", responses),
        single("POST", "/codex/responses/compact", "compact", lambda a, r: _compact(site, a, r)),
        single("GET", "/codex/models", "models", _models),
        single("GET", "/wham/usage", "usage", _usage),
        single("GET", "/wham/accounts/check", "accounts_check", _accounts_check),
        single("POST", "/wham/rate-limit-reset-credits/consume", "control", _redeem),
        single("POST", "/transcribe", "transcribe", _transcribe),
        *file_routes(site, BASE, _single),
        single("*", "/{rest:.*}", "control", _echo),
    ]


def _single(site: Site, endpoint: str, default: Default) -> Callable[[web.Request], Any]:
    """A handler that checks the login and answers with one body."""

    async def handle(request: web.Request) -> web.StreamResponse:
        received = await receive(site, request, endpoint)
        account = signed_in(site, request)
        if isinstance(account, Reply):
            return await carry_out(site, request, account, received)
        return await once(site, request, received, account, lambda: default(account, received))

    return handle


async def _responses(site: Site, request: web.Request) -> web.StreamResponse:
    received = await receive(site, request, "responses")
    with site.record.living("stream"):
        account = signed_in(site, request)
        if isinstance(account, Reply):
            return await carry_out(site, request, account, received)
        received.account = account
        body = _streaming_request(request, received, account)
        if isinstance(body, Reply):
            return await carry_out(site, request, body, received)
        headers = turns.stream_headers(site, account, received)
        staged = turns.outcome(site, account, body, received, Context())
        if not isinstance(staged, Stream):
            return await carry_out(site, request, staged, received)
        own = (*headers, ("openai-model", staged.story.model))
        return await carry_out(site, request, staged, received, own)


def _streaming_request(
    request: web.Request, received: Received, account: SimAccount
) -> JsonObject | Reply:
    if request.method != "POST":
        return refusals.detail(405, "Method Not Allowed")
    body = request_object(received)
    if isinstance(body, Reply):
        return body
    refusal = turns.malformed(body, account, Context(), strict.PARAMETERS)
    refusal = refusal or strict.check_streaming(body)
    if refusal is None and body.get("previous_response_id") is not None:
        # Nothing is stored, so an anchor is alive only on the WebSocket that made it.
        refusal = refusals.lost_anchor(str(body["previous_response_id"]))
    return refusal or body


def _compact(site: Site, account: SimAccount, received: Received) -> Reply:
    body = request_object(received)
    if isinstance(body, Reply):
        return body
    refusal = turns.malformed(body, account, Context(), strict.COMPACT_PARAMETERS)
    if refusal is not None:
        return refusal
    tokens = len(received.body) // 4
    usage = {"input_tokens": tokens, "output_tokens": 80, "total_tokens": tokens + 80}
    answer = {
        "id": site.new_id("resp"),
        "object": "response.compaction",
        "created_at": int(site.clock()),
        "output": [answers.compaction(site.new_id, account.seal)],
        "usage": usage,
    }
    account.charge(quota.cost(tokens, 0, 80), None, tokens)
    return json_reply(200, answer)


def _models(account: SimAccount, received: Received) -> Reply:
    version = catalogue.version(received.query.get("client_version", ""))
    if version is None:
        return refusals.detail(400, "client_version is required")
    etag = catalogue.plan_etag(account.plan)
    if received.headers.get("if-none-match") == etag:
        return Reply(304, b"", headers=(("etag", etag),))
    body = catalogue.listing(account.plan, version, sentinels.names())
    return json_reply(200, body, {"etag": etag})


def _usage(account: SimAccount, _: Received) -> Reply:
    body = quota.usage_body(
        account.plan, account.windows, account.credits, account.extras, account.clock()
    )
    body |= {
        "account_id": account.account_id,
        "user_id": account.user_id,
        "email": account.email,
        "rate_limit_reset_credits": {"available_count": account.reset_credits},
    }
    return json_reply(200, body)


def _accounts_check(account: SimAccount, _: Received) -> Reply:
    entry = {
        "id": account.account_id,
        "name": None,
        "plan_type": account.plan,
        "profile_picture_url": None,
        "structure": "workspace" if account.workspace_id else "personal",
        "workspace_backend_origin": "https://chatgpt.com",
        "account_routing_override": "NO_CONSTRAINT",
    }
    body = {
        "accounts": [entry],
        "account_ordering": [account.account_id],
        "default_account_id": account.account_id,
    }
    return json_reply(200, body)


def _redeem(account: SimAccount, _: Received) -> Reply:
    """Spend a reset credit: all windows start anew."""
    if account.reset_credits == 0:
        return json_reply(200, {"code": "no_credit", "windows_reset": 0})
    used = [window for window in account.windows if window.used > 0]
    if not used:
        return json_reply(200, {"code": "nothing_to_reset", "windows_reset": 0})
    account.reset_credits -= 1
    for window in used:
        window.used = 0.0
        window.resets_at = account.clock() + window.minutes * 60
    return json_reply(200, {"code": "reset", "windows_reset": len(used)})


def _transcribe(_: SimAccount, received: Received) -> Reply:
    if not received.headers.get("content-type", "").startswith("multipart/form-data"):
        return refusals.detail(400, "Expected multipart/form-data")
    if b'name="file"' not in received.body:
        return refusals.detail(422, "Field required: file")
    return json_reply(200, {"text": "Hello from the simulator."})


def _echo(account: SimAccount, received: Received) -> Reply:
    """Control paths tell what arrived, so that a relay can be checked; others are unknown."""
    if not CONTROL.match(received.path, len(BASE)):
        return refusals.CASES["not_found"]
    try:
        body = received.json if received.body else None
    except msgspec.DecodeError:
        body = received.body.decode(errors="replace")
    seen = {"method": received.method, "path": received.path, "query": received.query}
    return json_reply(200, seen | {"account_id": account.account_id, "body": body})
