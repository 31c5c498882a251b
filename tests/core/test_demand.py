"""How fast quota is spent, as rules on a few samples."""

import pytest

from codex_lb.core.demand import (
    SLOT_S,
    Basis,
    Demand,
    Hidden,
    Slots,
    added,
    demand,
    in_credits,
    share,
    spent,
)
from codex_lb.core.model import QuotaSample

NOW = 2_000_000_000.0 // 604_800 * 604_800  # midnight, the first hour of a Thursday
HOUR_S, DAY_S = 3_600, 86_400
RESET_AT = NOW + DAY_S


def sample(slots_ago: float, used: float, resets_at: float | None = RESET_AT) -> QuotaSample:
    return QuotaSample("a", 10_080, NOW - slots_ago * SLOT_S, used, resets_at)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        pytest.param([], [], id="no samples, no past"),
        pytest.param(
            [sample(2, 0.1), sample(1, 0.4), sample(0, 0.6)], [0.2, 0.3], id="newest first"
        ),
        pytest.param(
            [sample(2, 0.1), sample(0, 0.5)], [0.2, 0.2], id="spread over the time between"
        ),
        pytest.param([sample(1, 0.5), sample(0, 0.4)], [0.0], id="an early reset spends nothing"),
        pytest.param(
            [sample(2, 0.9, NOW - SLOT_S), sample(0, 0.2)],
            [0.2, 0.0],
            id="after its reset a window was filled from nothing",
        ),
        pytest.param(
            [sample(3, 0.5), sample(2, 1.0), sample(1, 1.0), sample(0, 1.0)],
            [None, None, 0.5],
            id="nothing is known of demand while nothing is left",
        ),
    ],
)
def test_spent(samples: list[QuotaSample], expected: list[float | None]) -> None:
    assert spent(samples, NOW) == pytest.approx(expected)


def test_slots_in_which_another_window_was_full_are_left_out() -> None:
    assert in_credits([0.1, 0.2], 50.0, [[0.3, None], [0.1, 0.2, None]]) == [5.0, None]


def test_demand_is_unknown_where_most_of_the_pool_was_full() -> None:
    parts = [(1.0, [1.0, None, None, 4.0]), (2.0, [2.0, 3.0, None, None])]
    assert added(parts) == [3.0, 3.0, None, None]


HOUR = [1.0] * 4
HOURS, WEEK = Basis(2 * HOUR_S, 3 * HOUR_S), Basis(DAY_S, 7 * DAY_S)


@pytest.mark.parametrize(
    ("slots", "basis", "reason"),
    [
        pytest.param([], HOURS, "only 0 minutes of history", id="nothing known"),
        pytest.param([1.0] * 3, HOURS, "only 45 minutes of history", id="minutes"),
        pytest.param(
            HOUR * 10, WEEK, "only 10 hours of history", id="too short for a week's window"
        ),
        pytest.param([0.0] * 96 + HOUR, HOURS, "nothing was spent in the last 24 hours", id="idle"),
        pytest.param(
            [1.0] * 3 + [0.0] * 20, HOURS, "less than an hour of use so far", id="hardly used"
        ),
    ],
)
def test_too_little_to_go_by_is_said(slots: list[float | None], basis: Basis, reason: str) -> None:
    assert demand(slots, NOW, basis) == Hidden(reason)


def test_a_weeks_forecast_waits_until_each_weekday_was_seen() -> None:
    eight_days: list[float | None] = [*HOUR * 24 * 2, *[None] * 96, *HOUR * 24 * 5]
    reason = "not every weekday has been seen yet with something left"
    assert demand(eight_days, NOW, WEEK) == Hidden(reason)
    assert isinstance(demand(eight_days, NOW, HOURS), Demand)
    assert isinstance(demand(eight_days * 2, NOW, WEEK), Demand)  # one that is always dry


def found(slots: Slots) -> Demand:
    answer = demand(slots, NOW, HOURS)
    assert isinstance(answer, Demand)
    return answer


def test_without_a_week_of_history_the_last_hours_go_on() -> None:
    steady, rising = found(HOUR * 12), found([2.0] * 8 + HOUR * 12)
    assert steady.at(NOW) == steady.at(NOW + DAY_S) == pytest.approx(1 / SLOT_S)
    assert 1.5 / SLOT_S < rising.at(NOW) < 2 / SLOT_S


def by_hour(days: int) -> list[float]:
    """Work from 8 to 16 on all days but two; the newest slot ends at midnight."""
    return [
        0.0 if day % 7 in (3, 4) or not 32 <= slot < 64 else 1.0
        for day in range(days)
        for slot in reversed(range(96))
    ]


def test_the_rhythm_of_day_and_week_comes_back() -> None:
    rhythm = found(by_hour(28))
    noon = NOW + DAY_S / 2
    assert rhythm.at(noon) * SLOT_S == pytest.approx(1, abs=0.1)
    assert rhythm.at(noon + DAY_S / 2) * SLOT_S < 0.05
    quiet_days = [day for day in range(7) if rhythm.at(noon + day * DAY_S) * SLOT_S < 0.2]
    assert len(quiet_days) == 2


def test_days_on_which_nothing_was_left_do_not_count_as_quiet() -> None:
    dry: list[float | None] = [
        None if 96 <= slot % 672 < 150 else a for slot, a in enumerate(by_hour(28))
    ]
    noon = NOW + 5.5 * DAY_S  # the weekday of which every afternoon is missing
    assert found(dry).at(noon) == pytest.approx(found(by_hour(28)).at(noon), rel=0.1)


def test_an_unusual_morning_is_carried_on_but_fades() -> None:
    usual = found(by_hour(28))
    busy = found([3.0] * 8 + list(by_hour(28))[8:])
    soon, late = NOW + 8.5 * HOUR_S, NOW + 7 * DAY_S + 8.5 * HOUR_S
    assert busy.at(soon) > 1.2 * usual.at(soon)
    assert busy.at(late) == pytest.approx(usual.at(late), rel=0.1)


def test_an_accounts_share_goes_from_what_routing_gives_to_what_it_had() -> None:
    whole = [1.0] * 96 * 28
    assert share([], whole, routed=0.3) == pytest.approx(0.3)
    assert 0.3 < share([0.8] * 96 * 28, whole, routed=0.3) < 0.8
    assert share([], [], routed=0.3) == 0
