"""The history of the quota windows: readings that were worth keeping, see `core/sampling.py`."""

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, select

from codex_lb.core.model import QuotaSample
from codex_lb.store import accounts
from codex_lb.store.database import upsert
from codex_lb.store.schema import quota_samples

_COLUMNS = [quota_samples.c[field.name] for field in fields(QuotaSample)]


def add(connection: Connection, given: Sequence[QuotaSample]) -> None:
    """What is there already stays as it is; what is of an account that is gone is dropped."""
    there = accounts.still_there(connection, {sample.account_id for sample in given})
    rows = [asdict(sample) for sample in given if sample.account_id in there]
    if rows:
        insert = upsert(connection.dialect.name, quota_samples)
        connection.execute(insert.on_conflict_do_nothing(), rows)


def since(connection: Connection, at: float, account_id: str | None) -> list[QuotaSample]:
    query = select(*_COLUMNS).where(quota_samples.c.measured_at >= at)
    if account_id is not None:
        query = query.where(quota_samples.c.account_id == account_id)
    place = quota_samples.primary_key.columns
    return [QuotaSample(*row) for row in connection.execute(query.order_by(*place))]
