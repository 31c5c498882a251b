"""The demo's past: rules that hold for every request in it, and for the whole."""

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from codex_lb.core.model import Account, AccountState, Identity, QuotaSample
from codex_lb.simulator import habits
from codex_lb.simulator.history import SAMPLED_S, Pair, plausible_history, plausible_samples

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC).timestamp()
DAY_S = 86_400


def account(name: str, plan: str = "plus", state: AccountState = "active") -> Account:
    identity = Identity(f"acc-{name}", None, f"{name}@example.com", plan)
    return Account(name, identity, state, None, NOW, NOW, None)


POOL = (account("a"), account("b", "pro"), account("c", "team"))


@pytest.fixture(scope="module")
def past() -> list[Pair]:
    return list(plausible_history(POOL, NOW, seed=7))


@pytest.fixture(scope="module")
def samples(past: list[Pair]) -> list[QuotaSample]:
    return list(plausible_samples(POOL, past, NOW))


def windows(samples: list[QuotaSample]) -> list[list[QuotaSample]]:
    grouped: dict[tuple[str, int], list[QuotaSample]] = defaultdict(list)
    for sample in samples:
        grouped[sample.account_id, sample.minutes].append(sample)
    return list(grouped.values())


def threads(past: list[Pair]) -> list[list[Pair]]:
    grouped: dict[str, list[Pair]] = defaultdict(list)
    for opened, receipt in past:
        if opened.conversation_id is not None:
            grouped[opened.conversation_id].append((opened, receipt))
    return list(grouped.values())


def test_the_same_seed_gives_the_same_past(past: list[Pair]) -> None:
    assert list(plausible_history(POOL, NOW, seed=7)) == past
    assert list(plausible_history(POOL, NOW, seed=8)) != past


def test_requests_come_in_order_and_were_over_by_now(past: list[Pair]) -> None:
    opened = [request.opened_at_ms for request, _ in past]
    assert opened == sorted(opened)
    assert opened[0] >= (NOW - 30 * DAY_S - 3600) * 1000
    assert max(receipt.closed_at_ms for _, receipt in past) <= NOW * 1000
    assert max(opened) > (NOW - 3600) * 1000


def test_every_request_adds_up(past: list[Pair]) -> None:
    assert len({request.id for request, _ in past}) == len(past)
    for request, receipt in past:
        assert receipt.id == request.id
        assert receipt.closed_at_ms - request.opened_at_ms == receipt.duration_ms >= 0
        assert receipt.account_id == receipt.attempts[-1].account_id
        assert (receipt.status == "error") == (receipt.http_status != 200)
        assert (receipt.usage is None) == (receipt.status != "success") == (receipt.cost is None)
        if receipt.usage is not None:
            assert 0 <= receipt.usage.cached_tokens <= receipt.usage.input_tokens
            assert 0 <= receipt.usage.reasoning_tokens < receipt.usage.output_tokens


def test_days_have_a_rhythm(past: list[Pair]) -> None:
    times = [datetime.fromtimestamp(r.opened_at_ms / 1000, UTC) for r, _ in past]
    hours = Counter(time.hour for time in times)
    days = Counter(time.weekday() for time in times)
    assert hours[10] > 5 * hours[3]
    assert max(days[5], days[6]) < 0.6 * sorted(days[day] for day in range(5))[2]
    assert 100 < len(past) / 30 < 300


def test_a_conversation_keeps_to_its_model_and_grows(past: list[Pair]) -> None:
    for turns in threads(past):
        assert len({(r.model, r.effort, r.user_agent) for r, _ in turns}) == 1
        inputs = [receipt.usage.input_tokens for _, receipt in turns if receipt.usage]
        assert inputs == sorted(inputs)


def test_the_cached_share_grows_within_a_conversation(past: list[Pair]) -> None:
    shares: dict[int, list[float]] = defaultdict(list)
    for turns in threads(past):
        for number, (_, receipt) in enumerate(turns):
            if receipt.usage:
                shares[number].append(receipt.usage.cached_tokens / receipt.usage.input_tokens)
    mean = {number: sum(values) / len(values) for number, values in shares.items()}
    assert mean[0] == 0
    assert 0.5 < mean[1] < mean[8] < 1


def test_about_three_in_a_hundred_fail_with_known_codes(past: list[Pair]) -> None:
    failed = [receipt for _, receipt in past if receipt.status == "error"]
    assert 0.02 < len(failed) / len(past) < 0.04
    known = {mishap.code for mishap in (*habits.SEEN, habits.SPENT)}
    assert {receipt.error_code for receipt in failed} == known
    cancelled = [receipt for _, receipt in past if receipt.status == "cancelled"]
    assert {receipt.error_code for receipt in cancelled} == {"client_disconnected"}


def test_some_requests_were_saved_by_another_account(past: list[Pair]) -> None:
    saved = [receipt for _, receipt in past if len(receipt.attempts) == 2]
    assert 0.01 < len(saved) / len(past) < 0.03
    for receipt in saved:
        first, second = receipt.attempts
        assert first.account_id != second.account_id
        assert (first.verdict, second.verdict, receipt.status) == ("next", "relay", "success")
        assert second.started_ms == first.took_ms


