"""What the pool has left, added up over plans."""

import pytest

from codex_lb.core import usage_summary
from codex_lb.core.model import Account, AccountState, Identity, QuotaWindow
from codex_lb.core.usage_summary import PoolWindow

NOW = 1_790_000_000.0


def account(plan: str, *windows: QuotaWindow, state: AccountState = "active") -> Account:
    return Account(
        plan, Identity(None, None, "a@example.com", plan), state, None, NOW, NOW, None, windows
    )


def window(minutes: int, used: float, resets_in: float) -> QuotaWindow:
    return QuotaWindow(minutes, used, NOW + resets_in, NOW, "usage")


SPENT_PLUS = account("plus", window(300, 1.0, 60))
FRESH_PRO = account("pro", window(299, 0.1, 30))


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        pytest.param([], PoolWindow(0.0, 0, 0, None, 300), id="nobody"),
        pytest.param(
            [SPENT_PLUS, FRESH_PRO],
            PoolWindow(78.26, 1725.0, 1350.0, NOW + 30, 300),
            id="by capacity, with the first reset",
        ),
        pytest.param(
            [account("plus"), SPENT_PLUS],
            PoolWindow(50.0, 450.0, 225.0, NOW + 60, 300),
            id="one never measured is taken to be whole",
        ),
        pytest.param(
            [account("plus", state="paused"), SPENT_PLUS],
            PoolWindow(0.0, 225.0, 0.0, NOW + 60, 300),
            id="one that is paused has nothing to give",
        ),
        pytest.param(
            [account("new", window(300, 0.5, 60)), account("new", window(300, 0.0, 60))],
            PoolWindow(75.0, 0, 0, NOW + 60, 300),
            id="plans of unknown capacity have shares",
        ),
    ],
)
def test_the_short_window(accounts: list[Account], expected: PoolWindow) -> None:
    assert usage_summary.windows(accounts, NOW).short == expected


def test_a_plan_that_has_another_window_adds_nothing_to_this_one() -> None:
    free = account("free", window(43_200, 0.2, 90))
    plus = account("plus", window(300, 1.0, 60), window(10_080, 1.0, 60))
    assert usage_summary.windows([free, plus], NOW).weekly == PoolWindow(
        0.0, 7_560.0, 0.0, NOW + 60, 10_080
    )


def test_a_monthly_window_is_there_if_somebody_has_one() -> None:
    assert usage_summary.windows([account("free"), SPENT_PLUS], NOW).monthly is None
    monthly = usage_summary.windows([account("free", window(43_200, 0.5, 60)), SPENT_PLUS], NOW)
    assert monthly.monthly == PoolWindow(50.0, 1134.0, 567.0, NOW + 60, 43_200)
