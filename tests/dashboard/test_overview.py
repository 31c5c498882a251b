"""The overview: what the pool has left, and what it served."""

from typing import Any

import pytest
from tests.dashboard.builders import NOW, FakeAccounts
from tests.dashboard.log_builders import FakePeriods, caller_of

from codex_lb.core.buckets import TIMEFRAMES, TimeframeKey, period
from codex_lb.core.model import Account, Identity, QuotaWindow
from codex_lb.dashboard.conversations import ConversationCounts
from codex_lb.dashboard.overview import routes
from codex_lb.store import Conversations, PeriodSums, Sums

WEEK = period(TIMEFRAMES["7d"], NOW)


async def overview(accounts: FakeAccounts, periods: FakePeriods, query: str = "") -> dict[str, Any]:
    client = caller_of(routes(accounts, periods, lambda: NOW))
    answer = await client.get(f"/api/dashboard/overview{query}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def account(id_: str, *windows: QuotaWindow) -> Account:
    identity = Identity(id_, None, f"{id_}@example.com", "plus")
    return Account(id_, identity, "active", None, NOW, NOW, None, windows)


async def test_an_empty_installation_has_every_field(accounts: FakeAccounts) -> None:
    found = await overview(accounts, FakePeriods())

    trends = found.pop("trends")
    assert found == {
        "lastSyncAt": None,
        "timeframe": {
            "key": "7d",
            "windowMinutes": 10_080,
            "bucketSeconds": 21_600,
            "bucketCount": 28,
        },
        "accounts": [],
        "summary": {
            "primaryWindow": {
                "remainingPercent": 0.0,
                "capacityCredits": 0.0,
                "remainingCredits": 0.0,
                "resetAt": None,
                "windowMinutes": 300,
            },
            "secondaryWindow": {
                "remainingPercent": 0.0,
                "capacityCredits": 0.0,
                "remainingCredits": 0.0,
                "resetAt": None,
                "windowMinutes": 10_080,
            },
            "cost": {"currency": "USD", "totalUsd": 0.0},
            "metrics": {
                "requests": 0,
                "tokens": 0,
                "conversations": 0,
                "conversationRequests": 0,
                "cachedInputTokens": 0,
                "errorRate": None,
                "errorCount": 0,
                "cancelledCount": 0,
                "topError": None,
            },
            "comparison": {
                "canCompare": False,
                "previous": {"requests": 0, "tokens": 0, "costUsd": 0.0},
            },
        },
        "windows": {
            "primary": {"windowKey": "primary", "windowMinutes": 300, "accounts": []},
            "secondary": {"windowKey": "secondary", "windowMinutes": 10_080, "accounts": []},
        },
        "depletionPrimary": None,
        "depletionSecondary": None,
        "weeklyCreditPace": None,
    }
    assert trends.keys() == {"requests", "tokens", "cost", "errorRate", "conversations"}
    assert {point["v"] for points in trends.values() for point in points} == {0.0}


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("1d", "2026-09-20T15:00:00Z", "2026-09-21T14:00:00Z"),
        ("7d", "2026-09-14T18:00:00Z", "2026-09-21T12:00:00Z"),
        ("30d", "2026-08-23T00:00:00Z", "2026-09-21T00:00:00Z"),
    ],
)
async def test_every_trend_has_a_point_for_each_bucket(
    accounts: FakeAccounts, key: TimeframeKey, first: str, last: str
) -> None:
    found = await overview(accounts, FakePeriods(), f"?timeframe={key}")

    assert found["timeframe"]["key"] == key
    for points in found["trends"].values():
        assert len(points) == found["timeframe"]["bucketCount"]
        assert (points[0]["t"], points[-1]["t"]) == (first, last)


async def test_an_unknown_timeframe_is_refused(accounts: FakeAccounts) -> None:
    client = caller_of(routes(accounts, FakePeriods(), lambda: NOW))
    answer = await client.get("/api/dashboard/overview?timeframe=90d")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "validation_error"


