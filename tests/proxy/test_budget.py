"""The retry budget: generous to one bad account, firm with an upstream in trouble."""

import pytest

from codex_lb.proxy.budget import RESERVE, SHARE, RetryBudget


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def spend_all(budget: RetryBudget) -> int:
    count = 0
    while budget.spend():
        count += 1
    return count


def test_a_quiet_proxy_has_a_reserve() -> None:
    assert spend_all(RetryBudget(Clock())) == RESERVE


def test_exchanges_earn_their_share() -> None:
    budget = RetryBudget(Clock())
    spend_all(budget)
    for _ in range(20):
        budget.earn()
    assert spend_all(budget) == 20 * SHARE


def test_time_fills_the_reserve_but_no_more() -> None:
    clock = Clock()
    budget = RetryBudget(clock)
    spend_all(budget)
    clock.now += 4
    assert spend_all(budget) == 2
    clock.now += 1_000
    assert spend_all(budget) == RESERVE


def test_a_retry_that_helped_costs_nothing() -> None:
    budget = RetryBudget(Clock())
    for _ in range(100):
        assert budget.spend()
        budget.give_back(1)


@pytest.mark.parametrize("exchanges", [100, 1_000])
def test_when_nothing_helps_retries_are_less_than_a_fifth_of_all_calls(exchanges: int) -> None:
    budget = RetryBudget(Clock())
    retries = 0
    for _ in range(exchanges):
        budget.earn()
        retries += spend_all(budget)
    assert retries <= (exchanges + retries) / 5
