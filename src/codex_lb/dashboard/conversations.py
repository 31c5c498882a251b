"""How many conversations a period had, without telling them all apart for every look at the page.

Telling half a million requests' conversations apart takes some 400 ms. The answer is kept until
the period moves on or its requests have grown by `_GROWTH`, so that a small log is always counted
anew and a large one may be behind by that share; the last bucket is never behind.
"""

from dataclasses import dataclass, replace

from codex_lb.core.buckets import Period
from codex_lb.dashboard.log_ports import PeriodPort
from codex_lb.store import Conversations

_GROWTH = 0.001


@dataclass(frozen=True, slots=True)
class _Counted:
    start_at: int
    requests: int  # of the period, by then
    found: Conversations


class ConversationCounts:
    def __init__(self, periods: PeriodPort) -> None:
        self._periods = periods
        self._counted: dict[int, _Counted] = {}  # by the length of a bucket

    async def of(self, period: Period, requests: int) -> Conversations:
        """`requests`: how many the period has now."""
        known = self._counted.get(period.bucket_s)
        if known and known.start_at == period.start_at:
            grown = abs(requests - known.requests)
            if grown <= known.requests * _GROWTH:
                last = await self._count(period.starts[-1], period) if grown else known.found
                return replace(known.found, buckets=known.found.buckets | last.buckets)
        found = await self._count(period.start_at, period)
        self._counted[period.bucket_s] = _Counted(period.start_at, requests, found)
        return found

    async def _count(self, start_at: int, period: Period) -> Conversations:
        return await self._periods.conversations(start_at, period.end_at, bucket_s=period.bucket_s)
