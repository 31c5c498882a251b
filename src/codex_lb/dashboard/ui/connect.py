"""The page of connecting a client: what to tell it, and which clients were heard of."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from codex_lb.core import client_setup, keys
from codex_lb.core.access import Standing
from codex_lb.core.client_setup import Client, Facts, Model
from codex_lb.core.live import TurnedAway
from codex_lb.core.request_log import OTHER_CLIENT, client_group, served
from codex_lb.dashboard.callers import CALLER
from codex_lb.dashboard.summaries import Shape, moment
from codex_lb.dashboard.ui.documents import Document, Sources, reply
from codex_lb.dashboard.ui.keys import Choice, models
from codex_lb.dashboard.ui.settings import Installation
from codex_lb.settings import CLIENT_KEY
from codex_lb.store import LogFilter, RequestRecord

# Stand in the texts for what only the page knows.
URL, MODEL = "%URL%", "%MODEL%"

_RECENT = 500  # requests that say which clients have been seen


class ClientSetup(Shape):
    """What one client is told: its configuration in `file`, or without one a program.

    In both texts `%URL%` stands for our address, `%MODEL%` for the model to use. The API key is read
    from the environment.
    """

    client: Client
    file: str | None
    base_url: str
    text: str


class SeenClient(Shape):
    """The newest request of one client."""

    client: str
    at: datetime
    request_id: str
    model: str
    status: str
    error_code: str | None
    error_message: str | None
    first_event_ms: int | None


class TurnedAwayClient(Shape):
    """The newest request of its kind that was refused at the door. `client`: empty if not said."""

    at: datetime
    client: str
    address: str | None
    path: str
    status: int
    code: str | None
    message: str


class KeyChoice(Shape):
    """A key that is good just now."""

    id: str
    name: str
    key_prefix: str


class ConnectDocument(Document):
    """`local_url`: our address for programs on this machine. `is_local`: whether the caller is one.

    `key_env`: the variable that holds the API key. The page itself knows under which address it was
    reached, better than we do behind a proxy.
    """

    local_url: str
    is_local: bool
    key_env: str
    needs_key: bool
    has_accounts: bool
    keys: list[KeyChoice]
    models: list[Choice]
    clients: list[ClientSetup]
    seen: list[SeenClient]
    turned_away: list[TurnedAwayClient]


def routes(sources: Sources, installation: Installation) -> APIRouter:
    router = APIRouter(prefix="/api/ui", tags=["ui"])

    @router.get("/connect", response_model=ConnectDocument)
    async def ui_connect(request: Request) -> Response:
        is_local = request.scope[CALLER].place.standing is Standing.LOCAL
        return reply(request, await document(sources, installation.local_url, is_local=is_local))

    return router


async def document(sources: Sources, local_url: str, *, is_local: bool) -> ConnectDocument:
    stamp, now = sources.stamp(), sources.clock()
    _, known = await sources.keys.every()
    newest = await sources.log.page(LogFilter(), limit=_RECENT)
    return ConnectDocument.model_validate(
        stamp
        | {
            "local_url": local_url,
            "is_local": is_local,
            "key_env": CLIENT_KEY,
            "needs_key": (await sources.settings.read()).needs_api_key,
            "has_accounts": bool(await sources.accounts.list()),
            "keys": [
                KeyChoice(id=key.id, name=key.terms.name, key_prefix=key.prefix)
                for key in known
                if keys.refused(key, now) is None
            ],
            "models": models(sources),
            "clients": _clients(sources),
            "seen": _seen(newest.records),
            "turned_away": [_turned_away(one) for one in sources.live.turned_away()],
        }
    )


def _clients(sources: Sources) -> list[ClientSetup]:
    listed = msgspec.convert(sources.models(), tuple[Model, ...])
    facts = Facts(URL, CLIENT_KEY, listed, chosen=True, to_use=MODEL)
    return [
        ClientSetup(
            client=client,
            file=client_setup.FILES.get(client),
            base_url=client_setup.base_url(client, facts),
            text=client_setup.configured(client, "", facts),
        )
        for client in client_setup.CLIENTS
    ]


def _turned_away(one: TurnedAway) -> TurnedAwayClient:
    return TurnedAwayClient(
        at=moment(one.at),
        client=one.client,
        address=one.address,
        path=one.path,
        status=one.status,
        code=one.code,
        message=one.message,
    )


def _seen(records: Iterable[RequestRecord]) -> list[SeenClient]:
    """Newest first, one for each client."""
    found: dict[str, SeenClient] = {}
    for record in records:
        name = client_group(record.opened.user_agent) or OTHER_CLIENT
        receipt = record.receipt
        code = receipt.error_code if receipt else None
        found.setdefault(
            name,
            SeenClient(
                client=name,
                at=moment(record.opened.opened_at_ms / 1000),
                request_id=record.opened.id,
                model=record.opened.model,
                status=served(record.status, code),
                error_code=code,
                error_message=receipt.error_message if receipt else None,
                first_event_ms=receipt.first_event_ms if receipt else None,
            ),
        )
    return list(found.values())
