"""The routes of quota and use, of the pool and of one account."""

from dataclasses import replace

import httpx2
import pytest
from tests.dashboard.builders import NOW, FakeAccounts, FakeHistory

from codex_lb.core.model import Account, AccountEvent, Identity, QuotaSample, QuotaWindow
from codex_lb.store import DailySums, EventRecord, HourlySums

HOUR = int(NOW) // 3600 * 3600
MIDNIGHT = int(NOW) // 86_400 * 86_400
ALICE = Account(
    "a",
    Identity("acc-1", None, "alice@example.com", "plus"),
    "active",
    None,
    NOW,
    NOW,
    None,
    (
        QuotaWindow(300, 0.25, NOW + 1_800, NOW, "usage"),
        QuotaWindow(10_080, 0.4, NOW + 90_000, NOW, "usage"),
    ),
)


def hour(key: str, at: float, requests: int = 1, errors: int = 0, cancelled: int = 0) -> HourlySums:
    return HourlySums(int(at), key, requests, errors, cancelled, 1_000, 400, 500, 9, 16_870)


async def test_an_empty_installation_has_nothing_left_and_nothing_served(
    client: httpx2.AsyncClient,
) -> None:
    empty = {"remainingPercent": 0.0, "capacityCredits": 0.0, "remainingCredits": 0.0}
    answer = await client.get("/api/usage/summary")
    assert answer.status_code == 200
    assert answer.json() == {
        "primaryWindow": empty | {"resetAt": None, "windowMinutes": 300},
        "secondaryWindow": empty | {"resetAt": None, "windowMinutes": 10_080},
        "monthlyWindow": None,
        "cost": {"currency": "USD", "totalUsd7d": 0.0},
        "metrics": {
            "requests7d": 0,
            "tokensSecondaryWindow": 0,
            "cachedTokensSecondaryWindow": 0,
            "errorRate7d": None,
            "topError": None,
            "cancelled7d": 0,
        },
    }


