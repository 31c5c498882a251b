"""The routes of API keys: list, create, change, give a new secret, delete."""

from typing import Protocol

from fastapi import APIRouter

from codex_lb.core.keys import ApiKey, InvalidKeyError, Secret, Terms
from codex_lb.core.limits import Rule
from codex_lb.dashboard import key_shapes
from codex_lb.dashboard.key_shapes import (
    ApiKeyCreateRequest,
    ApiKeyCreateResponse,
    ApiKeyResponse,
    ApiKeyUpdateRequest,
)
from codex_lb.dashboard.ports import AccountsPort, Clock
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.store import AccountTotals
from codex_lb.store.api_keys import Patch

_BARE = Terms("")  # what a new key has that its creator says nothing of


class KeysPort(Protocol):
    """API keys. Each change is kept and in force when the method returns."""

    async def every(self) -> tuple[str, list[ApiKey]]:
        """A word that changes with any of them; the keys in the order of their creation."""

    async def totals(self) -> dict[str, AccountTotals]:
        """What each key has served; one that has served nothing may be missing."""

    async def create(
        self, terms: Terms, rules: list[Rule], *, now: float
    ) -> tuple[ApiKey, Secret]: ...

    async def patch(self, key_id: str, wanted: Patch, *, now: float) -> ApiKey | None:
        """None if there is no such key. Raises what the change raises, with nothing changed."""

    async def regenerate(self, key_id: str) -> tuple[ApiKey, Secret] | None:
        """None if there is no such key."""

    async def delete(self, key_id: str) -> bool:
        """False if there is no such key."""


def routes(keys: KeysPort, accounts: AccountsPort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/api-keys", tags=["api keys"])

    async def told(key: ApiKey) -> ApiKeyResponse:
        return key_shapes.told(key, await keys.totals(), await accounts.list(), clock())

    async def known_accounts() -> set[str]:
        return {account.id for account in await accounts.list()}

    @router.get("/", include_in_schema=False)
    @router.get("")
    async def list_api_keys() -> list[ApiKeyResponse]:
        _, found = await keys.every()
        totals, pool = await keys.totals(), await accounts.list()
        return [key_shapes.told(key, totals, pool, clock()) for key in found]

    @router.post("/", include_in_schema=False)
    @router.post("")
    async def create_api_key(wanted: ApiKeyCreateRequest) -> ApiKeyCreateResponse:
        """The answer has the key itself, which is not to be had again."""
        try:
            terms = key_shapes.wanted_terms(wanted, _BARE, await known_accounts())
            rules = key_shapes.wanted_rules(wanted) or []
        except InvalidKeyError as error:
            raise _invalid(error) from None
        key, secret = await keys.create(terms, rules, now=clock())
        return key_shapes.told_with_secret(await told(key), secret)

    @router.patch("/{key_id}/", include_in_schema=False)
    @router.patch("/{key_id}", responses=errors(404))
    async def update_api_key(key_id: str, wanted: ApiKeyUpdateRequest) -> ApiKeyResponse:
        """Rules that stay keep what they count; new ones count the past of their window."""
        known = await known_accounts()
        try:
            patch = Patch(
                lambda before: key_shapes.wanted_terms(wanted, before, known),
                key_shapes.wanted_rules(wanted),
                wanted.reset_usage is True,
            )
            key = await keys.patch(key_id, patch, now=clock())
        except InvalidKeyError as error:
            raise _invalid(error) from None
        if key is None:
            raise _unknown(key_id)
        return await told(key)

    @router.post("/{key_id}/regenerate/", include_in_schema=False)
    @router.post("/{key_id}/regenerate", responses=errors(404))
    async def regenerate_api_key(key_id: str) -> ApiKeyCreateResponse:
        """Give the key a new secret; the old one is dead at once."""
        found = await keys.regenerate(key_id)
        if found is None:
            raise _unknown(key_id)
        key, secret = found
        return key_shapes.told_with_secret(await told(key), secret)

    @router.delete("/{key_id}/", include_in_schema=False, status_code=204)
    @router.delete("/{key_id}", responses=errors(404), status_code=204)
    async def delete_api_key(key_id: str) -> None:
        """Forget the key. What it has served stays in the log."""
        if not await keys.delete(key_id):
            raise _unknown(key_id)

    return router


def _invalid(error: InvalidKeyError) -> Problem:
    return Problem(400, "invalid_api_key_payload", str(error))


def _unknown(key_id: str) -> Problem:
    return Problem(404, "not_found", f"API key not found: {key_id[:64]}")
