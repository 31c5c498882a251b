"""How much an account has left, from what upstream says of it.

Windows are told apart by their length, never by position: a weekly window sent as the only
"primary" is weekly. Source of header names and lengths: `docs/wire.md`, "Quota".
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from codex_lb.core.foreign_json import figure, json_object, member, truth
from codex_lb.core.model import Credits, QuotaWindow

Source = Literal["headers", "event", "usage", "error"]

_MAX_RESET_S = 366 * 86_400.0  # a later reset is nonsense (or in milliseconds) and is ignored
_MAX_MINUTES = 366 * 1_440

# Upstream knows two; the third is how another pool of this kind tells the rest.
_POSITIONS = ("primary", "secondary", "monthly")


def _headers(family: str, *fields: str) -> dict[str, str]:
    """The header of each field, under the name that the same fact has in JSON."""
    return {field: f"x-codex-{family}-{field.replace('_', '-')}" for field in fields}


_WINDOW_HEADERS = tuple(
    _headers(position, "used_percent", "window_minutes", "reset_at", "reset_after_seconds")
    for position in _POSITIONS
)
_CREDITS_HEADERS = _headers("credits", "has_credits", "unlimited", "balance")

# What upstream calls the account's own limit; limits of single features are `codex_<feature>`.
_OWN_LIMITS = ("codex", "premium")

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
    """Share still free; a window whose reset has passed is whole again.

    Without a told reset it ends its own length after it was measured, at the latest.
    """
    ends_at = window.resets_at
    if ends_at is None:
        ends_at = window.measured_at + window.minutes * 60
    return 1.0 if now >= ends_at else max(0.0, 1.0 - window.used)


def sane_reset(at: float | None, now: float) -> float | None:
    """`at` if it lies in the future and within a year, else None."""
    return at if at is not None and now < at <= now + _MAX_RESET_S else None


def window(told: Mapping[str, object], now: float, source: Source) -> QuotaWindow | None:
    """A window as upstream tells it, with numbers or their spelling; None without share or length.

    `told` by `used_percent`; `window_minutes` or `limit_window_seconds`; `reset_at` or
    `resets_at`, else `reset_after_seconds`.
    """
    percent = figure(told.get("used_percent"))
    minutes = figure(told.get("window_minutes"))
    if minutes is None:
        minutes = (figure(told.get("limit_window_seconds")) or 0.0) / 60
    if percent is None or not 1 <= minutes <= _MAX_MINUTES:
        return None
    after_s = figure(told.get("reset_after_seconds"))
    resets = (
        figure(told.get("reset_at")),
        figure(told.get("resets_at")),
        None if after_s is None else now + after_s,
    )
    sane = (at for at in resets if sane_reset(at, now) is not None)
    share = min(max(percent / 100.0, 0.0), 1.0)
    return QuotaWindow(round(minutes), share, next(sane, None), now, source)


def credits_told(told: Mapping[str, object], now: float) -> Credits | None:
    """`told` by `has_credits`, `unlimited`, `balance`; None if neither of the first two is known."""
    has, unlimited = truth(told.get("has_credits")), truth(told.get("unlimited"))
    if has is None and unlimited is None:
        return None
    return Credits(bool(has), bool(unlimited), figure(told.get("balance")), now)


def limit_named(headers: Mapping[str, str]) -> str | None:
    """The feature whose limit the headers speak of, if it is not the account's own limit."""
    name = headers.get("x-codex-active-limit", "").strip().lower().replace("-", "_")
    return name if name.startswith("codex_") else None


def windows_in_headers(headers: Mapping[str, str], now: float) -> tuple[QuotaWindow, ...]:
    """The account's windows in `x-codex-{primary,secondary}-*`; names in lower case."""
    if limit_named(headers) is not None:
        return ()
    return _readable(window(_told(headers, names), now, "headers") for names in _WINDOW_HEADERS)


def credits_in_headers(headers: Mapping[str, str], now: float) -> Credits | None:
    return credits_told(_told(headers, _CREDITS_HEADERS), now)


def windows_in_event(data: bytes, now: float) -> tuple[QuotaWindow, ...]:
    """The account's windows in a `codex.rate_limits` event; none if it names another limit."""
    event = json_object(data) or {}
    named = event.get("metered_limit_name") or event.get("limit_name") or "codex"
    if named not in _OWN_LIMITS:
        return ()
    limits = member(event, "rate_limits")
    return _readable(window(member(limits, position), now, "event") for position in _POSITIONS)


def credits_in_event(data: bytes, now: float) -> Credits | None:
    return credits_told(member(json_object(data), "credits"), now)


def merge(
    old: Iterable[QuotaWindow], new: Sequence[QuotaWindow], *, complete: bool = False
) -> tuple[QuotaWindow, ...]:
    """The newest reading of each length, shortest window first.

    `complete`: `new` is all there is, so older windows of other lengths are gone (a changed plan).
    """
    read_at = min((window.measured_at for window in new), default=math.inf)
    latest = {w.minutes: w for w in old if not complete or w.measured_at > read_at}
    for window in new:
        known = latest.get(window.minutes)
        if known is None or window.measured_at >= known.measured_at:
            latest[window.minutes] = window
    return tuple(latest[minutes] for minutes in sorted(latest))


def spent_until(windows: Iterable[QuotaWindow], now: float) -> float | None:
    """When the last of the spent windows resets; None if none is spent or no reset is known."""
    resets = [w.resets_at for w in windows if left(w, now) == 0.0 and w.resets_at is not None]
    return max(resets, default=None)


def _told(headers: Mapping[str, str], names: Mapping[str, str]) -> dict[str, object]:
    return {field: headers.get(name) for field, name in names.items()}


def _readable(found: Iterable[QuotaWindow | None]) -> tuple[QuotaWindow, ...]:
    return tuple(window for window in found if window is not None)
