"""Hear within a second what another replica has set."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from codex_lb.store import StoreError

_EVERY_S = 0.5

_log = structlog.get_logger(__name__)


async def follow(*looks: Callable[[], Awaitable[None]], every_s: float = _EVERY_S) -> None:
    """Until cancelled. While the database does not answer, what is known goes on."""
    is_asking = True
    while True:
        await asyncio.sleep(every_s)
        try:
            for look in looks:
                await look()
            is_asking = True
        except StoreError as error:
            if is_asking:
                _log.warning("settings not read again", error=str(error))
            is_asking = False
