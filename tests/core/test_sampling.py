"""The history of a window keeps what says something, and little more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.model import QuotaSample, QuotaWindow
from codex_lb.core.sampling import OFTEN_S, SELDOM_S, worth_keeping

NOW = 1_800_000_000.0
RESET = NOW + 9_000.0


def sample(used: float = 0.5, resets_at: float | None = RESET) -> QuotaSample:
    return QuotaSample("a", 300, NOW, used, resets_at)


def window(after_s: float, used: float = 0.5, resets_at: float | None = RESET) -> QuotaWindow:
    return QuotaWindow(300, used, resets_at, NOW + after_s, "headers")


@pytest.mark.parametrize(
    ("last", "new", "kept"),
    [
        pytest.param(None, window(0), True, id="the first reading is kept"),
        pytest.param(sample(), window(600), False, id="one that says the same is not"),
        pytest.param(sample(), window(1800), True, id="unless half an hour has passed"),
        pytest.param(sample(), window(60, 0.501), True, id="a tenth of a point more is kept"),
        pytest.param(sample(), window(60, 0.499), True, id="and a tenth of a point less"),
        pytest.param(sample(), window(60, 0.5005), False, id="half of that is not"),
        pytest.param(sample(), window(59, 0.9), False, id="nor anything within a minute"),
        pytest.param(
            sample(), window(1, 0.0, RESET + 18_000), True, id="a window begun anew is kept at once"
        ),
        pytest.param(sample(), window(1, 0.5, RESET - 61), True, id="and an earlier reset"),
        pytest.param(
            sample(), window(1, 0.5, RESET + 60), False, id="a reset that wavers says nothing"
        ),
        pytest.param(
            sample(0.0),
            window(900, 0.0, RESET + 900),
            False,
            id="nor one that slides along while nothing is used",
        ),
        pytest.param(sample(), window(1, 0.5, None), False, id="nor one that is left out"),
        pytest.param(sample(), window(0, 0.9), False, id="the same moment is kept once"),
        pytest.param(
            sample(), window(-9, 0.9, RESET - 999), False, id="what came late is not history"
        ),
    ],
)
def test_a_reading_is_kept_if_it_says_something(
    last: QuotaSample | None, new: QuotaWindow, kept: bool
) -> None:
    assert worth_keeping(last, new) is kept


@given(st.lists(st.tuples(st.floats(0.1, 3000), st.floats(0, 1)), max_size=60))
def test_samples_are_neither_dense_nor_far_apart(steps: list[tuple[float, float]]) -> None:
    last, at, unseen_s = sample(), NOW, 0.0
    for step_s, used in steps:
        at += step_s
        unseen_s = at - last.measured_at
        if worth_keeping(last, QuotaWindow(300, used, RESET, at, "headers")):
            assert unseen_s >= OFTEN_S
            last, unseen_s = QuotaSample("a", 300, at, used, RESET), 0.0
        assert unseen_s < SELDOM_S
