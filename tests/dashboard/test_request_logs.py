"""The routes of the request log: what is asked of the log, and how it is told."""

from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests.dashboard.log_builders import FakeLog, caller_of

from codex_lb.core.model import Attempt, Cost, OpenedRequest, Receipt, Skipped, Usage
from codex_lb.dashboard.request_logs import routes
from codex_lb.store import (
    ConversationSums,
    Cursor,
    KeyLabel,
    LogDetail,
    LogFilter,
    LogOptions,
    LogPage,
    RequestRecord,
    Store,
)

LOGS = "/api/request-logs"
OPENED = OpenedRequest(
    id="req-1",
    opened_at_ms=1_790_000_000_250,
    endpoint="responses",
    transport="sse",
    model="gpt-5.6-sol",
    effort="high",
    service_tier="priority",
    api_key_id="key-1",
    conversation_id="thread-1",
    user_agent="curl/7.88.1",
    client_ip="127.0.0.1",
)
RECEIPT = Receipt(
    id="req-1",
    status="success",
    closed_at_ms=1_790_000_001_250,
    account_id="acc-1",
    plan="plus",
    http_status=200,
    upstream_status=200,
    actual_service_tier="default",
    response_id="resp_1",
    usage=Usage(1000, 500, 200, 100),
    cost=Cost(1400, 35, 7000),
    attempts=(
        Attempt("acc-2", "affinity", 0, 30, 429, "usage_limit_reached", "next", "until 14:05"),
        Attempt(
            "acc-1", "headroom", 31, 969, 200, None, "relay", skipped=(Skipped("acc-3", "paused"),)
        ),
    ),
    first_event_ms=321,
    queue_ms=4,
    duration_ms=1000,
)
DONE = RequestRecord(OPENED, RECEIPT, "success")
RUNNING = RequestRecord(
    OpenedRequest("req-2", 1_790_000_002_000, "compact", "websocket", "gpt-5.5"),
    None,
    "in_progress",
)
KEY = KeyLabel("key-1", "build server", "sk-clb-abc")

NOT_OURS = dict.fromkeys(
    (
        "archiveRequestId",
        "connectionRequestKind",
        "source",
        "modelSourceId",
        "modelSourceKind",
        "upstreamProxyRouteMode",
        "upstreamProxyPoolId",
        "upstreamProxyEndpointId",
        "upstreamProxyFallbackUsed",
        "upstreamProxyFailClosedReason",
        "failurePhase",
        "failureDetail",
        "failureExceptionType",
        "bridgeStage",
    )
)
ENTRY = NOT_OURS | {
    "requestedAt": "2026-09-21T14:13:20.250000Z",
    "conversationId": "thread-1",
    "accountId": "acc-1",
    "planType": "plus",
    "apiKeyId": "key-1",
    "apiKeyName": "build server",
    "requestId": "req-1",
    "requestKind": "normal",
    "model": "gpt-5.6-sol",
    "useragent": "curl/7.88.1",
    "useragentGroup": "curl",
    "clientIp": "127.0.0.1",
    "transport": "http",
    "upstreamTransport": "http",
    "serviceTier": "default",
    "requestedServiceTier": "priority",
    "actualServiceTier": "default",
    "status": "ok",
    "outcome": "recovered",
    "errorCode": None,
    "errorMessage": None,
    "upstreamStatusCode": 200,
    "upstreamErrorCode": None,
    "tokens": 1500,
    "inputTokens": 1000,
    "outputTokens": 500,
    "outputTokensRaw": 500,
    "reasoningTokens": 100,
    "cachedInputTokens": 200,
    "reasoningEffort": "high",
    "costUsd": 0.008435,
    "costBreakdown": {
        "inputUsd": 0.0014,
        "cachedInputUsd": 0.000035,
        "outputUsd": 0.007,
        "totalUsd": 0.008435,
    },
    "costEstimated": False,
    "unpriced": False,
    "latencyMs": 1000,
    "latencyFirstTokenMs": 321,
    "latencyQueueMs": 4,
    "attemptCount": 2,
}
RUNNING_ENTRY = dict.fromkeys(ENTRY) | {
    "requestedAt": "2026-09-21T14:13:22Z",
    "requestId": "req-2",
    "requestKind": "compact",
    "model": "gpt-5.5",
    "transport": "websocket",
    "upstreamTransport": "websocket",
    "status": "in_progress",
    "outcome": None,
    "costBreakdown": dict.fromkeys(("inputUsd", "cachedInputUsd", "outputUsd", "totalUsd")),
    "costEstimated": False,
    "unpriced": False,
    "attemptCount": 0,
}


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def client(log: FakeLog) -> httpx2.AsyncClient:
    return caller_of(routes(log))


