"""The routes of the request log: pages by filter, what there is to filter by, one request."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from codex_lb.core.request_log import ALL, SERVED, ServedStatus, read_model_option, read_statuses
from codex_lb.dashboard import log_entries
from codex_lb.dashboard.log_entries import (
    RequestLogDetail,
    RequestLogFilterOptionsResponse,
    RequestLogsResponse,
)
from codex_lb.dashboard.log_ports import LogPort
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.summaries import Shape
from codex_lb.store import Cursor, LogFilter
from codex_lb.store.text import LONGEST

_FARTHEST = 10**9  # rows to skip; databases count in 64 bits
_CURSOR = re.compile(r"([0-9]{1,15})\.(.+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]  # PostgreSQL can say nothing of a NUL


class LogQuery(Shape):
    """Repeated parameters widen, different ones narrow. Times without a zone are UTC."""

    search: Text = Field("", max_length=LONGEST)
    conversation_id: Text | None = Field(None, alias="conversation_id")
    account_id: tuple[Text, ...] = ()
    api_key_id: tuple[Text, ...] = ()
    status: tuple[Text, ...] = ()
    model: tuple[Text, ...] = ()
    reasoning_effort: tuple[Text, ...] = ()
    model_option: tuple[Text, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class LogPageQuery(LogQuery):
    """`cursor` is the `nextCursor` of the page before; it spares counting with `offset`."""

    limit: int = Field(50, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=_FARTHEST)
    cursor: Text | None = None


def routes(log: LogPort) -> APIRouter:
    router = APIRouter(prefix="/api/request-logs", tags=["request log"])

    @router.get("")
    async def list_requests(query: Annotated[LogPageQuery, Query()]) -> RequestLogsResponse:
        """Newest first; requests that run are `in_progress`."""
        page = await log.page(
            _wanted(query, _statuses(query.status)),
            limit=query.limit,
            offset=query.offset,
            before=cursor(query.cursor),
        )
        return log_entries.logs(page)

    @router.get("/options")
    async def list_request_filters(
        query: Annotated[LogQuery, Query()],
    ) -> RequestLogFilterOptionsResponse:
        """What occurs among the newest requests that the filters leave; `status` does not count."""
        return log_entries.options(await log.options(_wanted(query, frozenset())))

    @router.get("/{request_id}", responses=errors(404))
    async def get_request(request_id: Text) -> RequestLogDetail:
        """One request with all its attempts, and why each account was chosen or not."""
        found = await log.detail(request_id)
        if found is None:
            raise Problem(404, "request_not_found", "There is no such request.")
        return log_entries.detail(found)

    return router


def _wanted(query: LogQuery, statuses: frozenset[ServedStatus]) -> LogFilter:
    return LogFilter(
        search=query.search.strip(),
        conversation_id=query.conversation_id or None,
        account_ids=_named(query.account_id),
        api_key_ids=_named(query.api_key_id),
        statuses=statuses,
        models=_named(query.model),
        efforts=_named(query.reasoning_effort),
        model_options=tuple(read_model_option(text) for text in _named(query.model_option)),
        since_ms=milliseconds(query.since),
        until_ms=milliseconds(query.until),
    )


def _named(values: Iterable[str]) -> tuple[str, ...]:
    """A form sends an empty value for what was not chosen."""
    return tuple(value for value in values if value)


def _statuses(words: Iterable[str]) -> frozenset[ServedStatus]:
    try:
        return read_statuses(_named(words))
    except ValueError:
        known = ", ".join((ALL, *SERVED))
        raise Problem(422, "validation_error", f"query.status: must be one of {known}") from None


def milliseconds(at: datetime | None) -> int | None:
    if at is None:
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MS


def cursor(text: str | None) -> Cursor | None:
    if not text:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise Problem(422, "validation_error", "query.cursor: is not one of ours")
    return Cursor(int(match[1]), match[2])
