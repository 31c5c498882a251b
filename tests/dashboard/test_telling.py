"""When open pages are told that the log has what they were told of."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from tests.dashboard.builders import Time

from codex_lb.core.live import Live
from codex_lb.core.model import OpenedRequest, Receipt
from codex_lb.dashboard.bus import Bus
from codex_lb.dashboard.telling import Telling


def row(name: str) -> OpenedRequest:
    return OpenedRequest(name, 1_800_000_000_000, "responses", "sse", "m")


@dataclass
class SlowLog:
    """Has rows once `has_all` is set."""

    has_all: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    def opened(self, row: OpenedRequest) -> None: ...
    def closed(self, receipt: Receipt) -> None: ...

    async def flushed(self) -> None:
        self.asked += 1
        await self.has_all.wait()


@asynccontextmanager
async def told(log: SlowLog) -> AsyncIterator[tuple[Telling, AsyncIterator[str]]]:
    """What is told, and the names of the events that a page hears, but for the standing."""
    bus = Bus()
    since = bus.begin()
    telling = Telling(log, bus, Live(), Time())

    async def always() -> bool:
        return True

    async def names() -> AsyncGenerator[str]:
        async with aclosing(bus.listen(since, always)) as page:
            async for event in page:
                name = event.partition(b"event: ")[2].partition(b"\n")[0].decode()
                if name not in {"", "now"}:
                    yield name

    async with asyncio.timeout(20), aclosing(names()) as heard, asyncio.TaskGroup() as group:
        running = group.create_task(telling.run())
        yield telling, heard
        running.cancel()


async def test_a_request_is_told_at_once_and_again_when_the_log_has_it() -> None:
    log = SlowLog()
    log.has_all.set()
    async with told(log) as (telling, heard):
        telling.opened(row("one"))
        assert [await anext(heard), await anext(heard)] == ["request.started", "requests.logged"]
        assert log.asked == 1
        telling.opened(row("another"))
        assert [await anext(heard), await anext(heard)] == ["request.started", "requests.logged"]


async def test_a_log_that_falls_behind_is_told_of_until_it_has_caught_up() -> None:
    log = SlowLog()
    async with told(log) as (telling, heard):
        telling.opened(row("one"))
        events = [await anext(heard) for _ in range(3)]
        assert events == ["request.started", "requests.logged", "requests.logged"]
        log.has_all.set()
        assert await anext(heard) == "requests.logged"
        asked = log.asked
        telling.opened(row("another"))
        assert await anext(heard) == "request.started"
        assert log.asked == asked
