"""Delete what is past its time: request rows, samples, events and the audit log, not hourly sums."""

import asyncio
from collections.abc import Callable

import structlog

from codex_lb.core.operator_settings import Amounts
from codex_lb.store import Store

KEEP_EVENTS_DAYS = 180
KEEP_AUDIT_DAYS = 365
_DAY_S = 86_400.0
_EVERY_S = 3_600.0
_FIRST_AFTER_S = 60.0  # not in the way of a start

_log = structlog.get_logger(__name__)


async def prune_hourly(
    store: Store, keep: Callable[[], Amounts], clock: Callable[[], float]
) -> None:
    """Until cancelled."""
    await asyncio.sleep(_FIRST_AFTER_S)
    while True:
        try:
            await prune(store, keep(), clock())
        except Exception:  # noqa: BLE001  a busy database is asked again later
            _log.exception("store not pruned")
        await asyncio.sleep(_EVERY_S)


async def prune(store: Store, keep: Amounts, now: float) -> None:
    await store.prune_history(
        samples_before=now - keep.sample_days * _DAY_S if keep.sample_days else 0.0,
        events_before=now - KEEP_EVENTS_DAYS * _DAY_S,
    )
    await store.operators.prune(notes_before=now - KEEP_AUDIT_DAYS * _DAY_S, now=now)
    if keep.log_days:
        deleted = await store.prune(now - keep.log_days * _DAY_S)
        if deleted:
            _log.info("request rows pruned", rows=deleted, keep_days=keep.log_days)
