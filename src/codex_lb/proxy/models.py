"""Which models are there, and for which plan? Upstream is asked plan by plan, and remembered.

`jobs/models.py` calls `sync` again and again; a client waits for upstream only while nothing is
known, and not for long. A failure keeps what was known.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from codex_lb.core import catalogue, registry
from codex_lb.core.catalogue import Catalogue
from codex_lb.core.errors import Signal
from codex_lb.core.foreign_json import JsonObject
from codex_lb.core.model import Account
from codex_lb.core.registry import Registry
from codex_lb.proxy.pool import Pool
from codex_lb.upstream import wire

SYNC_S = 300.0
RETRY_S = 30.0  # after a failure; upstream may have gone for a moment only
PATIENCE_S = 4.0  # of a client: no list of models is worth more
_MOST_ASKED = 2  # accounts of one plan; what two cannot tell can wait

PATH = f"{wire.MODELS_PATH}?client_version={wire.CLIENT_VERSION}"

_log = structlog.get_logger(__name__)

Fetch = Callable[[Account, str], Awaitable[bytes | Signal]]


class Models:
    """`fetch` has its own time limit and answers a failure with a signal."""

    def __init__(
        self,
        pool: Pool,
        fetch: Fetch,
        clock: Callable[[], float],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._pool = pool
        self._fetch = fetch
        self._clock = clock
        self._patience_s = patience_s
        self._lock = asyncio.Lock()  # one sync at a time; who comes meanwhile waits for it
        self._failed_at: dict[str, float] = {}
        self._built_from: tuple[Registry, frozenset[str]] | None = None
        self._built = catalogue.build(catalogue.BUILT_IN)
        self.registry = registry.NOTHING

    def serves(self, plan: str, model: str) -> bool | None:
        """False only on proof: the plan's catalogue lacks what another plan's has."""
        return self.registry.serves(plan, model, self._clock())

    async def get(self) -> Catalogue:
        """As `known`, but what is not known at all, or only from long ago, is asked first."""
        now = self._clock()
        plans = (self.registry.plans.get(name) for name in self._families())
        if not any(known.is_younger(registry.VALID_S, now) for known in plans if known):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    await self.sync()
        return self.known()

    def known(self) -> Catalogue:
        """What the accounts in use can serve; well-known names if no plan of theirs is known."""
        source = self.registry, frozenset(self._families())
        if self._built_from != source:
            entries = self.registry.entries(source[1])
            self._built = catalogue.build(entries or catalogue.BUILT_IN)
            self._built_from = source
        return self._built

    async def sync(self) -> None:
        """Ask for every plan whose catalogue is missing or old, unless that failed just now."""
        async with self._lock:
            present = {registry.family(plan) for plan in self._pool.plans().values()}
            if not present.issuperset(self.registry.plans):
                self.registry = self.registry.without_others(present)
            async with asyncio.TaskGroup() as group:
                for name, accounts in self._families().items():
                    if self._is_due(name):
                        group.create_task(self._ask(name, accounts))

    def _is_due(self, name: str) -> bool:
        now = self._clock()
        known = self.registry.plans.get(name)
        if known is not None and known.is_younger(SYNC_S, now):
            return False
        return abs(now - self._failed_at.get(name, -math.inf)) >= RETRY_S

    async def _ask(self, name: str, accounts: list[Account]) -> None:
        self._failed_at[name] = self._clock()  # also if nobody waits for the answer
        entries = await self._first_answer(accounts)
        if entries is None:
            self._failed_at[name] = self._clock()
        else:
            self._failed_at.pop(name, None)
            self.registry = self.registry.told(name, entries, self._clock())

    async def _first_answer(self, accounts: list[Account]) -> list[JsonObject] | None:
        """From the first account that tells; those without a block are the likelier ones."""
        for account in sorted(accounts, key=lambda a: bool(a.blocks))[:_MOST_ASKED]:
            answer = await self._fetch(account, PATH)
            entries = None if isinstance(answer, Signal) else catalogue.read(answer)
            if entries is not None:
                return entries
            _log.warning("catalogue not fetched", account=account.id, answer=_brief(answer))
        return None

    def _families(self) -> dict[str, list[Account]]:
        """The accounts in use, those at a limit too, by family of plans."""
        found: dict[str, list[Account]] = {}
        for account in self._pool.accounts():
            if account.state == "active":
                found.setdefault(registry.family(account.identity.plan), []).append(account)
        return found


def _brief(answer: bytes | Signal) -> str:
    if isinstance(answer, Signal):
        return f"{answer.status} {answer.word or ''} {answer.message}".strip()
    return "no catalogue"
