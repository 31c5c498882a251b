"""What open pages are told, and what they get that were cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from tests.dashboard.builders import Time

from codex_lb.dashboard.bus import KEPT, Bus

RETRY = b"retry: 1000\n\n"


async def always() -> bool:
    return True


async def take(stream: AsyncIterator[bytes], count: int) -> list[bytes]:
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


async def test_a_page_is_told_what_happens_while_it_listens() -> None:
    bus = Bus()
    async with aclosing(bus.listen(None, always)) as page:
        assert await take(page, 1) == [RETRY]
        assert bus.is_heard
        bus.tell("account.changed", {"accountId": "a"})
        (event,) = await take(page, 1)
    assert event.startswith(b"id: ")
    assert event.endswith(b'event: account.changed\ndata: {"accountId":"a"}\n\n')


async def test_events_are_made_from_when_a_page_asks_until_long_after_it_left() -> None:
    time = Time()
    bus = Bus(time)
    heard = [bus.is_heard]
    began = bus.begin()
    heard.append(bus.is_heard)
    bus.tell("account.changed", {"n": 1})
    time.now += 30
    async with aclosing(bus.listen(began, always)) as page:
        assert b'{"n":1}' in (await take(page, 2))[1]
        time.now += 100
        heard.append(bus.is_heard)
    for later_s in (59, 2):
        time.now += later_s
        heard.append(bus.is_heard)
    assert heard == [False, True, True, True, False]


async def test_who_comes_back_after_what_nobody_heard_asks_anew() -> None:
    bus = Bus()
    bus.tell("account.changed", {"n": 1})
    seen = bus.cursor
    bus.skip()
    async with aclosing(bus.listen(seen, always)) as page:
        assert b"event: resync" in (await take(page, 2))[1]
    async with aclosing(bus.listen(bus.begin(), always)) as page:
        await take(page, 1)
        bus.tell("account.changed", {"n": 2})
        assert b'{"n":2}' in (await take(page, 1))[0]


async def test_a_page_is_told_again_what_may_not_have_been_written_yet() -> None:
    time = Time()
    bus = Bus(time)
    bus.tell("request.finished", {"n": 1})
    time.now += 1
    bus.tell("request.finished", {"n": 2})
    async with aclosing(bus.listen(bus.begin(), always)) as page:
        told = await take(page, 2)
    assert b'{"n":2}' in told[1]


async def test_a_page_that_was_cut_off_goes_on_where_it_was() -> None:
    bus = Bus()
    bus.tell("account.changed", {"n": 1})
    seen = bus.cursor
    bus.tell("account.changed", {"n": 2})
    bus.tell("now", {"n": 3}, keep=False)
    bus.tell("account.changed", {"n": 4})
    async with aclosing(bus.listen(seen, always)) as page:
        told = await take(page, 3)
    assert [event.rpartition(b"data: ")[2] for event in told[1:]] == [
        b'{"n":2}\n\n',
        b'{"n":4}\n\n',
    ]


async def test_a_page_that_missed_too_much_asks_anew() -> None:
    bus = Bus()
    early = bus.cursor
    for n in range(KEPT + 1):
        bus.tell("account.changed", {"n": n})
    for cursor in (early, "other-3", "garbage", bus.cursor + "9"):
        async with aclosing(bus.listen(cursor, always)) as page:
            told = await take(page, 2)
        assert b"event: resync" in told[1], cursor


async def test_a_page_that_has_seen_all_is_told_nothing_old() -> None:
    bus = Bus()
    bus.tell("account.changed", {"n": 1})
    async with aclosing(bus.listen(bus.cursor, always)) as page:
        await take(page, 1)
        bus.tell("account.changed", {"n": 2})
        assert b'{"n":2}' in (await take(page, 1))[0]


async def test_a_page_that_does_not_read_holds_little_and_is_told_to_ask_anew() -> None:
    bus = Bus()
    async with aclosing(bus.listen(None, always)) as page:
        await take(page, 1)
        for n in range(5_000):
            bus.tell("account.changed", {"n": n})
        told = await take(page, 201)
    assert b"event: resync" in told[-1]


async def test_silence_is_broken_and_a_page_that_may_not_any_more_is_left() -> None:
    bus = Bus()
    may = iter([True, True, False])

    async def still_may() -> bool:
        return next(may)

    told = [event async for event in bus.listen(None, still_may, ping_s=0.01)]
    assert told == [RETRY, b": ping\n\n", b": ping\n\n"]
