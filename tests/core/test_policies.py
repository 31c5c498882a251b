"""Which account each policy picks, and how evenly those that take turns do."""

import math
from collections import Counter
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.candidates import NOW, account, candidates_, weekly

from codex_lb.core.obstacles import Candidate
from codex_lb.core.policies import Counters, pick
from codex_lb.core.routing_settings import RoutingSettings, Strategy

UNORDERED: dict[str, object] = {"prefer_earlier_reset": False}


def settings(strategy: Strategy, **fields: object) -> RoutingSettings:
    return RoutingSettings(strategy, single_account_id="z", **fields)  # type: ignore[arg-type]


def picked(pool: list[Candidate], strategy: Strategy, **fields: object) -> str:
    chosen, _ = pick(pool, settings(strategy, **fields), {}, NOW)
    return chosen.account.id


@pytest.mark.parametrize(
    ("strategy", "fields", "pool", "expected"),
    [
        pytest.param(
            "capacity_weighted", {}, [weekly("a", long=0.6), weekly("b", plan="pro", long=0.6)],
            "b", id="the larger plan has more to give",
        ),
        pytest.param(
            "capacity_weighted", {}, [weekly("a", long=0.1, days=6), weekly("b", long=0.3, days=2)],
            "b", id="quota that expires soon goes first",
        ),
        pytest.param(
            "capacity_weighted", UNORDERED,
            [weekly("a", long=0.1, days=6), weekly("b", long=0.3, days=2)],
            "a", id="unless the operator does not prefer it",
        ),
        pytest.param(
            "capacity_weighted", {}, [weekly("a", long=1.0), weekly("b", short=1.0, days=None)],
            "b", id="with nothing left anywhere the one used least",
        ),
        pytest.param(
            "usage_weighted", {},
            [weekly("a", long=0.5, plan="pro"), weekly("b", long=0.4, short=0.9)],
            "b", id="the weekly share used counts, whatever the plan",
        ),
        pytest.param(
            "usage_weighted", {}, [weekly("a", long=0.5, short=0.3), weekly("b", long=0.5)],
            "b", id="then the short one's",
        ),
        pytest.param(
            "usage_weighted", {}, [weekly("a", chosen_seq=2), weekly("b", chosen_seq=1)],
            "b", id="then who was chosen longest ago",
        ),
        pytest.param(
            "usage_weighted", {}, [weekly("a", long=0.5, in_flight=3), weekly("b", long=0.55)],
            "b", id="requests in flight count as used",
        ),
        pytest.param(
            "usage_weighted", {},
            [weekly("a", long=0.5, in_flight=3, plan="pro"), weekly("b", long=0.55)],
            "a", id="but are little to a large plan",
        ),
        pytest.param(
            "usage_weighted", {}, [weekly("a", long=0.1, days=3), weekly("b", long=0.9, days=2)],
            "b", id="an earlier day comes before use",
        ),
        pytest.param(
            "usage_weighted", {}, [weekly("a", long=0.1, days=6.1), account("b")],
            "b", id="one never measured is as far from its reset as any",
        ),
        pytest.param(
            "usage_weighted", {"prefer_earlier_window": "primary"},
            [weekly("a", long=0.5), account("b", resets_in=7_200)],
            "a", id="of the short window the hour counts",
        ),
        pytest.param(
            "round_robin", {},
            [weekly("a", chosen_seq=3), weekly("b", long=0.9, chosen_seq=1, in_flight=7)],
            "b", id="round robin looks at nothing but turns",
        ),
        pytest.param(
            "relative_availability", {}, [weekly("a", long=0.2), weekly("b", long=0.5, days=1)],
            "b", id="quota left per time to its reset",
        ),
        pytest.param(
            "relative_availability", {}, [weekly("a", long=0.1, days=None), weekly("b", days=6.9)],
            "b", id="an unknown reset is a week away",
        ),
        pytest.param(
            "relative_availability", {}, [weekly("a", long=1.0, short=0.5), weekly("b", long=1.0)],
            "b", id="with nothing left anywhere the one used least again",
        ),
        pytest.param(
            "fill_first", {}, [weekly("a", short=0.2), weekly("b", short=0.6, chosen_seq=9)],
            "b", id="the one used most is used up",
        ),
        pytest.param(
            "fill_first", {}, [weekly("a", long=0.2), weekly("b", long=0.3)],
            "b", id="then by the weekly share",
        ),
        pytest.param(
            "fill_first", {}, [weekly("a", short=0.6, days=3), weekly("b", days=2)],
            "b", id="an earlier day comes before that too",
        ),
        pytest.param(
            "sequential_drain", {},
            [weekly("a", plan="plus"), weekly("b", plan="free", long=0.9, chosen_seq=4)],
            "b", id="the smallest plan is drained first",
        ),
        pytest.param(
            "sequential_drain", {},
            [weekly("b"), weekly("a", long=0.9, in_flight=7, chosen_seq=4)],
            "a", id="and equal plans always in the same order",
        ),
        pytest.param(
            "reset_drain", UNORDERED,
            [weekly("a", days=3), weekly("b", short=0.9, long=0.9, days=2)],
            "b", id="what expires first is drained first",
        ),
        pytest.param(
            "reset_drain", {}, [weekly("a", short=0.5), weekly("b", short=0.4, long=0.9)],
            "b", id="on one day the one with most left",
        ),
    ],
)  # fmt: skip
def test_pick(
    strategy: Strategy, fields: dict[str, object], pool: list[Candidate], expected: str
) -> None:
    assert picked(pool, strategy, **fields) == expected