async def test_the_summary_adds_up_quota_and_seven_days(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    accounts.add(ALICE)
    history.hours["account"] = [
        hour("a", NOW - 604_801, requests=99),
        hour("a", HOUR, requests=6, errors=2, cancelled=1),
        hour("b", HOUR, requests=2),
    ]
    history.hours["error"] = [hour("server_error", HOUR, 1), hour("usage_limit", HOUR - 3600, 2)]
    told = (await client.get("/api/usage/summary/")).json()
    assert told["primaryWindow"] == {
        "remainingPercent": 75.0,
        "capacityCredits": 225.0,
        "remainingCredits": 168.75,
        "resetAt": "2026-09-21T14:43:20Z",
        "windowMinutes": 300,
    }
    assert told["secondaryWindow"]["remainingPercent"] == 60.0
    assert told["cost"] == {"currency": "USD", "totalUsd7d": 0.03374}
    assert told["metrics"] == {
        "requests7d": 8,
        "tokensSecondaryWindow": 3_000,
        "cachedTokensSecondaryWindow": 800,
        "errorRate7d": 0.25,
        "topError": "usage_limit",
        "cancelled7d": 1,
    }


async def test_the_history_is_the_average_of_the_short_window(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    accounts.add(ALICE)
    accounts.add(replace(ALICE, id="b", identity=replace(ALICE.identity, plan="new")))
    history.quota = [
        QuotaSample("a", 300, HOUR - 3600, 1.0, None),
        QuotaSample("a", 300, HOUR, 0.0, None),
        QuotaSample("a", 10_080, HOUR, 0.7, None),
    ]
    told = (await client.get("/api/usage/history?hours=2")).json()
    assert told == {
        "windowHours": 2,
        "accounts": [
            {
                "accountId": "a",
                "remainingPercentAvg": 66.67,
                "capacityCredits": 225.0,
                "remainingCredits": 150.01,
            },
            {
                "accountId": "b",
                "remainingPercentAvg": None,
                "capacityCredits": 0.0,
                "remainingCredits": 0.0,
            },
        ],
    }


@pytest.mark.parametrize(
    ("window", "minutes", "percent", "capacity", "credits_"),
    [("primary", 300, 75.0, 225.0, 168.75), ("secondary", 10_080, 60.0, 7560.0, 4536.0)],
)
async def test_a_window_account_by_account(
    client: httpx2.AsyncClient,
    accounts: FakeAccounts,
    window: str,
    minutes: int,
    percent: float,
    capacity: float,
    credits_: float,
) -> None:
    accounts.add(ALICE)
    told = (await client.get(f"/api/usage/window?window={window}")).json()
    item = {
        "accountId": "a",
        "remainingPercentAvg": percent,
        "capacityCredits": capacity,
        "remainingCredits": credits_,
    }
    assert told == {"windowKey": window, "windowMinutes": minutes, "accounts": [item]}


@pytest.mark.parametrize(
    "query",
    [
        "history?hours=0",
        "history?hours=169",
        "history?hours=x",
        "window?window=monthly",
        "window",
        "daily?days=367",
    ],
)
async def test_a_wrong_question_is_refused(client: httpx2.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/usage/{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "validation_error"


async def test_days_without_requests_are_days_too(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    accounts.add(ALICE)
    history.days = [DailySums(MIDNIGHT - 86_400, "a", 3, 1, 0, 1_000, 400, 500, 9, 16_870)]
    told = (await client.get("/api/accounts/a/daily?days=3")).json()
    assert told["accountId"] == "a"
    assert [day["startsAt"] for day in told["days"]] == [
        "2026-09-19T00:00:00Z",
        "2026-09-20T00:00:00Z",
        "2026-09-21T00:00:00Z",
    ]
    assert [day["requests"] for day in told["days"]] == [0, 3, 0]
    assert told["days"][1] == {
        "startsAt": "2026-09-20T00:00:00Z",
        "requests": 3,
        "errors": 1,
        "inputTokens": 1_000,
        "cachedInputTokens": 400,
        "outputTokens": 500,
        "costUsd": 0.01687,
    }
    assert (await client.get("/api/usage/daily?days=3")).json() == {"accounts": [told]}
    assert len((await client.get("/api/accounts/a/daily")).json()["days"]) == 28


async def test_days_begin_at_the_operators_midnight(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    accounts.add(ALICE)
    history.days = [DailySums(MIDNIGHT - 7_200, "a", 3, 0, 0, 0, 0, 0, 0, 0)]
    told = (await client.get("/api/accounts/a/daily?days=1&utcOffset=120")).json()
    assert [(day["startsAt"], day["requests"]) for day in told["days"]] == [
        ("2026-09-20T22:00:00Z", 3)
    ]


async def test_trends_are_points_of_what_was_left(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    accounts.add(replace(ALICE, windows=()))
    history.quota = [
        QuotaSample("a", 300, NOW - 60, 0.25, NOW + 1_800),
        QuotaSample("a", 10_080, NOW - 60, 0.4, NOW + 302_400),
        QuotaSample("b", 300, NOW - 60, 0.9, None),
    ]
    told = (await client.get("/api/accounts/a/trends")).json()
    now = "2026-09-21T14:13:20Z"
    assert told == {
        "accountId": "a",
        "primary": [{"t": now, "v": 75.0}],
        "secondary": [{"t": now, "v": 60.0}],
        "secondaryScheduled": [{"t": now, "v": 50.0}],
    }


async def test_a_trend_ends_at_what_the_account_has_now(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    window = QuotaWindow(10_080, 0.5, NOW + 302_400, NOW - 5, "headers")
    accounts.add(replace(ALICE, windows=(window,)))
    history.quota = [QuotaSample("a", 10_080, NOW - 60, 0.4, NOW + 302_400)]
    told = (await client.get("/api/accounts/a/trends")).json()
    assert [point["v"] for point in told["secondary"]] == [50.0]


async def test_what_was_written_late_stands_at_its_own_time_in_the_timeline(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    accounts.add(ALICE)
    history.timeline = [
        EventRecord(3, AccountEvent("a", NOW - 1, "limited", "upstream", "weekly limit")),
        EventRecord(2, AccountEvent("a", NOW, "paused", "operator")),
    ]
    told = (await client.get("/api/accounts/a/events?limit=2")).json()
    assert [event["kind"] for event in told["events"]] == ["paused", "limited"]
    assert told["nextBefore"] == 2


async def test_the_timeline_comes_in_pages_newest_first(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    accounts.add(ALICE)
    history.timeline = [
        EventRecord(3, AccountEvent("a", NOW, "limited", "upstream", "weekly limit")),
        EventRecord(2, AccountEvent("a", NOW - 1, "reactivated", "operator")),
        EventRecord(1, AccountEvent("a", NOW - 2, "added", "operator")),
    ]
    first = (await client.get("/api/accounts/a/events?limit=2")).json()
    assert first["events"][0] == {
        "id": 3,
        "at": "2026-09-21T14:13:20Z",
        "kind": "limited",
        "by": "upstream",
        "detail": "weekly limit",
    }
    assert first["nextBefore"] == 2
    rest = (await client.get("/api/accounts/a/events?limit=2&before=2")).json()
    assert [event["id"] for event in rest["events"]] == [1]
    assert rest["nextBefore"] is None
