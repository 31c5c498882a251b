"""What accounts served day by day, idle days included."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import Query

from codex_lb.core.trends import days
from codex_lb.dashboard.ports import HistoryPort
from codex_lb.dashboard.summaries import MICROS, Shape, moment
from codex_lb.store import DailySums

DayCount = Annotated[int, Query(ge=1, le=366)]
# Minutes that the operator's clock is ahead of UTC; its midnight parts the days.
UtcOffset = Annotated[int, Query(alias="utcOffset", ge=-840, le=840)]


class Day(Shape):
    """Of closed requests. `cached_input_tokens` are part of `input_tokens`."""

    starts_at: datetime
    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class AccountDays(Shape):
    """Oldest day first, today included."""

    account_id: str
    days: list[Day]


async def days_of(
    history: HistoryPort, account_ids: Iterable[str], now: float, count: int, utc_offset: int
) -> list[AccountDays]:
    """`utc_offset` in minutes."""
    starts = days(now, count, utc_offset * 60)
    sums = await history.daily("account", start_at=starts[0], end_at=now, offset_s=utc_offset * 60)
    known = {(each.key, each.day_at): _day(each) for each in sums}
    return [
        AccountDays(
            account_id=id_,
            days=[known.get((id_, int(at))) or Day(starts_at=moment(at)) for at in starts],
        )
        for id_ in account_ids
    ]


def _day(sums: DailySums) -> Day:
    return Day(
        starts_at=moment(sums.day_at),
        requests=sums.requests,
        errors=sums.errors,
        input_tokens=sums.input_tokens,
        cached_input_tokens=sums.cached_tokens,
        output_tokens=sums.output_tokens,
        cost_usd=sums.cost_micros / MICROS,
    )
