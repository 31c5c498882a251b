"""The request log: rows come back whole, pages miss nothing, sums agree with the rows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, fields, replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from codex_lb.core.model import Attempt, Cost, Credential, Identity, OpenedRequest, Receipt, Usage
from codex_lb.core.request_log import client_group, outcome
from codex_lb.store import AccountTotals, Cursor, DailySums, HourlySums, RequestRecord, Store
from codex_lb.store.addresses import connect, parse_url
from codex_lb.store.records import Dimension
from codex_lb.store.requests import INTERRUPTED, response_owner
from codex_lb.store.schema import requests

NOW = 1_800_000_000.0
NOW_MS = int(NOW * 1000)
HOUR_MS = 3_600_000
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

Pair = tuple[OpenedRequest, Receipt]

FULL = OpenedRequest(
    id="full",
    opened_at_ms=NOW_MS,
    endpoint="responses",
    transport="websocket",
    model="gpt-5.6-sol",
    effort="high",
    service_tier="priority",
    api_key_id="key-1",
    conversation_id="thread-1",
    user_agent="codex_cli_rs/0.169 (ünïcode)",
    client_ip="127.0.0.1",
)
FULL_RECEIPT = Receipt(
    id="full",
    status="success",
    closed_at_ms=NOW_MS + 1234,
    account_id="a",
    plan="plus",
    http_status=200,
    error_code="code",
    error_message="two\nlines",
    upstream_status=200,
    actual_service_tier="default",
    response_id="resp_1",
    usage=Usage(10, 20, 5, 7),
    cost=Cost(100, 50, 400, estimated=True),
    unpriced=True,
    attempts=(
        Attempt("b", "headroom", 0, 12, 429, "usage_limit_reached", "next", "resets soon"),
        Attempt("a", "affinity", 12, 900, 200, None, "relay"),
    ),
    first_event_ms=321,
    queue_ms=4,
    duration_ms=1234,
)


def opened(
    name: str,
    at_ms: int = NOW_MS,
    model: str = "m",
    key: str | None = None,
    conversation: str | None = None,
) -> OpenedRequest:
    return OpenedRequest(
        name, at_ms, "responses", "sse", model, api_key_id=key, conversation_id=conversation
    )


def done(name: str, account: str | None = "a", usage: Usage | None = None) -> Receipt:
    return Receipt(name, "success", NOW_MS + 1, account_id=account, usage=usage)


async def put(store: Store, *pairs: Pair) -> None:
    for row, receipt in pairs:
        store.requests.opened(row)
        store.requests.closed(receipt)
    await store.requests.flushed()


def test_every_field_has_its_column() -> None:
    named = {
        field.name for value in (OpenedRequest, Receipt, Usage, Cost) for field in fields(value)
    }
    assert named - {"usage", "cost"} == set(requests.c.keys()) - {"instance_id"}


async def test_a_request_comes_back_as_it_was_closed(store: Store) -> None:
    await put(store, (FULL, FULL_RECEIPT))

    assert await store.request("full") == RequestRecord(FULL, FULL_RECEIPT, "success")
    assert await store.request("other") is None


async def test_what_is_not_known_stays_unknown(store: Store) -> None:
    pair = (opened("r"), Receipt("r", "cancelled", NOW_MS))
    await put(store, pair)

    assert await store.request("r") == RequestRecord(*pair, "cancelled")


async def test_an_open_request_has_no_receipt_until_it_is_closed(store: Store) -> None:
    store.requests.opened(FULL)
    await store.requests.flushed()
    assert await store.request("full") == RequestRecord(FULL, None, "in_progress")

    store.requests.closed(FULL_RECEIPT)
    await store.requests.flushed()
    assert await store.request("full") == RequestRecord(FULL, FULL_RECEIPT, "success")


async def test_pages_are_complete_and_stable_while_requests_arrive(store: Store) -> None:
    # Three in each millisecond, so that every page ends amid equal times.
    rows = [opened(f"r{n:02}", NOW_MS + n // 3) for n in range(20)]
    for row in rows[::2] + rows[1::2]:
        store.requests.opened(row)
    await store.requests.flushed()

    seen: list[str] = []
    before: Cursor | None = None
    while page := await store.recent_requests(limit=7, before=before):
        seen += [record.opened.id for record in page]
        before = page[-1].cursor
        store.requests.opened(opened(f"late-{len(seen)}", NOW_MS + 1000))
        await store.requests.flushed()

    assert seen == [row.id for row in reversed(rows)]


async def test_pruning_drops_old_rows_and_keeps_their_sums(store: Store) -> None:
    old = [
        (opened(f"old-{n}", NOW_MS - 1 - n, conversation=f"t{n}"), done(f"old-{n}"))
        for n in range(5)
    ]
    await put(store, *old, (opened("new", NOW_MS + HOUR_MS, conversation="t"), done("new")))
    store.requests.opened(opened("running", NOW_MS - 5))
    await store.requests.flushed()
    totals = await store.request_totals()

    assert await store.prune(NOW, batch=2) == 5
    assert await store.prune(NOW, batch=2) == 0

    left = await store.recent_requests(limit=10, before=None)
    assert [record.opened.id for record in left] == ["new", "running"]
    assert await store.request_totals() == totals == {"a": AccountTotals(requests=6)}
    conversations = await store.hourly("conversation", start_at=0, end_at=NOW + 7200)
    assert [sums.key for sums in conversations] == ["t"]


@pytest.mark.parametrize(
    ("delete_history", "left", "totals"),
    [
        pytest.param(False, {"mine", "other"}, {"a", "b"}, id="history is kept"),
        pytest.param(True, {"other"}, {"b"}, id="unless it is to go too"),
    ],
)
async def test_deleting_an_account(
    store: Store, delete_history: bool, left: set[str], totals: set[str]
) -> None:
    identity = Identity("acc", None, "alice@example.com", "plus")
    await store.put_account("a", identity, Credential("t", "r", "i", None, NOW), now=NOW)
    await put(store, (opened("mine"), done("mine")), (opened("other"), done("other", "b")))

    assert await store.delete_account("a", delete_history=delete_history)

    records = await store.recent_requests(limit=10, before=None)
    assert {record.opened.id for record in records} == left
    assert set(await store.request_totals()) == totals


async def test_history_is_imported_once(store: Store) -> None:
    pairs = [(opened(f"r{n}", NOW_MS + n), done(f"r{n}")) for n in range(1201)]

    await store.import_history(iter(pairs))
    await store.import_history(pairs[:10])

    assert await store.request_totals() == {"a": AccountTotals(requests=1201)}
    newest = await store.recent_requests(limit=1, before=None)
    assert newest == [RequestRecord(*pairs[-1], "success")]


async def test_closing_twice_counts_once(store: Store) -> None:
    await put(store, (opened("r"), done("r", usage=Usage(1, 2, 0, 0))))
    await put(store, (opened("r"), done("r", "b", Usage(100, 200, 0, 0))))

    assert await store.request_totals() == {"a": AccountTotals(1, 3)}
    record = await store.request("r")
    assert record is not None
    assert record.receipt == done("r", usage=Usage(1, 2, 0, 0))


tokens = st.integers(0, 10**6)
receipts = st.builds(
    Receipt,
    id=st.just(""),
    status=st.sampled_from(["success", "error", "cancelled"]),
    closed_at_ms=st.just(NOW_MS),
    account_id=st.sampled_from(["a", "b", None]),
    error_code=st.sampled_from(["overloaded", INTERRUPTED, None]),
    usage=st.none() | st.builds(Usage, tokens, tokens, tokens, tokens),
    cost=st.none() | st.builds(Cost, tokens, tokens, tokens),
)
rows = st.builds(
    opened,
    st.just(""),
    st.integers(NOW_MS - 2 * HOUR_MS, NOW_MS),
    model=st.sampled_from(["m", "n"]),
    key=st.sampled_from(["k", None]),
    conversation=st.sampled_from(["t", "u", None]),
)


def summed_by_hand(records: Sequence[RequestRecord], dimension: str) -> list[HourlySums]:
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0] * 8)
    for record in records:
        assert record.receipt is not None
        hour_at = record.opened.opened_at_ms // HOUR_MS * 3600
        key = {
            "account": record.receipt.account_id,
            "model": record.opened.model,
            "api_key": record.opened.api_key_id,
            "client": client_group(record.opened.user_agent),
            "outcome": outcome(record.receipt),
            "error": record.receipt.error_code,
            "conversation": record.opened.conversation_id,
        }[dimension]
        if dimension == "conversation" and key is None:
            continue
        if dimension == "error" and record.status != "error":
            continue
        usage = record.receipt.usage or Usage()
        cost = record.receipt.cost
        added = (
            1,
            record.status == "error",
            record.status == "cancelled",
            usage.input_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            cost.input_micros + cost.cached_micros + cost.output_micros if cost else 0,
        )
        old = sums[hour_at, key or ""]
        sums[hour_at, key or ""] = [a + b for a, b in zip(old, added, strict=True)]
    return [HourlySums(*place, *counts) for place, counts in sorted(sums.items())]


@given(batch=st.lists(st.tuples(rows, receipts), max_size=8))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_roll_ups_equal_the_sums_of_the_rows(store: Store, batch: list[Pair]) -> None:
    # The store stays the same over all examples, so the sums grow from batch to batch.
    before = len(await store.recent_requests(limit=10_000, before=None))
    named = [
        (replace(row, id=f"r{before + n}"), replace(receipt, id=f"r{before + n}"))
        for n, (row, receipt) in enumerate(batch)
    ]
    for row, _ in named[::2]:
        store.requests.opened(row)
    await store.requests.flushed()
    for row, receipt in named[1::2]:
        store.requests.opened(row)
        store.requests.closed(receipt)
    for _, receipt in named[::2]:
        store.requests.closed(receipt)
    await store.requests.flushed()

    records = await store.recent_requests(limit=10_000, before=None)
    assert len(records) == before + len(batch)
    for dimension in DIMENSIONS:
        by_hand = summed_by_hand(records, dimension)
        assert await store.hourly(dimension, start_at=0, end_at=NOW + 1) == by_hand
    ever: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    for sums in summed_by_hand(records, "account"):
        added = (
            sums.requests,
            sums.input_tokens + sums.output_tokens,
            sums.cached_tokens,
            sums.cost_micros,
        )
        ever[sums.key] = [a + b for a, b in zip(ever[sums.key], added, strict=True)]
    ever.pop("", None)
    assert {k: list(astuple(t)) for k, t in (await store.request_totals()).items()} == ever


async def test_hours_are_asked_for_from_and_up_to(store: Store) -> None:
    hour = int(NOW) // 3600 * 3600
    for n in range(3):
        at_ms = (hour + 3600 * n) * 1000
        await put(store, (opened(f"r{n}", at_ms), done(f"r{n}")))

    found = await store.hourly("model", start_at=hour + 1, end_at=hour + 2 * 3600)

    assert [(sums.hour_at, sums.key, sums.requests) for sums in found] == [(hour + 3600, "m", 1)]


async def test_days_begin_where_they_are_asked_for(store: Store) -> None:
    midnight = int(NOW) // 86_400 * 86_400  # UTC
    for n, hour in enumerate((-1, 0, 22, 23)):
        row = opened(f"r{n}", (midnight + 3600 * hour) * 1000)
        await put(store, (row, done(row.id, usage=Usage(10**12, 2, 3, 4))))

    async def days(offset_s: int) -> list[tuple[int, int, int]]:
        found = await store.daily(
            "model", start_at=midnight - 3600, end_at=midnight + 82_801, offset_s=offset_s
        )
        assert {sums.key for sums in found} == {"m"}
        return [(sums.day_at - midnight, sums.requests, sums.input_tokens) for sums in found]

    assert await days(0) == [(-86_400, 1, 10**12), (0, 3, 3 * 10**12)]
    assert await days(3600) == [(-3600, 3, 3 * 10**12), (82_800, 1, 10**12)]
    assert await days(-5400) == [(5400 - 86_400, 2, 2 * 10**12), (5400, 2, 2 * 10**12)]


async def test_days_are_apart_by_key_and_end_where_asked(store: Store) -> None:
    day = int(NOW) // 86_400 * 86_400
    for n, key in enumerate(("b", "a", "b")):
        row = opened(f"r{n}", (day + n) * 1000)
        await put(store, (row, replace(done(row.id, key), cost=Cost(1, 10, 100))))

    found = await store.daily("account", start_at=day, end_at=day + 86_400)

    assert found == [
        DailySums(day, "a", 1, 0, 0, 0, 0, 0, 0, 111),
        DailySums(day, "b", 2, 0, 0, 0, 0, 0, 0, 222),
    ]
    assert {type(value) for value in astuple(found[0])} == {int, str}  # PostgreSQL sums decimals
    assert await store.daily("account", start_at=day - 86_400, end_at=day) == []


async def test_a_response_belongs_to_the_account_that_gave_it_last(store: Store) -> None:
    for n, account in enumerate(("b", "a")):
        name = f"r{n}"
        row = opened(name, NOW_MS - n)
        await put(store, (row, replace(done(name, account), response_id="resp_1")))

    assert await store.response_owner("resp_1") == "b"
    assert await store.response_owner("resp_2") is None


async def test_looking_for_a_response_reads_no_other_rows(tmp_path: Path) -> None:
    await (await Store.open(None, tmp_path, tmp_path / "key", clock=lambda: NOW)).close()
    query = response_owner("resp_1").compile(compile_kwargs={"literal_binds": True})
    database = connect(parse_url(None, tmp_path / "store.db"))

    plan = await database.read(lambda c: str(c.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()))
    await database.dispose()

    assert "SEARCH requests USING INDEX ix_requests_response_id" in plan
