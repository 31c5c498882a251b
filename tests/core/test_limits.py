"""Limits as tables: who may begin, what is held, when windows end; and the bound they keep."""

import heapq
import random
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.limits import (
    FIRST_OUTPUT,
    MOST_INPUT,
    WINDOW_S,
    Kind,
    Limit,
    Rule,
    Spend,
    amount,
    applying,
    decide,
    estimate,
    first_reset,
    held_by_others,
    mean_output,
    rolled,
    spent,
    unpriced,
)
from codex_lb.core.model import Cost, Usage
from codex_lb.core.responses import Dialect

NOW = 1_795_000_000.0
HOUR = 3_600.0


def limit(
    used: int = 0, held: int = 0, *, max_value: int = 100, kind: Kind = "total_tokens", **rule: str
) -> Limit:
    return Limit(1, Rule(kind, "daily", max_value, **rule), used, held, NOW + HOUR)


def need(tokens: int) -> Spend:
    return Spend(tokens, 0, 0)


BEGINS = object()  # holding what it needs
SPENT = limit(100)


@pytest.mark.parametrize(
    ("limits", "tokens", "verdict"),
    [
        pytest.param([], 1_000, BEGINS, id="a key without limits is never held up"),
        pytest.param([limit(60, 20)], 20, BEGINS, id="what fits begins"),
        pytest.param([limit(60, 20)], 21, "wait", id="what does not fit waits for what is held"),
        pytest.param([limit(99)], 50, BEGINS, id="the request that crosses the line is served"),
        pytest.param([limit(0)], 500, BEGINS, id="even one larger than the limit"),
        pytest.param([limit(0, 500)], 1, "wait", id="but then it is alone"),
        pytest.param([SPENT], 1, SPENT, id="a spent limit refuses"),
        pytest.param([limit(130, 70)], 1, limit(130, 70), id="whatever is held of it"),
        pytest.param([limit(0, 90), SPENT], 20, SPENT, id="a spent one beats one that waits"),
        pytest.param([limit(0), limit(50, 40)], 20, "wait", id="all must agree"),
        pytest.param([limit(100, 1)], 0, limit(100, 1), id="needing nothing helps nobody"),
        pytest.param(
            [limit(50, 40, kind="output_tokens")], 90, BEGINS, id="each counts its own kind"
        ),
    ],
)
def test_who_may_begin(limits: list[Limit], tokens: int, verdict: object) -> None:
    assert decide(limits, need(tokens)) == (need(tokens) if verdict is BEGINS else verdict)


@pytest.mark.parametrize(
    ("kind", "cost", "refused"),
    [("cost_usd", None, True), ("cost_usd", 0, False), ("total_tokens", None, False)],
)
def test_what_has_no_price_is_refused_where_money_is_limited(
    kind: Kind, cost: int | None, refused: bool
) -> None:
    assert (decide([limit(kind=kind)], Spend(1, 1, cost)) == "unpriced") == refused


def test_what_is_held_is_never_nothing() -> None:
    assert amount(limit(kind="cost_usd"), need(5)) == 1


@pytest.mark.parametrize(
    ("kind", "held"),
    [("total_tokens", 30), ("input_tokens", 10), ("output_tokens", 20), ("cost_usd", 7)],
)
def test_each_kind_counts_its_part(kind: Kind, held: int) -> None:
    assert amount(limit(kind=kind), Spend(10, 20, 7)) == held


def test_a_rule_with_a_model_counts_only_that_model() -> None:
    all_models, one = limit(), limit(model="a")
    assert applying([all_models, one], "a") == [all_models, one]
    assert applying([all_models, one], "b") == [all_models]


# -- windows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "used", "resets_at"),
    [
        pytest.param(NOW, 9, NOW + HOUR, id="the window goes on"),
        pytest.param(NOW + HOUR, 0, NOW + HOUR + 86_400, id="its end begins the next"),
        pytest.param(NOW + 3 * 86_400, 0, NOW + HOUR + 3 * 86_400, id="windows nobody used pass"),
    ],
)
def test_windows_move_by_whole_lengths(now: float, used: int, resets_at: float) -> None:
    found = rolled(limit(9, 3), now)
    assert (found.used, found.held, found.resets_at) == (used, 3, resets_at)


