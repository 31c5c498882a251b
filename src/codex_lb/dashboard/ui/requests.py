"""The requests page: one query, and for it a page of rows, what occurs in them, and when.

The query is what stands in the page's address; `core/log_query.py` reads it.
"""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from codex_lb.core import log_query
from codex_lb.core.request_log import read_statuses
from codex_lb.dashboard import log_entries
from codex_lb.dashboard.log_entries import RequestLogDetail, RequestLogEntry
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.request_logs import Text, cursor, milliseconds
from codex_lb.dashboard.summaries import Shape, moment
from codex_lb.dashboard.ui.documents import Document, Sources, reply
from codex_lb.store import Facets, Histogram, LogFilter
from codex_lb.store.text import LONGEST

_PIECES = 60
_DAY_MS = 86_400_000
# Lengths of a piece that people can read off a clock: a second to a month.
_STEPS_S = (1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 86_400, 604_800, 2_592_000)
_SIBLINGS = 50
_EXPORTED, _BATCH = 100_000, 1_000
_FACET_VALUES = 20
_KINDS: dict[str, dict[str, str]] = {"text/csv": {}, "application/x-ndjson": {}}  # of an export


class RequestsQuery(Shape):
    """`q` as typed. Times without a zone are UTC; without them, the last 24 hours."""

    q: Text = Field("", max_length=LONGEST)
    since: datetime | None = None
    until: datetime | None = None


class PageQuery(RequestsQuery):
    limit: int = Field(100, ge=1, le=500)
    cursor: Text | None = None


class ExportQuery(RequestsQuery):
    format: Literal["csv", "jsonl"] = "csv"


class FacetValue(Shape):
    value: str
    label: str
    count: int


class Facet(Shape):
    name: str
    values: list[FacetValue]


class HistogramPiece(Shape):
    starts_at: datetime
    requests: int
    failed: int


class RequestsDocument(Document):
    """Facets count the newest 5,000 rows that match, the histogram the newest 50,000.

    A facet counts what its own words in the query shut out, too: so it tells what else there is.
    `names`: how accounts and keys are called that stand here by their id.
    """

    requests: list[RequestLogEntry]
    total: int
    total_is_exact: bool
    next_cursor: str | None
    facets: list[Facet]
    facets_are_whole: bool
    histogram: list[HistogramPiece]
    histogram_step_seconds: int
    histogram_is_whole: bool
    names: dict[str, str]


class RequestDocument(Document):
    """`siblings`: of the same conversation, newest first."""

    request: RequestLogDetail
    siblings: list[RequestLogEntry]
    names: dict[str, str]


