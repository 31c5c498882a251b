"""The request log by filters: what is found, counted and offered."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, insert

from codex_lb.core.model import Cost, Credential, Identity, OpenedRequest, Receipt, RequestStatus
from codex_lb.store import (
    ConversationSums,
    Cursor,
    KeyLabel,
    LogFilter,
    LogOptions,
    Store,
    log_queries,
)
from codex_lb.store.schema import api_keys

NOW = 1_800_000_000.0
NOW_MS = int(NOW * 1000)

_OPENED = OpenedRequest("", NOW_MS, "responses", "sse", "m")


def row(
    id_: str,
    status: RequestStatus = "success",
    code: str | None = None,
    account: str | None = "acc-a",
    at_ms: int = NOW_MS,
    **opened: str,
) -> tuple[OpenedRequest, Receipt]:
    return (
        replace(_OPENED, id=id_, opened_at_ms=at_ms, **opened),
        Receipt(id_, status, at_ms + 5, account_id=account, error_code=code),
    )


ROWS = [
    row("r1", model="sol", effort="high", conversation_id="thread-1", api_key_id="key-1"),
    row("r2", "error", "usage_limit_reached", "acc-b", NOW_MS + 1000, model="sol"),
    row("r3", "error", "insufficient_quota", at_ms=NOW_MS + 2000, model="luna", effort="low"),
    row("r4", "error", "100%_sure", at_ms=NOW_MS + 3000, conversation_id="thread-1"),
    row("r5", "error", None, None, NOW_MS + 4000, user_agent="Curl/8", client_ip="192.0.2.7"),
    row("r6", "cancelled", at_ms=NOW_MS + 5000, model="sol", api_key_id="key-2"),
]


async def _key(store: Store, id_: str, name: str) -> None:
    def add(connection: Connection) -> None:
        connection.execute(
            insert(api_keys).values(
                id=id_,
                name=name,
                prefix=f"sk-{id_}",
                key_hash=id_,
                created_at=NOW,
                is_active=True,
                shows_hidden=False,
            )
        )

    await store._database.write(add)  # noqa: SLF001  keys have no method yet


@pytest.fixture
async def log(store: Store) -> Store:
    """Six requests of two accounts that are over, and `r7`, which runs."""
    identity = Identity("b", None, "Bob@example.com", "plus")
    await store.put_account("acc-b", identity, Credential("t", "r", "i", None, NOW), now=NOW)
    await _key(store, "key-1", "Build_Server")
    await store.import_history(ROWS)
    store.requests.opened(replace(_OPENED, id="r7", opened_at_ms=NOW_MS + 6000, model="sol"))
    await store.requests.flushed()
    return store


FILTERS = [
    (LogFilter(), "r7 r6 r5 r4 r3 r2 r1", "everything, running ones too"),
    (LogFilter(statuses=frozenset({"ok"})), "r1", "ok"),
    (LogFilter(statuses=frozenset({"rate_limit"})), "r2", "rate limit"),
    (LogFilter(statuses=frozenset({"quota"})), "r3", "quota"),
    (LogFilter(statuses=frozenset({"error"})), "r5 r4", "an error with or without a code"),
    (LogFilter(statuses=frozenset({"in_progress"})), "r7", "what runs"),
    (LogFilter(statuses=frozenset({"ok", "cancelled"})), "r6 r1", "one status or the other"),
    (LogFilter(account_ids=("acc-b",)), "r2", "an account"),
    (LogFilter(account_ids=("acc-a", "acc-b")), "r6 r4 r3 r2 r1", "one account or the other"),
    (LogFilter(api_key_ids=("key-1", "key-2")), "r6 r1", "keys, be they deleted"),
    (LogFilter(models=("sol",)), "r7 r6 r2 r1", "a model with any effort"),
    (LogFilter(efforts=("high", "low")), "r3 r1", "efforts"),
    (LogFilter(model_options=(("sol", None),)), "r7 r6 r2", "a model without an effort"),
    (
        LogFilter(model_options=(("sol", "high"), ("luna", "low"))),
        "r3 r1",
        "pairs of model and effort",
    ),
    (LogFilter(model_options=(("luna", "high"),)), "", "only as pairs"),
    (LogFilter(models=("sol",), statuses=frozenset({"ok"})), "r1", "both a model and a status"),
    (LogFilter(models=("sol",), account_ids=("acc-b",)), "r2", "both a model and an account"),
    (LogFilter(conversation_id="thread-1"), "r4 r1", "a conversation"),
    (LogFilter(since_ms=NOW_MS + 5000), "r7 r6", "since a moment"),
    (LogFilter(until_ms=NOW_MS + 1000), "r2 r1", "until a moment"),
    (
        LogFilter(since_ms=NOW_MS + 1000, until_ms=NOW_MS + 3000, account_ids=("acc-a",)),
        "r4 r3",
        "an account between two moments",
    ),
    (LogFilter(search="cURL"), "r5", "text in any case"),
    (LogFilter(search="usage_limit"), "r2", "part of an error code"),
    (LogFilter(search="%"), "r4", "a percent sign is one"),
    (LogFilter(search="_sure"), "r4", "an underscore is one"),
    (LogFilter(search="%%"), "", "two of them are two"),
    (LogFilter(search="\\"), "", "a backslash is one"),
    (LogFilter(search="bob@EXAMPLE"), "r2", "the account's address"),
    (LogFilter(search="build_s"), "r1", "the key's name"),
    (LogFilter(search="thread-1", account_ids=("acc-a",), models=("m",)), "r4", "all at once"),
    (LogFilter(search="nothing"), "", "nothing"),
]


@pytest.mark.parametrize(
    ("wanted", "found"), [pytest.param(*case[:2], id=case[2]) for case in FILTERS]
)
async def test_a_filter_finds_and_counts(log: Store, wanted: LogFilter, found: str) -> None:
    page = await log.log.page(wanted, limit=50)

    assert [record.opened.id for record in page.records] == found.split()
    assert (page.total, page.total_is_exact, page.has_more) == (len(found.split()), True, False)


async def test_pages_by_offset_say_whether_there_is_more(log: Store) -> None:
    pages = [await log.log.page(LogFilter(), limit=3, offset=offset) for offset in (0, 3, 6, 9)]

    ids = [[record.opened.id for record in page.records] for page in pages]
    assert ids == [["r7", "r6", "r5"], ["r4", "r3", "r2"], ["r1"], []]
    assert [page.has_more for page in pages] == [True, True, False, False]
    assert {page.total for page in pages} == {7}


async def test_pages_by_cursor_miss_nothing_within_a_millisecond(store: Store) -> None:
    await store.import_history(row(f"r{n:02}", at_ms=NOW_MS + n // 4) for n in range(21))

    seen: list[str] = []
    before: Cursor | None = None
    has_more = True
    while has_more:
        page = await store.log.page(LogFilter(models=("m",)), limit=5, before=before)
        seen += [record.opened.id for record in page.records]
        before, has_more = page.records[-1].cursor, page.has_more

    assert seen == [f"r{n:02}" for n in reversed(range(21))]


async def test_a_conversation_is_summed_whatever_else_is_asked(store: Store) -> None:
    pairs = [row(f"r{n}", conversation_id="thread-1") for n in range(3)]
    priced = [(o, replace(r, cost=Cost(1, 20, 300))) for o, r in pairs[:2]]
    await store.import_history([*priced, pairs[2], row("other", conversation_id="thread-2")])

    page = await store.log.page(LogFilter(conversation_id="thread-1", search="r1"), limit=1)

    assert page.conversation == ConversationSums(requests=3, cost_micros=642)
    assert (await store.log.page(LogFilter(), limit=1)).conversation is None
    nobody = await store.log.page(LogFilter(conversation_id="?"), limit=1)
    assert nobody.conversation == ConversationSums(0, 0)


@pytest.mark.parametrize(
    ("wanted", "total", "is_exact"),
    [
        pytest.param(LogFilter(models=("sol",)), 2, False, id="among the newest rows"),
        pytest.param(LogFilter(models=("sol",), since_ms=NOW_MS + 4000), 2, True, id="all of them"),
        pytest.param(LogFilter(), 7, True, id="an index counts all"),
        pytest.param(LogFilter(account_ids=("acc-a",), until_ms=NOW_MS + 5000), 4, True, id="too"),
    ],
)
async def test_counting_ends_somewhere(
    log: Store, wanted: LogFilter, total: int, is_exact: bool
) -> None:
    page = await log._database.read(  # noqa: SLF001  with a lower bound than in earnest
        lambda c: log_queries.page(c, wanted, limit=9, most_counted=4)
    )

    assert (page.total, page.total_is_exact) == (total, is_exact)


async def test_a_key_is_named_as_long_as_it_exists(log: Store) -> None:
    page = await log.log.page(LogFilter(api_key_ids=("key-1", "key-2")), limit=50)

    assert page.keys == {"key-1": KeyLabel("key-1", "Build_Server", "sk-key-1")}


async def test_what_occurs_is_offered(log: Store) -> None:
    assert await log.log.options(LogFilter()) == LogOptions(
        account_ids=["acc-a", "acc-b"],
        model_options=[("luna", "low"), ("m", None), ("sol", None), ("sol", "high")],
        keys=[KeyLabel("key-1", "Build_Server", "sk-key-1")],
        statuses=frozenset({"ok", "cancelled", "rate_limit", "quota", "error", "in_progress"}),
    )


async def test_what_the_other_filters_leave_is_offered(log: Store) -> None:
    assert await log.log.options(LogFilter(account_ids=("acc-b",))) == LogOptions(
        ["acc-b"], [("sol", None)], [], frozenset({"rate_limit"})
    )


async def test_nothing_is_offered_of_an_empty_log(store: Store) -> None:
    assert await store.log.options(LogFilter()) == LogOptions([], [], [], frozenset())


async def test_one_request_comes_with_its_key_and_conversation(log: Store) -> None:
    found = await log.log.detail("r1")

    assert found is not None
    assert found.record.opened.id == "r1"
    assert found.key == KeyLabel("key-1", "Build_Server", "sk-key-1")
    assert found.conversation == ConversationSums(2, 0)
    alone = await log.log.detail("r5")
    assert alone is not None
    assert (alone.key, alone.conversation) == (None, None)
    assert await log.log.detail("r99") is None