@given(
    window=st.sampled_from(sorted(WINDOW_S)),
    late=st.floats(0, 400 * 86_400.0),
)
def test_a_window_that_is_over_ends_next_after_now(window: str, late: float) -> None:
    length = WINDOW_S[window]  # type: ignore[index]
    rule = Rule("total_tokens", window, 1)  # type: ignore[arg-type]
    found = rolled(Limit(1, rule, 5, 0, NOW), NOW + late)
    assert NOW + late < found.resets_at <= NOW + late + length + 1e-6
    assert found.began_at <= NOW + late
    assert (found.resets_at - NOW) % length == 0


def test_the_first_window_begins_with_the_rule() -> None:
    assert first_reset("5h", NOW) == NOW + 5 * HOUR
    assert first_reset("monthly", NOW) == NOW + 30 * 24 * HOUR


# -- estimates ---------------------------------------------------------------------------------


def per_token(usage: Usage) -> Cost:
    return Cost(usage.input_tokens, 0, 2 * usage.output_tokens)


def test_a_key_without_answers_yet_is_taken_to_get_long_ones() -> None:
    assert estimate(400, mean_output=None, price=per_token) == Spend(
        100, FIRST_OUTPUT, 100 + 2 * FIRST_OUTPUT
    )


def test_later_it_is_taken_to_get_its_usual_ones() -> None:
    assert estimate(400, mean_output=9.2, price=per_token) == Spend(100, 10, 120)


def test_images_do_not_weigh_as_text() -> None:
    assert estimate(10**8, mean_output=1, price=per_token).input_tokens == MOST_INPUT


def test_the_mean_follows_what_is_answered() -> None:
    mean = mean_output(None, 80)
    assert mean == 80
    assert mean_output(mean, 160) == 90
    for _ in range(60):
        mean = mean_output(mean, 1_000)
    assert 990 < mean < 1_000


# -- what the client is told -------------------------------------------------------------------


def test_a_spent_limit_is_told_with_its_reset() -> None:
    at = 1_795_444_477.7
    answer = spent(
        replace(limit(model="gpt-5.2"), resets_at=at), dialect=Dialect.OPENAI, now=at - 90
    )
    assert answer.status == 429
    assert answer.headers()["retry-after"] == "90"
    assert msgspec.json.decode(answer.body())["error"] == {
        "message": "API key total_tokens daily limit exceeded for model gpt-5.2."
        " Usage resets at 2026-11-23T14:34:38Z.",
        "type": "rate_limit_error",
        "code": "rate_limit_exceeded",
        "param": None,
        "resets_at": 1_795_444_478,
        "resets_in_seconds": 90,
    }


def test_codex_is_told_of_a_usage_limit_so_that_it_asks_once() -> None:
    answer = spent(limit(), dialect=Dialect.CODEX, now=NOW)
    assert answer.type == "usage_limit_reached"
    assert " for model" not in answer.message


def test_a_request_that_waited_long_enough_may_come_back_soon() -> None:
    assert held_by_others().retry_after_s == 5
    assert not held_by_others().final


def test_a_model_without_a_price_is_told_by_its_name() -> None:
    answer = unpriced("odd-model")
    assert (answer.status, answer.code) == (403, "model_not_allowed")
    assert "odd-model" in answer.message


# -- the bound ---------------------------------------------------------------------------------


@given(
    maximum=st.integers(1, 5_000),
    real=st.lists(st.integers(1, 400), min_size=1, max_size=60),
    guesses=st.lists(st.integers(1, 900), min_size=60, max_size=60),
    seed=st.integers(0, 2**32),
)
def test_a_limit_is_used_up_and_overshot_by_one_request_and_what_was_guessed_too_low(
    maximum: int, real: list[int], guesses: list[int], seed: int
) -> None:
    """Requests come and end in any order; whoever has to wait asks again after every end."""
    rng = random.Random(seed)  # noqa: S311  a simulation
    asking, running = list(enumerate(real)), list[tuple[float, int]]()
    now = limit(max_value=maximum)
    refused = 0
    while asking or running:
        rng.shuffle(asking)
        waiting = []
        for n, tokens in asking:
            verdict = decide([now], need(guesses[n]))
            if isinstance(verdict, Spend):
                now = replace(now, held=now.held + guesses[n])
                heapq.heappush(running, (rng.random(), n))
            elif verdict == "wait":
                waiting.append((n, tokens))
            else:
                refused += 1
        asking = waiting
        assert running or not asking  # nobody waits for nothing
        if running:
            _, n = heapq.heappop(running)
            now = replace(now, held=now.held - guesses[n], used=now.used + real[n])

    too_low = sum(max(0, tokens - guesses[n]) for n, tokens in enumerate(real))
    assert now.used < maximum + max(real) + too_low
    if refused:
        assert now.used >= maximum
    else:
        assert now.used == sum(real)