async def test_an_empty_log_is_an_empty_page(client: httpx2.AsyncClient) -> None:
    answer = await client.get(LOGS)

    assert answer.status_code == 200
    assert answer.json() == {
        "requests": [],
        "total": 0,
        "totalIsExact": True,
        "hasMore": False,
        "nextCursor": None,
        "conversation": None,
    }


async def test_requests_are_told_whole(log: FakeLog, client: httpx2.AsyncClient) -> None:
    log.found = LogPage(
        [RUNNING, DONE],
        has_more=True,
        total=7,
        total_is_exact=False,
        keys={"key-1": KEY},
        conversation=ConversationSums(3, 16_870),
    )

    assert (await client.get(LOGS)).json() == {
        "requests": [RUNNING_ENTRY, ENTRY],
        "total": 7,
        "totalIsExact": False,
        "hasMore": True,
        "nextCursor": "1790000000250.req-1",
        "conversation": {"requestCount": 3, "aggregatedCostUsd": 0.01687},
    }


@pytest.mark.parametrize(
    ("receipt", "told"),
    [
        pytest.param(
            Receipt("req-1", "error", 0, error_code="insufficient_quota", error_message="Spent."),
            {"status": "quota", "errorCode": "insufficient_quota", "errorMessage": "Spent."},
            id="a failure by its kind",
        ),
        pytest.param(
            Receipt("req-1", "error", 0, attempts=RECEIPT.attempts[:1]),
            {"status": "error", "upstreamErrorCode": "usage_limit_reached", "attemptCount": 1},
            id="upstream's code is the last attempt's",
        ),
        pytest.param(
            Receipt("req-1", "cancelled", 0, duration_ms=7),
            {"status": "cancelled", "latencyMs": 7, "tokens": None, "costUsd": None},
            id="what was not counted is unknown",
        ),
        pytest.param(
            replace(RECEIPT, cost=Cost(0, 0, 0, estimated=True), usage=Usage()),
            {"costUsd": 0.0, "costEstimated": True, "tokens": 0, "inputTokens": 0},
            id="nothing is not unknown",
        ),
        pytest.param(
            replace(RECEIPT, cost=None, unpriced=True, actual_service_tier=None),
            {"costUsd": None, "unpriced": True, "serviceTier": "priority"},
            id="no price, and the tier as requested",
        ),
    ],
)
async def test_an_entry(
    log: FakeLog, client: httpx2.AsyncClient, receipt: Receipt, told: dict[str, object]
) -> None:
    log.found = replace(log.found, records=[RequestRecord(OPENED, receipt, receipt.status)])

    [entry] = (await client.get(LOGS)).json()["requests"]

    assert {name: entry[name] for name in told} == told
    assert entry.keys() == ENTRY.keys()
    assert entry["apiKeyName"] is None


HOUR_MS = 3_600_000
NEW_YEAR_MS = 1_798_761_600_000  # 2027-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", LogFilter()),
        ("search=%20a%25b%20", LogFilter(search="a%b")),
        ("conversation_id=t", LogFilter(conversation_id="t")),
        ("accountId=a&accountId=b", LogFilter(account_ids=("a", "b"))),
        ("apiKeyId=k", LogFilter(api_key_ids=("k",))),
        ("status=OK&status=quota", LogFilter(statuses=frozenset({"ok", "quota"}))),
        ("status=all&status=ok", LogFilter()),
        ("model=m&reasoningEffort=low", LogFilter(models=("m",), efforts=("low",))),
        (
            "modelOption=m&modelOption=n:::high",
            LogFilter(model_options=(("m", None), ("n", "high"))),
        ),
        ("since=2027-01-01T00:00:00Z", LogFilter(since_ms=NEW_YEAR_MS)),
        ("until=2027-01-01T00:00:00", LogFilter(until_ms=NEW_YEAR_MS)),
        ("since=2027-01-01T00:00:00%2B09:00", LogFilter(since_ms=NEW_YEAR_MS - 9 * HOUR_MS)),
        ("until=2026-12-31T22:30:00.250-01:30", LogFilter(until_ms=NEW_YEAR_MS + 250)),
        ("search=&accountId=&status=&model=&conversation_id=", LogFilter()),
    ],
)
async def test_a_query_asks_for(
    log: FakeLog, client: httpx2.AsyncClient, query: str, wanted: LogFilter
) -> None:
    assert (await client.get(f"{LOGS}?{query}")).status_code == 200
    assert (await client.get(f"{LOGS}/options?{query}")).status_code == 200

    assert log.asked == [
        (wanted, 50, 0, None),
        (replace(wanted, statuses=frozenset()), 0, 0, None),
    ]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=1000&offset=20", (1000, 20, None)),
        ("limit=1", (1, 0, None)),
        ("cursor=1790000000250.a.b-c", (50, 0, Cursor(1_790_000_000_250, "a.b-c"))),
        ("cursor=", (50, 0, None)),
    ],
)
async def test_a_page_begins(
    log: FakeLog, client: httpx2.AsyncClient, query: str, place: tuple[int, int, Cursor | None]
) -> None:
    assert (await client.get(f"{LOGS}?{query}")).status_code == 200

    assert log.asked == [(LogFilter(), *place)]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("offset=-1", "offset"),
        ("offset=9999999999999999999999", "offset"),
        ("status=success", "status"),
        ("since=yesterday", "since"),
        ("cursor=req-1", "cursor"),
        ("cursor=9999999999999999999999.a", "cursor"),
        ("search=%00", "search"),
        ("search=" + 1_001 * "x", "search"),
        ("model=a%00", "model"),
    ],
)
async def test_what_cannot_be_asked_is_named(
    log: FakeLog, client: httpx2.AsyncClient, query: str, place: str
) -> None:
    answer = await client.get(f"{LOGS}?{query}")

    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "validation_error"
    assert error["message"].startswith(f"query.{place}")
    assert not log.asked


