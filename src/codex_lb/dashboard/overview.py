"""The overview: what the pool has left, and what it served in a timeframe beside the one before.

Sums come from roll-ups and take the same time however long the log is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from datetime import UTC, datetime

from fastapi import APIRouter

from codex_lb.core import summary, usage_summary
from codex_lb.core.buckets import TIMEFRAMES, Period, Timeframe, TimeframeKey, period
from codex_lb.core.model import Account
from codex_lb.core.usage_summary import PoolWindows
from codex_lb.dashboard import windows
from codex_lb.dashboard.conversations import ConversationCounts
from codex_lb.dashboard.log_ports import PeriodPort
from codex_lb.dashboard.ports import AccountsPort, Clock
from codex_lb.dashboard.summaries import MICROS, AccountSummary, Shape, summaries
from codex_lb.dashboard.windows import UsageWindow, UsageWindowResponse
from codex_lb.store import Conversations, PeriodSums, Sums


class OverviewTimeframe(Shape):
    key: TimeframeKey
    window_minutes: int
    bucket_seconds: int
    bucket_count: int


class OverviewCost(Shape):
    currency: str = "USD"
    total_usd: float


class OverviewMetrics(Shape):
    """`error_rate`: 0 to 1; null if there was no request."""

    requests: int
    tokens: int
    conversations: int
    conversation_requests: int
    cached_input_tokens: int
    error_rate: float | None
    error_count: int
    cancelled_count: int
    top_error: str | None


class OverviewPrevious(Shape):
    requests: int
    tokens: int
    cost_usd: float


class OverviewComparison(Shape):
    """With the same stretch one timeframe earlier, if the log goes back that far."""

    can_compare: bool
    previous: OverviewPrevious


class OverviewSummary(Shape):
    primary_window: UsageWindow
    secondary_window: UsageWindow | None
    cost: OverviewCost
    metrics: OverviewMetrics
    comparison: OverviewComparison


class OverviewWindows(Shape):
    primary: UsageWindowResponse
    secondary: UsageWindowResponse | None


class TrendPoint(Shape):
    """`t` is when the bucket begins."""

    t: datetime
    v: float


class OverviewTrends(Shape):
    requests: list[TrendPoint]
    tokens: list[TrendPoint]
    cost: list[TrendPoint]
    error_rate: list[TrendPoint]
    conversations: list[TrendPoint]


class OverviewResponse(Shape):
    """The three last are told by `/api/forecast`; scripts expect them here, be they null."""

    last_sync_at: datetime | None
    timeframe: OverviewTimeframe
    accounts: tuple[AccountSummary, ...]
    summary: OverviewSummary
    windows: OverviewWindows
    trends: OverviewTrends
    depletion_primary: None = None
    depletion_secondary: None = None
    weekly_credit_pace: None = None


def routes(accounts: AccountsPort, periods: PeriodPort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/dashboard", tags=["dashboard"])
    counts = ConversationCounts(periods)

    @router.get("/overview")
    async def get_overview(timeframe: TimeframeKey = "7d") -> OverviewResponse:
        """Buckets begin at whole multiples of their length in UTC; the last one holds now."""
        now = clock()
        span = period(TIMEFRAMES[timeframe], now)
        sums = await periods.period_sums(span)
        total = _total(sums.buckets.values())
        conversations = await counts.of(span, total.requests)
        pool = await accounts.list()
        left = usage_summary.windows(pool, now)
        return OverviewResponse(
            last_sync_at=_last_sync(pool),
            timeframe=_timeframe(TIMEFRAMES[timeframe]),
            accounts=summaries(pool, await accounts.totals(), accounts.streams(), now).accounts,
            summary=OverviewSummary(
                primary_window=windows.pooled(left.short),
                secondary_window=windows.pooled(left.weekly),
                cost=OverviewCost(total_usd=total.cost_micros / MICROS),
                metrics=_metrics(total, sums.top_error, conversations),
                comparison=_comparison(sums, span),
            ),
            windows=_windows(pool, left, now),
            trends=_trends(span, sums, conversations),
        )

    return router


def _total(parts: Iterable[Sums]) -> Sums:
    return Sums(*(sum(column) for column in zip(*map(astuple, parts), strict=True)))


def _last_sync(pool: Iterable[Account]) -> datetime | None:
    times = [window.measured_at for account in pool for window in account.windows]
    return _time(max(times)) if times else None


def _timeframe(frame: Timeframe) -> OverviewTimeframe:
    return OverviewTimeframe(
        key=frame.key,
        window_minutes=frame.length_s // 60,
        bucket_seconds=frame.bucket_s,
        bucket_count=frame.count,
    )


def _metrics(total: Sums, top_error: str | None, conversations: Conversations) -> OverviewMetrics:
    return OverviewMetrics(
        requests=total.requests,
        tokens=total.tokens,
        conversations=conversations.total,
        conversation_requests=conversations.requests,
        cached_input_tokens=total.cached_tokens,
        error_rate=_rate(total) if total.requests else None,
        error_count=total.errors,
        cancelled_count=total.cancelled,
        top_error=top_error,
    )


def _comparison(sums: PeriodSums, span: Period) -> OverviewComparison:
    return OverviewComparison(
        can_compare=sums.first_at is not None and sums.first_at <= span.previous_start_at,
        previous=OverviewPrevious(
            requests=sums.previous.requests,
            tokens=sums.previous.tokens,
            cost_usd=sums.previous.cost_micros / MICROS,
        ),
    )


def _windows(pool: Sequence[Account], left: PoolWindows, now: float) -> OverviewWindows:
    told = [summary.windows(account, now) for account in pool]
    return OverviewWindows(
        primary=windows.each("primary", left.short.minutes, pool, [w.short for w in told]),
        secondary=windows.each("secondary", left.weekly.minutes, pool, [w.weekly for w in told]),
    )


def _trends(span: Period, sums: PeriodSums, conversations: Conversations) -> OverviewTrends:
    def points(value: Callable[[int, Sums], float]) -> list[TrendPoint]:
        return [
            TrendPoint(t=_time(at), v=value(at, sums.buckets.get(at, Sums()))) for at in span.starts
        ]

    return OverviewTrends(
        requests=points(lambda _, bucket: bucket.requests),
        tokens=points(lambda _, bucket: bucket.tokens),
        cost=points(lambda _, bucket: bucket.cost_micros / MICROS),
        error_rate=points(lambda _, bucket: _rate(bucket)),
        conversations=points(lambda at, _: conversations.buckets.get(at, 0)),
    )


def _rate(sums: Sums) -> float:
    return sums.errors / sums.requests if sums.requests else 0.0


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
