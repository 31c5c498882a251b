"""Say how an account is: one word for its status, and what each of its quota windows has left.

Windows are sorted into short, weekly and monthly by their length, never by the position in which
upstream sent them. Amounts are also given in credits, a unit in which plans can be added up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from codex_lb.core import quota
from codex_lb.core.model import Account, Block, QuotaWindow
from codex_lb.core.quota import Source

Status = Literal[
    "active", "rate_limited", "quota_exceeded", "paused", "reauth_required", "deactivated"
]

# Upstream's windows last 5 hours, a week or a month; lengths between go to the nearest kind.
_WEEKLY_FROM_MIN = 1_440
_MONTHLY_FROM_MIN = 20_160
SHORT, WEEKLY, MONTHLY = range(3)

# Blocks that a client would feel as a limit. The others are suspicions or bar one model only.
_STATUS_OF_BLOCK: dict[str, Status] = {
    "quota": "quota_exceeded",
    "usage_limit": "rate_limited",
    "burst": "rate_limited",
}


@dataclass(frozen=True, slots=True)
class Capacity:
    """Credits that a plan has in each kind of window; None where it has no such window."""

    short: float | None = None
    weekly: float | None = None
    monthly: float | None = None


_PLUS = Capacity(225.0, 7_560.0)
_PRO = Capacity(1_500.0, 50_400.0)
_CAPACITIES = {
    "free": Capacity(0.0, 1_134.0, 1_134.0),
    "plus": _PLUS,
    "business": _PLUS,
    "team": _PLUS,
    "edu": _PLUS,
    "prolite": Capacity(1_125.0, 37_800.0),
    "pro": _PRO,
    "enterprise": _PRO,
}
_UNKNOWN_PLAN = Capacity()


@dataclass(frozen=True, slots=True)
class WindowSummary:
    """One kind of window. Everything but the capacity is None until upstream has reported it."""

    capacity: float | None  # credits
    minutes: int | None = None
    remaining_percent: float | None = None  # 0 to 100, two decimals
    remaining: float | None = None  # credits
    resets_at: float | None = None  # Unix seconds; None when the reset has passed
    measured_at: float | None = None
    source: Source | None = None

    @property
    def used_percent(self) -> float | None:
        left = self.remaining_percent
        return None if left is None else round(100.0 - left, 2)


@dataclass(frozen=True, slots=True)
class WindowSummaries:
    short: WindowSummary
    weekly: WindowSummary
    monthly: WindowSummary


def status(account: Account, now: float) -> Status:
    """What the operator did stands over what upstream proved; a worse limit over a lesser."""
    if account.state != "active":
        return account.state
    felt = {_STATUS_OF_BLOCK.get(block.kind) for block in account.blocks if _bars(block, now)}
    if "quota_exceeded" in felt:
        return "quota_exceeded"
    return "rate_limited" if is_spent(account, now) or "rate_limited" in felt else "active"


def is_spent(account: Account, now: float) -> bool:
    """Whether nothing is left of a window and no credits stand in for it."""
    is_paid = account.credits is not None and account.credits.usable
    return not is_paid and quota.spent_until(account.windows, now) is not None


def capacity(plan: str) -> Capacity:
    return _CAPACITIES.get(plan, _UNKNOWN_PLAN)


def windows(account: Account, now: float) -> WindowSummaries:
    holds = capacity(account.identity.plan)
    short, weekly, monthly = by_kind(account.windows)
    return WindowSummaries(
        short=_summary(short, holds.short, now),
        weekly=_summary(weekly, holds.weekly, now),
        monthly=_summary(monthly, holds.monthly, now),
    )


def by_kind(given: Iterable[QuotaWindow]) -> list[QuotaWindow | None]:
    """Short, weekly, monthly. Of two windows of one kind the one measured last counts."""
    kinds: list[QuotaWindow | None] = [None, None, None]
    for window in sorted(given, key=lambda window: window.measured_at):
        kinds[(window.minutes >= _WEEKLY_FROM_MIN) + (window.minutes >= _MONTHLY_FROM_MIN)] = window
    return kinds


def shared_emails(accounts: Iterable[Account]) -> frozenset[str]:
    """The e-mail addresses, in lower case, that more than one account has."""
    seen: set[str] = set()
    twice: set[str] = set()
    for account in accounts:
        email = account.identity.email.lower()
        (twice if email in seen else seen).add(email)
    return frozenset(twice)


def kind(minutes: int) -> int:
    """Of a window of this length: `SHORT`, `WEEKLY` or `MONTHLY`."""
    return (minutes >= _WEEKLY_FROM_MIN) + (minutes >= _MONTHLY_FROM_MIN)


def _bars(block: Block, now: float) -> bool:
    return block.model is None and now < block.until


def _summary(window: QuotaWindow | None, capacity: float | None, now: float) -> WindowSummary:
    if window is None:
        return WindowSummary(capacity)
    left = min(quota.left(window, now), 1.0)
    has_reset = window.resets_at is not None and window.resets_at <= now
    return WindowSummary(
        capacity=capacity,
        minutes=window.minutes,
        remaining_percent=round(left * 100, 2),
        remaining=None if capacity is None else round(capacity * left, 2),
        resets_at=None if has_reset else window.resets_at,
        measured_at=window.measured_at,
        source=window.source,
    )
