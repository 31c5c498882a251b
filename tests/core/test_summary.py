"""What the operator is told of an account."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import summary
from codex_lb.core.model import (
    Account,
    AccountState,
    Block,
    BlockKind,
    Credits,
    Identity,
    QuotaWindow,
)
from codex_lb.core.summary import WindowSummaries, WindowSummary

NOW = 1_790_000_000.0
WEEK = 10_080


def account(plan: str = "plus", *windows: QuotaWindow, state: AccountState = "active") -> Account:
    identity = Identity("acc-1", None, "alice@example.com", plan)
    return Account("acc-1_ff8d9819", identity, state, None, NOW, NOW, None, windows)


def block(kind: BlockKind, until: float = NOW + 60, model: str | None = None) -> Block:
    return Block(kind, NOW - 60, until, "seen", model)


def window(
    minutes: int, used: float, resets_in: float | None = 60, measured_at: float = NOW
) -> QuotaWindow:
    resets_at = None if resets_in is None else NOW + resets_in
    return QuotaWindow(minutes, used, resets_at, measured_at, "usage")


@pytest.mark.parametrize(
    ("state", "blocks", "expected"),
    [
        pytest.param("active", [], "active", id="nothing is known against it"),
        pytest.param("active", [block("usage_limit")], "rate_limited", id="a spent window"),
        pytest.param("active", [block("burst")], "rate_limited", id="a burst"),
        pytest.param("active", [block("quota")], "quota_exceeded", id="a spent quota"),
        pytest.param(
            "active",
            [block("burst"), block("quota")],
            "quota_exceeded",
            id="the worse limit is named",
        ),
        pytest.param("active", [block("quota", NOW)], "active", id="a block ends at its deadline"),
        pytest.param(
            "active", [block("usage_limit", model="m")], "active", id="one model is not the account"
        ),
        pytest.param("active", [block("fault"), block("login")], "active", id="suspicions"),
        pytest.param("paused", [block("quota")], "paused", id="the operator's word is first"),
        pytest.param("reauth_required", [], "reauth_required", id="a lost sign-in"),
        pytest.param("deactivated", [], "deactivated", id="a closed account"),
    ],
)
def test_status(state: AccountState, blocks: list[Block], expected: str) -> None:
    given_account = replace(account(state=state), blocks=tuple(blocks))
    assert summary.status(given_account, NOW) == expected


def test_a_spent_window_is_a_limit_until_its_reset() -> None:
    spent = account("plus", window(300, 1.0), window(WEEK, 0.2))
    assert summary.status(spent, NOW) == "rate_limited"
    assert summary.status(spent, NOW + 60) == "active"


@pytest.mark.parametrize(
    ("credits_", "expected"),
    [
        pytest.param(
            Credits(has=True, unlimited=False, balance=2.5, measured_at=NOW),
            "active",
            id="bought credits go on",
        ),
        pytest.param(
            Credits(has=False, unlimited=True, balance=None, measured_at=NOW),
            "active",
            id="so do unlimited ones",
        ),
        pytest.param(
            Credits(has=True, unlimited=False, balance=0.0, measured_at=NOW),
            "rate_limited",
            id="used up credits do not",
        ),
    ],
)
def test_credits_stand_in_for_a_spent_window(credits_: Credits, expected: str) -> None:
    spent = replace(account("plus", window(300, 1.0)), credits=credits_)
    assert summary.status(spent, NOW) == expected


@pytest.mark.parametrize(
    ("given_account", "expected"),
    [
        pytest.param(
            account("plus"),
            WindowSummaries(WindowSummary(225), WindowSummary(7560), WindowSummary(None)),
            id="before the first report only the capacity is known",
        ),
        pytest.param(
            account("free"),
            WindowSummaries(WindowSummary(0), WindowSummary(1134), WindowSummary(1134)),
            id="a free plan has no short window",
        ),
        pytest.param(
            account("pro", window(WEEK, 0.4)),
            WindowSummaries(
                WindowSummary(1500),
                WindowSummary(50400, WEEK, 60.0, 30240, NOW + 60, NOW, "usage"),
                WindowSummary(None),
            ),
            id="a week sent alone is weekly",
        ),
        pytest.param(
            account("plus", window(WEEK, 0.0, None), window(300, 1 / 3), window(43_200, 1.0)),
            WindowSummaries(
                WindowSummary(225, 300, 66.67, 150, NOW + 60, NOW, "usage"),
                WindowSummary(7560, WEEK, 100, 7560, None, NOW, "usage"),
                WindowSummary(None, 43_200, 0, None, NOW + 60, NOW, "usage"),
            ),
            id="kinds go by length, and a window beyond the plan has no credits",
        ),
        pytest.param(
            account("new-plan", window(300, 0.25)),
            WindowSummaries(
                WindowSummary(None, 300, 75, None, NOW + 60, NOW, "usage"),
                WindowSummary(None),
                WindowSummary(None),
            ),
            id="an unknown plan has shares but no credits",
        ),
        pytest.param(
            account("plus", window(300, 1.0, resets_in=0)),
            WindowSummaries(
                WindowSummary(225, 300, 100, 225, None, NOW, "usage"),
                WindowSummary(7560),
                WindowSummary(None),
            ),
            id="at its reset a window is whole",
        ),
        pytest.param(
            account("plus", window(300, 0.5), window(240, 0.9, measured_at=NOW - 1)),
            WindowSummaries(
                WindowSummary(225, 300, 50, 112.5, NOW + 60, NOW, "usage"),
                WindowSummary(7560),
                WindowSummary(None),
            ),
            id="of one kind the latest reading counts",
        ),
    ],
)
def test_windows(given_account: Account, expected: WindowSummaries) -> None:
    assert summary.windows(given_account, NOW) == expected


def test_an_address_is_shared_whatever_its_case() -> None:
    alice, bob = Identity(None, None, "Alice@Example.com", "plus"), "bob@example.com"
    pool = [account(), replace(account(), identity=alice)]
    pool.append(replace(account(), identity=replace(alice, email=bob)))
    assert summary.shared_emails(pool) == {"alice@example.com"}


@given(st.floats(-1, 2), st.integers(1, 100_000), st.sampled_from(["plus", "free", "x"]))
def test_what_is_left_is_never_below_nothing_or_above_all(
    used: float, minutes: int, plan: str
) -> None:
    told = summary.windows(account(plan, window(minutes, used)), NOW)
    (one,) = [kind for kind in (told.short, told.weekly, told.monthly) if kind.minutes]
    assert one.remaining_percent is not None
    assert 0 <= one.remaining_percent <= 100
    assert one.remaining is None or 0 <= one.remaining <= (one.capacity or 0)
