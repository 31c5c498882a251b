"""Deleting what is past its time, some rows per transaction so that nothing else waits long."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from codex_lb.store.schema import account_events, quota_samples, rollups

Deletion = Callable[[Connection, int], int]  # deletes up to so many; how many it were


def conversations(before_at: float) -> Deletion:
    """Roll-ups by conversation of the hours that have ended by `before_at`."""
    over = rollups.c.hour_at <= before_at - 3600
    return _rows(rollups, rollups.c.dimension == "conversation", over)


def samples(before_at: float) -> Deletion:
    return _rows(quota_samples, quota_samples.c.measured_at < before_at)


def events(before_at: float) -> Deletion:
    return _rows(account_events, account_events.c.at < before_at)


def _rows(table: Table, *chosen: ColumnElement[bool]) -> Deletion:
    def delete_some(connection: Connection, batch: int) -> int:
        place = table.primary_key.columns
        some = select(*place).where(*chosen).limit(batch)
        return connection.execute(delete(table).where(tuple_(*place).in_(some))).rowcount

    return delete_some
