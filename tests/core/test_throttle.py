"""Guesses: few in the first minute, few a day, whatever is tried; and an operator who errs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.throttle import Throttle, place_of

DAY_S = 86_400.0
START = 1_800_000_000.0


def guesses(waits: list[float], places: list[str]) -> list[float]:
    """When guesses are looked at, if one is tried after each of `waits`, over and over for a day."""
    throttle, now, seen, tried = Throttle(), START, [], 0
    while now < START + DAY_S:
        place = places[tried % len(places)]
        if throttle.wait_s(place, now) == 0:
            throttle = throttle.counted(place, now)
            seen.append(now)
        now += waits[tried % len(waits)]
        tried += 1
    return seen


PATIENCE = st.lists(st.floats(20, 8_000), min_size=1, max_size=5)


@given(waits=PATIENCE, places=st.sampled_from([["a"], ["a", "b"], [str(n) for n in range(99)]]))
def test_at_most_200_guesses_a_day(waits: list[float], places: list[str]) -> None:
    assert len(guesses(waits, places)) <= 200


@pytest.mark.parametrize("addresses", [1, 2, 50])
def test_at_most_eight_guesses_in_the_first_minute(addresses: int) -> None:
    places = [str(number) for number in range(addresses)]
    throttle, looked_at = Throttle(), 0
    for tenth in range(600):
        place, now = places[tenth % addresses], START + tenth / 10
        if throttle.wait_s(place, now) == 0:
            throttle, looked_at = throttle.counted(place, now), looked_at + 1
    assert looked_at <= 8


def test_bursts_after_every_pause_stay_below_200_too() -> None:
    assert len(guesses([0.0] * 7 + [7_200.0], ["a", "b"])) <= 200


def test_each_wait_is_longer_up_to_a_bound() -> None:
    throttle, now, waits = Throttle(everyone=None), START, []
    for _ in range(14):
        waits.append(throttle.wait_s("a", now))
        now += waits[-1]
        throttle = throttle.counted("a", now)
    assert waits == [0, 0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900]


def after(count: int) -> Throttle:
    throttle = Throttle()
    for _ in range(count):
        throttle = throttle.counted("a", START)
    return throttle


def test_places_wait_by_themselves() -> None:
    assert after(5).wait_s("a", START) == 15
    assert after(5).wait_s("b", START) == 0


def test_after_a_pause_all_is_as_at_first() -> None:
    throttle = after(8)
    assert throttle.wait_s("b", START + 59) > 0
    assert throttle.wait_s("a", START + 7_200) == 0
    assert throttle.counted("b", START + 7_200).places.keys() == {"b"}


def test_whoever_proves_itself_waits_no_more_but_others_do() -> None:
    throttle = after(8).cleared("a")
    assert throttle.everyone is not None
    assert throttle.everyone.count == 7
    assert throttle.wait_s("a", START) == 0
    assert after(9).cleared("a").wait_s("b", START) == 60


def test_a_right_password_does_not_forgive_the_guesses_before_it() -> None:
    assert after(6).refunded("a").wait_s("a", START) == 15


def test_a_clock_that_jumps_back_shortens_no_wait() -> None:
    assert after(5).wait_s("a", START - 5_000) == 15


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (None, ""),
        ("a socket", ""),
    ],
)
def test_a_place_is_what_one_caller_can_choose_from(address: str | None, place: str) -> None:
    assert place_of(address) == place
