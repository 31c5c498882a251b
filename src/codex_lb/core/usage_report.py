"""Read upstream's own report on an account's quota, the answer to GET `/wham/usage`.

Every field is read by itself: an odd one never costs the others. Windows go by their length.
Source of the shape: `docs/wire.md`, "Quota".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from codex_lb.core import quota
from codex_lb.core.foreign_json import JsonObject, figure, json_object, member, text, truth, word
from codex_lb.core.model import Credits, ExtraLimit, QuotaWindow

_MOST_RESETS = 1_000.0  # more is nonsense, and no column holds every integer
_POSITIONS = ("primary_window", "secondary_window", "monthly_window")


@dataclass(frozen=True, slots=True)
class UsageReport:
    """All that upstream says of one account at once; None where it does not say."""

    plan: str | None = None  # lower case
    windows: tuple[QuotaWindow, ...] = ()
    is_complete: bool = True  # windows that are not listed do not exist
    limit_reached: bool = False
    credits: Credits | None = None
    extras: tuple[ExtraLimit, ...] | None = None
    reset_credits: int | None = None


def read(body: bytes, now: float) -> UsageReport | None:
    """None if `body` is no report at all."""
    document = json_object(body)
    if document is None or not {"plan_type", "rate_limit"} & document.keys():
        return None
    limit = member(document, "rate_limit")
    banked = figure(member(document, "rate_limit_reset_credits").get("available_count"))
    return UsageReport(
        plan=word(document.get("plan_type")),
        windows=_windows(limit, now),
        is_complete=_is_complete(document, now),
        limit_reached=bool(truth(limit.get("limit_reached")))
        or truth(limit.get("allowed")) is False,
        credits=quota.credits_told(member(document, "credits"), now),
        extras=_extras(document.get("additional_rate_limits"), now),
        reset_credits=None if banked is None else int(min(max(banked, 0.0), _MOST_RESETS)),
    )


def _windows(limit: Mapping[str, object], now: float) -> tuple[QuotaWindow, ...]:
    told = (quota.window(member(limit, position), now, "usage") for position in _POSITIONS)
    return quota.merge((), [window for window in told if window is not None])


def _is_complete(document: JsonObject, now: float) -> bool:
    """Whether each window that is told of could be read; a null says that there is none."""
    limit = document.get("rate_limit", ...)
    if limit is None:
        return True
    if not isinstance(limit, dict):
        return False
    told = [position for position in _POSITIONS if limit.get(position) is not None]
    return all(quota.window(member(limit, p), now, "usage") is not None for p in told)


def _extras(told: object, now: float) -> tuple[ExtraLimit, ...] | None:
    if not isinstance(told, list):
        return None
    found = (_extra(one, now) for one in told)
    return tuple(extra for extra in found if extra is not None)


def _extra(told: object, now: float) -> ExtraLimit | None:
    if not isinstance(told, dict):
        return None
    feature, name = text(told.get("metered_feature")), text(told.get("limit_name"))
    if feature is None and name is None:
        return None
    windows = _windows(member(told, "rate_limit"), now)
    return ExtraLimit(feature or name or "", name or feature or "", windows)
