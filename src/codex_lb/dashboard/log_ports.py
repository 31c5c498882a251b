"""What the pages of the request log, the overview and the models need of the program."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from codex_lb.core.buckets import Period
from codex_lb.core.pricing import ListPrice
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
)

# The models that the pool serves, each as an entry of `/api/models`.
ModelsPort = Callable[[], Sequence[Mapping[str, object]]]

# What a model costs; None: nothing that is known.
PricesPort = Callable[[str], ListPrice | None]

# Whether a plan has a model; None: not known.
ServesPort = Callable[[str, str], bool | None]


class LogPort(Protocol):
    """The request log."""

    async def page(
        self,
        wanted: LogFilter,
        *,
        limit: int,
        offset: int = 0,
        before: Cursor | None = None,
        counts_rows: bool = True,
    ) -> LogPage:
        """Newest first, from after `before` on.

        Without `counts_rows` the total is there only where an index alone can tell.
        """

    async def options(self, wanted: LogFilter) -> LogOptions:
        """What there is to filter by."""

    async def facets(self, wanted: LogFilter) -> Facets:
        """What occurs among the newest requests, and how often."""

    async def histogram(self, wanted: LogFilter, *, step_ms: int) -> Histogram:
        """How many requests there were when."""

    async def detail(self, request_id: str) -> LogDetail | None:
        """None if there is no such request."""


class PeriodPort(Protocol):
    """What was served, summed up."""

    async def period_sums(self, period: Period) -> PeriodSums: ...

    async def conversations(self, start_at: int, end_at: int, *, bucket_s: int) -> Conversations:
        """Those of the hours that begin in `start_at` <= hour < `end_at`."""
