"""The routes of the pool's quota and use, summed up and account by account."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from codex_lb.core import summary, trends, usage_summary
from codex_lb.core.trends import DAY_S, HOUR_S
from codex_lb.dashboard import windows
from codex_lb.dashboard.daily import AccountDays, DayCount, UtcOffset, days_of
from codex_lb.dashboard.ports import AccountsPort, Clock, HistoryPort
from codex_lb.dashboard.summaries import MICROS, Shape
from codex_lb.dashboard.windows import UsageHistoryItem, UsageWindow, UsageWindowResponse
from codex_lb.store import HourlySums

_WEEK_S = 7 * DAY_S


class UsageCost(Shape):
    currency: str = "USD"
    total_usd_7d: float


class UsageMetrics(Shape):
    """Of the last seven days, which are the secondary window too. `error_rate`: 0 to 1."""

    requests_7d: int
    tokens_secondary_window: int
    cached_tokens_secondary_window: int
    error_rate_7d: float | None
    top_error: str | None
    cancelled_7d: int


class UsageSummaryResponse(Shape):
    primary_window: UsageWindow
    secondary_window: UsageWindow | None
    monthly_window: UsageWindow | None
    cost: UsageCost
    metrics: UsageMetrics


class UsageHistoryResponse(Shape):
    window_hours: int
    accounts: list[UsageHistoryItem]


class UsageDaysResponse(Shape):
    accounts: list[AccountDays]


def routes(accounts: AccountsPort, history: HistoryPort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/usage", tags=["usage"])

    @router.get("/summary")
    async def get_usage_summary() -> UsageSummaryResponse:
        """What the pool has left, and what it served in seven days."""
        now = clock()
        left = usage_summary.windows(await accounts.list(), now)
        served = await history.hourly("account", start_at=now - _WEEK_S, end_at=now)
        failed = await history.hourly("error", start_at=now - _WEEK_S, end_at=now)
        return UsageSummaryResponse(
            primary_window=windows.pooled(left.short),
            secondary_window=windows.pooled(left.weekly),
            monthly_window=windows.pooled(left.monthly) if left.monthly else None,
            cost=UsageCost(total_usd_7d=sum(each.cost_micros for each in served) / MICROS),
            metrics=_metrics(served, failed),
        )

    @router.get("/history")
    async def get_usage_history(
        hours: Annotated[int, Query(ge=1, le=168)] = 24,
    ) -> UsageHistoryResponse:
        """What each account had left of its short window, on average over the last `hours`."""
        now = clock()
        since = now - hours * HOUR_S
        samples = [
            sample
            for sample in await history.samples(since=since - DAY_S)
            if summary.kind(sample.minutes) == summary.SHORT
        ]
        items = []
        for account in await accounts.list():
            own = [sample for sample in samples if sample.account_id == account.id]
            left = trends.mean_left(own, since, now)
            percent = None if left is None else round(left * 100, 2)
            items.append(windows.item(account, summary.windows(account, now).short, percent))
        return UsageHistoryResponse(window_hours=hours, accounts=items)

    @router.get("/window")
    async def get_usage_window(
        window: Literal["primary", "secondary"],
    ) -> UsageWindowResponse:
        """What each account has left of one kind of window now."""
        now = clock()
        pool = await accounts.list()
        whole, told = usage_summary.windows(pool, now), [summary.windows(a, now) for a in pool]
        if window == "primary":
            return windows.each(window, whole.short.minutes, pool, [each.short for each in told])
        return windows.each(window, whole.weekly.minutes, pool, [each.weekly for each in told])

    @router.get("/daily")
    async def get_usage_days(days: DayCount = 28, utc_offset: UtcOffset = 0) -> UsageDaysResponse:
        """What each account served, day by day."""
        ids = [account.id for account in await accounts.list()]
        return UsageDaysResponse(accounts=await days_of(history, ids, clock(), days, utc_offset))

    return router


def _metrics(served: Iterable[HourlySums], failed: Iterable[HourlySums]) -> UsageMetrics:
    sums: Counter[str] = Counter()
    for hour in served:
        sums["requests"] += hour.requests
        sums["errors"] += hour.errors
        sums["cancelled"] += hour.cancelled
        sums["tokens"] += hour.input_tokens + hour.output_tokens
        sums["cached"] += hour.cached_tokens
    errors: Counter[str] = Counter()
    for hour in failed:
        errors[hour.key] += hour.requests
    return UsageMetrics(
        requests_7d=sums["requests"],
        tokens_secondary_window=sums["tokens"],
        cached_tokens_secondary_window=sums["cached"],
        error_rate_7d=sums["errors"] / sums["requests"] if sums["requests"] else None,
        top_error=max(sorted(errors), key=errors.__getitem__, default=None),
        cancelled_7d=sums["cancelled"],
    )
