"""Fetch the model catalogue when a client asks for it, and keep it for a while."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from codex_lb.core import catalogue
from codex_lb.core.catalogue import Catalogue
from codex_lb.core.errors import Signal
from codex_lb.core.model import Account
from codex_lb.proxy.pool import Pool
from codex_lb.upstream import wire

_FRESH_S = 300.0
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
        lists = []
        for account in self._one_per_plan():
            answer = await self._fetch(account, PATH)
            entries = None if isinstance(answer, Signal) else catalogue.read(answer)
            if entries is None:
                _log.warning("catalogue not fetched", account=account.id, answer=_brief(answer))
            else:
                lists.append(entries)
        now = self._clock()
        self._until = now + (_FRESH_S if lists else _RETRY_S)
        if lists:
            self._known = catalogue.build(catalogue.union(lists), created=int(now))

    def _one_per_plan(self) -> list[Account]:
        by_plan: dict[str, Account] = {}
        for account in self._pool.accounts():
            if account.state == "active":
                by_plan.setdefault(account.identity.plan, account)
        return list(by_plan.values())


def _brief(answer: bytes | Signal) -> str:
    if isinstance(answer, Signal):
        return f"{answer.status} {answer.word or ''} {answer.message}".strip()
    return "no catalogue"