async def test_filters_are_offered(log: FakeLog, client: httpx2.AsyncClient) -> None:
    log.offered = LogOptions(
        ["acc-1"], [("m", None), ("m", "high")], [KEY], frozenset({"error", "ok"})
    )

    assert (await client.get(f"{LOGS}/options")).json() == {
        "accountIds": ["acc-1"],
        "modelOptions": [
            {"model": "m", "reasoningEffort": None},
            {"model": "m", "reasoningEffort": "high"},
        ],
        "apiKeys": [{"id": "key-1", "name": "build server", "keyPrefix": "sk-clb-abc"}],
        "statuses": ["ok", "error"],
    }


async def test_one_request_is_told_with_its_attempts(
    log: FakeLog, client: httpx2.AsyncClient
) -> None:
    log.details["req-1"] = LogDetail(DONE, KEY, ConversationSums(3, 16_870))

    assert (await client.get(f"{LOGS}/req-1")).json() == ENTRY | {
        "attempts": [
            {
                "accountId": "acc-2",
                "reason": "affinity",
                "skipped": [],
                "startedMs": 0,
                "tookMs": 30,
                "waitedMs": 0,
                "status": 429,
                "code": "usage_limit_reached",
                "verdict": "next",
                "detail": "until 14:05",
            },
            {
                "accountId": "acc-1",
                "reason": "headroom",
                "skipped": [{"accountId": "acc-3", "reason": "paused"}],
                "startedMs": 31,
                "tookMs": 969,
                "waitedMs": 0,
                "status": 200,
                "code": None,
                "verdict": "relay",
                "detail": None,
            },
        ],
        "queueMs": 4,
        "httpStatus": 200,
        "upstreamStatus": 200,
        "responseId": "resp_1",
        "conversation": {"requestCount": 3, "aggregatedCostUsd": 0.01687},
    }


async def test_a_request_that_runs_has_no_attempts_yet(
    log: FakeLog, client: httpx2.AsyncClient
) -> None:
    log.details["req-2"] = LogDetail(RUNNING, None, None)

    assert (await client.get(f"{LOGS}/req-2")).json() == RUNNING_ENTRY | {
        "attempts": [],
        "queueMs": None,
        "httpStatus": None,
        "upstreamStatus": None,
        "responseId": None,
        "conversation": None,
    }


async def test_an_unknown_request_is_not_found(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"{LOGS}/other")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "request_not_found"


async def test_cursors_lead_through_the_whole_log(tmp_path: Path) -> None:
    store = await Store.open(None, tmp_path, tmp_path / "encryption.key", clock=lambda: 0.0)
    # Four in each millisecond, so that pages end amid equal times.
    pairs = [
        (
            replace(OPENED, id=f"r{n:02}", opened_at_ms=1000 + n // 4),
            replace(RECEIPT, id=f"r{n:02}"),
        )
        for n in range(12)
    ]
    await store.import_history(pairs)
    client = caller_of(routes(store.log))

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(LOGS, params={"limit": 5, "cursor": cursor})).json()
        seen += [entry["requestId"] for entry in page["requests"]]
        cursor = page["nextCursor"]
    await store.close()

    assert seen == [f"r{n:02}" for n in reversed(range(12))]
    assert (page["total"], page["hasMore"]) == (12, False)
