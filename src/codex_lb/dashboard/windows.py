"""How the pool's quota windows are told: together, and account by account."""

from collections.abc import Sequence
from datetime import datetime

from codex_lb.core.model import Account
from codex_lb.core.summary import WindowSummary
from codex_lb.core.usage_summary import PoolWindow
from codex_lb.dashboard.summaries import Shape, time


class UsageWindow(Shape):
    """`reset_at` is the first reset of any account."""

    remaining_percent: float
    capacity_credits: float
    remaining_credits: float
    reset_at: datetime | None
    window_minutes: int


class UsageHistoryItem(Shape):
    """Credits are 0 for a plan of which no capacity is known."""

    account_id: str
    remaining_percent_avg: float | None
    capacity_credits: float
    remaining_credits: float


class UsageWindowResponse(Shape):
    window_key: str
    window_minutes: int | None
    accounts: list[UsageHistoryItem]


def pooled(window: PoolWindow) -> UsageWindow:
    return UsageWindow(
        remaining_percent=window.remaining_percent,
        capacity_credits=window.capacity,
        remaining_credits=window.remaining,
        reset_at=time(window.resets_at),
        window_minutes=window.minutes,
    )


def each(
    key: str, minutes: int, accounts: Sequence[Account], windows: Sequence[WindowSummary]
) -> UsageWindowResponse:
    """`windows`: one kind, of each of `accounts`."""
    told = zip(accounts, windows, strict=True)
    return UsageWindowResponse(
        window_key=key,
        window_minutes=minutes,
        accounts=[item(account, window, window.remaining_percent) for account, window in told],
    )


def item(account: Account, window: WindowSummary, percent: float | None) -> UsageHistoryItem:
    """`percent`: what was left."""
    capacity = window.capacity or 0.0
    return UsageHistoryItem(
        account_id=account.id,
        remaining_percent_avg=percent,
        capacity_credits=capacity,
        remaining_credits=round(capacity * (percent or 0.0) / 100, 2),
    )
