"""The accounts page: every account with its reasons and figures, and one account's past."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from codex_lb.core import summary, trends
from codex_lb.core.model import Account
from codex_lb.core.request_log import ServedStatus
from codex_lb.core.routing import TRIED
from codex_lb.core.trends import DAY_S, HOUR_S
from codex_lb.dashboard.accounts import find
from codex_lb.dashboard.log_entries import RequestLogEntry, logs
from codex_lb.dashboard.problems import errors
from codex_lb.dashboard.summaries import MICROS, AccountSummary, Shape, summaries
from codex_lb.dashboard.timeline import AccountEventResponse, UsageTrendPoint, event, points
from codex_lb.dashboard.ui.documents import Document, Sources, reply
from codex_lb.store import EventRecord, HourlySums, LogFilter, RequestRecord

_WEEK_S = 7 * DAY_S
_SPARK_HOURS = 24
_RECENT = 500  # requests that say why an account was not chosen
_EVENTS = 50
_ERRORS = 5
_FAILED: frozenset[ServedStatus] = frozenset({"error", "rate_limit", "quota"})


class AccountRow(AccountSummary):
    """`spark24h`: requests in each of the last 24 hours, the last one not over."""

    requests_24h: int
    errors_24h: int
    cost_usd_7d: float
    spark_24h: list[int]


class AccountsDocument(Document):
    accounts: list[AccountRow]


class PassedOver(Shape):
    reason: str
    requests: int


class BoundKey(Shape):
    id: str
    name: str


class AccountDocument(Document):
    """What was left of each window, in percent, hour by hour over a week.

    `even_pace`: the weekly quota, or the monthly one of a plan without, if it were used up evenly.
    `passed_over`: of the pool's newest requests. `keys`: those that only some accounts serve, and
    this is one of them.
    """

    account: AccountRow
    left_short: list[UsageTrendPoint]
    left_weekly: list[UsageTrendPoint]
    left_monthly: list[UsageTrendPoint]
    even_pace: list[UsageTrendPoint]
    events: list[AccountEventResponse]
    passed_over: list[PassedOver]
    passed_over_among: int
    last_errors: list[RequestLogEntry]
    keys: list[BoundKey]


def routes(sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/api/ui/accounts", tags=["ui"])

    @router.get("", response_model=AccountsDocument)
    async def ui_accounts(request: Request) -> Response:
        return reply(request, await document(sources))

    @router.get("/{account_id}", response_model=AccountDocument, responses=errors(404))
    async def ui_account(request: Request, account_id: str) -> Response:
        return reply(request, await _detail(sources, account_id))

    return router


async def document(sources: Sources) -> AccountsDocument:
    stamp = sources.stamp()
    return AccountsDocument.model_validate(stamp | {"accounts": await _rows(sources)})


async def _rows(sources: Sources) -> list[AccountRow]:
    now = sources.clock()
    pool, served = await sources.accounts.list(), await sources.accounts.totals()
    hours = await sources.history.hourly("account", start_at=now - _WEEK_S, end_at=now)
    by_account: defaultdict[str, list[HourlySums]] = defaultdict(list)
    for each in hours:
        by_account[each.key].append(each)
    told = summaries(pool, served, sources.accounts.streams(), now).accounts
    return [
        AccountRow(**each.model_dump(), **_figures(by_account[each.account_id], now))
        for each in told
    ]


def _figures(hours: Iterable[HourlySums], now: float) -> Mapping[str, Any]:
    first = int(now // HOUR_S) - _SPARK_HOURS + 1
    spark, errors, micros = [0] * _SPARK_HOURS, 0, 0
    for each in hours:
        micros += each.cost_micros
        at = int(each.hour_at // HOUR_S) - first
        if 0 <= at < _SPARK_HOURS:
            spark[at] += each.requests
            errors += each.errors
    return {
        "requests_24h": sum(spark),
        "errors_24h": errors,
        "cost_usd_7d": micros / MICROS,
        "spark_24h": spark,
    }


async def _detail(sources: Sources, account_id: str) -> AccountDocument:
    stamp = sources.stamp()
    account = await find(sources.accounts, account_id)
    row = next(row for row in await _rows(sources) if row.account_id == account_id)
    newest = (await sources.log.page(LogFilter(), limit=_RECENT)).records
    failed = LogFilter(account_ids=(account_id,), statuses=_FAILED)
    _, keys = await sources.keys.every()
    events = await sources.history.account_events(account_id, limit=_EVENTS)
    return AccountDocument.model_validate(
        stamp
        | await _left(sources, account)
        | {
            "account": row,
            "events": [event(each) for each in sorted(events, key=_moment, reverse=True)],
            "passed_over": _passed_over(newest, account_id),
            "passed_over_among": len(newest),
            "last_errors": logs(await sources.log.page(failed, limit=_ERRORS)).requests,
            "keys": [
                BoundKey(id=key.id, name=key.terms.name)
                for key in keys
                if account_id in key.terms.assigned_accounts
            ],
        }
    )


async def _left(sources: Sources, account: Account) -> dict[str, object]:
    now = sources.clock()
    since = now - _WEEK_S
    kept = await sources.history.samples(since=since - DAY_S, account_id=account.id)
    samples = trends.up_to_now(kept, account)
    short, weekly, monthly = (
        [each for each in samples if summary.kind(each.minutes) == kind]
        for kind in (summary.SHORT, summary.WEEKLY, summary.MONTHLY)
    )
    return {
        "left_short": points(trends.hourly_left(short, since, now)),
        "left_weekly": points(trends.hourly_left(weekly, since, now)),
        "left_monthly": points(trends.hourly_left(monthly, since, now)),
        "even_pace": points(trends.even_pace(weekly or monthly, since, now)),
    }


def _passed_over(records: Iterable[RequestRecord], account_id: str) -> list[PassedOver]:
    """Each request counts once for each reason, whatever time the reason would have ended at."""
    reasons = Counter(
        reason
        for record in records
        if record.receipt
        for reason in {
            skipped.reason.partition(" until ")[0]
            for attempt in record.receipt.attempts
            for skipped in attempt.skipped
            if skipped.account_id == account_id and skipped.reason != TRIED
        }
    )
    return [PassedOver(reason=reason, requests=count) for reason, count in reasons.most_common()]


def _moment(record: EventRecord) -> tuple[float, int]:
    return record.event.at, record.id
