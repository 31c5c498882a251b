"""When a pool runs out and what expires, on pools simple enough to reckon by hand."""

import pytest

from codex_lb.core.demand import Hidden
from codex_lb.core.forecast import Forecast, Outlook, forecasts
from codex_lb.core.model import Account, AccountState, Block, Identity, QuotaSample, QuotaWindow

NOW = 2_000_000_000.0
HOUR_S = 3_600
SHORT, WEEK = 300, 10_080


def window(used: float, resets_in_h: float | None, minutes: int = SHORT) -> QuotaWindow:
    resets_at = None if resets_in_h is None else NOW + resets_in_h * HOUR_S
    return QuotaWindow(minutes, used, resets_at, NOW, "usage")


def account(
    name: str, *windows: QuotaWindow, state: AccountState = "active", blocks: tuple[Block, ...] = ()
) -> Account:
    identity = Identity(name, None, f"{name}@example.com", "plus")
    return Account(name, identity, state, None, NOW, NOW, None, windows, blocks)


def steady(
    name: str, per_hour: float, *, hours: int = 4, minutes: int = SHORT
) -> list[QuotaSample]:
    """Samples of a window that was spent at that pace, in shares."""
    return [
        QuotaSample(name, minutes, NOW - ago * HOUR_S / 4, (hours * 4 - ago) * per_hour / 4, None)
        for ago in range(hours * 4, -1, -1)
    ]


def outlook(found: list[Forecast], account_id: str | None = None, kind: str = "short") -> Outlook:
    [one] = [f.outlook for f in found if (f.account_id, f.kind) == (account_id, kind)]
    assert isinstance(one, Outlook)
    return one


def runs_out_after_h(found: list[Forecast], account_id: str | None = None) -> float | None:
    at = outlook(found, account_id).runs_out_at
    return None if at is None else (at - NOW) / HOUR_S


@pytest.mark.parametrize(
    ("accounts", "samples", "hours"),
    [
        pytest.param(
            [account("a", window(0.6, 4))], steady("a", 0.2), 2.0, id="what is left, by the pace"
        ),
        pytest.param(
            [account("a", window(0.6, 1))], steady("a", 0.2), None, id="the reset comes before"
        ),
        pytest.param(
            [account("a", window(1.0, 4))], steady("a", 0.2), 0.0, id="nothing is left already"
        ),
        pytest.param(
            [account("a", window(0.6, 4.5)), account("b", window(0.6, 4.5))],
            steady("a", 0.2),
            4.0,
            id="another account takes its part",
        ),
        pytest.param(
            [account("a", window(0.8, 4)), account("b", window(1.0, 0.5))],
            steady("a", 0.2),
            None,
            id="an account that is whole again in time helps",
        ),
        pytest.param(
            [account("a", window(0.6, 4)), account("b", window(0.0, 4), state="paused")],
            steady("a", 0.2),
            2.0,
            id="a paused account does not count",
        ),
        pytest.param(
            [account("a", window(0.6, 4)), account("b", window(0.0, 4), window(1.0, 90, WEEK))],
            steady("a", 0.2),
            2.0,
            id="nor does one whose week is spent",
        ),
        pytest.param(
            [
                account("a", window(0.6, 4)),
                account("b", window(0.0, 4), blocks=(Block("quota", 0, NOW + 9e4, "-"),)),
            ],
            steady("a", 0.2),
            2.0,
            id="nor one that upstream bars",
        ),
    ],
)
def test_the_pool_runs_out(
    accounts: list[Account], samples: list[QuotaSample], hours: float | None
) -> None:
    assert runs_out_after_h(forecasts(accounts, samples, NOW)) == (
        None if hours is None else pytest.approx(hours, abs=0.05)
    )


def test_what_is_left_at_the_reset_expires() -> None:
    found = forecasts([account("a", window(0.2, 2))], steady("a", 0.1), NOW)
    assert outlook(found).pace_per_hour == pytest.approx(22.5, rel=0.01)
    assert outlook(found).expires_unused == pytest.approx(0.6 * 225, rel=0.02)


def test_nothing_expires_of_a_window_that_has_not_begun() -> None:
    found = forecasts([account("a", window(0.0, None))], steady("a", 0.1), NOW)
    assert outlook(found).expires_unused == 0


def test_amounts_add_up_over_accounts_and_kinds_stay_apart() -> None:
    accounts = [account(name, window(0.5, 4), window(0.25, 90, WEEK)) for name in "ab"]
    found = forecasts(accounts, [], NOW)
    assert [(f.kind, f.account_id, f.capacity, f.remaining) for f in found] == [
        ("short", None, 450, 225),
        ("short", "a", 225, 112.5),
        ("short", "b", 225, 112.5),
        ("weekly", None, 15_120, 11_340),
        ("weekly", "a", 7_560, 5_670),
        ("weekly", "b", 7_560, 5_670),
    ]


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        pytest.param([], "only 0 minutes of history", id="no samples"),
        pytest.param(steady("a", 0.2, hours=1), "only 60 minutes of history", id="too short"),
        pytest.param(
            steady("a", 0.0, hours=30), "nothing was spent in the last 24 hours", id="not in use"
        ),
    ],
)
def test_a_forecast_without_ground_is_hidden_with_its_reason(
    samples: list[QuotaSample], reason: str
) -> None:
    found = forecasts([account("a", window(0.9, 4))], samples, NOW)
    assert [f.outlook for f in found] == [Hidden(reason)] * 2


def test_a_pool_without_windows_has_no_forecast() -> None:
    assert forecasts([account("a")], steady("a", 0.2), NOW) == []