def test_a_saved_conversation_stays_where_it_was_saved(past: list[Pair]) -> None:
    for turns in threads(past):
        for (_, before), (_, after) in pairwise(turns):
            assert after.attempts[0].account_id == before.account_id


def test_all_kinds_of_use_occur(past: list[Pair]) -> None:
    assert {r.model for r, _ in past} == {model.slug for model in habits.MODELS}
    assert {r.user_agent for r, _ in past} == {client.user_agent for client in habits.CLIENTS}
    assert {r.transport for r, _ in past} == {"sse", "http", "websocket"}
    assert {r.effort for r, _ in past} >= {None, "low", "medium", "high", "xhigh"}
    assert {receipt.account_id for _, receipt in past} == {"a", "b", "c"}


def test_cost_is_tokens_times_price(past: list[Pair]) -> None:
    prices = {model.slug: model for model in habits.MODELS}
    for request, receipt in past:
        if receipt.usage is None or receipt.cost is None:
            continue
        price = prices[request.model]
        factor = 2 if request.service_tier == "priority" else 1
        output = math.ceil(receipt.usage.output_tokens * price.output * factor)
        assert receipt.cost.output_micros == output
        assert receipt.cost.input_micros > 0


@pytest.mark.parametrize(
    "pool",
    [
        pytest.param((), id="no account"),
        pytest.param((account("a", state="paused"),), id="none that is active"),
    ],
)
def test_nobody_to_serve_means_no_past(pool: tuple[Account, ...]) -> None:
    assert list(plausible_history(pool, NOW)) == []


def test_a_single_account_has_nobody_to_save_it() -> None:
    past = list(plausible_history(POOL[:1], NOW, days=10))
    assert {len(receipt.attempts) for _, receipt in past} == {1}


def test_keys_are_spread_over_the_conversations() -> None:
    past = list(plausible_history(POOL, NOW, days=5, api_key_ids=("k1", "k2")))
    assert {request.api_key_id for request, _ in past} == {"k1", "k2"}
    assert all(len({r.api_key_id for r, _ in turns}) == 1 for turns in threads(past))


def test_every_window_is_looked_at_until_now(samples: list[QuotaSample]) -> None:
    assert len(windows(samples)) == 2 * len(POOL)
    for window in windows(samples):
        times = [sample.measured_at for sample in window]
        assert times[0] == NOW - 30 * DAY_S
        assert times[-1] == NOW
        assert max(after - before for before, after in pairwise(times)) <= 2 * SAMPLED_S


def test_a_window_only_fills_until_its_reset(samples: list[QuotaSample]) -> None:
    for window in windows(samples):
        for before, after in pairwise(window):
            assert 0 <= after.used <= 1
            assert after.resets_at is None or after.resets_at > after.measured_at
            if after.used < before.used:
                assert before.resets_at is not None
                assert before.resets_at <= after.measured_at


def test_windows_fill_only_while_their_account_serves(
    past: list[Pair], samples: list[QuotaSample]
) -> None:
    served: dict[str | None, list[float]] = defaultdict(list)
    for request, receipt in past:
        if receipt.usage is not None:
            served[receipt.account_id].append(request.opened_at_ms / 1000)
    for window in windows(samples):
        for before, after in pairwise(window):
            if after.used > before.used:
                times = served[after.account_id]
                assert any(before.measured_at <= time <= after.measured_at for time in times)


def test_an_account_serves_nothing_while_a_window_of_it_is_spent(
    past: list[Pair], samples: list[QuotaSample]
) -> None:
    spent = {
        (before.account_id, before.measured_at // SAMPLED_S)
        for window in windows(samples)
        for before, after in pairwise(window)
        if before.used == after.used == 1
    }
    assert spent
    for request, receipt in past:
        if receipt.usage is not None:
            slot = (request.opened_at_ms / 1000 - NOW) // SAMPLED_S * SAMPLED_S + NOW
            assert (receipt.account_id, slot // SAMPLED_S) not in spent


def test_the_pool_runs_out_once_a_week_and_has_something_left_now(
    samples: list[QuotaSample],
) -> None:
    weekly = [sample for sample in samples if sample.minutes == 10_080]
    left: dict[float, float] = defaultdict(float)
    for sample in weekly:
        left[sample.measured_at] += 1 - sample.used
    dry = [time for time in sorted(left) if left[time] == 0]
    assert 3 <= sum(after - before > DAY_S for before, after in pairwise([0.0, *dry])) <= 5
    assert left[NOW] > 0


@pytest.mark.parametrize("days_later", range(7))
def test_on_each_day_of_the_week_something_is_left(days_later: int) -> None:
    now = NOW + days_later * DAY_S
    past = plausible_history(POOL, now, days=14)
    latest = [s for s in plausible_samples(POOL, past, now, days=14) if s.measured_at == now]
    left = [min(1 - s.used for s in latest if s.account_id == name) for name in "abc"]
    assert any(left)
