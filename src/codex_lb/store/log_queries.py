"""What the operator asks of the request log: pages by filter, what there is to filter by.

Filters of one kind widen, filters of different kinds narrow. A page comes off the index by time
and ends with its last row. Counting has no such end, so it looks at the newest `MOST_COUNTED` rows
only, unless an index alone can tell, and says whether those were all.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    cast,
    false,
    func,
    not_,
    or_,
    select,
)

from codex_lb.core.log_query import TextKey
from codex_lb.core.request_log import (
    QUOTA_CODES,
    RATE_LIMIT_CODES,
    REFUSED_CODES,
    ServedStatus,
    client_group,
    served,
)
from codex_lb.store import requests as rows
from codex_lb.store.log_records import (
    ConversationSums,
    Facets,
    Histogram,
    KeyLabel,
    LogDetail,
    LogFilter,
    LogOptions,
    LogPage,
)
from codex_lb.store.records import Cursor
from codex_lb.store.schema import accounts, api_keys, requests

MOST_COUNTED = 50_000  # some 30 ms
_FACET_ROWS = 20_000  # the newest ones decide what is offered as a filter

Condition = ColumnElement[bool]

_SEARCHED = (
    requests.c.id,
    requests.c.account_id,
    requests.c.conversation_id,
    requests.c.endpoint,
    requests.c.model,
    requests.c.effort,
    requests.c.user_agent,
    requests.c.client_ip,
    requests.c.status,
    requests.c.error_code,
    requests.c.error_message,
)


_FACETS = (
    requests.c.account_id,
    requests.c.model,
    requests.c.effort,
    requests.c.api_key_id,
    requests.c.status,
    requests.c.error_code,
)

_COUNTED_ROWS = 5_000  # some 20 ms; the newest ones say enough of how often what occurs
_COUNTED = {
    "model": requests.c.model,
    "effort": requests.c.effort,
    "tier": requests.c.service_tier,
    "account": requests.c.account_id,
    "key": requests.c.api_key_id,
    "code": requests.c.error_code,
    "transport": requests.c.transport,
    "kind": requests.c.endpoint,
}
_TIMES = {
    "ttft": requests.c.first_event_ms,
    "total": requests.c.duration_ms,
    "queue": requests.c.queue_ms,
}

_failed = requests.c.status == "error"
_code = func.coalesce(requests.c.error_code, "")
_STATUSES: dict[ServedStatus, Condition] = {
    "ok": requests.c.status == "success",
    "cancelled": requests.c.status == "cancelled",
    "rate_limit": and_(_failed, _code.in_(RATE_LIMIT_CODES)),
    "quota": and_(_failed, _code.in_(QUOTA_CODES)),
    "error": and_(_failed, _code.not_in(RATE_LIMIT_CODES | QUOTA_CODES)),
    "in_progress": requests.c.status == "in_progress",
}


_recovered = requests.c.attempts.like('%"verdict"%"verdict"%')  # at least two of them
_refused = and_(_failed, _code.in_(REFUSED_CODES))
_clients = and_(_failed, _code.not_in(REFUSED_CODES), requests.c.http_status.between(400, 499))
_OUTCOMES: dict[str, Condition] = {  # as `request_log.outcome` has them
    "served": and_(requests.c.status == "success", not_(_recovered)),
    "recovered": and_(requests.c.status == "success", _recovered),
    "cancelled": requests.c.status == "cancelled",
    "refused": _refused,
    "client_error": _clients,
    "upstream_error": and_(
        _failed,
        _code.not_in(REFUSED_CODES),
        or_(requests.c.http_status.is_(None), not_(requests.c.http_status.between(400, 499))),
    ),
}


_outcome = case(*((ended, name) for name, ended in _OUTCOMES.items())).label("outcome")


def page(
    connection: Connection,
    wanted: LogFilter,
    *,
    limit: int,
    offset: int = 0,
    before: Cursor | None = None,
    most_counted: int = MOST_COUNTED,
) -> LogPage:
    """Newest first, from after `before` on; `total` counts the rows ahead of it too."""
    matching = _ordered(wanted) + _tested(connection, wanted)
    query = rows.newest(limit + 1, before).where(*matching).offset(offset)
    found = rows.records(connection, query)
    shown = found[:limit]
    total, is_exact = _total(connection, wanted, most_counted)
    return LogPage(
        records=shown,
        has_more=len(found) > limit,
        total=total,
        total_is_exact=is_exact,
        keys=_keys(connection, {record.opened.api_key_id for record in shown}),
        conversation=_conversation(connection, wanted.conversation_id),
    )


def options(connection: Connection, wanted: LogFilter) -> LogOptions:
    newest = rows.newest(_FACET_ROWS, None).where(*_ordered(wanted), *_tested(connection, wanted))
    facets = newest.with_only_columns(*_FACETS).subquery()
    found = connection.execute(select(facets).distinct()).all()
    keys = _keys(connection, {row.api_key_id for row in found})
    return LogOptions(
        account_ids=sorted({row.account_id for row in found if row.account_id is not None}),
        model_options=sorted(
            {(row.model, row.effort) for row in found}, key=lambda pair: (pair[0], pair[1] or "")
        ),
        keys=sorted(keys.values(), key=lambda key: (key.name, key.id)),
        statuses=frozenset(served(row.status, row.error_code) for row in found),
    )


def facets(connection: Connection, wanted: LogFilter) -> Facets:
    wanted, is_whole = _within_reach(connection, wanted)
    newest = rows.newest(_COUNTED_ROWS, None)
    chosen = newest.where(*_ordered(wanted), *_tested(connection, wanted)).with_only_columns(
        *_COUNTED.values(), _outcome, requests.c.user_agent
    )
    found = connection.execute(chosen).all()
    counts = {
        name: Counter(row[at] for row in found if row[at] is not None)
        for at, name in enumerate(_COUNTED)
    }
    counts["outcome"] = Counter(row.outcome for row in found if row.outcome is not None)
    counts["client"] = Counter(client_group(row.user_agent) for row in found if row.user_agent)
    return Facets(counts, is_whole and len(found) < _COUNTED_ROWS)


def histogram(connection: Connection, wanted: LogFilter, *, step_ms: int) -> Histogram:
    """Of the newest `MOST_COUNTED` rows."""
    wanted, is_whole = _within_reach(connection, wanted)
    matching = select(requests).where(*_placed(wanted), *_tested(connection, wanted))
    piece = (requests.c.opened_at_ms // step_ms * step_ms).label("piece")
    seen = matching.with_only_columns(piece, _failed.label("failed")).subquery()
    counts = select(seen.c.piece, func.count(), func.count().filter(seen.c.failed))
    found = connection.execute(counts.group_by(seen.c.piece)).all()
    pieces = {at: (total, failed) for at, total, failed in found}
    return Histogram(pieces, is_whole)


def detail(connection: Connection, request_id: str) -> LogDetail | None:
    found = rows.records(connection, rows.by_id(request_id))
    if not found:
        return None
    opened = found[0].opened
    return LogDetail(
        record=found[0],
        key=_keys(connection, {opened.api_key_id}).get(opened.api_key_id or ""),
        conversation=_conversation(connection, opened.conversation_id),
    )


def _within_reach(connection: Connection, wanted: LogFilter) -> tuple[LogFilter, bool]:
    """`wanted`, cut to the newest `MOST_COUNTED` rows of its time; whether those are all."""
    place = rows.newest(1, None).where(*_ordered(wanted)).offset(MOST_COUNTED)
    floor = connection.execute(place.with_only_columns(requests.c.opened_at_ms)).scalar()
    return (wanted, True) if floor is None else (replace(wanted, since_ms=floor + 1), False)


def _total(connection: Connection, wanted: LogFilter, most_counted: int) -> tuple[int, bool]:
    tested = _tested(connection, wanted)
    if not tested:
        counted = select(func.count()).select_from(requests).where(*_placed(wanted))
        return connection.execute(counted).scalar_one(), True
    newest = rows.newest(most_counted, None).where(*_ordered(wanted))
    seen = newest.with_only_columns(and_(*tested).label("matches")).subquery()
    counts = select(func.count().filter(seen.c.matches), func.count()).select_from(seen)
    total, looked_at = connection.execute(counts).one()
    return total, looked_at < most_counted


def _placed(
    wanted: LogFilter, account: ColumnElement[str | None] = requests.c.account_id
) -> list[Condition]:
    """What indexes answer: whose, of which conversation, when."""
    found: list[Condition] = []
    if wanted.account_ids:
        found.append(account.in_(wanted.account_ids))
    if wanted.conversation_id is not None:
        found.append(requests.c.conversation_id == wanted.conversation_id)
    if wanted.since_ms is not None:
        found.append(requests.c.opened_at_ms >= wanted.since_ms)
    if wanted.until_ms is not None:
        found.append(requests.c.opened_at_ms <= wanted.until_ms)
    return found


def _ordered(wanted: LogFilter) -> list[Condition]:
    """The same where rows are wanted in order of time.

    Of several accounts SQLite would rather sort all rows than walk down the index by time; an
    expression hides the column from it.
    """
    if len(wanted.account_ids) > 1:
        return _placed(wanted, func.coalesce(requests.c.account_id, ""))
    return _placed(wanted)


def _tested(connection: Connection, wanted: LogFilter) -> list[Condition]:
    """What only the row itself answers."""
    found: list[Condition] = []
    for column, values in (
        (requests.c.api_key_id, wanted.api_key_ids),
        (requests.c.model, wanted.models),
        (requests.c.effort, wanted.efforts),
    ):
        if values:
            found.append(column.in_(values))
    if wanted.statuses:
        found.append(or_(*(_STATUSES[status] for status in sorted(wanted.statuses))))
    if wanted.model_options:
        found.append(or_(*(_is_option(*option) for option in wanted.model_options)))
    if wanted.search:
        found.append(_mentions(connection, wanted.search))
    return found + _queried(connection, wanted)


def _queried(connection: Connection, wanted: LogFilter) -> list[Condition]:
    query = wanted.query
    found = [
        or_(*(_is(connection, key, value) for value in values))
        for key, values in query.wanted.items()
    ]
    found += [
        not_(func.coalesce(_is(connection, key, value), False))
        for key, values in query.unwanted.items()
        for value in values
    ]
    for key, span in query.times.items():
        if span.at_least is not None:
            found.append(_TIMES[key] >= span.at_least)
        if span.at_most is not None:
            found.append(_TIMES[key] <= span.at_most)
    return found


def _is(connection: Connection, key: TextKey, value: str) -> Condition:
    match key:
        case "conversation":
            return requests.c.conversation_id == value
        case "outcome":
            return _OUTCOMES.get(value, false())
        case "client":
            own = requests.c.user_agent
            name = _like_pattern(value)
            return or_(own == value, *(own.like(f"{name}{end}%", escape="\\") for end in "/ "))
        case "account":
            named = (accounts.c.email, accounts.c.alias)
            owners = select(accounts.c.id).where(_contains(connection, value, named))
            return or_(requests.c.account_id == value, requests.c.account_id.in_(owners))
        case "key":
            named_keys = select(api_keys.c.id).where(
                _contains(connection, value, (api_keys.c.name,))
            )
            return or_(requests.c.api_key_id == value, requests.c.api_key_id.in_(named_keys))
        case _:
            return _COUNTED[key] == value


def _is_option(model: str, effort: str | None) -> Condition:
    same = requests.c.effort.is_(None) if effort is None else requests.c.effort == effort
    return and_(requests.c.model == model, same)


def _mentions(connection: Connection, text: str) -> Condition:
    """`text` anywhere, in any case of its letters (on SQLite of those of ASCII)."""
    return or_(
        _contains(connection, text, _SEARCHED),
        _is(connection, "account", text),
        _is(connection, "key", text),
    )


def _contains(
    connection: Connection, text: str, columns: Iterable[ColumnElement[str]]
) -> Condition:
    pattern = f"%{_like_pattern(text)}%"
    if connection.dialect.name == "postgresql":
        return or_(*(column.ilike(pattern, escape="\\") for column in columns))
    # Has no case there, and is twice as fast.
    return or_(*(column.like(pattern, escape="\\") for column in columns))


def _like_pattern(text: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", text)


def _keys(connection: Connection, ids: Iterable[str | None]) -> dict[str, KeyLabel]:
    wanted = [id_ for id_ in ids if id_ is not None]
    if not wanted:
        return {}
    columns = (api_keys.c.id, api_keys.c.name, api_keys.c.prefix)
    found = connection.execute(select(*columns).where(api_keys.c.id.in_(wanted)))
    return {row.id: KeyLabel(*row) for row in found}


def _conversation(connection: Connection, id_: str | None) -> ConversationSums | None:
    if id_ is None:
        return None
    micros = requests.c.input_micros + requests.c.cached_micros + requests.c.output_micros
    sums = select(func.count(), cast(func.coalesce(func.sum(micros), 0), BigInteger))
    row = connection.execute(sums.where(requests.c.conversation_id == id_)).one()
    return ConversationSums(*row)
