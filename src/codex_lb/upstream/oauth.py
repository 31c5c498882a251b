"""Speak to the login host: sign an account in, and exchange a refresh token.

Refresh tokens rotate and are single use: whoever renews must store the answer before using it.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

import msgspec

from codex_lb.core import errors, identity, oauth
from codex_lb.core.errors import Signal
from codex_lb.core.foreign_json import decode, json_object
from codex_lb.core.headers import OUR_USER_AGENT
from codex_lb.core.identity import InvalidAuthJson
from codex_lb.core.model import Credential, Identity
from codex_lb.core.oauth import DeviceCode, Grant
from codex_lb.upstream import wire
from codex_lb.upstream.client import UpstreamClient, UpstreamFaultError

_TIMEOUT_S = 30.0  # a person waits, and the code is spent in any case

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


class _Tokens(msgspec.Struct):
    access_token: str
    refresh_token: str | None = None  # a server may let the old one live
    id_token: str | None = None


class _DeviceGrant(msgspec.Struct):
    authorization_code: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The exchange did not happen; the outcome table (endpoint REFRESH) says what that means."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class SignedIn:
    identity: Identity
    credential: Credential


async def refresh(
    upstream: UpstreamClient, credential: Credential, *, clock: Callable[[], float]
) -> Credential | Refused:
    body = {
        "client_id": wire.OAUTH_CLIENT_ID,
        "grant_type": "refresh_token",
        "refresh_token": credential.refresh_token,
        "scope": wire.OAUTH_REFRESH_SCOPE,
    }
    answer = await _post(upstream, wire.TOKEN_PATH, _JSON, json.dumps(body))
    if isinstance(answer, Refused):
        return answer
    tokens = decode(answer, _Tokens)
    if tokens is None:
        return Refused(errors.fault("bad_reply", "The login host's answer has no tokens."))
    return Credential(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or credential.refresh_token,
        id_token=tokens.id_token or credential.id_token,
        expires_at=identity.expiry(tokens.access_token),
        refreshed_at=clock(),
    )


class LoginHost:
    """Where accounts sign in."""

    def __init__(self, upstream: UpstreamClient, clock: Callable[[], float]) -> None:
        self._upstream = upstream
        self._clock = clock

    @property
    def device_page(self) -> str:
        """Where the person types the device code in."""
        return self._upstream.auth_url + wire.DEVICE_PAGE_PATH

    def authorization_url(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        return oauth.authorization_url(
            self._upstream.auth_url + wire.AUTHORIZE_PATH,
            wire.OAUTH_CLIENT_ID,
            redirect_uri=redirect_uri,
            state=state,
            verifier=verifier,
        )

    async def exchange(self, grant: Grant) -> SignedIn | Refused:
        form = {
            "grant_type": "authorization_code",
            "client_id": wire.OAUTH_CLIENT_ID,
            "code": grant.code,
            "code_verifier": grant.verifier,
            "redirect_uri": grant.redirect_uri,
        }
        answer = await self._ask(wire.TOKEN_PATH, _FORM, urlencode(form))
        if isinstance(answer, Refused):
            return answer
        document = json.dumps({"tokens": json_object(answer)}).encode()
        try:
            return SignedIn(*identity.parse(document, now=self._clock()))
        except InvalidAuthJson as error:
            unusable = f"The login host's answer cannot be used: {error.message}."
            return Refused(errors.fault("bad_reply", unusable))

    async def device_code(self) -> DeviceCode | Refused:
        answer = await self._ask_json(wire.DEVICE_CODE_PATH, {"client_id": wire.OAUTH_CLIENT_ID})
        if isinstance(answer, Refused):
            return answer
        code = oauth.read_device_code(json_object(answer) or {}, self._clock())
        return code or Refused(errors.fault("bad_reply", "The login host's answer has no code."))

    async def device_grant(self, code: DeviceCode) -> Grant | Refused:
        """What the person's consent gave; `oauth.device_answer` says what a refusal means."""
        asked = {"device_auth_id": code.device_auth_id, "user_code": code.user_code}
        answer = await self._ask_json(wire.DEVICE_GRANT_PATH, asked)
        if isinstance(answer, Refused):
            return answer
        given = decode(answer, _DeviceGrant)
        if given is None:
            return Refused(errors.fault("bad_reply", "The login host's answer has no code."))
        redirect_uri = self._upstream.auth_url + wire.DEVICE_REDIRECT_PATH
        return Grant(given.authorization_code, given.code_verifier, redirect_uri)

    async def _ask_json(self, path: str, document: Mapping[str, str]) -> bytes | Refused:
        return await self._ask(path, _JSON, json.dumps(document))

    async def _ask(self, path: str, kind: str, body: str) -> bytes | Refused:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await _post(self._upstream, path, kind, body)
        except TimeoutError:
            late = errors.fault("login_timeout", "The login host did not answer in time.")
            return Refused(late)


async def _post(upstream: UpstreamClient, path: str, kind: str, body: str) -> bytes | Refused:
    headers = {
        "content-type": kind,
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": OUR_USER_AGENT,
    }
    try:
        async with upstream.open("POST", upstream.auth_url + path, headers, body.encode()) as reply:
            answer = await reply.read()
            if reply.status != HTTPStatus.OK:
                return Refused(errors.read_reply(reply.status, answer))
            return answer
    except UpstreamFaultError as error:
        return Refused(error.signal)
