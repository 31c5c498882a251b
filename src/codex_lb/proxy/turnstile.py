"""Let a crowd in a few at a time, so that the event loop comes around in between.

Starting a request is a millisecond of work without a pause in it. Five hundred that arrive at once
would keep the loop from everything else for as many milliseconds: health probes, other streams'
chunks, timers. Here so many pass in each round of the loop, and the rest wait in order.
"""

import asyncio
from collections import deque

PER_ROUND = 2  # a few milliseconds of work; docs/performance.md has what that gives a crowd


class Turnstile:
    def __init__(self, per_round: int = PER_ROUND) -> None:
        self._per_round = per_round
        self._passed = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._loop = asyncio.get_running_loop()

    async def enter(self) -> None:
        """Returns at once unless this round is full."""
        if self._passed == 0:
            self._loop.call_soon(self._next_round)
        if self._passed < self._per_round and not self._waiting:
            self._passed += 1
            return
        place: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(place)
        await place

    def _next_round(self) -> None:
        self._passed = 0
        while self._waiting and self._passed < self._per_round:
            place = self._waiting.popleft()
            if not place.done():  # else its client has left
                place.set_result(None)
                self._passed += 1
        if self._passed:
            self._loop.call_soon(self._next_round)