def routes(sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/api/ui/requests", tags=["ui"])

    @router.get("", response_model=RequestsDocument)
    async def ui_requests(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        return reply(request, await document(sources, query))

    @router.get("/export", response_class=StreamingResponse, responses={200: {"content": _KINDS}})
    async def export_requests(query: Annotated[ExportQuery, Query()]) -> StreamingResponse:
        """At most 100,000 rows, newest first."""
        wanted = _wanted(query, sources.clock())
        is_csv = query.format == "csv"
        kind = "text/csv; charset=utf-8" if is_csv else "application/x-ndjson"
        return StreamingResponse(
            _csv(sources, wanted) if is_csv else _lines(sources, wanted),
            media_type=kind,
            headers={"content-disposition": f'attachment; filename="requests.{query.format}"'},
        )

    @router.get("/{request_id}", response_model=RequestDocument, responses=errors(404))
    async def ui_request(request: Request, request_id: Text) -> Response:
        stamp = sources.stamp()
        found = await sources.log.detail(request_id)
        if found is None:
            raise Problem(404, "request_not_found", "There is no such request.")
        conversation = found.record.opened.conversation_id
        siblings = (
            await sources.log.page(LogFilter(conversation_id=conversation), limit=_SIBLINGS)
            if conversation
            else None
        )
        content = {
            "request": log_entries.detail(found),
            "siblings": log_entries.logs(siblings).requests if siblings else [],
            "names": await _names(sources),
        }
        return reply(request, RequestDocument.model_validate(stamp | content))

    return router


async def document(sources: Sources, query: PageQuery) -> RequestsDocument:
    stamp = sources.stamp()
    now_ms = int(sources.clock() * 1000)
    wanted = _wanted(query, sources.clock())
    page = await sources.log.page(
        wanted, limit=query.limit, before=cursor(query.cursor), counts_rows=False
    )
    facets = await _counted(sources, wanted)
    step_s = _step_s((wanted.until_ms or now_ms) - (wanted.since_ms or 0))
    pieces = await sources.log.histogram(wanted, step_ms=step_s * 1000)
    counted = sum(requests for requests, _ in pieces.pieces.values())
    is_exact = page.total_is_exact  # else the histogram has counted the same rows
    told, names = log_entries.logs(page), await _names(sources)
    return RequestsDocument.model_validate(
        stamp
        | {
            "requests": told.requests,
            "total": page.total if is_exact else counted,
            "total_is_exact": is_exact or pieces.is_whole,
            "next_cursor": told.next_cursor,
            "facets": _facets(facets, names),
            "facets_are_whole": facets.is_whole,
            "histogram": _pieces(pieces, wanted, now_ms, step_s * 1000),
            "histogram_step_seconds": step_s,
            "histogram_is_whole": pieces.is_whole,
            "names": names,
        }
    )


def _wanted(query: RequestsQuery, now: float) -> LogFilter:
    typed = log_query.read(query.q)
    try:
        statuses = read_statuses(typed.statuses)
    except ValueError:
        statuses = frozenset()  # a word that is still being typed
    since = milliseconds(query.since)
    return LogFilter(
        search=typed.text,
        statuses=statuses,
        since_ms=int(now * 1000) - _DAY_MS if since is None else since,
        until_ms=milliseconds(query.until),
        query=typed,
    )


async def _names(sources: Sources) -> dict[str, str]:
    _, keys = await sources.keys.every()
    pool = await sources.accounts.list()
    return {account.id: account.alias or account.identity.email for account in pool} | {
        key.id: key.terms.name for key in keys
    }


async def _counted(sources: Sources, wanted: LogFilter) -> Facets:
    found = await sources.log.facets(wanted)
    counts, words = dict(found.counts), wanted.query.wanted
    is_whole = found.is_whole
    for key in words.keys() & found.counts.keys():
        others = replace(wanted.query, wanted={k: v for k, v in words.items() if k != key})
        wider = await sources.log.facets(replace(wanted, query=others))
        counts[key] = {**wider.counts[key], **found.counts[key]}
        is_whole = is_whole and wider.is_whole
    return replace(found, counts=counts, is_whole=is_whole)


def _facets(found: Facets, names: Mapping[str, str]) -> list[Facet]:
    return [
        Facet(
            name=name,
            values=[
                FacetValue(value=value, label=names.get(value, value), count=count)
                for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            ][:_FACET_VALUES],
        )
        for name, counts in found.counts.items()
        if counts
    ]


def _step_s(length_ms: int) -> int:
    least = length_ms / 1000 / _PIECES
    return next((step for step in _STEPS_S if step >= least), _STEPS_S[-1])


def _pieces(found: Histogram, wanted: LogFilter, now_ms: int, step_ms: int) -> list[HistogramPiece]:
    """Idle ones included, but for those before the first request where no beginning was asked."""
    first = (wanted.since_ms or min(found.pieces, default=now_ms)) // step_ms * step_ms
    last = min(wanted.until_ms or now_ms, now_ms)
    starts = range(max(first, last - 10 * _PIECES * step_ms), last + 1, step_ms)
    return [
        HistogramPiece(starts_at=moment(at / 1000), requests=total, failed=failed)
        for at in starts
        for total, failed in [found.pieces.get(at, (0, 0))]
    ]


async def _rows(sources: Sources, wanted: LogFilter) -> AsyncIterator[list[RequestLogEntry]]:
    before, sent = None, 0
    while sent < _EXPORTED:
        page = await sources.log.page(wanted, limit=_BATCH, before=before)
        if not page.records:
            return
        yield log_entries.logs(page).requests
        sent, before = sent + len(page.records), page.records[-1].cursor


async def _lines(sources: Sources, wanted: LogFilter) -> AsyncIterator[bytes]:
    async for rows in _rows(sources, wanted):
        told = (row.model_dump(by_alias=True, mode="json") for row in rows)
        yield b"".join(msgspec.json.encode(row) + b"\n" for row in told)


async def _csv(sources: Sources, wanted: LogFilter) -> AsyncIterator[str]:
    names = [name for name in RequestLogEntry.model_fields if name != "cost_breakdown"]
    yield ",".join(names) + "\r\n"
    async for rows in _rows(sources, wanted):
        text = io.StringIO()
        writer = csv.writer(text)
        for row in rows:
            told = row.model_dump(mode="json")
            writer.writerow([_harmless(told[name]) for name in names])
        yield text.getvalue()


def _harmless(value: object) -> object:
    """A cell that a spreadsheet would take for a formula is marked as text."""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value
