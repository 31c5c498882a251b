"""The request log as rows: one per exchange, opened before the first upstream call, closed once.

Columns carry the names of the fields of `OpenedRequest`, `Receipt`, `Usage` and `Cost`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import cache
from typing import TypeVar

import msgspec
from sqlalchemy import (
    Connection,
    Executable,
    Row,
    RowMapping,
    Select,
    bindparam,
    delete,
    select,
    tuple_,
)

from codex_lb.core.model import Attempt, Cost, OpenedRequest, Receipt, Usage
from codex_lb.store import limits, rollups
from codex_lb.store.database import to_json, upsert
from codex_lb.store.records import Cursor, RequestRecord
from codex_lb.store.schema import requests

Pair = tuple[OpenedRequest, Receipt]
Columns = dict[str, object]
T = TypeVar("T")

INTERRUPTED = "interrupted"  # error code of rows whose process ended before they were closed

_OPENED = tuple(field.name for field in fields(OpenedRequest))
_USAGE = tuple(field.name for field in fields(Usage))
_COST = tuple(field.name for field in fields(Cost))
_RECEIPT = tuple(
    field.name for field in fields(Receipt) if field.name not in {"id", "usage", "cost", "attempts"}
)
_UNFINISHED: Columns = {
    "status": "in_progress",
    "unpriced": False,
    "attempts": "[]",
    "queue_ms": 0,
    "duration_ms": 0,
}


def insert_opened(
    connection: Connection,
    instance_id: str,
    rows: Sequence[OpenedRequest],
) -> None:
    """Rows that are there already stay as they are."""
    if rows:
        connection.execute(
            _opening(connection.dialect.name),
            [_opened_columns(row, instance_id) | _UNFINISHED for row in rows],
        )


def close(
    connection: Connection,
    instance_id: str,
    pairs: Iterable[Pair],
) -> None:
    """Write whole rows, closed, raise the roll-ups and settle with the limits of API keys.

    A row is closed once: repeating a batch whose commit was in doubt counts nothing twice. Only a
    row that was taken for interrupted gives way, because its process was alive after all.
    """
    new = {receipt.id: (opened, receipt) for opened, receipt in pairs}
    if not new:
        return
    before = _closed(connection, new)
    mistaken = [pair for pair in before.values() if pair[1].error_code == INTERRUPTED]
    keep = {id_ for id_, (_, receipt) in before.items() if receipt.error_code != INTERRUPTED}
    pairs = [pair for id_, pair in new.items() if id_ not in keep]
    sums = rollups.summed(pairs)
    for key, counts in rollups.summed(mistaken).items():
        sums.setdefault(key, rollups.Counts()).subtract(counts)
    _put(connection, instance_id, pairs)
    rollups.add(connection, sums)
    limits.settle(connection, pairs)


def _closed(connection: Connection, ids: Iterable[str]) -> dict[str, Pair]:
    rows = connection.execute(_CLOSED, {"ids": list(ids)})
    records = [_record(row) for row in rows]
    return {r.opened.id: (r.opened, r.receipt) for r in records if r.receipt is not None}


def _put(connection: Connection, instance_id: str, pairs: Sequence[Pair]) -> None:
    rows = [_opened_columns(opened, instance_id) | _receipt_columns(r) for opened, r in pairs]
    if rows:
        connection.execute(_closing(connection.dialect.name), rows)


# Building these takes longer than running them, hence only once.

_CLOSED = select(requests).where(
    requests.c.id.in_(bindparam("ids", expanding=True)), requests.c.status != "in_progress"
)


@cache
def _opening(dialect: str) -> Executable:
    insert = upsert(dialect, requests)
    statement: Executable = insert.on_conflict_do_nothing(index_elements=["id"])
    return statement


@cache
def _closing(dialect: str) -> Executable:
    insert = upsert(dialect, requests)
    given = {name: insert.excluded[name] for name in (*_RECEIPT, *_USAGE, *_COST, "attempts")}
    statement: Executable = insert.on_conflict_do_update(index_elements=["id"], set_=given)
    return statement


def newest(limit: int, before: Cursor | None) -> Select[tuple[object, ...]]:
    """Newest first; rows opened in the same millisecond by id, so that no page skips one."""
    place = (requests.c.opened_at_ms, requests.c.id)
    query = select(requests).order_by(*(column.desc() for column in place)).limit(limit)
    if before is None:
        return query
    return query.where(tuple_(*place) < (before.opened_at_ms, before.id))


def records(connection: Connection, query: Select[tuple[object, ...]]) -> list[RequestRecord]:
    return [_record(row) for row in connection.execute(query)]


def by_id(id_: str) -> Select[tuple[object, ...]]:
    return select(requests).where(requests.c.id == id_)


def response_owner(response_id: str) -> Select[str | None]:
    return (
        select(requests.c.account_id)
        .where(requests.c.response_id == response_id)
        .order_by(requests.c.opened_at_ms.desc())
        .limit(1)
    )


def open_of(instance_id: str, limit: int) -> Select[tuple[object, ...]]:
    return (
        select(requests)
        .where(requests.c.status == "in_progress", requests.c.instance_id == instance_id)
        .limit(limit)
    )


def instances_with_open_rows() -> Select[tuple[str]]:
    return select(requests.c.instance_id).where(requests.c.status == "in_progress").distinct()


def delete_some(
    connection: Connection,
    batch: int,
    *,
    opened_before_ms: int | None = None,
    account_id: str | None = None,
) -> int:
    """Delete up to `batch` closed rows that meet every condition given; how many it were."""
    chosen = [requests.c.status != "in_progress"]
    if opened_before_ms is not None:
        chosen.append(requests.c.opened_at_ms < opened_before_ms)
    if account_id is not None:
        chosen.append(requests.c.account_id == account_id)
    oldest = select(requests.c.id).where(*chosen).limit(batch).scalar_subquery()
    result = connection.execute(delete(requests).where(requests.c.id.in_(oldest)))
    return result.rowcount


def _opened_columns(row: OpenedRequest, instance_id: str) -> Columns:
    return {name: getattr(row, name) for name in _OPENED} | {"instance_id": instance_id}


def _receipt_columns(receipt: Receipt) -> Columns:
    return (
        {name: getattr(receipt, name) for name in _RECEIPT}
        | {name: getattr(receipt.usage, name, None) for name in _USAGE}
        | {name: getattr(receipt.cost, name, None) for name in _COST}
        | {"attempts": to_json(receipt.attempts)}
    )


def _record(row: Row[tuple[object, ...]]) -> RequestRecord:
    columns: RowMapping = row._mapping  # noqa: SLF001  public despite its name
    opened = OpenedRequest(**{name: columns[name] for name in _OPENED})
    status = columns["status"]
    if status == "in_progress":
        return RequestRecord(opened, None, "in_progress")
    receipt = Receipt(
        id=opened.id,
        usage=_part(Usage, _USAGE, columns),
        cost=_part(Cost, _COST, columns),
        attempts=msgspec.json.decode(str(columns["attempts"]), type=tuple[Attempt, ...]),
        **{name: columns[name] for name in _RECEIPT},
    )
    return RequestRecord(opened, receipt, receipt.status)


def _part(kind: Callable[..., T], names: Sequence[str], columns: RowMapping) -> T | None:
    """The value whose columns are null together."""
    if columns[names[0]] is None:
        return None
    return kind(**{name: columns[name] for name in names})
