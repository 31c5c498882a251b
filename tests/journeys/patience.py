"""Wait for something to become true, a bounded time."""

import asyncio
from collections.abc import Awaitable, Callable

_POLL_S = 0.1


async def eventually(condition: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
    """Ask until `condition()` holds. Raises `TimeoutError`."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 -- asks another process, which sends no events
            await asyncio.sleep(_POLL_S)
