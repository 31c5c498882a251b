"""The pool as one account: what is counted, and that all ways of telling it agree."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import pool_quota, quota, usage_report
from codex_lb.core.model import Account, AccountState, Block, Credits, Identity, QuotaWindow
from codex_lb.core.pool_quota import PoolWindow

NOW = 1_790_000_000.0
FIVE_HOURS, WEEK, MONTH = 300, 10_080, 43_200
SOON = int(NOW) + 60


def account(
    *windows: QuotaWindow,
    plan: str = "plus",
    state: AccountState = "active",
    credits_: Credits | None = None,
    blocks: tuple[Block, ...] = (),
) -> Account:
    identity = Identity("acc-1", None, "alice@example.com", plan)
    return Account(
        "acc-1", identity, state, None, NOW, NOW, None, windows, blocks, credits=credits_
    )


def window(minutes: int, used: float, resets_in: float | None = 60) -> QuotaWindow:
    resets_at = None if resets_in is None else NOW + resets_in
    return QuotaWindow(minutes, used, resets_at, NOW - 3600, "usage")


def owned(balance: float | None, *, unlimited: bool = False) -> Credits:
    return Credits(has=True, unlimited=unlimited, balance=balance, measured_at=NOW)


FREE_MONTH = account(window(MONTH, 0.5), plan="free")
BOTH = account(window(FIVE_HOURS, 0.25), window(WEEK, 0.4))


@pytest.mark.parametrize(
    ("accounts", "short", "weekly", "monthly"),
    [
        pytest.param([], None, None, None, id="nobody"),
        pytest.param([account()], None, None, None, id="never measured is no window"),
        pytest.param([BOTH], 25, 40, None, id="one account is itself"),
        pytest.param([account(window(WEEK, 0.3), plan="free")], None, 30, None, id="only a week"),
        pytest.param([FREE_MONTH], None, None, 50, id="only a month"),
        pytest.param([BOTH, FREE_MONTH], 25, 40, 50, id="kinds are not mixed"),
        pytest.param(
            [account(window(WEEK, 1.0), plan="pro"), account(window(WEEK, 0.0))], None, 87, None,
            id="a plan counts by what it holds",
        ),
        pytest.param([BOTH, account()], 13, 20, None, id="never measured counts as whole"),
        pytest.param(
            [account(window(FIVE_HOURS, 1.0)), account(plan="free")], 100, None, None,
            id="but not for a window that its plan lacks",
        ),
        pytest.param(
            [account(window(WEEK, 1.0), plan="new-plan")], None, 100, None, id="an unknown plan"
        ),
        pytest.param(
            [BOTH, account(window(WEEK, 1.0), state="paused")], 25, 40, None, id="paused is out"
        ),
        pytest.param(
            [account(window(WEEK, 1.0), state="reauth_required"),
             account(window(WEEK, 1.0), state="deactivated")], None, None, None,
            id="so is what cannot sign in",
        ),
        pytest.param([account(window(WEEK, 0.999))], None, 99, None, id="99 while some is left"),
        pytest.param([account(window(WEEK, 1.0, 0))], None, 0, None, id="past its reset"),
    ],
)  # fmt: skip
def test_shares(
    accounts: list[Account], short: int | None, weekly: int | None, monthly: int | None
) -> None:
    pool = pool_quota.of(accounts, NOW)
    found = [w and w.used_percent for w in (pool.short, pool.weekly, pool.monthly)]
    assert found == [short, weekly, monthly]


@pytest.mark.parametrize(
    ("windows", "resets_at"),
    [
        pytest.param(
            [window(WEEK, 0.5, 500), window(WEEK, 0.2, 60), window(WEEK, 0.0, 5)], SOON,
            id="the first of what has been used",
        ),
        pytest.param([window(WEEK, 0.0, 60)], SOON, id="else the first of all"),
        pytest.param([window(WEEK, 0.5, None)], int(NOW) + WEEK * 60, id="else a whole length"),
        pytest.param([window(WEEK, 0.5, 59.5)], SOON, id="never too early"),
    ],
)  # fmt: skip
def test_the_reset_told_is_the_first_that_helps(windows: list[QuotaWindow], resets_at: int) -> None:
    weekly = pool_quota.of([account(one) for one in windows], NOW).weekly
    assert weekly is not None
    assert weekly.resets_at == resets_at


LIMITED = (Block("usage_limit", NOW - 1, NOW + 60, "seen"),)
RESTING = (Block("burst", NOW - 1, NOW + 60, "seen"), Block("quota", NOW - 1, NOW + 60, "x", "m"))
SPENT = window(WEEK, 1.0)


@pytest.mark.parametrize(
    ("accounts", "can_serve", "is_limited"),
    [
        pytest.param([], False, False, id="nobody"),
        pytest.param([account()], True, False, id="never measured"),
        pytest.param([account(SPENT)], False, True, id="spent"),
        pytest.param([account(SPENT), BOTH], True, False, id="one of two is spent"),
        pytest.param([account(SPENT, credits_=owned(1.0))], True, False, id="credits go on"),
        pytest.param([account(SPENT, credits_=owned(0.0))], False, True, id="no credits left"),
        pytest.param([account(blocks=LIMITED)], False, True, id="limited by proof"),
        pytest.param([account(blocks=RESTING)], True, False, id="a rest, or one model's limit"),
        pytest.param([account(state="paused")], False, False, id="paused"),
    ],
)
def test_the_pool_is_limited_when_no_account_can_serve(
    accounts: list[Account], *, can_serve: bool, is_limited: bool
) -> None:
    pool = pool_quota.of(accounts, NOW)
    assert (pool.can_serve, pool.is_limited) == (can_serve, is_limited)


@pytest.mark.parametrize(
    ("plans", "plan"),
    [([], "guest"), (["free"], "free"), (["free", "pro", "plus"], "pro"), (["brand new"], "brand new")],
)  # fmt: skip
def test_the_plan_told_is_the_most_capable(plans: list[str], plan: str) -> None:
    pool = pool_quota.of([account(plan=name) for name in plans], NOW)
    assert (pool.plan, pool.unmeasured) == (plan, len(plans))


@pytest.mark.parametrize(
    ("told", "spoken"),
    [
        pytest.param([None], (False, False, "0"), id="never told"),
        pytest.param([owned(12.5), owned(25.0), None], (True, False, "37.5"), id="added up"),
        pytest.param([owned(12.25), owned(None)], (True, False, None), id="one is unknown"),
        pytest.param([owned(10.0, unlimited=True)], (True, True, "10"), id="unlimited"),
    ],
)
def test_credits(told: list[Credits | None], spoken: tuple[bool, bool, str | None]) -> None:
    pool = pool_quota.of([account(credits_=one) for one in told], NOW)
    document = json.loads(pool_quota.document(pool))["credits"]
    assert (document["has_credits"], document["unlimited"], document["balance"]) == spoken


def test_a_month_alone_comes_first_where_codex_looks() -> None:
    limit = json.loads(pool_quota.document(pool_quota.of([FREE_MONTH], NOW)))["rate_limit"]
    assert limit["primary_window"] == limit["monthly_window"]
    assert limit["primary_window"]["limit_window_seconds"] == MONTH * 60
    assert limit["secondary_window"] is None


def test_the_document_has_the_shape_that_clients_know() -> None:
    pool = pool_quota.of([replace(BOTH, credits=owned(12.5))], NOW)
    assert json.loads(pool_quota.document(pool)) == {
        "plan_type": "plus",
        "rate_limit": {
            "allowed": True,
            "limit_reached": False,
            "primary_window": {
                "used_percent": 25,
                "limit_window_seconds": 18_000,
                "reset_after_seconds": 60,
                "reset_at": SOON,
            },
            "secondary_window": {
                "used_percent": 40,
                "limit_window_seconds": 604_800,
                "reset_after_seconds": 60,
                "reset_at": SOON,
            },
            "monthly_window": None,
        },
        "credits": {
            "has_credits": True,
            "unlimited": False,
            "balance": "12.5",
            "approx_local_messages": None,
            "approx_cloud_messages": None,
        },
        "rate_limit_reset_credits": None,
        "additional_rate_limits": [],
    }


SHARES = st.sampled_from([0.0, 0.004, 0.5, 0.996, 1.0]) | st.floats(0, 1)
WINDOWS = st.builds(
    window, st.sampled_from([FIVE_HOURS, WEEK, MONTH]), SHARES, st.none() | st.floats(-100, 9e5)
)
CREDITS = st.builds(
    Credits,
    has=st.booleans(),
    unlimited=st.booleans(),
    balance=st.none() | st.floats(0, 1e6),
    measured_at=st.just(NOW),
)
ACCOUNTS = st.lists(
    st.builds(
        lambda windows, plan, state, credits_: account(
            *windows, plan=plan, state=state, credits_=credits_
        ),
        st.lists(WINDOWS, max_size=3, unique_by=lambda each: each.minutes),
        st.sampled_from(["free", "plus", "pro", "new-plan"]),
        st.sampled_from(["active", "paused"]),
        st.none() | CREDITS,
    ),
    max_size=5,
)


def readings(windows: tuple[QuotaWindow, ...]) -> list[tuple[int, int, float | None]]:
    return [(w.minutes, round(w.used * 100), w.resets_at) for w in quota.merge((), windows)]


@given(ACCOUNTS)
def test_headers_event_and_document_say_the_same(accounts: list[Account]) -> None:
    pool = pool_quota.of(accounts, NOW)
    told = [w for w in (pool.short, pool.weekly, pool.monthly) if w is not None]
    expected = [(w.minutes, w.used_percent, w.resets_at) for w in told]

    headers = pool_quota.headers(pool)
    data = pool_quota.event(pool)
    report = usage_report.read(pool_quota.document(pool), NOW)

    assert report is not None
    assert readings(quota.windows_in_headers(headers, NOW)) == expected
    assert readings(quota.windows_in_event(data, NOW)) == expected
    assert readings(report.windows) == expected
    assert report.credits == quota.credits_in_headers(headers, NOW)
    assert report.credits == quota.credits_in_event(data, NOW)
    assert headers["x-codex-plan-type"] == json.loads(data)["plan_type"] == report.plan
    assert json.loads(data)["rate_limits"]["allowed"] is pool.can_serve


@given(ACCOUNTS)
def test_a_window_is_told_as_spent_only_if_it_is(accounts: list[Account]) -> None:
    pool = pool_quota.of(accounts, NOW)
    for told in (pool.short, pool.weekly, pool.monthly):
        if told is None:
            continue
        assert isinstance(told, PoolWindow)
        assert 0 <= told.used_percent <= 100
        left = [
            quota.left(one, NOW)
            for each in accounts
            for one in each.windows
            if each.state == "active" and one.minutes == told.minutes
        ]
        if told.used_percent == 100:
            assert not any(left)