async def test_what_was_served_is_summed_and_laid_out(accounts: FakeAccounts) -> None:
    first, last = WEEK.starts[0], WEEK.starts[-1]
    periods = FakePeriods(
        PeriodSums(
            {
                first: Sums(3, 1, 1, 1700, 200, 16_870),
                last: Sums(1, 0, 0, 300, 0, 130),
            },
            previous=Sums(2, 0, 0, 50, 0, 1_000_000),
            top_error="server_error",
            first_at=WEEK.previous_start_at,
        ),
        Conversations({first: 2, last: 1}, total=2, requests=3),
    )

    found = await overview(accounts, periods)

    assert found["summary"]["cost"] == {"currency": "USD", "totalUsd": 0.017}
    assert found["summary"]["metrics"] == {
        "requests": 4,
        "tokens": 2000,
        "conversations": 2,
        "conversationRequests": 3,
        "cachedInputTokens": 200,
        "errorRate": 0.25,
        "errorCount": 1,
        "cancelledCount": 1,
        "topError": "server_error",
    }
    assert found["summary"]["comparison"] == {
        "canCompare": True,
        "previous": {"requests": 2, "tokens": 50, "costUsd": 1.0},
    }
    ends = {
        name: (points[0]["v"], points[1]["v"], points[-1]["v"])
        for name, points in found["trends"].items()
    }
    assert ends == {
        "requests": (3, 0, 1),
        "tokens": (1700, 0, 300),
        "cost": (0.01687, 0, 0.00013),
        "errorRate": (pytest.approx(1 / 3), 0, 0),
        "conversations": (2, 0, 1),
    }


async def test_a_log_that_begins_later_is_not_compared(accounts: FakeAccounts) -> None:
    first_at = WEEK.previous_start_at + 3600
    periods = FakePeriods(PeriodSums({}, Sums(5), None, first_at))

    comparison = (await overview(accounts, periods))["summary"]["comparison"]

    assert comparison["canCompare"] is False
    assert comparison["previous"]["requests"] == 5


async def test_the_pool_is_told_together_and_one_by_one(accounts: FakeAccounts) -> None:
    accounts.add(
        account(
            "a",
            QuotaWindow(300, 0.5, NOW + 1800, NOW - 60, "headers"),
            QuotaWindow(10_080, 0.2, NOW + 86_400, NOW - 30, "headers"),
        )
    )
    accounts.add(account("b"))

    found = await overview(accounts, FakePeriods())

    assert found["lastSyncAt"] == "2026-09-21T14:12:50Z"
    assert [each["accountId"] for each in found["accounts"]] == ["a", "b"]
    assert found["summary"]["primaryWindow"] == {
        "remainingPercent": 75.0,
        "capacityCredits": 450.0,
        "remainingCredits": 337.5,
        "resetAt": "2026-09-21T14:43:20Z",
        "windowMinutes": 300,
    }
    assert found["windows"]["secondary"] == {
        "windowKey": "secondary",
        "windowMinutes": 10_080,
        "accounts": [
            {
                "accountId": "a",
                "remainingPercentAvg": 80.0,
                "capacityCredits": 7560.0,
                "remainingCredits": 6048.0,
            },
            {
                "accountId": "b",
                "remainingPercentAvg": None,
                "capacityCredits": 7560.0,
                "remainingCredits": 0.0,
            },
        ],
    }


@pytest.mark.parametrize(
    ("before", "after", "counted"),
    [
        pytest.param(10, 11, [WEEK.starts[0]], id="a small log is counted anew"),
        pytest.param(10_000, 10_000, [], id="an unchanged one is not"),
        pytest.param(10_000, 10_010, [WEEK.starts[-1]], id="of a large one the last bucket is"),
        pytest.param(10_000, 10_011, [WEEK.starts[0]], id="until it has grown"),
        pytest.param(10_000, 9_000, [WEEK.starts[0]], id="or shrunk"),
    ],
)
async def test_conversations_are_counted_as_often_as_it_matters(
    before: int, after: int, counted: list[int]
) -> None:
    first, last = WEEK.starts[0], WEEK.starts[-1]
    periods = FakePeriods(conversations_=Conversations({first: 2, last: 1}, 3, 9))
    counts = ConversationCounts(periods)
    assert await counts.of(WEEK, before) == periods.conversations_
    periods.counted.clear()
    periods.conversations_ = Conversations({first: 2, last: 5}, 7, 99)

    found = await counts.of(WEEK, after)

    assert periods.counted == counted
    assert found.buckets == {first: 2, last: 5 if counted else 1}
    assert found.total == (7 if counted == [first] else 3)


async def test_conversations_are_counted_anew_when_the_period_moves_on() -> None:
    periods = FakePeriods()
    counts = ConversationCounts(periods)
    later = period(TIMEFRAMES["7d"], NOW + WEEK.bucket_s)
    day = period(TIMEFRAMES["1d"], NOW)

    for span in (WEEK, day, WEEK, later):
        await counts.of(span, 10_000)

    assert periods.counted == [WEEK.start_at, day.start_at, later.start_at]
