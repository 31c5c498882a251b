"""The request log as the operator asks for it: pages, filters, one request, sums of a period."""

from typing import Protocol, TypeVar

from codex_lb.core.buckets import Period
from codex_lb.store import log_queries, period_sums
from codex_lb.store.database import Work
from codex_lb.store.log_records import Facets, Histogram, LogDetail, LogFilter, LogOptions, LogPage
from codex_lb.store.period_sums import Conversations, PeriodSums
from codex_lb.store.records import Cursor

T = TypeVar("T")


class Read(Protocol):
    async def __call__(self, work: Work[T]) -> T:
        """Raises `StoreError`."""


class LogReader:
    """Each method is one snapshot and raises `StoreError` if the database fails."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def page(
        self,
        wanted: LogFilter,
        *,
        limit: int,
        offset: int = 0,
        before: Cursor | None = None,
        counts_rows: bool = True,
    ) -> LogPage:
        """Newest first. For the next page, `before` is the `cursor` of the last record.

        Without `counts_rows` the total is there only where an index alone can tell.
        """
        most = log_queries.MOST_COUNTED if counts_rows else 0
        return await self._read(
            lambda c: log_queries.page(
                c, wanted, limit=limit, offset=offset, before=before, most_counted=most
            )
        )

    async def options(self, wanted: LogFilter) -> LogOptions:
        return await self._read(lambda c: log_queries.options(c, wanted))

    async def facets(self, wanted: LogFilter) -> Facets:
        return await self._read(lambda c: log_queries.facets(c, wanted))

    async def histogram(self, wanted: LogFilter, *, step_ms: int) -> Histogram:
        return await self._read(lambda c: log_queries.histogram(c, wanted, step_ms=step_ms))

    async def detail(self, request_id: str) -> LogDetail | None:
        return await self._read(lambda c: log_queries.detail(c, request_id))

    async def period_sums(self, period: Period) -> PeriodSums:
        return await self._read(lambda c: period_sums.period_sums(c, period))

    async def conversations(self, start_at: int, end_at: int, *, bucket_s: int) -> Conversations:
        """Those of the hours that begin in `start_at` <= hour < `end_at`."""
        return await self._read(lambda c: period_sums.conversations(c, start_at, end_at, bucket_s))