def turns(
    pool: list[Candidate],
    number: int,
    set_: RoutingSettings | None = None,
    counters: Counters | None = None,
    *,
    at_once: bool = False,
) -> tuple[Counter[str], Counters]:
    """How often each is picked in `number` turns, and the counters after them."""
    by_id = {candidate.account.id: candidate for candidate in pool}
    tally: Counter[str] = Counter()
    counters = counters or {}
    for seq in range(1, number + 1):
        chosen, counters = pick(list(by_id.values()), set_ or RoutingSettings(), counters, NOW)
        in_flight = chosen.in_flight + at_once
        by_id[chosen.account.id] = replace(chosen, in_flight=in_flight, chosen_seq=seq)
        tally[chosen.account.id] += 1
    return tally, counters


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "all at once"])
@pytest.mark.parametrize(
    "strategy", ["capacity_weighted", "usage_weighted", "round_robin", "relative_availability"]
)
def test_equal_accounts_get_equal_numbers(strategy: Strategy, at_once: bool) -> None:
    pool = [weekly(f"{i:02}") for i in range(24)]
    tally, _ = turns(pool, 120, settings(strategy), at_once=at_once)
    assert set(tally.values()) == {5}


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "all at once"])
def test_a_first_reading_draws_no_crowd(at_once: bool) -> None:
    """Half of the pool has been measured, with resets just below a week; half never."""
    measured = [weekly(f"m{i:02}", long=0.01, days=6.9) for i in range(12)]
    pool = [*measured, *(account(f"n{i:02}") for i in range(12))]
    tally, _ = turns(pool, 120, at_once=at_once)
    assert min(tally.values()) >= 4
    assert max(tally.values()) <= 6


used = st.integers(0, 19).map(lambda n: n / 20)


@given(st.lists(st.tuples(used, st.sampled_from(["plus", "pro", "free"])), min_size=2, max_size=8))
def test_shares_follow_what_each_has_left(given_: list[tuple[float, str]]) -> None:
    pool = [weekly(str(i), long=long, plan=plan) for i, (long, plan) in enumerate(given_)]
    weights = {"plus": 1.0, "pro": 6.67, "free": 0.15}
    left = [weights[plan] * (1.0 - long) for long, plan in given_]
    tally, _ = turns(pool, 200)
    for i, each in enumerate(left):
        assert tally[str(i)] == pytest.approx(200 * each / math.fsum(left), abs=1.5)


@given(st.lists(st.sets(st.integers(0, 7), min_size=1), min_size=1, max_size=60))
def test_counters_stay_bounded_whoever_comes_and_goes(present: list[set[int]]) -> None:
    counters: Counters = {}
    for ids in present:
        pool = [weekly(str(i), long=i / 10, plan="pro" if i % 3 else "plus") for i in sorted(ids)]
        _, counters = turns(pool, 3, counters=counters)
        assert all(abs(owed) <= 3.0 for owed in counters.values())


@pytest.mark.parametrize("owed", [-50.0, 50.0])
def test_nobody_has_a_backlog_to_catch_up_with(owed: float) -> None:
    pool = [weekly(name) for name in "abcd"]
    tally, _ = turns(pool, 24, counters={"a": owed})
    assert abs(tally["a"] - 6) <= 2


def test_a_newcomer_gets_its_share_and_no_more() -> None:
    _, counters = turns([weekly(name, long=0.3) for name in "abc"], 301)
    tally, _ = turns([weekly(name, long=0.3) for name in "abcd"], 8, counters=counters)
    assert abs(tally["d"] - 2) <= 1


def test_who_is_away_keeps_its_turn() -> None:
    _, counters = turns([weekly("a"), weekly("b")], 7, counters={"c": 0.5, "a": 0.25})
    assert counters["c"] == 0.5


@given(candidates_.filter(bool), st.sampled_from(get_args(Strategy)))
def test_the_order_of_the_ready_does_not_matter(pool: list[Candidate], strategy: Strategy) -> None:
    counters = {"a": 0.1, "b": -0.3, "c": 0.7}
    assert pick(pool, settings(strategy), counters, NOW) == pick(
        pool[::-1], settings(strategy), counters, NOW
    )


def test_only_the_few_best_take_turns() -> None:
    pool = [weekly(f"{i}", long=i / 50) for i in range(9)]
    tally, _ = turns(pool, 60, settings("relative_availability", relative_top_k=3))
    assert set(tally) == {"0", "1", "2"}


def test_a_higher_power_favours_the_best() -> None:
    pool = [weekly("a"), weekly("b", long=0.5)]
    mild, _ = turns(pool, 60, settings("relative_availability", relative_power=1.0))
    sharp, _ = turns(pool, 60, settings("relative_availability", relative_power=3.0))
    assert mild["a"] == 40
    assert sharp["a"] == 53


def test_an_account_that_has_fallen_silent_is_asked_less_and_less() -> None:
    """It never answers; the others do at once. So nothing is proven of it for a minute."""
    counters: Counters = {}
    silent = 0
    for _ in range(120):
        pool = [account(f"a{n}", 0.2) for n in range(23)] + [
            account("silent", 0.2, in_flight=silent, unanswered=silent)
        ]
        chosen, counters = pick(pool, RoutingSettings(), counters, NOW)
        silent += chosen.account.id == "silent"
    assert 1 <= silent <= 3
