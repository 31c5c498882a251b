"""Write down which account has which conversation, so that a restart does not cool their caches."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from codex_lb.store.records import Affinity

EVERY_S = 5.0

_log = structlog.get_logger(__name__)


class AffinityStore(Protocol):
    async def put_affinities(self, given: Sequence[Affinity], *, now: float) -> None: ...


class AffinityKeeper:
    """`take` gives what has changed since the last time, as `Pool.changed_affinities` does."""

    def __init__(
        self,
        store: AffinityStore,
        take: Callable[[], list[Affinity]],
        clock: Callable[[], float],
        every_s: float = EVERY_S,
    ) -> None:
        self._store = store
        self._take = take
        self._clock = clock
        self._every_s = every_s
        self._waiting: dict[str, Affinity] = {}

    async def run(self) -> None:
        """Until cancelled; `flush` afterwards writes the rest."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.flush()

    async def flush(self) -> None:
        """Write what waits; what the store does not take stays for the next time."""
        now = self._clock()
        self._waiting |= {affinity.key: affinity for affinity in self._take()}
        self._waiting = {k: each for k, each in self._waiting.items() if each.expires_at > now}
        if not self._waiting:
            return
        given = self._waiting
        try:
            await self._store.put_affinities(list(given.values()), now=now)
        except Exception:  # noqa: BLE001  whatever the database says, serving goes on
            _log.exception("affinities not written", waiting=len(given))
        else:
            self._waiting = {}
