"""The proxy's address list in the store, told to whoever goes by it."""

import asyncio
from collections.abc import Callable

import msgspec

from codex_lb.core import firewall
from codex_lb.core.access import IPNetwork
from codex_lb.core.firewall import Entry
from codex_lb.store import Store
from codex_lb.store.preferences import FIREWALL


class StoredFirewall:
    """A `FirewallPort`. `on_change` hears of every change made here."""

    def __init__(
        self, store: Store, on_change: Callable[[tuple[IPNetwork, ...]], None] | None = None
    ) -> None:
        self._store = store
        self._on_change = on_change
        self._changing = asyncio.Lock()  # between reading and writing nobody else may write

    async def load(self) -> None:
        """Tell the list as it is. Raises `StoreError`."""
        async with self._changing:
            self._tell(await self.entries())

    async def entries(self) -> list[Entry]:
        return msgspec.convert(await self._store.setting(FIREWALL) or [], list[Entry])

    async def add(self, entry: Entry) -> bool:
        async with self._changing:
            before = await self.entries()
            if entry.network in {known.network for known in before}:
                return False
            await self._write([*before, entry])
        return True

    async def remove(self, network: str) -> bool:
        async with self._changing:
            before = await self.entries()
            after = [known for known in before if known.network != network]
            if len(after) == len(before):
                return False
            await self._write(after)
        return True

    async def _write(self, entries: list[Entry]) -> None:
        await self._store.put_setting(FIREWALL, msgspec.to_builtins(entries))
        self._tell(entries)

    def _tell(self, entries: list[Entry]) -> None:
        if self._on_change is not None:
            self._on_change(firewall.networks(entries))
