"""Samples and events of accounts: kept once, told in order, gone with their account."""

from dataclasses import replace

import pytest

from codex_lb.core.model import AccountEvent, Credential, Identity, QuotaSample
from codex_lb.store import EventRecord, Store

NOW = 1_800_000_000.0
SAMPLE = QuotaSample("a", 300, NOW, 0.5, NOW + 60)
EVENT = AccountEvent("a", NOW, "limited", "upstream", "the 5-hour limit is spent")


@pytest.fixture
async def store(store: Store) -> Store:
    for name in ("a", "b"):
        identity = Identity(name, None, f"{name}@example.com", "plus")
        await store.put_account(name, identity, Credential("t", "r", "i", None, NOW), now=NOW)
    return store


async def events(store: Store, account_id: str) -> list[AccountEvent]:
    records = await store.account_events(account_id, limit=100)
    return [record.event for record in records]


async def test_samples_come_back_by_account_window_and_time(store: Store) -> None:
    wanted = [
        SAMPLE,
        replace(SAMPLE, measured_at=NOW + 60.5, used=0.6, resets_at=None),
        replace(SAMPLE, minutes=10080),
        replace(SAMPLE, account_id="b"),
    ]

    await store.add_samples([wanted[3], wanted[1]])
    await store.add_samples([wanted[2], wanted[0], wanted[1], replace(wanted[1], used=0.9)])

    assert await store.samples(since=0) == wanted
    assert await store.samples(since=NOW + 1) == [wanted[1]]
    assert await store.samples(since=NOW, account_id="b") == [wanted[3]]


async def test_what_comes_for_an_account_that_is_gone_spoils_nothing(store: Store) -> None:
    await store.delete_account("b", delete_history=False)

    await store.add_samples([replace(SAMPLE, account_id="b"), SAMPLE])
    await store.add_account_events([replace(EVENT, account_id="b"), EVENT])

    assert await store.samples(since=0) == [SAMPLE]
    assert await events(store, "a") == [EVENT]
    assert await events(store, "b") == []


async def test_a_deleted_account_takes_its_history_with_it(store: Store) -> None:
    await store.add_samples([SAMPLE])
    await store.add_account_events([EVENT])

    await store.delete_account("a", delete_history=False)

    assert await store.samples(since=0) == []
    assert await events(store, "a") == []


async def test_nothing_to_add_is_no_error(store: Store) -> None:
    await store.add_samples([])
    await store.add_account_events([])
    assert await store.samples(since=0) == []


async def test_the_timeline_is_paged_from_its_newest_event(store: Store) -> None:
    given = [replace(EVENT, at=NOW + n) for n in range(5)]
    for event in given:
        await store.add_account_events([event, replace(event, account_id="b")])

    pages: list[list[EventRecord]] = [await store.account_events("a", limit=2)]
    while page := await store.account_events("a", limit=2, before_id=pages[-1][-1].id):
        pages.append(page)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [record.event for page in pages for record in page] == given[::-1]


async def test_a_batch_that_is_repeated_is_told_once(store: Store) -> None:
    plain = replace(EVENT, kind="recovered", detail=None)
    await store.add_account_events([EVENT, plain, replace(EVENT, detail="another")])
    await store.add_account_events([plain, EVENT, replace(EVENT, at=NOW + 1)])

    told = await events(store, "a")
    assert told == [
        replace(EVENT, at=NOW + 1),
        replace(EVENT, detail="another"),
        plain,
        EVENT,
    ]


async def test_what_upstream_says_is_bounded_before_it_is_told(store: Store) -> None:
    await store.add_account_events([replace(EVENT, detail="NUL \0 and " + "more " * 1000)])

    (told,) = await events(store, "a")
    assert told.detail is not None
    assert len(told.detail) == 1000
    assert "\0" not in told.detail


async def test_history_past_its_time_goes_in_batches(store: Store) -> None:
    samples = [replace(SAMPLE, measured_at=NOW + n) for n in range(5)]
    await store.add_samples(samples)
    await store.add_account_events([replace(EVENT, at=NOW + n) for n in range(5)])

    await store.prune_history(samples_before=NOW + 4, events_before=NOW + 3, batch=2)

    assert await store.samples(since=0) == samples[4:]
    assert [event.at for event in await events(store, "a")] == [NOW + 4, NOW + 3]
