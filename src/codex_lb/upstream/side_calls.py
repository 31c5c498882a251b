"""Small calls beside the turns, such as catalogue and quota. Each is made on one account."""

import asyncio
from http import HTTPStatus

from codex_lb.core import errors, headers
from codex_lb.core.errors import Signal
from codex_lb.core.model import Account, Credential
from codex_lb.core.outcome import Endpoint, Phase, outcome
from codex_lb.upstream.client import UpstreamClient, UpstreamFaultError
from codex_lb.upstream.credentials import Credentials, LoginLostError

_TIMEOUT_S = 15.0


async def get(
    upstream: UpstreamClient, credentials: Credentials, account: Account, path: str
) -> bytes | Signal:
    """GET `path` below the back end's base; a refused credential is renewed once."""
    try:
        credential = await credentials.fresh(account.id)
        async with asyncio.timeout(_TIMEOUT_S):
            answer = await _once(upstream, credential, account, path)
            if isinstance(answer, Signal) and _wants_renewal(answer):
                credential = await credentials.renew(account.id, credential)
                answer = await _once(upstream, credential, account, path)
            return answer
    except LoginLostError as error:
        return errors.fault("login_lost", str(error))
    except UpstreamFaultError as error:
        return error.signal
    except TimeoutError:
        return errors.fault("first_event_timeout", "Upstream did not answer in time.")


def _wants_renewal(signal: Signal) -> bool:
    return outcome(Endpoint.SUPPORT, signal, Phase.FRESH).action == "renew"


async def _once(
    upstream: UpstreamClient, credential: Credential, account: Account, path: str
) -> bytes | Signal:
    sent = headers.login(credential, account.identity.chatgpt_account_id) | {
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": headers.OUR_USER_AGENT,
        "originator": headers.FOREIGN_ORIGINATOR,
    }
    async with upstream.open("GET", upstream.base_url + path, sent) as reply:
        body = await reply.read()
        if reply.status != HTTPStatus.OK:
            return errors.read_reply(reply.status, body)
        return body
