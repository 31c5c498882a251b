"""Tell the quota of the whole pool as if it were one big account, in each way that upstream does.

Accounts that could serve, now or after a reset, count by what their plan holds in a kind of window.
One that was never measured counts as whole, but makes no window appear that none has reported.
The headers, the event and the document say the same numbers (`docs/wire.md`, "Quota").
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from codex_lb.core import quota, summary
from codex_lb.core.foreign_json import JsonObject
from codex_lb.core.model import Account, Credits, QuotaWindow

# What Plus holds, or would hold, of each kind: short, weekly, monthly. A plan without a published
# amount counts by its weight.
_PLUS = (225.0, 7_560.0, 7_560.0)


@dataclass(frozen=True, slots=True)
class PoolWindow:
    """`used_percent` is 100 only when no account has any of it left."""

    minutes: int
    used_percent: int
    resets_at: int  # the first that helps; Codex cannot read a window without one


@dataclass(frozen=True, slots=True)
class PoolQuota:
    """A window that no account has reported is None."""

    at: float
    plan: str  # the most capable of the pool; "guest" without accounts
    short: PoolWindow | None
    weekly: PoolWindow | None
    monthly: PoolWindow | None
    credits: Credits  # added up
    can_serve: bool
    accounts: int
    unmeasured: int  # of them, counted as whole

    @property
    def is_limited(self) -> bool:
        return self.accounts > 0 and not self.can_serve

    @property
    def positions(self) -> dict[str, PoolWindow | None]:
        """By upstream's names. A month alone comes first, or Codex would not see it."""
        primary = self.short if self.short or self.weekly else self.monthly
        return {"primary": primary, "secondary": self.weekly, "monthly": self.monthly}


def of(accounts: Iterable[Account], now: float) -> PoolQuota:
    """Of the accounts that are active or merely limited."""
    counted = [account for account in accounts if account.state == "active"]
    read = [(account, summary.by_kind(account.windows)) for account in counted]
    short, weekly, monthly = (
        _window([(account, windows[kind]) for account, windows in read], kind, now)
        for kind in range(len(_PLUS))
    )
    plans = [account.identity.plan for account in counted]
    return PoolQuota(
        at=now,
        plan=max(plans, key=lambda plan: (quota.weight(plan), plan), default="guest"),
        short=short,
        weekly=weekly,
        monthly=monthly,
        credits=_credits([a.credits for a in counted if a.credits is not None], now),
        can_serve=any(_can_serve(account, now) for account in counted),
        accounts=len(counted),
        unmeasured=sum(not account.windows for account in counted),
    )


def headers(pool: PoolQuota) -> dict[str, str]:
    told = {"x-codex-plan-type": pool.plan}
    for position, window in pool.positions.items():
        if window is not None:
            told |= {
                f"x-codex-{position}-used-percent": str(window.used_percent),
                f"x-codex-{position}-window-minutes": str(window.minutes),
                f"x-codex-{position}-reset-at": str(window.resets_at),
                f"x-codex-{position}-reset-after-seconds": str(_after_s(pool, window)),
            }
    has, unlimited, balance = pool.credits.has, pool.credits.unlimited, _balance(pool)
    told |= {
        "x-codex-credits-has-credits": str(has).lower(),
        "x-codex-credits-unlimited": str(unlimited).lower(),
    }
    return told if balance is None else told | {"x-codex-credits-balance": balance}


def event(pool: PoolQuota) -> bytes:
    """The `codex.rate_limits` event's payload."""
    windows = {
        position: window
        and {
            "used_percent": window.used_percent,
            "window_minutes": window.minutes,
            "reset_at": window.resets_at,
            "reset_after_seconds": _after_s(pool, window),
        }
        for position, window in pool.positions.items()
    }
    return msgspec.json.encode(
        {
            "type": "codex.rate_limits",
            "plan_type": pool.plan,
            "rate_limits": _standing(pool) | windows,
            "credits": _credits_object(pool),
        }
    )


def document(pool: PoolQuota) -> bytes:
    """The answer to GET `/api/codex/usage` and `/wham/usage`."""
    windows = {
        f"{position}_window": window
        and {
            "used_percent": window.used_percent,
            "limit_window_seconds": window.minutes * 60,
            "reset_after_seconds": _after_s(pool, window),
            "reset_at": window.resets_at,
        }
        for position, window in pool.positions.items()
    }
    return msgspec.json.encode(
        {
            "plan_type": pool.plan,
            "rate_limit": _standing(pool) | windows,
            "credits": _credits_object(pool)
            | {"approx_local_messages": None, "approx_cloud_messages": None},
            "rate_limit_reset_credits": None,
            "additional_rate_limits": [],
        }
    )


def _window(
    readings: Sequence[tuple[Account, QuotaWindow | None]], kind: int, now: float
) -> PoolWindow | None:
    measured = [(account, window) for account, window in readings if window is not None]
    if not measured:
        return None
    unmeasured = [a for a, _ in readings if not a.windows and _capacities(a)[kind]]
    sizes = [(_size(account, kind), quota.left(window, now)) for account, window in measured]
    sizes += [(_size(account, kind), 1.0) for account in unmeasured]
    used = 1.0 - sum(size * left for size, left in sizes) / sum(size for size, _ in sizes)
    percent = math.floor(100 * used + 0.5)
    if any(left > 0.0 for _, left in sizes):
        percent = min(percent, 99)
    windows = [window for _, window in measured]
    minutes = max(window.minutes for window in windows)
    return PoolWindow(minutes, percent, _resets_at(windows, minutes, now))


def _resets_at(windows: Sequence[QuotaWindow], minutes: int, now: float) -> int:
    """The first reset of what has been used; what has not begun is told as upstream does."""
    coming = [(w.resets_at, w.used > 0.0) for w in windows if w.resets_at and w.resets_at > now]
    ends = [at for at, is_used in coming if is_used] or [at for at, _ in coming]
    return math.ceil(min(ends, default=now + minutes * 60))


def _size(account: Account, kind: int) -> float:
    weighed = quota.weight(account.identity.plan) * _PLUS[kind]
    return _capacities(account)[kind] or weighed


def _capacities(account: Account) -> tuple[float | None, float | None, float | None]:
    holds = summary.capacity(account.identity.plan)
    return holds.short, holds.weekly, holds.monthly


def _can_serve(account: Account, now: float) -> bool:
    """A rest of some seconds is not worth telling: only what quota says counts."""
    proofs = (b for b in account.blocks if b.kind in ("usage_limit", "quota") and b.model is None)
    return not summary.is_spent(account, now) and all(block.until <= now for block in proofs)


def _credits(told: Sequence[Credits], now: float) -> Credits:
    holders = [one for one in told if one.has]
    balances = [one.balance for one in holders if one.balance is not None]
    is_known = len(balances) == len(holders)
    unlimited = any(one.unlimited for one in told)
    return Credits(bool(holders), unlimited, sum(balances) if is_known else None, now)


def _standing(pool: PoolQuota) -> JsonObject:
    return {"allowed": pool.can_serve, "limit_reached": pool.is_limited}


def _credits_object(pool: PoolQuota) -> JsonObject:
    return {
        "has_credits": pool.credits.has,
        "unlimited": pool.credits.unlimited,
        "balance": _balance(pool),
    }


def _balance(pool: PoolQuota) -> str | None:
    balance = pool.credits.balance
    return None if balance is None else f"{balance:.2f}".removesuffix("0").removesuffix(".0")


def _after_s(pool: PoolQuota, window: PoolWindow) -> int:
    return max(0, window.resets_at - math.floor(pool.at))
