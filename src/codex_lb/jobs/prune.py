"""Delete request rows that are past their time; the roll-ups stay."""

import asyncio
from collections.abc import Callable

import structlog

from codex_lb.store import Store

_DAY_S = 86_400.0
_EVERY_S = 6 * 3600.0
_FIRST_AFTER_S = 60.0  # not in the way of a start

_log = structlog.get_logger(__name__)


async def prune_daily(store: Store, keep_days: int, clock: Callable[[], float]) -> None:
    """Until cancelled; with `keep_days` 0 everything is kept."""
    if keep_days == 0:
        return
    await asyncio.sleep(_FIRST_AFTER_S)
    while True:
        try:
            deleted = await store.prune(clock() - keep_days * _DAY_S)
            if deleted:
                _log.info("request rows pruned", rows=deleted, keep_days=keep_days)
        except Exception:  # noqa: BLE001  a busy database is asked again later
            _log.exception("request rows not pruned")
        await asyncio.sleep(_EVERY_S)
