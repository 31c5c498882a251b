"""Builders: a request log that answers what it is told to, and callers of the routes over it."""

from dataclasses import dataclass, field

import httpx2
from fastapi import APIRouter, FastAPI

from codex_lb.core.buckets import Period
from codex_lb.dashboard import problems
from codex_lb.store import (
    Conversations,
    Cursor,
    Facets,
    Histogram,
    LogDetail,
    LogFilter,
    LogOptions,
    LogPage,
    PeriodSums,
    Sums,
)

EMPTY_PAGE = LogPage([], has_more=False, total=0, total_is_exact=True, keys={}, conversation=None)


@dataclass
class FakeLog:
    """Answers with what it holds, and remembers what it was asked."""

    found: LogPage = EMPTY_PAGE
    offered: LogOptions = field(
        default_factory=lambda: LogOptions([], [], [], statuses=frozenset())
    )
    details: dict[str, LogDetail] = field(default_factory=dict)
    counted: Facets = field(default_factory=lambda: Facets({}, is_whole=True))
    pieces: Histogram = field(default_factory=lambda: Histogram({}, is_whole=True))
    asked: list[tuple[LogFilter, int, int, Cursor | None]] = field(default_factory=list)

    async def page(
        self,
        wanted: LogFilter,
        *,
        limit: int,
        offset: int = 0,
        before: Cursor | None = None,
        counts_rows: bool = True,  # noqa: ARG002  it has nothing to count
    ) -> LogPage:
        self.asked.append((wanted, limit, offset, before))
        return self.found

    async def options(self, wanted: LogFilter) -> LogOptions:
        self.asked.append((wanted, 0, 0, None))
        return self.offered

    async def facets(self, wanted: LogFilter) -> Facets:
        self.asked.append((wanted, 0, 0, None))
        return self.counted

    async def histogram(self, wanted: LogFilter, *, step_ms: int) -> Histogram:
        self.asked.append((wanted, step_ms, 0, None))
        return self.pieces

    async def detail(self, request_id: str) -> LogDetail | None:
        return self.details.get(request_id)


@dataclass
class FakePeriods:
    """Sums as they are set. `counted`: where each counting of conversations began."""

    sums: PeriodSums = field(default_factory=lambda: PeriodSums({}, Sums(), None, None))
    conversations_: Conversations = field(default_factory=lambda: Conversations({}, 0, 0))
    counted: list[int] = field(default_factory=list)

    async def period_sums(self, _period: Period) -> PeriodSums:
        return self.sums

    async def conversations(self, start_at: int, end_at: int, *, bucket_s: int) -> Conversations:
        assert (end_at - start_at) % bucket_s == 0
        self.counted.append(start_at)
        inside = {at: n for at, n in self.conversations_.buckets.items() if at >= start_at}
        return Conversations(inside, self.conversations_.total, self.conversations_.requests)


def caller_of(router: APIRouter) -> httpx2.AsyncClient:
    """Speaks to these routes alone; who may is not asked."""
    app = FastAPI()
    app.include_router(router)
    problems.install(app)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1")
