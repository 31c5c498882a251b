"""The login host: how an account gets its tokens.

Browser login with PKCE, device login, and refresh, all beside the back end on the same port. The
page at `/oauth/authorize` asks nothing but which account to be; a name in `login_hint` answers it.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

from codex_lb.simulator import refusals
from codex_lb.simulator.accounts import CLIENT_ID, SimAccount
from codex_lb.simulator.record import Received
from codex_lb.simulator.refusals import Reply, json_reply
from codex_lb.simulator.site import Site, carry_out, once, receive, request_object

JsonObject = dict[str, Any]

DEVICE_TTL_S = 900.0
CODE_TTL_S = 600.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})


@dataclass(frozen=True, slots=True)
class _Grant:
    """An authorization code: single use, bound to a challenge and a redirect."""

    account: SimAccount
    challenge: str
    redirect_uri: str
    expires_at: float


@dataclass(slots=True)
class _Device:
    user_code: str
    expires_at: float
    account: SimAccount | None = None  # None: not approved yet


@dataclass(slots=True)
class Login:
    """Logins under way."""

    site: Site
    interval_s: int = 5  # between polls of a device login, as told to the client
    device_enabled: bool = True
    grants: dict[str, _Grant] = field(default_factory=dict)
    devices: dict[str, _Device] = field(default_factory=dict)

    def grant(self, account: SimAccount, challenge: str, redirect_uri: str) -> str:
        code = self.site.new_id("ac")
        expires_at = self.site.clock() + CODE_TTL_S
        self.grants[code] = _Grant(account, challenge, redirect_uri, expires_at)
        return code

    def approve(self, user_code: str, account: SimAccount) -> None:
        """What the person does at `/codex/device`. Raises `LookupError` for an unknown code."""
        for device in self.devices.values():
            if device.user_code == user_code:
                device.account = account
                return
        raise LookupError(f"no device login with code {user_code!r}")

    def issue_device(self) -> JsonObject:
        device_id = self.site.new_id("deviceauth")
        digest = hashlib.sha256(device_id.encode()).hexdigest().upper()
        expires_at = self.site.clock() + DEVICE_TTL_S
        device = _Device(f"{digest[:4]}-{digest[4:9]}", expires_at)
        self.devices[device_id] = device
        return {
            "device_auth_id": device_id,
            "user_code": device.user_code,
            "interval": str(self.interval_s),
            "expires_in": round(DEVICE_TTL_S),
        }


def routes(login: Login) -> list[web.RouteDef]:
    async def authorize(request: web.Request) -> web.StreamResponse:
        await receive(login.site, request, "authorize")
        return _authorize(login, request)

    async def token(request: web.Request) -> web.StreamResponse:
        return await _token(login, request)

    async def user_code(request: web.Request) -> web.StreamResponse:
        received = await receive(login.site, request, "device")
        return await once(login.site, request, received, None, lambda: _user_code(login, received))

    async def device_token(request: web.Request) -> web.StreamResponse:
        received = await receive(login.site, request, "device")
        return await once(
            login.site, request, received, None, lambda: _device_token(login, received)
        )

    async def device_page(_: web.Request) -> web.StreamResponse:
        return _page("Enter the device code at /sim/approve_device.")

    return [
        web.get("/oauth/authorize", authorize),
        web.post("/oauth/token", token),
        web.post("/api/accounts/deviceauth/usercode", user_code),
        web.post("/api/accounts/deviceauth/token", device_token),
        web.get("/codex/device", device_page),
    ]


def token_body(account: SimAccount) -> JsonObject:
    return {
        "id_token": account.id_token,
        "access_token": account.access_token,
        "refresh_token": account.refresh_token,
        "token_type": "Bearer",
        "expires_in": round(account.access_ttl_s),
        "scope": "openid profile email offline_access",
    }


def _page(body: str, status: int = 200) -> web.Response:
    text = f"<!DOCTYPE html><title>Simulated login</title><body>{body}</body>"
    return web.Response(status=status, text=text, content_type="text/html")


def _authorize(login: Login, request: web.Request) -> web.Response:
    query = request.query
    fault = _authorize_fault(query)
    if fault is not None:
        return _page(escape(fault), 400)
    hint = query.get("login_hint")
    if hint is None:
        return _page(_choices(login, request))
    try:
        account = login.site.accounts.find(hint)
    except LookupError as error:
        return _page(escape(str(error)), 404)
    code = login.grant(account, query["code_challenge"], query["redirect_uri"])
    target = urlencode({"code": code, "scope": query["scope"], "state": query["state"]})
    return web.Response(status=302, headers={"location": f"{query['redirect_uri']}?{target}"})


def _authorize_fault(query: Mapping[str, str]) -> str | None:
    """What is wrong with the parameters; the redirect must be the registered callback."""
    expected = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "code_challenge_method": "S256",
    }
    for name, value in expected.items():
        if query.get(name) != value:
            return f"{name} must be {value}"
    for name in ("scope", "state", "code_challenge"):
        if not query.get(name):
            return f"{name} is missing"
    target = urlsplit(query.get("redirect_uri", ""))
    # The real registration names port 1455; any port is taken here, so that tests can run.
    if target.hostname not in _LOOPBACK or target.path != "/auth/callback":
        return "redirect_uri is not registered for this client"
    return None


def _choices(login: Login, request: web.Request) -> str:
    rows = "".join(
        f'<li><a href="?{escape(request.query_string)}&amp;{urlencode({"login_hint": a.account_id})}">'
        f"{escape(a.email)} ({escape(a.plan)})</a></li>"
        for a in login.site.accounts
    )
    return f"<h1>Sign in as</h1><ul>{rows}</ul>"


async def _token(login: Login, request: web.Request) -> web.StreamResponse:
    received = await receive(login.site, request, "refresh")
    kind = request.content_type
    if kind == "application/json":
        body = request_object(received)
        if isinstance(body, Reply):
            return await carry_out(login.site, request, body, received)
        owner = login.site.accounts.of_refresh_token(str(body.get("refresh_token")))
        if owner is not None:
            owner.refresh_calls += 1
        return await once(
            login.site, request, received, owner, lambda: _refresh(login, owner, body)
        )
    received.endpoint = "code"
    form = {name: values[0] for name, values in parse_qs(received.body.decode()).items()}
    return await once(login.site, request, received, None, lambda: _exchange(login, form))


def _refresh(login: Login, owner: SimAccount | None, body: JsonObject) -> Reply:
    if body.get("grant_type") != "refresh_token":
        return refusals.detail(400, "An authorization code is exchanged in a form, not in JSON")
    if body.get("client_id") != CLIENT_ID:
        return _bad_client()
    if owner is None:
        return refusals.CASES["invalid_refresh_token"]
    state = login.site.accounts.refresh(str(body["refresh_token"]))
    match state:
        case SimAccount():
            return json_reply(200, token_body(state))
        case "reused":
            return refusals.CASES["refresh_token_reused"]
        case "expired":
            return refusals.CASES["refresh_token_expired"]
        case "deactivated":
            return refusals.CASES["account_deactivated"]
        case _:
            return refusals.CASES["refresh_token_invalidated"]


def _exchange(login: Login, form: Mapping[str, str]) -> Reply:
    """An authorization code for tokens. The account's session starts anew."""
    if form.get("grant_type") != "authorization_code":
        return json_reply(400, {"error": "unsupported_grant_type"})
    if form.get("client_id") != CLIENT_ID:
        return _bad_client()
    grant = login.grants.pop(form.get("code", ""), None)
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if (
        grant is None
        or grant.expires_at <= login.site.clock()
        or grant.redirect_uri != form.get("redirect_uri")
        or not hmac.compare_digest(proof, grant.challenge)
    ):
        return refusals.CASES["invalid_grant"]
    grant.account.sign_in()
    return json_reply(200, token_body(grant.account))


