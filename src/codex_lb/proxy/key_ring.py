"""The API keys in force, in memory: a key is looked up before a byte of a body is read.

What is changed in this process acts at once. The store is asked twice a second whether anything
changed elsewhere, so a change acts within a second everywhere. While the database does not answer, what was known goes on.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from codex_lb.core import keys
from codex_lb.core.keys import ApiKey

_EVERY_S = 0.5

_log = structlog.get_logger(__name__)


class KeyStore(Protocol):
    async def version(self) -> str: ...
    async def every(self) -> tuple[str, list[ApiKey]]: ...


class KeyRing:
    """`on_round` is called after every look at the store: keys also expire by themselves."""

    def __init__(self, store: KeyStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._version = ""
        self._by_hash: dict[str, ApiKey] = {}
        self._by_id: dict[str, ApiKey] = {}
        self._is_asking = True
        self._turn = asyncio.Lock()  # so that nothing read before a change is kept after it
        self.on_round: Callable[[], None] = lambda: None

    def find(self, token: str) -> ApiKey | None:
        return self._by_hash.get(keys.hashed(token))

    def is_good(self, key: ApiKey) -> bool:
        """Whether `key`, as it was once found, may still be used."""
        known = self._by_id.get(key.id)
        is_same = known is not None and known.hash == key.hash
        return is_same and keys.refused(known, self._clock()) is None

    async def load(self) -> None:
        """Raises `StoreError`."""
        self._version, known = await self._store.every()
        self._by_hash = {key.hash: key for key in known}
        self._by_id = {key.id: key for key in known}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Read the keys again if any has changed."""
        try:
            async with self._turn:
                if await self._store.version() != self._version:
                    await self.load()
            self._is_asking = True
        except Exception:  # noqa: BLE001  what is known goes on; said once
            if self._is_asking:
                _log.exception("API keys not read again")
            self._is_asking = False
        self.on_round()
