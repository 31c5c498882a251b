"""Does it work, until when, what needs me."""

from dataclasses import replace

import pytest

from codex_lb.core.demand import Hidden
from codex_lb.core.forecast import Forecast, Kind, Outlook
from codex_lb.core.keys import ApiKey, Terms
from codex_lb.core.limits import Limit, Rule
from codex_lb.core.live import Now
from codex_lb.core.model import Account, Block, Identity, QuotaWindow
from codex_lb.core.verdict import MOST_SHOWN, Level, attention, verdict

NOW = 1_800_000_000.0
QUIET = Now(0, 0, None, None, None, is_burst=False)
FINE = Account("a", Identity("a", None, "a@example.com", "plus"), "active", None, NOW, NOW, None)
LIMITED = replace(
    FINE, id="b", blocks=(Block("usage_limit", NOW - 60, NOW + 600, "spent", is_told=True),)
)
PAUSED = replace(FINE, id="c", state="paused")
LOST = replace(FINE, id="d", state="reauth_required", state_reason="the token was revoked")


@pytest.mark.parametrize(
    ("accounts", "level", "serving", "total"),
    [
        ([], "setup", 0, 0),
        ([FINE], "ok", 1, 1),
        ([FINE, PAUSED], "ok", 1, 1),
        ([FINE, LIMITED], "degraded", 1, 2),
        ([FINE, LOST], "degraded", 1, 2),
        ([LIMITED], "down", 0, 1),
        ([PAUSED], "down", 0, 0),
    ],
)
def test_the_verdict(accounts: list[Account], level: Level, serving: int, total: int) -> None:
    found = verdict(accounts, [], NOW)
    assert (found.level, found.serving, found.total) == (level, serving, total)
    assert found.back_at == (NOW + 600 if LIMITED in accounts else None)
    assert not found.is_forecast


def having(*minutes: int) -> Account:
    windows = (QuotaWindow(each, 0.5, NOW + 60, NOW, "usage") for each in minutes)
    return replace(FINE, windows=tuple(windows))


def foreseen(kind: Kind, at: float | None, account: str | None = None) -> Forecast:
    return Forecast(kind, account, 100.0, 50.0, Outlook(1.0, at, 0.0))


SHORT, WEEK, MONTH = 300, 10_080, 43_200


@pytest.mark.parametrize(
    ("accounts", "forecasts", "end"),
    [
        pytest.param([having(SHORT)], [foreseen("short", NOW + 5)], NOW + 5, id="its window"),
        pytest.param([having(SHORT)], [foreseen("short", None)], None, id="lasts"),
        pytest.param(
            [having(SHORT)],
            [foreseen("short", NOW + 1, "a"), foreseen("short", NOW + 9)],
            NOW + 9,
            id="the pool's forecast, not an account's",
        ),
        pytest.param(
            [having(SHORT, WEEK)],
            [foreseen("short", NOW + 9), foreseen("weekly", NOW + 5)],
            NOW + 5,
            id="the first of its windows",
        ),
        pytest.param(
            [having(SHORT), having(MONTH)],
            [foreseen("short", NOW + 9), foreseen("monthly", NOW + 5)],
            NOW + 9,
            id="the others go on",
        ),
        pytest.param(
            [having(SHORT), having(MONTH)],
            [foreseen("short", None), foreseen("monthly", NOW + 5)],
            None,
            id="one lasts",
        ),
        pytest.param([having(SHORT)], [foreseen("short", NOW)], None, id="spent already"),
        pytest.param([FINE], [foreseen("short", NOW + 5)], None, id="nothing measured"),
        pytest.param(
            [replace(having(SHORT), state="reauth_required"), having(MONTH)],
            [foreseen("short", NOW + 9), foreseen("monthly", NOW + 5)],
            NOW + 5,
            id="only who is signed in",
        ),
    ],
)
def test_the_pool_ends_with_its_last_account(
    accounts: list[Account], forecasts: list[Forecast], end: float | None
) -> None:
    hidden = Forecast("weekly", None, 1.0, 1.0, Hidden("too little history"))
    found = verdict(accounts, [hidden, *forecasts], NOW)
    assert (found.runs_out_at, found.is_forecast) == (end, True)


def key(used: int, *, is_active: bool = True, resets_at: float = NOW + 60) -> ApiKey:
    rule = Rule("total_tokens", "daily", 100)
    terms = Terms("laptop", is_active=is_active)
    return ApiKey("k", "sk-", "", terms, NOW, limits=(Limit(1, rule, used, 0, resets_at),))


def test_what_needs_a_person_comes_before_what_passes() -> None:
    items = attention([LIMITED, LOST, PAUSED], [key(85)], ["odd"], QUIET, NOW)
    assert [(item.kind, item.subject) for item in items] == [
        ("sign_in", "a@example.com"),
        ("key_budget", "laptop"),
        ("limited", "a@example.com"),
        ("unpriced", "odd"),
    ]


@pytest.mark.parametrize(
    ("one", "kinds"),
    [
        (key(79), []),
        (key(80), ["key_budget"]),
        (key(100), ["key_spent"]),
        (key(100, is_active=False), []),
        (key(100, resets_at=NOW - 1), []),  # a new window has begun
    ],
)
def test_a_key_near_its_end_is_told(one: ApiKey, kinds: list[str]) -> None:
    assert [item.kind for item in attention([], [one], [], QUIET, NOW)] == kinds


def test_a_burst_of_failures_is_told_and_the_list_stays_short() -> None:
    burst = replace(QUIET, error_rate=0.5, is_burst=True)
    items = attention([replace(LOST, id=str(n)) for n in range(9)], [], [], burst, NOW)
    assert len(items) == MOST_SHOWN
    assert [item.kind for item in attention([], [], [], burst, NOW)] == ["failures"]