def _user_code(login: Login, received: Received) -> Reply:
    body = request_object(received)
    if isinstance(body, Reply):
        return body
    if not login.device_enabled:
        return refusals.detail(404, "Not Found")
    return json_reply(200, login.issue_device()) if _is_ours(body) else _bad_client()


def _device_token(login: Login, received: Received) -> Reply:
    body = request_object(received)
    if isinstance(body, Reply):
        return body
    device = login.devices.get(str(body.get("device_auth_id")))
    if device is None or device.user_code != body.get("user_code"):
        return refusals.error(404, "Unknown device login.", code="deviceauth_not_found")
    if device.expires_at <= login.site.clock():
        return refusals.error(400, "The device code has expired.", code="expired_token")
    if device.account is None:
        text = "Device authorization is pending."
        return refusals.error(403, text, code="deviceauth_authorization_pending")
    verifier = login.site.new_id("verifier")
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    redirect = f"http://{received.headers.get('host', '')}/deviceauth/callback"
    code = login.grant(device.account, challenge, redirect)
    del login.devices[str(body["device_auth_id"])]
    answer = {
        "authorization_code": code,
        "code_challenge": challenge,
        "code_verifier": verifier,
    }
    return json_reply(200, answer)


def _is_ours(body: JsonObject) -> bool:
    return body.get("client_id") == CLIENT_ID


def _bad_client() -> Reply:
    return json_reply(401, {"error": "invalid_client"})
