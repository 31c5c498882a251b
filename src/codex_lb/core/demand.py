"""Say how fast quota will be spent, from samples of the past.

1. Two samples of one window that follow each other give what was spent between them. Times in
   which nothing was left to spend say nothing of demand and are left out.
2. With a week of history or more the rhythm of the day and the week is known. The last hours say
   how far above or below it people work now, and that fades.
3. With less, the last hours' pace goes on.

With too little to go by there is no demand but the reason why. Who asks: `core/forecast.py`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from statistics import median

from codex_lb.core.model import QuotaSample

SLOT_S = 900
_HOUR_S, _DAY_S = 3_600, 86_400
_KEPT_DAYS = 28  # whole weeks, so that each weekday counts alike
_RHYTHM_DAYS = 7
_SETTLED_S = (
    2 * _RHYTHM_DAYS * _DAY_S
)  # by then a weekday never seen is taken to be like the others
_LEAST_BUSY_SLOTS = 4
_LEAST_SEEN_SLOTS = 48  # of a weekday
_IDLE_S = _DAY_S
_FADING_S = 12 * _HOUR_S
# How much the usual weighs against what was seen: in slots, recent times, and days of average use.
_TRUST_DAY, _TRUST_HOUR, _TRUST_LEVEL, _TRUST_ROUTING_DAYS = 8, 2, 2.0, 3
_SHARE_S = 3 * _DAY_S  # which account is used is settled slowly
_ROUNDS = 3

Phase = tuple[int, int]  # weekday and hour, UTC
Slots = Sequence[float | None]  # the newest first, it ends now; None: nothing was left to spend


@dataclass(frozen=True, slots=True)
class Hidden:
    reason: str  # a clause for the operator, as in "only 40 minutes of history"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a forecast rests on."""

    recent_s: float  # what lies so far back counts for 1/e in the pace
    least_s: float  # of history; from a week on, each weekday must have been seen too


@dataclass(frozen=True, slots=True)
class Demand:
    """What would be spent per second if there were no end to it."""

    now: float
    pace: float  # over the last hours
    rhythm: Mapping[Phase, float] | None = None  # None: too little is known for one
    level: float = 1.0  # the last hours as a multiple of the rhythm
    share: float = 1.0  # of the pool's demand

    def at(self, time: float) -> float:
        if self.rhythm is None:
            return self.share * self.pace
        faded = 1 + (self.level - 1) * math.exp((self.now - time) / _FADING_S)
        return self.share * faded * self.rhythm[_phase(time)]


def spent(samples: Sequence[QuotaSample], now: float) -> Slots:
    """What one window's samples, in order of time, say was spent in each slot, in shares."""
    if not samples:
        return ()
    reach_s = min(now - samples[0].measured_at, _KEPT_DAYS * _DAY_S)
    amounts = [0.0] * math.ceil(reach_s / SLOT_S)
    full: set[int] = set()
    for before, after in pairwise(samples):
        began, amount = _between(before, after)
        overlaps = _overlaps(now - after.measured_at, now - began, len(amounts))
        for place, overlap in overlaps if amount else ():
            amounts[place] += amount * overlap / (after.measured_at - began)
        if before.used >= 1 and after.used >= 1 and not amount:
            full.update(place for place, overlap in overlaps if overlap > SLOT_S / 2)
    return [None if place in full else amount for place, amount in enumerate(amounts)]


def in_credits(shares: Slots, capacity: float, windows: Iterable[Slots]) -> Slots:
    """A window's spending, without the slots in which any window of its account was full."""
    others = [window[: len(shares)] for window in windows]
    rows = zip_longest(shares, *others, fillvalue=0.0)
    return [None if row[0] is None or None in row else row[0] * capacity for row in rows]


def added(parts: Sequence[tuple[float, Slots]]) -> Slots:
    """The sum over accounts with these capacities; None where most of the pool was full.

    What the rest then serves is what there is room for, not what is wanted.
    """
    capacities = [capacity for capacity, _ in parts]
    return [_sum_if_free(capacities, row) for row in zip_longest(*(slots for _, slots in parts))]


def _sum_if_free(capacities: Sequence[float], row: Sequence[float | None]) -> float | None:
    free = [(c, amount) for c, amount in zip(capacities, row, strict=True) if amount is not None]
    if 2 * sum(capacity for capacity, _ in free) < sum(capacities):
        return None
    return sum(amount for _, amount in free)


def share(own: Slots, whole: Slots, routed: float) -> float:
    """An account's part of the demand: as much as it had lately, and as routing would give it."""
    both = [
        (math.exp(-place * SLOT_S / _SHARE_S), mine, all_)
        for place, (mine, all_) in enumerate(zip(own, whole, strict=False))
        if mine is not None and all_ is not None
    ]
    trust = _TRUST_ROUTING_DAYS * _DAY_S / SLOT_S * _mean(whole)
    found = sum(weight * mine for weight, mine, _ in both) + trust * routed
    expected = sum(weight * all_ for weight, _, all_ in both) + trust
    return found / expected if expected else 0.0


