"""Follow quota and use over time: what was left hour by hour, the even pace, and the days.

Between two readings a window is taken to have stayed as it was last read; once its reset has
passed it is whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from codex_lb.core.model import Account, QuotaSample

HOUR_S = 3_600.0
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Point:
    at: float  # Unix seconds
    left: float  # share


def up_to_now(samples: Iterable[QuotaSample], account: Account) -> list[QuotaSample]:
    """An account's kept readings, and those its windows had last: not every reading is kept."""
    last = (
        QuotaSample(account.id, each.minutes, each.measured_at, each.used, each.resets_at)
        for each in account.windows
    )
    return [*samples, *last]


def hourly_left(samples: Sequence[QuotaSample], since: float, now: float) -> list[Point]:
    """One point at each full hour in `since` < hour < `now`, from the first reading on, and one now.

    `samples` are of one kind of window, oldest first.
    """
    return [Point(at, _left(known, at)) for at, known in _readings(samples, since, now)]


def even_pace(samples: Sequence[QuotaSample], since: float, now: float) -> list[Point]:
    """What would be left at the same times if each window were used up evenly until its reset."""
    return [
        Point(at, min(1.0, (known.resets_at - at) / (known.minutes * 60.0)))
        for at, known in _readings(samples, since, now)
        if known.resets_at is not None and known.resets_at > at
    ]


def mean_left(samples: Sequence[QuotaSample], since: float, now: float) -> float | None:
    """The share that was left on average; None without a reading."""
    points = hourly_left(samples, since, now)
    return sum(point.left for point in points) / len(points) if points else None


def days(now: float, count: int, offset_s: int) -> list[float]:
    """When the last `count` days began, oldest first, today included; east of UTC is positive."""
    today = (now + offset_s) // DAY_S * DAY_S - offset_s
    return [today - back * DAY_S for back in reversed(range(count))]


def _readings(
    samples: Sequence[QuotaSample], since: float, now: float
) -> Iterator[tuple[float, QuotaSample]]:
    """Each time with the reading that was the last one then."""
    known: QuotaSample | None = None
    waiting = iter(samples)
    coming = next(waiting, None)
    for at in _times(since, now):
        while coming is not None and coming.measured_at <= at:
            known, coming = coming, next(waiting, None)
        if known is not None:
            yield at, known


def _times(since: float, now: float) -> Iterable[float]:
    at = since // HOUR_S * HOUR_S + HOUR_S
    while at < now:
        yield at
        at += HOUR_S
    yield now


def _left(known: QuotaSample, at: float) -> float:
    has_reset = known.resets_at is not None and known.resets_at <= at
    return 1.0 if has_reset else min(1.0, max(0.0, 1.0 - known.used))
