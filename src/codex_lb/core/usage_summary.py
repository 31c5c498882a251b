"""Add up what the pool has left in one kind of window, in credits over all plans.

Only accounts that may serve count, and of them those that have such a window. One that upstream
has not measured at all counts as whole, as it does in routing and in what clients are told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codex_lb.core import summary
from codex_lb.core.model import Account
from codex_lb.core.summary import WindowSummary

_MINUTES = (300, 10_080, 43_200)  # by kind, until upstream has named a length


@dataclass(frozen=True, slots=True)
class PoolWindow:
    """`remaining_percent`: 0 to 100, weighted by capacity; 0 for an empty pool."""

    remaining_percent: float
    capacity: float  # credits, as `remaining`
    remaining: float
    resets_at: float | None  # the first one to come
    minutes: int


@dataclass(frozen=True, slots=True)
class PoolWindows:
    short: PoolWindow
    weekly: PoolWindow
    monthly: PoolWindow | None  # None: no account has one


def windows(accounts: Iterable[Account], now: float) -> PoolWindows:
    active = [account for account in accounts if account.state == "active"]
    told = [(summary.windows(account, now), not account.windows) for account in active]
    monthly = _counted((each.monthly, is_new) for each, is_new in told)
    has_monthly = any(part.minutes is not None for part in monthly)
    return PoolWindows(
        short=_added(_counted((each.short, is_new) for each, is_new in told), _MINUTES[0]),
        weekly=_added(_counted((each.weekly, is_new) for each, is_new in told), _MINUTES[1]),
        monthly=_added(monthly, _MINUTES[2]) if has_monthly else None,
    )


def _counted(parts: Iterable[tuple[WindowSummary, bool]]) -> list[WindowSummary]:
    """Those that upstream has reported, and those of accounts of which it has reported nothing."""
    return [part for part, is_new in parts if is_new or part.minutes is not None]


def _added(parts: Sequence[WindowSummary], usual_minutes: int) -> PoolWindow:
    capacity = sum(part.capacity or 0.0 for part in parts)
    remaining = sum((part.capacity or 0.0) * _percent(part) / 100 for part in parts)
    if capacity:
        percent = remaining / capacity * 100
    else:  # plans of which no capacity is known
        measured = [part.remaining_percent for part in parts if part.remaining_percent is not None]
        percent = sum(measured) / len(measured) if measured else 0.0
    return PoolWindow(
        remaining_percent=round(percent, 2),
        capacity=capacity,
        remaining=round(remaining, 2),
        resets_at=min((p.resets_at for p in parts if p.resets_at is not None), default=None),
        minutes=next((p.minutes for p in parts if p.minutes is not None), usual_minutes),
    )


def _percent(part: WindowSummary) -> float:
    return 100.0 if part.remaining_percent is None else part.remaining_percent
