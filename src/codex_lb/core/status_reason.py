"""Say why an account is not simply serving: the reason, since when, and when it ends.

What the operator or ChatGPT decided comes first. Of limits and rests the one that lasts longest is
told, because the account serves again only after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from codex_lb.core import quota, summary
from codex_lb.core.model import Account, AccountState, Block, BlockKind, QuotaWindow

_DAY_S = 86_400.0
_HALF_A_YEAR_S = 183 * _DAY_S
_STATES: dict[AccountState, str] = {
    "paused": "paused by the operator",
    "reauth_required": "needs a new sign-in",
    "deactivated": "deactivated by ChatGPT",
}
_LIMITS = ("5-hour limit", "weekly limit", "monthly limit")
_BLOCKS: dict[BlockKind, str] = {
    "usage_limit": "usage limit",
    "quota": "quota spent",
    "burst": "too many requests at once",
}
_SAME_S = 60.0  # a block and a window that end this near to each other are one limit


@dataclass(frozen=True, slots=True)
class StatusReason:
    text: str  # a few words for the operator
    since: float | None = None  # Unix seconds, as `until`
    until: float | None = None  # None: until a person acts


def of(account: Account, now: float) -> StatusReason | None:
    """None: nothing stands in the way."""
    if account.state != "active":
        text = _STATES[account.state]
        told = account.state_reason if account.state != "paused" else None
        return StatusReason(f"{text}: {told}" if told else text)
    return max(_limits(account, now), key=lambda reason: reason.until or now, default=None)


def clock_time(at: float, now: float) -> str:
    """`14:05 UTC`, with the day if it is not within 24 hours, and with the year if it is far off."""
    form = "%H:%M UTC" if abs(at - now) < _DAY_S else "%a %d %b %H:%M UTC"
    if abs(at - now) > _HALF_A_YEAR_S:
        form = "%d %b %Y"
    return datetime.fromtimestamp(at, UTC).strftime(form)


def _limits(account: Account, now: float) -> Iterator[StatusReason]:
    for block in account.blocks:
        if block.model is None and now < block.until:
            end = _end(block.until, now, is_told=block.is_told)
            what = _name(block, account.windows)
            yield StatusReason(f"{what} {end}", block.since, block.until)
    if account.credits is None or not account.credits.usable:
        for window in account.windows:
            if window.resets_at is not None and quota.left(window, now) == 0.0:
                end = _end(window.resets_at, now, is_told=True)
                what = _LIMITS[summary.kind(window.minutes)]
                yield StatusReason(f"{what} {end}", window.measured_at, window.resets_at)


def _name(block: Block, windows: tuple[QuotaWindow, ...]) -> str:
    """The limit it comes from if a window ends with it, else what upstream complained of."""
    for window in windows:
        if window.resets_at is not None and abs(window.resets_at - block.until) < _SAME_S:
            return _LIMITS[summary.kind(window.minutes)]
    return _BLOCKS.get(block.kind) or f"resting after {block.reason}"


def _end(until: float, now: float, *, is_told: bool) -> str:
    at = clock_time(until, now)
    return f"until {at}, told by upstream" if is_told else f"until we ask again at {at}"
