"""The usage page: tokens, money and requests over days, by one thing at a time."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from codex_lb.core.trends import DAY_S, HOUR_S, days
from codex_lb.dashboard.key_shapes import LimitRuleResponse, limit_told
from codex_lb.dashboard.summaries import MICROS, Shape, moment
from codex_lb.dashboard.ui.documents import Document, Sources, reply
from codex_lb.store import DailySums
from codex_lb.store.records import Dimension

Grouping = Literal["account", "model", "key", "client"]

_DIMENSIONS: dict[Grouping, Dimension] = {
    "account": "account",
    "model": "model",
    "key": "api_key",
    "client": "client",
}
_REACH_S = 31 * DAY_S  # somebody who was idle for longer is not compared
_FIGURES = (
    "requests",
    "errors",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_micros",
)


class Figures(Shape):
    """`cached_tokens` are part of `input_tokens`, `reasoning_tokens` of `output_tokens`."""

    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float = 0.0


class UsageDay(Shape):
    starts_at: datetime
    figures: Figures


class UsageGroup(Shape):
    """One account, model, key or client; `days` as in the document's, idle ones included."""

    key: str
    label: str
    total: Figures
    days: list[Figures]
    is_unpriced: bool


class Budget(Shape):
    key_id: str
    name: str
    limits: list[LimitRuleResponse]


class UsageDocument(Document):
    """`heat`: requests by weekday (Monday first) and hour of the operator's clock.

    `previous`: the same number of days before, if `compare` was asked for and the log goes back
    that far.
    """

    starts: list[datetime]
    total: Figures
    previous: Figures | None
    groups: list[UsageGroup]
    heat: list[list[int]]
    unpriced_models: list[str]
    budgets: list[Budget]


class UsageQuery(Shape):
    """`until`: the last of the days; without it, today."""

    days: int = Field(28, ge=1, le=366)
    until: date | None = None
    group: Grouping = "account"
    compare: bool = False
    utc_offset: int = Field(0, ge=-840, le=840)  # minutes ahead of UTC


def routes(sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/api/ui/usage", tags=["ui"])

    @router.get("", response_model=UsageDocument)
    async def ui_usage(request: Request, query: Annotated[UsageQuery, Query()]) -> Response:
        return reply(request, await document(sources, query))

    return router


async def document(sources: Sources, query: UsageQuery) -> UsageDocument:
    stamp, now = sources.stamp(), sources.clock()
    offset_s = query.utc_offset * 60
    end = now if query.until is None else min(now, _ends(query.until) - offset_s)
    starts = days(math.nextafter(end, 0.0), query.days, offset_s)
    dimension = _DIMENSIONS[query.group]

    async def daily(what: Dimension, start_at: float, end_at: float) -> list[DailySums]:
        return await sources.history.daily(
            what, start_at=start_at, end_at=end_at, offset_s=offset_s
        )

    found = await daily(dimension, starts[0], end)
    models = found if dimension == "model" else await daily("model", starts[0], end)
    before = []
    if query.compare:
        first = starts[0] - (end - starts[0])
        older = await sources.history.hourly(
            "model", start_at=first - _REACH_S, end_at=first + DAY_S
        )
        before = await daily("model", first, starts[0]) if older else []
    hours = await sources.history.hourly("model", start_at=starts[0], end_at=end)
    _, keys = await sources.keys.every()
    names = {each.id: each.alias or each.identity.email for each in await sources.accounts.list()}
    names |= {key.id: key.terms.name for key in keys}
    unpriced = sorted({each.key for each in models if not sources.is_priced(each.key)})
    return UsageDocument.model_validate(
        stamp
        | {
            "starts": [moment(at) for at in starts],
            "total": _added(models),
            "previous": _added(before) if before else None,
            "groups": _groups(found, starts, names, unpriced if dimension == "model" else ()),
            "heat": _heat(((each.hour_at, each.requests) for each in hours), offset_s),
            "unpriced_models": unpriced,
            "budgets": [
                Budget(
                    key_id=key.id,
                    name=key.terms.name,
                    limits=[limit_told(limit, now) for limit in key.limits],
                )
                for key in keys
                if key.limits
            ],
        }
    )


def _ends(day: date) -> float:
    """The Unix second at which the day is over in UTC."""
    return datetime.combine(day, time(), UTC).timestamp() + DAY_S


def _groups(
    found: Iterable[DailySums],
    starts: Sequence[float],
    names: Mapping[str, str],
    unpriced: Iterable[str],
) -> list[UsageGroup]:
    """The dearest first."""
    places = {int(at): place for place, at in enumerate(starts)}
    by_key: defaultdict[str, dict[int, DailySums]] = defaultdict(dict)
    for each in found:
        if each.day_at in places:
            by_key[each.key][places[each.day_at]] = each
    groups = [
        UsageGroup(
            key=key,
            label=names.get(key, key),
            total=_added(by_day.values()),
            days=[_added([by_day[at]] if at in by_day else []) for at in range(len(starts))],
            is_unpriced=key in unpriced,
        )
        for key, by_day in by_key.items()
    ]
    return sorted(groups, key=lambda each: (-each.total.cost_usd, -each.total.requests, each.key))


def _added(sums: Iterable[DailySums]) -> Figures:
    counts: Counter[str] = Counter()
    for each in sums:
        counts.update({name: getattr(each, name) for name in _FIGURES})
    cost = counts.pop("cost_micros", 0)
    return Figures(**counts, cost_usd=cost / MICROS)


def _heat(hours: Iterable[tuple[int, int]], offset_s: int) -> list[list[int]]:
    grid = [[0] * 24 for _ in range(7)]
    for at, requests in hours:
        local = at + offset_s
        weekday = int(local // DAY_S + 3) % 7  # the epoch was a Thursday
        grid[weekday][int(local % DAY_S // HOUR_S)] += requests
    return grid
