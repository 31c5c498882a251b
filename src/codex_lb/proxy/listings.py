"""What is told without asking an account: models, the pool's quota, what a key has used."""

from collections.abc import Awaitable, Callable

from codex_lb.core import answers, catalogue, keys
from codex_lb.core.catalogue import Catalogue, Document
from codex_lb.core.keys import ApiKey
from codex_lb.core.responses import Dialect
from codex_lb.proxy.asked import Asked
from codex_lb.proxy.models import Models
from codex_lb.proxy.told import Told

ONE_MODEL = "/v1/models/"

_FRESH_JSON = {"content-type": "application/json", "cache-control": "no-store"}


class Listings:
    def __init__(
        self, models: Models, told: Told, own_usage: Callable[[ApiKey], Awaitable[bytes]]
    ) -> None:
        """`own_usage`: the answer to a key's owner who asks what it has used."""
        self._models = models
        self._told = told
        self._own_usage = own_usage

    async def quota(self, asked: Asked) -> None:
        """For `/status` in Codex: the pool as one account, in upstream's shape."""
        document = self._told.document(asked.key)
        if document is None:
            return await asked.downstream().answer(answers.quota_hidden())
        return await asked.downstream().reply(200, _FRESH_JSON, document)

    async def own_usage(self, asked: Asked) -> None:
        if asked.key is None:
            raise RuntimeError("the gate insists on a key here")
        await asked.downstream().reply(200, _FRESH_JSON, await self._own_usage(asked.key))

    async def models(self, asked: Asked) -> None:
        known = _allowed(await self._models.get(), asked.key)
        versioned = b"client_version=" in asked.scope.get("query_string", b"")
        wants_codex = asked.dialect is Dialect.CODEX or versioned
        await _send_document(asked, known.codex if wants_codex else known.openai)

    async def model(self, asked: Asked) -> None:
        slug = asked.path.removeprefix(ONE_MODEL)
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


async def _send_document(asked: Asked, document: Document) -> None:
    client = asked.downstream()
    tags = {"etag": document.etag, "cache-control": "no-cache"}
    if document.etag in asked.headers.get("if-none-match", ""):
        return await client.reply(304, tags, b"")
    body = b"" if asked.scope["method"] == "HEAD" else document.body
    return await client.reply(200, tags | {"content-type": "application/json"}, body)
