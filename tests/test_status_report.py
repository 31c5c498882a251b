"""How the pool looks in a terminal."""

from datetime import UTC, datetime
from typing import Any

import pytest

from codex_lb.status_report import report, text

NOW = 1_790_000_000.0
JsonObject = dict[str, Any]


def at(seconds: float) -> str:
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat().replace("+00:00", "Z")


def account(name: str = "alice@example.com", **more: object) -> JsonObject:
    return {
        "displayName": name,
        "planType": "plus",
        "status": "active",
        "statusReason": None,
        "blockedUntil": None,
        "activeStreams": 0,
        "usage": {
            "primaryRemainingPercent": 75.0,
            "secondaryRemainingPercent": 60.4,
            "monthlyRemainingPercent": None,
        },
        "resetAtPrimary": at(1_790),
        "resetAtSecondary": at(90_000),
        "resetAtMonthly": None,
        "loginState": "signed_in",
        "loginText": "signed in",
    } | more


def usage(**more: object) -> JsonObject:
    return {
        "primaryWindow": {"remainingPercent": 75.0, "resetAt": at(7_500)},
        "secondaryWindow": {"remainingPercent": 61.6, "resetAt": at(90_000)},
        "monthlyWindow": None,
    } | more


LIMITED = account(
    "bob@example.com",
    status="rate_limited",
    statusReason="weekly limit until 14:05 UTC, told by upstream",
    blockedUntil=at(2_100),
)
PAUSED = account("carol@example.com", status="paused", statusReason="paused by the operator")


@pytest.mark.parametrize(
    ("accounts", "used", "expected"),
    [
        pytest.param(
            [account(), LIMITED],
            usage(),
            "1 of 2 accounts can serve; weekly quota 62 % left, next reset in 2 h 5 m.",
            id="some can serve",
        ),
        pytest.param(
            [account()],
            usage(
                primaryWindow={"remainingPercent": 0.0, "resetAt": None},
                secondaryWindow={"remainingPercent": 100.0, "resetAt": None},
            ),
            "1 of 1 accounts can serve; weekly quota 100 % left.",
            id="no reset is known",
        ),
        pytest.param(
            [account()],
            usage(secondaryWindow=None),
            "1 of 1 accounts can serve.",
            id="there is no weekly quota",
        ),
        pytest.param(
            [LIMITED, PAUSED],
            usage(),
            "0 of 2 accounts can serve; bob@example.com is back in 35 m.",
            id="none can yet",
        ),
        pytest.param(
            [PAUSED],
            usage(),
            "0 of 1 accounts can serve; none comes back by itself.",
            id="none will",
        ),
        pytest.param(
            [],
            usage(),
            "No accounts yet. Add one: codex-lb accounts login",
            id="there are none",
        ),
    ],
)
def test_the_verdict_says_whether_the_pool_can_serve(
    accounts: list[JsonObject], used: JsonObject, expected: str
) -> None:
    told = report(accounts, used, "server", NOW)
    assert told["verdict"] == expected
    assert text(told, NOW).startswith(expected)
    assert told["canServe"] == any(each["status"] == "active" for each in accounts)


def test_each_account_has_a_line_and_its_reason_another() -> None:
    told = report([account(activeStreams=2), LIMITED], usage(), "server", NOW)
    assert text(told, NOW).splitlines()[2:] == [
        "ACCOUNT            PLAN  5 H   WEEK/MO  RESETS IN  STREAMS  STATE",
        "alice@example.com  plus  75 %  60 %     30 m       2        active",
        "  signed in",
        "bob@example.com    plus  75 %  60 %     35 m       0        rate limited",
        "  weekly limit until 14:05 UTC, told by upstream",
    ]


def test_a_lost_login_is_what_is_told_first() -> None:
    lost = {"loginState": "sign_in_again", "loginText": "sign in again because it was reused"}
    told = report([LIMITED | lost], usage(), "server", NOW)
    assert text(told, NOW).splitlines()[-1] == "  sign in again because it was reused"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        pytest.param(-5, "0 m", id="over"),
        pytest.param(1, "1 m", id="within the minute"),
        pytest.param(3_600, "1 h 0 m", id="an hour"),
        pytest.param(86_400 * 3 + 3_600, "3 d 1 h", id="days"),
    ],
)
def test_a_time_to_come_has_its_two_largest_parts(seconds: float, shown: str) -> None:
    told = report([account(blockedUntil=at(seconds))], usage(), "server", NOW)
    assert f"60 %     {shown} " in text(told, NOW)


def test_the_longest_lines_stay_within_80_columns() -> None:
    wide = account(
        "someone.with.a.very.long.name@example.com",
        planType="enterprise",
        status="quota_exceeded",
        statusReason="word " * 40,
        blockedUntil=at(3_600 * 23 + 3_540),
        activeStreams=1_000,
    )
    shown = text(report([wide], usage(), "store", NOW), NOW)
    assert max(map(len, shown.splitlines())) <= 80
    assert "No server runs" in shown


@pytest.mark.parametrize(
    ("monthly", "reset", "shown"),
    [
        pytest.param(None, None, ["?", "?", "0"], id="what is not known is a question mark"),
        pytest.param(40.0, at(60), ["?", "40", "%", "1", "m", "0"], id="a month instead of a week"),
    ],
)
def test_an_account_without_a_week(
    monthly: float | None, reset: str | None, shown: list[str]
) -> None:
    told = account(
        usage={
            "primaryRemainingPercent": None,
            "secondaryRemainingPercent": None,
            "monthlyRemainingPercent": monthly,
        },
        resetAtPrimary=None,
        resetAtSecondary=None,
        resetAtMonthly=reset,
        status="reauth_required",
    )
    line = text(report([told], usage(), "server", NOW), NOW).splitlines()[3]
    assert line.split() == ["alice@example.com", "plus", *shown, "needs", "sign-in"]