def demand(slots: Slots, now: float, basis: Basis) -> Demand | Hidden:
    known = [(place, amount) for place, amount in enumerate(slots) if amount is not None]
    phases = [_phase(now - (place + 0.5) * SLOT_S) for place, _ in known]
    reach_s = len(slots) * SLOT_S
    reason = _too_little(reach_s, known, basis) or _unseen(reach_s, phases, basis)
    if reason is not None:
        return Hidden(reason)
    weights = [math.exp(-place * SLOT_S / basis.recent_s) for place, _ in known]
    recent = sum(weight * amount for weight, (_, amount) in zip(weights, known, strict=True))
    pace = recent / (sum(weights) * SLOT_S)
    if reach_s < _RHYTHM_DAYS * _DAY_S:
        return Demand(now, pace)
    rhythm = _rhythm(phases, [amount for _, amount in known])
    usual = sum(w * rhythm[phase] for w, phase in zip(weights, phases, strict=True)) * SLOT_S
    trust = _TRUST_LEVEL * basis.recent_s * sum(rhythm.values()) / len(rhythm)
    return Demand(now, pace, rhythm, (recent + trust) / (usual + trust))


def _too_little(reach_s: int, known: Sequence[tuple[int, float]], basis: Basis) -> str | None:
    if reach_s < basis.least_s:
        return f"only {_spoken(reach_s)} of history"
    recent = [amount for place, amount in known if place * SLOT_S < _IDLE_S]
    if recent and not any(recent):
        return "nothing was spent in the last 24 hours"
    if sum(amount > 0 for _, amount in known) < _LEAST_BUSY_SLOTS:
        return "less than an hour of use so far"
    return None


def _unseen(reach_s: int, phases: Sequence[Phase], basis: Basis) -> str | None:
    """A forecast over days must know the weekdays ahead. One that is always dry never will be."""
    seen = Counter(day for day, _ in phases)
    if not _RHYTHM_DAYS * _DAY_S <= basis.least_s <= reach_s < _SETTLED_S:
        return None
    if all(seen[day] >= _LEAST_SEEN_SLOTS for day in range(7)):
        return None
    return "not every weekday has been seen yet with something left"


def _spoken(seconds: int) -> str:
    if seconds < 2 * _HOUR_S:
        return f"{seconds // 60} minutes"
    if seconds < 2 * _DAY_S:
        return f"{seconds // _HOUR_S} hours"
    return f"{seconds // _DAY_S} days"


def _between(before: QuotaSample, after: QuotaSample) -> tuple[float, float]:
    """From when on, and how much; after a reset the window began from nothing."""
    if before.resets_at is not None and before.resets_at <= after.measured_at:
        return before.resets_at, after.used
    return before.measured_at, max(0.0, after.used - before.used)


def _overlaps(newest_age: float, oldest_age: float, count: int) -> list[tuple[int, float]]:
    """The slots that the time between two ages touches, and for how many seconds."""
    places = range(int(newest_age // SLOT_S), min(math.ceil(oldest_age / SLOT_S), count))
    return [
        (place, min(oldest_age, (place + 1) * SLOT_S) - max(newest_age, place * SLOT_S))
        for place in places
    ]


def _rhythm(phases: Sequence[Phase], amounts: Sequence[float]) -> dict[Phase, float]:
    """The usual amount per second: the mean, times the weekday's factor, times the hour's.

    The two are fitted in turn, so that hours in which nothing was left do not count as quiet.
    """
    spent: dict[Phase, float] = defaultdict(float)
    for phase, amount in zip(phases, amounts, strict=True):
        spent[phase] += amount
    seen, mean = Counter(phases), _mean(amounts)
    days, hours = [1.0] * 7, [1.0] * 24
    for _ in range(_ROUNDS):
        expected = {(day, hour): n * mean * hours[hour] for (day, hour), n in seen.items()}
        days = _factors(spent, expected, 0, days, _TRUST_DAY * mean)
        expected = {(day, hour): n * mean * days[day] for (day, hour), n in seen.items()}
        hours = _factors(spent, expected, 1, hours, _TRUST_HOUR * mean)
    return {
        (day, hour): mean / SLOT_S * of_day * of_hour
        for day, of_day in enumerate(days)
        for hour, of_hour in enumerate(hours)
    }


def _factors(
    spent: Mapping[Phase, float],
    expected: Mapping[Phase, float],
    part: int,
    before: Sequence[float],
    trust: float,
) -> list[float]:
    """Spent by expected, for each weekday or hour; where little was seen, what is common."""
    found, sought = [trust * median(before)] * len(before), [trust] * len(before)
    for phase, amount in expected.items():
        found[phase[part]] += spent[phase]
        sought[phase[part]] += amount
    return [f / s for f, s in zip(found, sought, strict=True)]


def _mean(slots: Slots) -> float:
    known = [amount for amount in slots if amount is not None]
    return sum(known) / len(known) if known else 0.0


def _phase(time: float) -> Phase:
    return int(time // _DAY_S) % 7, int(time // _HOUR_S) % 24
