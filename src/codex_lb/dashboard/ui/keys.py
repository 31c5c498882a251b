"""The page of API keys."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from codex_lb.dashboard import key_shapes
from codex_lb.dashboard.key_shapes import ApiKeyResponse
from codex_lb.dashboard.summaries import Shape
from codex_lb.dashboard.ui.documents import Document, Sources, reply


class Choice(Shape):
    id: str
    label: str


class KeysDocument(Document):
    """`needs_key`: whether callers without a key are turned away."""

    keys: list[ApiKeyResponse]
    needs_key: bool
    accounts: list[Choice]
    models: list[Choice]


def routes(sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/api/ui", tags=["ui"])

    @router.get("/keys", response_model=KeysDocument)
    async def ui_keys(request: Request) -> Response:
        return reply(request, await keys_document(sources))

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
            "models": models(sources),
        }
    )


def models(sources: Sources) -> list[Choice]:
    return [Choice(id=str(each["id"]), label=str(each["name"])) for each in sources.models()]
