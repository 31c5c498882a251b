"""Exchange a refresh token at the login host.

Refresh tokens rotate and are single use: whoever calls this must store the answer before using it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from codex_lb.core import errors, identity
from codex_lb.core.errors import Signal
from codex_lb.core.foreign_json import decode
from codex_lb.core.headers import OUR_USER_AGENT
from codex_lb.core.model import Credential
from codex_lb.upstream import wire
from codex_lb.upstream.client import UpstreamClient, UpstreamFaultError


class _Tokens(msgspec.Struct):
    access_token: str
    refresh_token: str | None = None  # a server may let the old one live
    id_token: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The exchange did not happen; the outcome table (endpoint REFRESH) says what that means."""

    signal: Signal


async def refresh(
    upstream: UpstreamClient, credential: Credential, *, clock: Callable[[], float]
) -> Credential | Refused:
    body = {
        "client_id": wire.OAUTH_CLIENT_ID,
        "grant_type": "refresh_token",
        "refresh_token": credential.refresh_token,
        "scope": wire.OAUTH_REFRESH_SCOPE,
    }
    headers = {
        "content-type": "application/json",
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": OUR_USER_AGENT,
    }
    url = upstream.auth_url + wire.TOKEN_PATH
    try:
        async with upstream.open("POST", url, headers, json.dumps(body).encode()) as reply:
            answer = await reply.read()
            if reply.status != HTTPStatus.OK:
                return Refused(errors.read_reply(reply.status, answer))
    except UpstreamFaultError as error:
        return Refused(error.signal)
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
