"""The overview: does it work now, until when, what needs me, and what is going on."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from codex_lb.core import status_reason, summary
from codex_lb.core.forecast import Forecast
from codex_lb.core.live import Minute
from codex_lb.core.model import Account
from codex_lb.core.request_log import OUTCOMES
from codex_lb.core.summary import WindowSummary
from codex_lb.core.verdict import Attention, AttentionKind, Level, Severity, attention, verdict
from codex_lb.dashboard import log_entries
from codex_lb.dashboard.forecast import WindowForecast, told
from codex_lb.dashboard.log_entries import LiveNow, RequestLogEntry
from codex_lb.dashboard.summaries import MICROS, Shape, moment, time
from codex_lb.dashboard.ui.documents import Document, Sources, reply
from codex_lb.store import HourlySums, LogFilter
from codex_lb.store.records import Dimension

Range = Literal["1h", "24h", "7d", "30d"]
Grouping = Literal["outcome", "model", "account", "key", "client"]

_STEPS: dict[Range, tuple[int, int]] = {  # seconds of a piece, pieces
    "1h": (60, 60),
    "24h": (3_600, 24),
    "7d": (21_600, 28),
    "30d": (86_400, 30),
}
_DIMENSIONS: dict[Grouping, Dimension] = {
    "outcome": "outcome",
    "model": "model",
    "account": "account",
    "key": "api_key",
    "client": "client",
}
_SHOWN = 5  # more series than these cannot be told apart
OTHER = "other"
_LATEST = 10
_WEEK_S = 604_800.0


class VerdictDocument(Shape):
    """`is_forecast`: whether enough is known to say when the pool runs out."""

    level: Level
    serving: int
    total: int
    back_at: datetime | None
    runs_out_at: datetime | None
    is_forecast: bool


class Segment(Shape):
    """`weight`: the account's share of the pool's capacity, 0 to 1."""

    account_id: str
    label: str
    left_percent: float | None
    weight: float
    resets_at: datetime | None
    status: summary.Status
    reason: str | None


class NextReset(Shape):
    at: datetime
    account_id: str
    label: str
    gain_percent: float


class Capacity(Shape):
    kind: Literal["short", "weekly", "monthly"]
    minutes: int | None
    left_percent: float
    accounts: list[Segment]
    next_reset: NextReset | None
    forecast: WindowForecast | None


class AttentionItem(Shape):
    kind: AttentionKind
    severity: Severity
    subject_id: str | None
    subject: str
    text: str | None
    share: float | None
    since: datetime | None
    until: datetime | None


class LiveMinute(Shape):
    at: datetime
    outcomes: dict[str, int]
    tokens: int


class Series(Shape):
    """`values[i][j]`: requests of `keys[i]` in the piece that begins `j` steps after `starts_at`.

    The last piece is not over yet.
    """

    starts_at: datetime
    step_seconds: int
    keys: list[str]
    values: list[list[int]]


class Top(Shape):
    key: str
    requests: int
    errors: int
    tokens: int
    cost_usd: float
    share: float  # of all requests, 0 to 1


class Tops(Shape):
    models: list[Top]
    clients: list[Top]
    keys: list[Top]


class Setup(Shape):
    """The first steps, as far as they have been taken."""

    is_secured: bool
    has_accounts: bool
    has_requests: bool


class OverviewDocument(Document):
    """`names`: how accounts and keys are called that stand here by their id."""

    setup: Setup
    verdict: VerdictDocument
    capacity: list[Capacity]
    attention: list[AttentionItem]
    now: LiveNow
    minutes: list[LiveMinute]
    traffic: Series
    top: Tops
    latest: list[RequestLogEntry]
    names: dict[str, str]


def routes(sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/api/ui", tags=["ui"])

    @router.get("/overview", response_model=OverviewDocument)
    async def ui_overview(
        request: Request,
        span: Annotated[Range, Query(alias="range")] = "24h",
        group: Grouping = "outcome",
    ) -> Response:
        return reply(request, await document(sources, span, group))

    return router


async def document(
    sources: Sources, span: Range = "24h", group: Grouping = "outcome"
) -> OverviewDocument:
    stamp, now = sources.stamp(), sources.clock()
    pool, live = await sources.accounts.list(), sources.live
    _, keys = await sources.keys.every()
    foreseen = await sources.forecasts.get()
    latest = await sources.log.page(LogFilter(), limit=_LATEST)
    step, count = _STEPS[span]
    start_at = int(now // step) * step - (count - 1) * step
    sums = {
        dimension: await sources.history.hourly(dimension, start_at=start_at, end_at=now)
        for dimension in ("outcome", "model", "api_key", "client", _DIMENSIONS[group])
    }
    week = await sources.history.hourly("model", start_at=now - _WEEK_S, end_at=now)
    unpriced = sorted({each.key for each in week if sources.list_price(each.key) is None})
    figures = live.now(now)
    login = await sources.callers.login()
    return OverviewDocument.model_validate(
        stamp
        | {
            "setup": Setup(
                is_secured=login.password_hash is not None or sources.callers.has_token,
                has_accounts=bool(pool),
                has_requests=bool(latest.records),
            ),
            "verdict": _verdict(pool, foreseen, now),
            "capacity": _capacities(pool, foreseen, now),
            "attention": [_item(each) for each in attention(pool, keys, unpriced, figures, now)],
            "now": log_entries.now(figures, sources.in_flight()),
            "minutes": [_minute(each) for each in live.minutes(now)],
            "traffic": _minutes_series(live.minutes(now))
            if span == "1h" and group == "outcome"
            else _series(sums[_DIMENSIONS[group]], group, start_at, step, count),
            "top": Tops(
                models=_top(sums["model"]),
                clients=_top(sums["client"]),
                keys=_top(sums["api_key"]),
            ),
            "latest": log_entries.logs(latest).requests,
            "names": {account.id: account.alias or account.identity.email for account in pool}
            | {key.id: key.terms.name for key in keys},
        }
    )


def _verdict(pool: Sequence[Account], foreseen: Iterable[Forecast], now: float) -> VerdictDocument:
    found = verdict(pool, foreseen, now)
    return VerdictDocument(
        level=found.level,
        serving=found.serving,
        total=found.total,
        back_at=time(found.back_at),
        runs_out_at=time(found.runs_out_at),
        is_forecast=found.is_forecast,
    )


def _capacities(
    pool: Sequence[Account], foreseen: Iterable[Forecast], now: float
) -> list[Capacity]:
    """Of each kind of window that some account has."""
    outlooks = {each.kind: told(each) for each in foreseen if each.account_id is None}
    windows = [(account, summary.windows(account, now)) for account in pool]
    found = []
    for kind in ("short", "weekly", "monthly"):
        parts = [(account, getattr(each, kind)) for account, each in windows]
        measured = [(account, part) for account, part in parts if part.minutes is not None]
        if measured:
            found.append(_capacity(kind, measured, outlooks.get(kind), now))
    return found


def _capacity(
    kind: Literal["short", "weekly", "monthly"],
    parts: Sequence[tuple[Account, WindowSummary]],
    outlook: WindowForecast | None,
    now: float,
) -> Capacity:
    weights = [part.capacity or 0.0 for _, part in parts]
    if not any(weights):  # plans of which no capacity is known
        weights = [1.0] * len(parts)
    whole = sum(weights)
    segments, left = [], 0.0
    for (account, part), weight in zip(parts, weights, strict=True):
        status = summary.status(account, now)
        reason = status_reason.of(account, now)
        left += weight * (part.remaining_percent or 0.0) if account.state == "active" else 0.0
        segments.append(
            Segment(
                account_id=account.id,
                label=account.alias or account.identity.email,
                left_percent=part.remaining_percent,
                weight=round(weight / whole, 4),
                resets_at=time(part.resets_at),
                status=status,
                reason=reason.text if reason else None,
            )
        )
    return Capacity(
        kind=kind,
        minutes=parts[0][1].minutes,
        left_percent=round(left / whole, 1),
        accounts=segments,
        next_reset=_next_reset(segments),
        forecast=outlook,
    )


def _next_reset(segments: Iterable[Segment]) -> NextReset | None:
    """The first that gives back anything worth telling."""
    gains = [
        (each.resets_at, each, round((100.0 - (each.left_percent or 0.0)) * each.weight, 1))
        for each in segments
        if each.resets_at is not None and each.status not in ("paused", "reauth_required")
    ]
    coming = min(((at, s, g) for at, s, g in gains if g >= 1.0), key=lambda g: g[0], default=None)
    if coming is None:
        return None
    at, segment, gain = coming
    return NextReset(at=at, account_id=segment.account_id, label=segment.label, gain_percent=gain)


def _item(item: Attention) -> AttentionItem:
    return AttentionItem(
        kind=item.kind,
        severity=item.severity,
        subject_id=item.subject_id,
        subject=item.subject,
        text=item.text,
        share=item.share,
        since=time(item.since),
        until=time(item.until),
    )


def _minute(minute: Minute) -> LiveMinute:
    return LiveMinute(
        at=moment(minute.at),
        outcomes={str(name): count for name, count in minute.outcomes.items()},
        tokens=minute.tokens,
    )


def _minutes_series(minutes: Sequence[Minute]) -> Series:
    keys = [name for name in OUTCOMES if any(name in each.outcomes for each in minutes)]
    return Series(
        starts_at=moment(minutes[0].at),
        step_seconds=60,
        keys=list(keys),
        values=[[each.outcomes.get(name, 0) for each in minutes] for name in keys],
    )


def _series(
    sums: Iterable[HourlySums], group: Grouping, start_at: int, step: int, count: int
) -> Series:
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for each in sums:
        piece = (each.hour_at - start_at) // step
        if 0 <= piece < count:
            counts[each.key][piece] += each.requests
    keys = _order(counts, group)
    if len(keys) > _SHOWN and group != "outcome":
        for key in keys[_SHOWN:]:
            counts[OTHER].update(counts.pop(key))
        keys = [*keys[:_SHOWN], OTHER]
    return Series(
        starts_at=moment(start_at),
        step_seconds=step,
        keys=keys,
        values=[[counts[key][piece] for piece in range(count)] for key in keys],
    )


def _order(counts: Mapping[str, Counter[int]], group: Grouping) -> list[str]:
    if group == "outcome":
        return [name for name in OUTCOMES if name in counts]
    return sorted(counts, key=lambda key: (-counts[key].total(), key))


def _top(sums: Iterable[HourlySums]) -> list[Top]:
    added: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in sums:
        added[each.key].update(
            requests=each.requests,
            errors=each.errors,
            tokens=each.input_tokens + each.output_tokens,
            micros=each.cost_micros,
        )
    whole = sum(each["requests"] for each in added.values())
    first = sorted(added, key=lambda key: (-added[key]["requests"], key))[:_SHOWN]
    return [
        Top(
            key=key,
            requests=added[key]["requests"],
            errors=added[key]["errors"],
            tokens=added[key]["tokens"],
            cost_usd=added[key]["micros"] / MICROS,
            share=round(added[key]["requests"] / whole, 4) if whole else 0.0,
        )
        for key in first
    ]
