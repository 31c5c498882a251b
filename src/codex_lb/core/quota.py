"""How much an account has left, from what upstream says of it.

Windows are told apart by their length, never by position: a weekly window sent as the only
"primary" is weekly. Source of header names and lengths: `docs/wire.md`, "Quota".
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from codex_lb.core.foreign_json import decode, spelled_number
from codex_lb.core.model import QuotaWindow

_MAX_RESET_S = 366 * 86_400.0  # a later reset is nonsense (or in milliseconds) and is ignored

# The plan's weekly quota as a multiple of Plus. Unknown plans count as free.
_WEIGHTS = {
    "free": 0.15,
    "plus": 1.0,
    "business": 1.0,
    "team": 1.0,
    "edu": 1.0,
    "prolite": 5.0,
    "pro": 6.67,
    "enterprise": 6.67,
}


def weight(plan: str) -> float:
    return _WEIGHTS.get(plan, _WEIGHTS["free"])


def left(window: QuotaWindow, now: float) -> float:
    """Share still free; a window whose reset has passed is whole again."""
    if window.resets_at is not None and now >= window.resets_at:
        return 1.0
    return max(0.0, 1.0 - window.used)


def sane_reset(at: float | None, now: float) -> float | None:
    """`at` if it lies in the future and within a year, else None."""
    return at if at is not None and now < at <= now + _MAX_RESET_S else None


def windows_in_headers(headers: Mapping[str, str], now: float) -> tuple[QuotaWindow, ...]:
    """The windows in `x-codex-{primary,secondary}-*`; names in lower case."""
    found = []
    for position in ("primary", "secondary"):
        prefix = f"x-codex-{position}-"
        used = spelled_number(headers.get(prefix + "used-percent"))
        minutes = spelled_number(headers.get(prefix + "window-minutes"))
        if used is None or not minutes:
            continue
        resets_at = spelled_number(headers.get(prefix + "reset-at"))
        after = spelled_number(headers.get(prefix + "reset-after-seconds"))
        if resets_at is None and after is not None:
            resets_at = now + after
        found.append(
            QuotaWindow(int(minutes), _share(used), sane_reset(resets_at, now), now, "headers")
        )
    return tuple(found)


class _WireWindow(msgspec.Struct):
    used_percent: float | None = None
    window_minutes: float | None = None
    resets_at: float | None = None
    reset_at: float | None = None


class _WireLimits(msgspec.Struct):
    primary: _WireWindow | None = None
    secondary: _WireWindow | None = None


class _RateLimitsEvent(msgspec.Struct):
    rate_limits: _WireLimits | None = None
    limit_name: str | None = None
    metered_limit_name: str | None = None


def windows_in_event(data: bytes, now: float) -> tuple[QuotaWindow, ...]:
    """The windows in a `codex.rate_limits` event; none if it names a limit other than codex."""
    event = decode(data, _RateLimitsEvent)
    if event is None:
        return ()
    named = event.metered_limit_name or event.limit_name or "codex"
    if event.rate_limits is None or named != "codex":
        return ()
    return tuple(
        QuotaWindow(
            int(wire.window_minutes),
            _share(wire.used_percent),
            sane_reset(wire.resets_at if wire.resets_at is not None else wire.reset_at, now),
            now,
            "event",
        )
        for wire in (event.rate_limits.primary, event.rate_limits.secondary)
        if wire is not None and wire.used_percent is not None and wire.window_minutes
    )


def merge(old: Iterable[QuotaWindow], new: Sequence[QuotaWindow]) -> tuple[QuotaWindow, ...]:
    """The newest reading of each length, shortest window first."""
    latest = {window.minutes: window for window in old}
    for window in new:
        known = latest.get(window.minutes)
        if known is None or window.measured_at >= known.measured_at:
            latest[window.minutes] = window
    return tuple(latest[minutes] for minutes in sorted(latest))


def spent_until(windows: Iterable[QuotaWindow], now: float) -> float | None:
    """When the last of the spent windows resets; None if none is spent or no reset is known."""
    resets = [w.resets_at for w in windows if left(w, now) == 0.0 and w.resets_at is not None]
    return max(resets, default=None)


def _share(percent: float) -> float:
    return min(max(percent / 100.0, 0.0), 1.0)
