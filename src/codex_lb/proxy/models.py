"""Fetch the model catalogue when a client asks for it, and keep it for a while."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from codex_lb.core import catalogue
from codex_lb.core.catalogue import Catalogue
from codex_lb.core.errors import Signal
from codex_lb.core.foreign_json import JsonObject
from codex_lb.core.model import Account
from codex_lb.proxy.pool import Pool
from codex_lb.upstream import wire

_FRESH_S = 300.0
_MOST_ASKED = 2  # accounts of one plan; what two cannot tell can wait
_RETRY_S = 15.0  # after a failure the old one is served this long before asking again

PATH = f"{wire.MODELS_PATH}?client_version={wire.CLIENT_VERSION}"

_log = structlog.get_logger(__name__)

Fetch = Callable[[Account, str], Awaitable[bytes | Signal]]


class Models:
    """One fetch at a time; a failure keeps what was known."""

    def __init__(self, pool: Pool, fetch: Fetch, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._fetch = fetch
        self._clock = clock
        self._known = catalogue.build([], created=int(clock()))
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> Catalogue:
        if self._clock() >= self._until:
            async with self._lock:
                if self._clock() >= self._until:
                    await self._refresh()
        return self._known

    async def _refresh(self) -> None:
        found = [await self._of_plan(accounts) for accounts in self._by_plan()]
        lists = [entries for entries in found if entries is not None]
        now = self._clock()
        self._until = now + (_FRESH_S if lists else _RETRY_S)
        if lists:
            self._known = catalogue.build(catalogue.union(lists), created=int(now))

    async def _of_plan(self, accounts: list[Account]) -> list[JsonObject] | None:
        """The entries of the first account that tells them."""
        for account in accounts[:_MOST_ASKED]:
            answer = await self._fetch(account, PATH)
            entries = None if isinstance(answer, Signal) else catalogue.read(answer)
            if entries is not None:
                return entries
            _log.warning("catalogue not fetched", account=account.id, answer=_brief(answer))
        return None

    def _by_plan(self) -> list[list[Account]]:
        by_plan: dict[str, list[Account]] = {}
        for account in self._pool.accounts():
            if account.state == "active":
                by_plan.setdefault(account.identity.plan, []).append(account)
        return list(by_plan.values())


def _brief(answer: bytes | Signal) -> str:
    if isinstance(answer, Signal):
        return f"{answer.status} {answer.word or ''} {answer.message}".strip()
    return "no catalogue"
