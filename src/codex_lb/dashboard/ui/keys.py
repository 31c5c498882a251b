"""The pages of API keys and of connecting a client."""

from collections.abc import Iterable
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from codex_lb.core.request_log import OTHER_CLIENT, client_group, served
from codex_lb.dashboard import key_shapes
from codex_lb.dashboard.key_shapes import ApiKeyResponse
from codex_lb.dashboard.summaries import Shape, moment
from codex_lb.dashboard.ui.documents import Document, Sources, reply
from codex_lb.store import LogFilter, RequestRecord

_RECENT = 500  # requests that say which clients have been seen


class Choice(Shape):
    id: str
    label: str


class KeysDocument(Document):
    """`needs_key`: whether callers without a key are turned away."""

    keys: list[ApiKeyResponse]
    needs_key: bool
    accounts: list[Choice]
    models: list[Choice]


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


class KeyChoice(Shape):
    id: str
    name: str
    key_prefix: str
    is_active: bool


class ConnectDocument(Document):
    """`origin`: under which this page was reached; clients that are elsewhere need another."""

    origin: str
    needs_key: bool
    has_accounts: bool
    keys: list[KeyChoice]
    models: list[Choice]
    seen: list[SeenClient]


def routes(sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/api/ui", tags=["ui"])

    @router.get("/keys", response_model=KeysDocument)
    async def ui_keys(request: Request) -> Response:
        return reply(request, await keys_document(sources))

    @router.get("/connect", response_model=ConnectDocument)
    async def ui_connect(request: Request) -> Response:
        origin = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        return reply(request, await connect_document(sources, origin))

    return router


async def keys_document(sources: Sources) -> KeysDocument:
    stamp, now = sources.stamp(), sources.clock()
    _, keys = await sources.keys.every()
    totals, pool = await sources.keys.totals(), await sources.accounts.list()
    return KeysDocument.model_validate(
        stamp
        | {
            "keys": [key_shapes.told(key, totals, pool, now) for key in keys],
            "needs_key": (await sources.settings.read()).needs_api_key,
            "accounts": [
                Choice(id=each.id, label=each.alias or each.identity.email) for each in pool
            ],
            "models": _models(sources),
        }
    )


async def connect_document(sources: Sources, origin: str) -> ConnectDocument:
    stamp = sources.stamp()
    _, keys = await sources.keys.every()
    newest = await sources.log.page(LogFilter(), limit=_RECENT)
    return ConnectDocument.model_validate(
        stamp
        | {
            "origin": origin,
            "needs_key": (await sources.settings.read()).needs_api_key,
            "has_accounts": bool(await sources.accounts.list()),
            "keys": [
                KeyChoice(
                    id=key.id,
                    name=key.terms.name,
                    key_prefix=key.prefix,
                    is_active=key.terms.is_active,
                )
                for key in keys
            ],
            "models": _models(sources),
            "seen": _seen(newest.records),
        }
    )


def _models(sources: Sources) -> list[Choice]:
    return [Choice(id=str(each["id"]), label=str(each["name"])) for each in sources.models()]


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
