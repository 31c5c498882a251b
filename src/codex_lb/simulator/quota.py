"""How much of its quota an account has spent, and how the back end says so.

Three ways, as the real one: `x-codex-*` headers, the `codex.rate_limits` event, and the body of
`GET /wham/usage`. Windows roll over when the clock passes their reset. What a request costs is our
own measure; only the ratio between plans matters (a Pro account holds 6.7 times a Plus account).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FIVE_HOURS, WEEK, MONTH = 300, 10_080, 43_200  # minutes

# Credits per window length; a plan without a window does not report it.
_CREDITS: dict[str, dict[int, float]] = {
    "free": {MONTH: 1_134},
    "plus": {FIVE_HOURS: 225, WEEK: 7_560},
    "prolite": {FIVE_HOURS: 1_125, WEEK: 37_800},
    "pro": {FIVE_HOURS: 1_500, WEEK: 50_400},
    "enterprise": {FIVE_HOURS: 1_500, WEEK: 50_400},
}
_TOKENS_PER_CREDIT = 10_000
_CACHED_WEIGHT, _OUTPUT_WEIGHT = 0.1, 6.0  # relative to an uncached input token


def capacity(plan: str) -> dict[int, float]:
    """Credits by window minutes. Plans we do not know are taken to be like Plus."""
    return _CREDITS.get(plan, _CREDITS["plus"])


@dataclass(slots=True)
class Window:
    """One rolling limit. Tests may set any field at any time."""

    minutes: int
    used: float  # share, 1.0 = full
    resets_at: float  # Unix seconds

    def roll(self, now: float) -> None:
        if now >= self.resets_at:
            self.used = 0.0
            self.resets_at = now + self.minutes * 60

    @property
    def percent(self) -> int:
        return min(100, round(self.used * 100))


@dataclass(frozen=True, slots=True)
class Credits:
    """Bought on top of the plan; `balance` is text on the wire."""

    has_credits: bool = False
    unlimited: bool = False
    balance: str = "0"


@dataclass(slots=True)
class ExtraLimit:
    """A limit beside the account's own, for the models of one feature."""

    feature: str  # "codex_bengalfox"
    name: str  # "GPT-5.3-Codex-Spark"
    windows: list[Window]


def cost(input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
    """Credits of one answered request."""
    fresh = input_tokens - cached_tokens
    weighted = fresh + _CACHED_WEIGHT * cached_tokens + _OUTPUT_WEIGHT * output_tokens
    return weighted / _TOKENS_PER_CREDIT


def headers(
    plan: str, windows: Sequence[Window], credits_: Credits, now: float
) -> list[tuple[str, str]]:
    """The `x-codex-*` family of an answer."""
    rows = [("x-codex-plan-type", plan), ("x-codex-active-limit", "codex")]
    for name, window in zip(("primary", "secondary"), windows, strict=False):
        reset_after = max(0, round(window.resets_at - now))
        rows += [
            (f"x-codex-{name}-used-percent", str(window.percent)),
            (f"x-codex-{name}-window-minutes", str(window.minutes)),
            (f"x-codex-{name}-reset-at", str(round(window.resets_at))),
            (f"x-codex-{name}-reset-after-seconds", str(reset_after)),
        ]
    return [
        *rows,
        ("x-codex-primary-over-secondary-limit-percent", "0"),
        ("x-codex-credits-has-credits", str(credits_.has_credits)),
        ("x-codex-credits-unlimited", str(credits_.unlimited)),
        ("x-codex-credits-balance", credits_.balance),
    ]


def event(plan: str, windows: Sequence[Window], credits_: Credits, now: float) -> dict[str, Any]:
    """The `codex.rate_limits` event."""
    reached = any(window.used >= 1.0 for window in windows)
    rows = [
        {
            "used_percent": window.percent,
            "window_minutes": window.minutes,
            "reset_at": round(window.resets_at),
            "reset_after_seconds": max(0, round(window.resets_at - now)),
        }
        for window in windows
    ]
    primary, secondary = [*rows, None, None][:2]
    return {
        "type": "codex.rate_limits",
        "plan_type": plan,
        "rate_limits": {
            "allowed": not reached,
            "limit_reached": reached,
            "primary": primary,
            "secondary": secondary,
        },
        "credits": _credits(credits_),
    }


def usage_body(
    plan: str,
    windows: Sequence[Window],
    credits_: Credits,
    extras: Sequence[ExtraLimit],
    now: float,
) -> dict[str, Any]:
    """The part of `GET /wham/usage` that speaks of quota."""
    return {
        "plan_type": plan,
        "rate_limit": _rate_limit(windows, now),
        "credits": _credits(credits_)
        | {"approx_local_messages": None, "approx_cloud_messages": None},
        "additional_rate_limits": [
            {
                "limit_name": extra.name,
                "metered_feature": extra.feature,
                "rate_limit": _rate_limit(extra.windows, now),
            }
            for extra in extras
        ],
    }


def _rate_limit(windows: Sequence[Window], now: float) -> dict[str, Any]:
    reached = any(window.used >= 1.0 for window in windows)
    rows = [
        {
            "used_percent": window.percent,
            "limit_window_seconds": window.minutes * 60,
            "reset_after_seconds": max(0, round(window.resets_at - now)),
            "reset_at": round(window.resets_at),
        }
        for window in windows
    ]
    primary, secondary = [*rows, None, None][:2]
    return {
        "allowed": not reached,
        "limit_reached": reached,
        "primary_window": primary,
        "secondary_window": secondary,
    }


def _credits(credits_: Credits) -> dict[str, Any]:
    return {
        "has_credits": credits_.has_credits,
        "unlimited": credits_.unlimited,
        "balance": credits_.balance,
    }
