"""Where the pieces of a chart begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.buckets import TIMEFRAMES, Period, Timeframe, TimeframeKey, period

HOUR, DAY = 3_600, 86_400
MIDNIGHT = 20_000 * DAY


@pytest.mark.parametrize(
    ("key", "now", "expected"),
    [
        pytest.param(
            "1d",
            MIDNIGHT + 12.5 * HOUR,
            Period(MIDNIGHT - 11 * HOUR, HOUR, 24, MIDNIGHT - 35 * HOUR, MIDNIGHT - 11.5 * HOUR),
            id="a day by hours, the running one last",
        ),
        pytest.param(
            "7d",
            float(MIDNIGHT),
            Period(
                MIDNIGHT - 27 * 6 * HOUR,
                6 * HOUR,
                28,
                MIDNIGHT - 55 * 6 * HOUR,
                float(MIDNIGHT - 7 * DAY),
            ),
            id="a bucket begins with its first moment",
        ),
        pytest.param(
            "30d",
            MIDNIGHT + DAY - 0.5,
            Period(MIDNIGHT - 29 * DAY, DAY, 30, MIDNIGHT - 59 * DAY, MIDNIGHT - 29 * DAY - 0.5),
            id="and lasts to its last",
        ),
    ],
)
def test_a_period(key: TimeframeKey, now: float, expected: Period) -> None:
    assert period(TIMEFRAMES[key], now) == expected


@given(st.sampled_from(list(TIMEFRAMES.values())), st.floats(1e9, 4e9))
def test_the_last_of_exactly_so_many_buckets_holds_now(timeframe: Timeframe, now: float) -> None:

    found = period(timeframe, now)
    assert len(found.starts) == timeframe.count
    assert found.starts[-1] <= now < found.end_at
    assert found.start_at - found.previous_start_at == timeframe.length_s
    assert now - found.previous_end_at == pytest.approx(timeframe.length_s)
