"""The routes of one account's past: what it had left, what happened to it, what it served."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from codex_lb.core import summary, trends
from codex_lb.core.model import AccountEventKind
from codex_lb.core.trends import DAY_S, Point
from codex_lb.dashboard.accounts import find
from codex_lb.dashboard.daily import AccountDays, DayCount, UtcOffset, days_of
from codex_lb.dashboard.ports import AccountsPort, Clock, HistoryPort
from codex_lb.dashboard.problems import errors
from codex_lb.dashboard.summaries import Shape, moment
from codex_lb.store import EventRecord

_TREND_S = 7 * DAY_S


class UsageTrendPoint(Shape):
    t: datetime
    v: float  # percent left


class AccountTrendsResponse(Shape):
    """`secondary_scheduled`: the weekly quota if it were used up evenly until its reset."""

    account_id: str
    primary: list[UsageTrendPoint]
    secondary: list[UsageTrendPoint]
    secondary_scheduled: list[UsageTrendPoint]


class AccountEventResponse(Shape):
    """`by`: operator, upstream or codex-lb."""

    id: int
    at: datetime
    kind: AccountEventKind
    by: str
    detail: str | None


class AccountEventsResponse(Shape):
    """Newest first; `next_before` is the `before` of the next page, null on the last."""

    events: list[AccountEventResponse]
    next_before: int | None


def routes(accounts: AccountsPort, history: HistoryPort, clock: Clock) -> APIRouter:
    router = APIRouter(
        prefix="/api/accounts/{account_id}", tags=["accounts"], responses=errors(404)
    )

    @router.get("/trends")
    async def get_account_trends(account_id: str) -> AccountTrendsResponse:
        """What was left of the short and the weekly window, hour by hour over seven days."""
        account = await find(accounts, account_id)
        now = clock()
        since = now - _TREND_S
        kept = await history.samples(since=since - DAY_S, account_id=account_id)
        samples = trends.up_to_now(kept, account)
        short = [each for each in samples if summary.kind(each.minutes) == summary.SHORT]
        weekly = [each for each in samples if summary.kind(each.minutes) == summary.WEEKLY]
        return AccountTrendsResponse(
            account_id=account_id,
            primary=points(trends.hourly_left(short, since, now)),
            secondary=points(trends.hourly_left(weekly, since, now)),
            secondary_scheduled=points(trends.even_pace(weekly, since, now)),
        )

    @router.get("/events")
    async def list_account_events(
        account_id: str,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        before: Annotated[int | None, Query(ge=0)] = None,
    ) -> AccountEventsResponse:
        """What happened to the account."""
        await find(accounts, account_id)
        records = await history.account_events(account_id, limit=limit, before_id=before)
        # The operator's own are written at once, the others up to a second late.
        by_time = sorted(records, key=lambda record: (record.event.at, record.id), reverse=True)
        return AccountEventsResponse(
            events=[event(record) for record in by_time],
            next_before=records[-1].id if len(records) == limit else None,
        )

    @router.get("/daily")
    async def get_account_days(
        account_id: str, days: DayCount = 28, utc_offset: UtcOffset = 0
    ) -> AccountDays:
        """What the account served, day by day."""
        await find(accounts, account_id)
        (told,) = await days_of(history, [account_id], clock(), days, utc_offset)
        return told

    return router


def points(points: list[Point]) -> list[UsageTrendPoint]:
    return [UsageTrendPoint(t=moment(point.at), v=round(point.left * 100, 2)) for point in points]


def event(record: EventRecord) -> AccountEventResponse:
    told = record.event
    return AccountEventResponse(
        id=record.id, at=moment(told.at), kind=told.kind, by=told.by, detail=told.detail
    )
