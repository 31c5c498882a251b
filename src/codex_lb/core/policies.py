"""Which of the accounts that could serve gets the request: the eight policies.

- capacity_weighted: in turn, each by what it has left (`headroom`).
- usage_weighted: the one used least.
- round_robin: the one chosen longest ago.
- relative_availability: in turn among the few best, each by quota left per time to its reset.
- fill_first: the one used most, so that the others stay fresh.
- sequential_drain: the smallest plan first, always in the same order.
- reset_drain: the one whose quota expires first.
- single_account: there is only one to choose.

"In turn" is smooth weighted round-robin, not a draw: a decision can be replayed, and equal accounts
get equal numbers. Its counters come in and go back with the choice. Requests in flight count as
used quota, because upstream's readings come late.

Earlier resets are preferred in buckets. Where a policy orders accounts the bucket comes first;
where it weighs them the weight is divided by the bucket's number: a wall would send every request
to the one account whose reset has just come a day nearer.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from codex_lb.core import quota
from codex_lb.core.model import QuotaWindow
from codex_lb.core.obstacles import Candidate
from codex_lb.core.routing_settings import RoutingSettings, Strategy

Counters = Mapping[str, float]  # account id → turns it is owed; below zero it is ahead
Pick = tuple[Candidate, Counters]
_Weighted = Sequence[tuple[Candidate, float]]

_LONG_FROM_MIN = 1_440  # shorter windows are upstream's "primary"
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_IN_FLIGHT = 0.025  # of Plus's quota, that one request in flight is taken to use
_SOONEST_S = 300.0  # resets nearer than this are all as urgent
_MOST_OWED = 2.0  # turns; with weights that do not change it seldom comes to one
_NEGLIGIBLE = 0.1  # of the best account's share


def pick(
    ready: Sequence[Candidate], settings: RoutingSettings, counters: Counters, now: float
) -> Pick:
    """One of `ready`, which is not empty, whatever its order."""
    weigh = _WEIGHERS.get(settings.strategy)
    if weigh is not None:
        weighted = [each for each in weigh(ready, settings, now) if each[1] > 0.0]
        if weighted:
            return _in_turn(weighted, counters)
    order = _ORDERS.get(settings.strategy, _least_used)
    return min(ready, key=lambda c: (order(c, settings, now), c.account.id)), counters


def _in_turn(weighted: _Weighted, counters: Counters) -> Pick:
    """Each is owed its share of every turn; who is owed most gets it.

    Who is away keeps its counter. None is owed much, so neither a newcomer nor
    one that returns has a backlog to catch up with.
    """
    total = math.fsum([weight for _, weight in weighted])  # the same in any order
    due = {}
    for candidate, weight in weighted:
        owed = counters.get(candidate.account.id, 0.0)
        due[candidate.account.id] = min(_MOST_OWED, max(-_MOST_OWED, owed)) + weight / total
    most = max(due.values())
    first = [c for c, _ in weighted if due[c.account.id] == most]
    chosen = min(first, key=lambda c: (c.chosen_seq, c.account.id))
    due[chosen.account.id] -= 1.0
    return chosen, {**counters, **due}


# -- weights ------------------------------------------------------------------------------------


def headroom(candidate: Candidate, now: float) -> float:
    """Quota left in the tightest window, in plan weights, less what is in flight.

    Halved for every request that waits for upstream's first word, so that an account that has fallen
    silent is asked less and less, long before its silence is proven.
    """
    account = candidate.account
    tightest = 1.0
    for window in account.windows:
        left = quota.left(window, now)
        if left < tightest:  # noqa: PLR1730  `min` costs five times as much
            tightest = left
    left = quota.weight(account.identity.plan) * tightest - _IN_FLIGHT * candidate.in_flight
    return max(0.0, left) * 0.5**candidate.unanswered


def _capacity(ready: Sequence[Candidate], settings: RoutingSettings, now: float) -> _Weighted:
    if not settings.prefer_earlier_reset:
        return [(c, headroom(c, now)) for c in ready]
    return [(c, headroom(c, now) / _bucket(c, settings, now)) for c in ready]


def _relative(ready: Sequence[Candidate], settings: RoutingSettings, now: float) -> _Weighted:
    """The share of the best, sharpened by the power; those far behind get nothing."""
    rates = [_rate(c, now) for c in ready]
    best = max(rates) or 1.0
    shares = [(rate / best) ** settings.relative_power for rate in rates]
    worth = [each for each in zip(ready, shares, strict=True) if each[1] >= _NEGLIGIBLE]
    worth.sort(key=lambda each: (-each[1], each[0].chosen_seq, each[0].account.id))
    return worth[: settings.relative_top_k]


def _rate(candidate: Candidate, now: float) -> float:
    """Quota left in the long window per second until its reset."""
    _, long = _windows(candidate)
    left = quota.left(long, now) if long else 1.0
    amount = quota.weight(candidate.account.identity.plan) * left
    amount -= _IN_FLIGHT * candidate.in_flight
    return max(0.0, amount) / max(_until_reset_s(long, now, 7 * _DAY_S), _SOONEST_S)


_WEIGHERS: dict[Strategy, Callable[[Sequence[Candidate], RoutingSettings, float], _Weighted]] = {
    "capacity_weighted": _capacity,
    "relative_availability": _relative,
}


# -- orders: the smallest key wins, then the smallest id ------------------------------------------

Key = tuple[float, ...]


def _least_used(candidate: Candidate, settings: RoutingSettings, now: float) -> Key:
    short, long = _used(candidate, now)
    return (_preference(candidate, settings, now), long, short, candidate.chosen_seq)


def _longest_ago(candidate: Candidate, _settings: RoutingSettings, _now: float) -> Key:
    return (candidate.chosen_seq,)


def _most_used(candidate: Candidate, settings: RoutingSettings, now: float) -> Key:
    short, long = _used(candidate, now)
    return (_preference(candidate, settings, now), -short, -long)


def _smallest_plan(candidate: Candidate, _settings: RoutingSettings, _now: float) -> Key:
    return (quota.weight(candidate.account.identity.plan),)


def _expires_first(candidate: Candidate, _settings: RoutingSettings, now: float) -> Key:
    short, long = _used(candidate, now)
    return (_days(candidate, now), short, long, candidate.chosen_seq)


_ORDERS: dict[Strategy, Callable[[Candidate, RoutingSettings, float], Key]] = {
    "usage_weighted": _least_used,
    "round_robin": _longest_ago,
    "fill_first": _most_used,
    "sequential_drain": _smallest_plan,
    "reset_drain": _expires_first,
}


# -- what they look at --------------------------------------------------------------------------


def _windows(candidate: Candidate) -> tuple[QuotaWindow | None, QuotaWindow | None]:
    """The short and the long window; they are kept in the order of their lengths."""
    short = long = None
    for window in candidate.account.windows:
        if window.minutes < _LONG_FROM_MIN:
            short = window
        else:
            long = window
    return short, long


def _used(candidate: Candidate, now: float) -> tuple[float, float]:
    """Shares used of the short and the long window, with what is in flight."""
    short, long = _windows(candidate)
    load = _IN_FLIGHT * candidate.in_flight / quota.weight(candidate.account.identity.plan)
    return (
        load + (1.0 - quota.left(short, now) if short else 0.0),
        load + (1.0 - quota.left(long, now) if long else 0.0),
    )


def _preference(candidate: Candidate, settings: RoutingSettings, now: float) -> float:
    return _bucket(candidate, settings, now) if settings.prefer_earlier_reset else 0.0


def _bucket(candidate: Candidate, settings: RoutingSettings, now: float) -> float:
    """1 for a reset within a day (of the short window: within an hour), 2 for the next, ..."""
    if settings.prefer_earlier_window == "secondary":
        return _days(candidate, now)
    short, _ = _windows(candidate)
    return math.ceil(_until_reset_s(short, now, 5 * _HOUR_S) / _HOUR_S)


def _days(candidate: Candidate, now: float) -> float:
    _, long = _windows(candidate)
    return math.ceil(_until_reset_s(long, now, 7 * _DAY_S) / _DAY_S)


def _until_reset_s(window: QuotaWindow | None, now: float, unknown_s: float) -> float:
    """A window whose reset has passed begins anew with its next use, as one never measured."""
    if window is None:
        return unknown_s
    if window.resets_at is None or window.resets_at <= now:
        return window.minutes * 60.0
    return window.resets_at - now
