"""What happened to the accounts, as rows in the order in which they were written."""

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, bindparam, exists, insert, select

from codex_lb.core.model import AccountEvent
from codex_lb.store import accounts
from codex_lb.store.records import EventRecord
from codex_lb.store.schema import account_events
from codex_lb.store.text import tidied

_COLUMNS = [account_events.c[field.name] for field in fields(AccountEvent)]
_given = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in _COLUMNS}
_SAME = [
    column.is_not_distinct_from(new) if column.nullable else column == new
    for column, new in zip(_COLUMNS, _given.values(), strict=True)
]
_ADDING = insert(account_events).from_select(
    _COLUMNS, select(*_given.values()).where(~exists(select(1).where(*_SAME)))
)


def add(connection: Connection, given: Sequence[AccountEvent]) -> None:
    """What is there already is not repeated; what is of an account that is gone is dropped."""
    there = accounts.still_there(connection, {event.account_id for event in given})
    rows = [
        {f"new_{name}": value for name, value in asdict(tidied(event)).items()}
        for event in given
        if event.account_id in there
    ]
    if rows:
        connection.execute(_ADDING, rows)


def newest(
    connection: Connection, account_id: str, *, limit: int, before_id: int | None
) -> list[EventRecord]:
    query = select(account_events.c.id, *_COLUMNS).where(account_events.c.account_id == account_id)
    if before_id is not None:
        query = query.where(account_events.c.id < before_id)
    rows = connection.execute(query.order_by(account_events.c.id.desc()).limit(limit))
    return [EventRecord(id_, AccountEvent(*event)) for id_, *event in rows]
