"""Which account a conversation should stay on, kept so that a restart does not cool its cache."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, select

from codex_lb.store.database import upsert
from codex_lb.store.records import Affinity
from codex_lb.store.schema import affinities


def read(connection: Connection, *, now: float) -> list[Affinity]:
    rows = connection.execute(
        select(affinities)
        .where(affinities.c.expires_at > now)
        .order_by(affinities.c.kind, affinities.c.key)
    )
    return [Affinity(row.kind, row.key, row.account_id, row.expires_at) for row in rows]


def put(connection: Connection, given: Sequence[Affinity], *, now: float) -> None:
    """Add or renew those `given`, and drop all that have expired."""
    latest = {(affinity.kind, affinity.key): affinity for affinity in given}
    insert = upsert(connection.dialect.name, affinities)
    statement = insert.on_conflict_do_update(
        index_elements=["kind", "key"],
        set_={name: insert.excluded[name] for name in ("account_id", "expires_at")},
    )
    if latest:
        rows = [asdict(latest[place]) for place in sorted(latest)]
        connection.execute(statement, rows)
    connection.execute(delete(affinities).where(affinities.c.expires_at <= now))
