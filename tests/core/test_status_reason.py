"""Why an account does not serve, as the operator reads it."""

from dataclasses import replace

import pytest

from codex_lb.core import status_reason
from codex_lb.core.model import Account, AccountState, Block, Credits, Identity, QuotaWindow
from codex_lb.core.status_reason import StatusReason, clock_time

NOW = 1_790_000_000.0  # 14:13:20 UTC
ALICE = Account(
    "a", Identity("acc-1", None, "alice@example.com", "plus"), "active", None, NOW, NOW, None
)


def spent(minutes: int, resets_in: float = 600) -> QuotaWindow:
    return QuotaWindow(minutes, 1.0, NOW + resets_in, NOW - 30, "usage")


def paid(account: Account) -> Account:
    return replace(
        account, credits=Credits(has=True, unlimited=False, balance=1.0, measured_at=NOW)
    )


USAGE = Block("usage_limit", NOW - 60, NOW + 600, "HTTP 429", is_told=True)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        pytest.param(ALICE, None, id="nothing stands in the way"),
        pytest.param(
            replace(ALICE, windows=(spent(10_080),)),
            StatusReason("weekly limit until 14:23 UTC, told by upstream", NOW - 30, NOW + 600),
            id="a spent week",
        ),
        pytest.param(
            replace(ALICE, windows=(spent(300), spent(43_200, 90_000))),
            StatusReason(
                "monthly limit until Tue 22 Sep 15:13 UTC, told by upstream",
                NOW - 30,
                NOW + 90_000,
            ),
            id="of two the one that lasts longer, with its day",
        ),
        pytest.param(
            replace(ALICE, windows=(spent(300, 0),)), None, id="a window whose reset has passed"
        ),
        pytest.param(paid(replace(ALICE, windows=(spent(300),))), None, id="credits stand in"),
        pytest.param(
            paid(replace(ALICE, blocks=(USAGE,))),
            StatusReason("usage limit until 14:23 UTC, told by upstream", NOW - 60, NOW + 600),
            id="upstream refused all the same",
        ),
        pytest.param(
            replace(ALICE, blocks=(USAGE,), windows=(replace(spent(300, 620), used=0.99),)),
            StatusReason("5-hour limit until 14:23 UTC, told by upstream", NOW - 60, NOW + 600),
            id="a block goes by the window that ends with it",
        ),
        pytest.param(
            replace(ALICE, blocks=(Block("fault", NOW, NOW + 60, "HTTP 503"),)),
            StatusReason("resting after HTTP 503 until we ask again at 14:14 UTC", NOW, NOW + 60),
            id="a rest is our guess",
        ),
        pytest.param(
            replace(ALICE, blocks=(replace(USAGE, model="m"), replace(USAGE, until=NOW))),
            None,
            id="one model, and a block that is over",
        ),
    ],
)
def test_what_keeps_an_account_from_serving(
    account: Account, expected: StatusReason | None
) -> None:
    assert status_reason.of(account, NOW) == expected


@pytest.mark.parametrize(
    ("state", "told", "expected"),
    [
        ("paused", "whatever", "paused by the operator"),
        ("reauth_required", "invalid_grant", "needs a new sign-in: invalid_grant"),
        ("deactivated", None, "deactivated by ChatGPT"),
    ],
)
def test_a_state_stands_over_any_limit(
    state: AccountState, told: str | None, expected: str
) -> None:
    account = replace(ALICE, state=state, state_reason=told, blocks=(USAGE,))
    assert status_reason.of(account, NOW) == StatusReason(expected)


def test_a_time_has_its_day_when_it_is_far() -> None:
    assert clock_time(NOW + 86_399, NOW) == "14:13 UTC"
    assert clock_time(NOW + 86_400, NOW) == "Tue 22 Sep 14:13 UTC"


@pytest.mark.parametrize(
    ("ahead_s", "told"),
    [
        (3_600, "09:00 UTC"),
        (-3_600, "07:00 UTC"),
        (2 * 86_400, "Sun 17 Jan 08:00 UTC"),
        (400 * 86_400, "19 Feb 2028"),
    ],
)
def test_a_time_is_told_as_exactly_as_it_is_near(ahead_s: int, told: str) -> None:
    now = 1_800_000_000.0  # Fri 15 Jan 2027 08:00 UTC
    assert status_reason.clock_time(now + ahead_s, now) == told
