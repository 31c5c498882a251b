"""What was left over time."""

from itertools import pairwise

import pytest

from codex_lb.core import trends
from codex_lb.core.model import QuotaSample
from codex_lb.core.trends import DAY_S, HOUR_S, Point

SINCE = 1_789_999_200.0  # a full hour
NOW = SINCE + 3 * HOUR_S + 60


def sample(
    at: float, used: float, resets_at: float | None = None, minutes: int = 300
) -> QuotaSample:
    return QuotaSample("a", minutes, SINCE + at, used, resets_at)


def test_each_hour_has_the_last_reading_until_then_and_now_has_its_own() -> None:
    samples = [
        sample(60, 0.1),
        sample(120, 0.2),
        sample(2 * HOUR_S, 0.5),
        sample(3 * HOUR_S + 60, 1.5),
    ]
    assert trends.hourly_left(samples, SINCE, NOW) == [
        Point(SINCE + HOUR_S, 0.8),
        Point(SINCE + 2 * HOUR_S, 0.5),
        Point(SINCE + 3 * HOUR_S, 0.5),
        Point(NOW, 0.0),
    ]


def test_there_is_no_point_before_the_first_reading() -> None:
    assert trends.hourly_left([], SINCE, NOW) == []
    assert trends.hourly_left([sample(3 * HOUR_S + 1, 0.25)], SINCE, NOW) == [Point(NOW, 0.75)]


def test_an_older_reading_counts_until_a_newer_one() -> None:
    (first, *_) = trends.hourly_left([sample(-HOUR_S, 0.25)], SINCE, NOW)
    assert first == Point(SINCE + HOUR_S, 0.75)


def test_after_its_reset_a_window_is_whole() -> None:
    points = trends.hourly_left([sample(0, 1.0, SINCE + 2 * HOUR_S)], SINCE, NOW)
    assert [point.left for point in points] == [0.0, 1.0, 1.0, 1.0]


def test_the_even_pace_falls_from_whole_to_nothing_at_the_reset() -> None:
    ends = SINCE + 3 * HOUR_S
    points = trends.even_pace([sample(0, 0.9, ends, minutes=240)], SINCE, NOW)
    assert points == [Point(SINCE + HOUR_S, 0.5), Point(SINCE + 2 * HOUR_S, 0.25)]
    assert trends.even_pace([sample(0, 0.9)], SINCE, NOW) == []


def test_the_mean_is_over_the_hours() -> None:
    assert trends.mean_left([sample(0, 1.0), sample(3 * HOUR_S, 0.0)], SINCE, NOW) == 0.5
    assert trends.mean_left([], SINCE, NOW) is None


@pytest.mark.parametrize(
    ("offset_s", "begins_at_hour"),
    [
        pytest.param(0, 0, id="in Greenwich"),
        pytest.param(7_200, 22, id="east of it, where midnight comes earlier"),
        pytest.param(-18_000, 5, id="west of it"),
    ],
)
def test_days_begin_at_the_operators_midnight(offset_s: int, begins_at_hour: int) -> None:
    starts = trends.days(NOW, 3, offset_s)
    assert [at % DAY_S / HOUR_S for at in starts] == [begins_at_hour] * 3
    assert [later - at for at, later in pairwise(starts)] == [DAY_S] * 2
    assert starts[-1] <= NOW < starts[-1] + DAY_S
