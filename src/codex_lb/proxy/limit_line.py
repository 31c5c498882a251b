"""Wait a moment for what other requests hold of a key's limits, instead of being refused.

Only the first in line asks the store again and again, so that many who wait cost no more than one.
A request that fits at once never joins the line.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from weakref import WeakValueDictionary

from codex_lb.core.limits import Spend, Verdict

WAIT_S = 20.0  # most answers take less; a client that is told to come back should find something
PAUSE_S = 0.05  # between two questions; a row is closed in about that time


class Reservations(Protocol):
    async def reserve(
        self,
        key_id: str,
        request_id: str,
        *,
        model: str,
        estimate: Callable[[float | None], Spend],
        now: float,
    ) -> Verdict: ...


class LimitLine:
    def __init__(
        self,
        keys: Reservations,
        clock: Callable[[], float],
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._pause = pause
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def reserve(
        self,
        key_id: str,
        request_id: str,
        *,
        model: str,
        estimate: Callable[[float | None], Spend],
        wait_s: float = WAIT_S,
    ) -> Verdict:
        """The store's verdict; "wait" if waiting for `wait_s` did not help. Raises `StoreError`.

        The row of `request_id` is open; its closing gives back what was reserved, even if nobody
        came to hear of it.
        """

        async def ask() -> Verdict:
            return await self._keys.reserve(
                key_id, request_id, model=model, estimate=estimate, now=self._clock()
            )

        verdict = await ask()
        if verdict != "wait":
            return verdict
        now = asyncio.get_running_loop().time
        deadline = now() + wait_s
        line = self._lines.setdefault(key_id, asyncio.Lock())
        try:
            async with asyncio.timeout_at(deadline):
                await line.acquire()
        except TimeoutError:
            return "wait"
        try:
            while (verdict := await ask()) == "wait" and now() < deadline:
                await self._pause(PAUSE_S)
        finally:
            line.release()
        return verdict
