"""The login host: how an account gets its tokens.

Browser login with PKCE, device login, and refresh, all beside the back end on the same port. The
page at `/oauth/authorize` asks nothing but which account to be, or none; a name in `login_hint`
answers it. The page at `/codex/device` asks that and the code.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from codex_lb.simulator import refusals
from codex_lb.simulator.accounts import CLIENT_ID, SimAccount
from codex_lb.simulator.refusals import Reply, json_reply
from codex_lb.simulator.site import Site, carry_out, once, receive, request_object

JsonObject = dict[str, Any]

DEVICE_TTL_S = 900.0
CODE_TTL_S = 600.0
NOBODY = "nobody"  # the name of who declines
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
    is_denied: bool = False


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
        self._device(user_code).account = account

    def deny(self, user_code: str) -> None:
        """The person says no. Raises `LookupError` for an unknown code."""
        self._device(user_code).is_denied = True

    def _device(self, user_code: str) -> _Device:
        for device in self.devices.values():
            if device.user_code == user_code:
                return device
        raise LookupError(f"no device login with code {user_code!r}")


def routes(login: Login) -> list[web.RouteDef]:
    def device(default: Callable[[Login, JsonObject, str], Reply]) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            received = await receive(login.site, request, "device")
            body = request_object(received)
            if isinstance(body, Reply):
                return await carry_out(login.site, request, body, received)
            host = request.headers.get("host", "")
            return await once(
                login.site, request, received, None, lambda: default(login, body, host)
            )

        return handle

    async def authorize(request: web.Request) -> web.StreamResponse:
        await receive(login.site, request, "authorize")
        return _authorize(login, request)

    async def token(request: web.Request) -> web.StreamResponse:
        return await _token(login, request)

    async def device_page(request: web.Request) -> web.StreamResponse:
        return _device_page(login, request.query)

    return [
        web.get("/oauth/authorize", authorize),
        web.post("/oauth/token", token),
        web.post("/api/accounts/deviceauth/usercode", device(_user_code)),
        web.post("/api/accounts/deviceauth/token", device(_device_token)),
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
    if hint == NOBODY:
        return _redirect(query, {"error": "access_denied", "error_description": "The user said no"})
    try:
        account = login.site.accounts.find(hint)
    except LookupError as error:
        return _page(escape(str(error)), 404)
    code = login.grant(account, query["code_challenge"], query["redirect_uri"])
    return _redirect(query, {"code": code, "scope": query["scope"]})


def _redirect(query: Mapping[str, str], told: Mapping[str, str]) -> web.Response:
    target = urlencode({**told, "state": query["state"]})
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
    names = {a.account_id: f"{a.email} ({a.plan})" for a in login.site.accounts}
    rows = "".join(
        f'<li><a href="?{escape(request.query_string)}&amp;{urlencode({"login_hint": hint})}">'
        f"{escape(name)}</a></li>"
        for hint, name in {**names, NOBODY: "nobody"}.items()
    )
    return f"<h1>Sign in as</h1><ul>{rows}</ul>"


def _device_page(login: Login, query: Mapping[str, str]) -> web.Response:
    user_code, hint = query.get("user_code"), query.get("login_hint")
    if user_code is None or hint is None:
        return _page(
            '<h1>Enter your code</h1><form><input name="user_code" placeholder="code">'
            '<input name="login_hint" placeholder="account, or nobody"><button>Go</button></form>'
        )
    try:
        if hint == NOBODY:
            login.deny(user_code)
        else:
            login.approve(user_code, login.site.accounts.find(hint))
    except LookupError as error:
        return _page(escape(str(error)), 404)
    return _page("You may close this page.")


async def _token(login: Login, request: web.Request) -> web.StreamResponse:
    site = login.site
    if request.content_type != "application/json":
        received = await receive(site, request, "code")
        form = dict(parse_qsl(received.body.decode()))
        return await once(site, request, received, None, lambda: _exchange(login, form))
    received = await receive(site, request, "refresh")
    body = request_object(received)
    if isinstance(body, Reply):
        return await carry_out(site, request, body, received)
    owner = site.accounts.of_refresh_token(str(body.get("refresh_token")))
    if owner is not None:
        owner.refresh_calls += 1
    return await once(site, request, received, owner, lambda: _refresh(login, owner, body))


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
        case "deactivated":
            return refusals.CASES["account_deactivated"]
        case _:
            return refusals.CASES[f"refresh_token_{state}"]


def _exchange(login: Login, form: Mapping[str, str]) -> Reply:
    """An authorization code for tokens. The account's session starts anew."""
    if form.get("grant_type") != "authorization_code":
        return json_reply(400, {"error": "unsupported_grant_type"})
    if form.get("client_id") != CLIENT_ID:
        return _bad_client()
    grant = login.grants.pop(form.get("code", ""), None)
    if (
        grant is None
        or grant.expires_at <= login.site.clock()
        or grant.redirect_uri != form.get("redirect_uri")
        or grant.challenge != _challenge(form.get("code_verifier", ""))
    ):
        return refusals.CASES["invalid_grant"]
    grant.account.sign_in()
    return json_reply(200, token_body(grant.account))


def _user_code(login: Login, body: JsonObject, _: str) -> Reply:
    if not login.device_enabled:
        return refusals.detail(404, "Not Found")
    if body.get("client_id") != CLIENT_ID:
        return _bad_client()
    device_id = login.site.new_id("deviceauth")
    digest = hashlib.sha256(device_id.encode()).hexdigest().upper()
    user_code = f"{digest[:4]}-{digest[4:9]}"
    login.devices[device_id] = _Device(user_code, login.site.clock() + DEVICE_TTL_S)
    answer = {
        "device_auth_id": device_id,
        "user_code": user_code,
        "interval": str(login.interval_s),
        "expires_in": round(DEVICE_TTL_S),
    }
    return json_reply(200, answer)


def _device_token(login: Login, body: JsonObject, host: str) -> Reply:
    device_id = str(body.get("device_auth_id"))
    device = login.devices.get(device_id)
    if device is None or device.user_code != body.get("user_code"):
        return refusals.error(404, "Unknown device login.", code="deviceauth_not_found")
    if device.expires_at <= login.site.clock():
        return refusals.error(400, "The device code has expired.", code="expired_token")
    if device.is_denied:
        return refusals.error(403, "The request was declined.", code="access_denied")
    if device.account is None:
        text = "Device authorization is pending."
        return refusals.error(403, text, code="deviceauth_authorization_pending")
    verifier = login.site.new_id("verifier")
    challenge = _challenge(verifier)
    del login.devices[device_id]
    answer = {
        "authorization_code": login.grant(
            device.account, challenge, f"http://{host}/deviceauth/callback"
        ),
        "code_challenge": challenge,
        "code_verifier": verifier,
    }
    return json_reply(200, answer)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _bad_client() -> Reply:
    return json_reply(401, {"error": "invalid_client"})
