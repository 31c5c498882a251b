"""What a pool did in a period, for the overview: sums of roll-ups by bucket, never of rows.

Totals come from the sums by model, which stay whole when an account's history is deleted.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, distinct, func, select

from codex_lb.core.buckets import Period
from codex_lb.store.schema import rollups


@dataclass(frozen=True, slots=True)
class Sums:
    requests: int = 0
    errors: int = 0
    cancelled: int = 0
    tokens: int = 0  # input and output
    cached_tokens: int = 0
    cost_micros: int = 0


@dataclass(frozen=True, slots=True)
class PeriodSums:
    buckets: dict[int, Sums]  # by start, Unix seconds; idle ones are left out
    previous: Sums
    top_error: str | None  # the most frequent code
    first_at: int | None  # start of the first hour with a request ever


@dataclass(frozen=True, slots=True)
class Conversations:
    """How many had a request in each bucket, by its start, and in all of them together."""

    buckets: dict[int, int]
    total: int
    requests: int  # that belong to one


_SUMMED = (
    rollups.c.requests,
    rollups.c.errors,
    rollups.c.cancelled,
    rollups.c.input_tokens + rollups.c.output_tokens,
    rollups.c.cached_tokens,
    rollups.c.cost_micros,
)


def period_sums(connection: Connection, period: Period) -> PeriodSums:
    previous = _sums(connection, period.previous_start_at, period.previous_end_at, period.length_s)
    first = select(func.min(rollups.c.hour_at)).where(rollups.c.dimension == "model")
    return PeriodSums(
        buckets=_sums(connection, period.start_at, period.end_at, period.bucket_s),
        previous=previous.get(period.previous_start_at, Sums()),
        top_error=_top_error(connection, period),
        first_at=connection.execute(first).scalar(),
    )


def conversations(
    connection: Connection, start_at: int, end_at: int, bucket_s: int
) -> Conversations:
    """Takes some 2 ms for every thousand conversations, twice: they must be told apart."""
    bucket = _bucket(start_at, bucket_s)
    within = _within("conversation", start_at, end_at)
    key = func.count(distinct(rollups.c.key))
    by_bucket = select(bucket, key).where(*within).group_by("bucket")
    total = select(key, _whole(func.sum(rollups.c.requests))).where(*within)
    count, requests = connection.execute(total).one()
    return Conversations(dict(iter(connection.execute(by_bucket))), count, requests)


def _sums(connection: Connection, start_at: int, end_at: float, bucket_s: int) -> dict[int, Sums]:
    bucket = _bucket(start_at, bucket_s)
    summed = (_whole(func.sum(column)) for column in _SUMMED)
    query = select(bucket, *summed).where(*_within("model", start_at, end_at)).group_by("bucket")
    return {at: Sums(*sums) for at, *sums in connection.execute(query)}


def _top_error(connection: Connection, period: Period) -> str | None:
    query = (
        select(rollups.c.key)
        .where(*_within("error", period.start_at, period.end_at), rollups.c.key != "")
        .group_by(rollups.c.key)
        .order_by(func.sum(rollups.c.requests).desc(), rollups.c.key)
        .limit(1)
    )
    return connection.execute(query).scalar()


def _within(dimension: str, start_at: int, end_at: float) -> list[ColumnElement[bool]]:
    hour_at = rollups.c.hour_at
    return [rollups.c.dimension == dimension, hour_at >= start_at, hour_at < end_at]


def _bucket(start_at: int, bucket_s: int) -> ColumnElement[int]:
    """The start of the bucket in which the hour lies."""
    at = (rollups.c.hour_at - start_at) // bucket_s * bucket_s + start_at
    return at.label("bucket")


def _whole(summed: ColumnElement[int]) -> ColumnElement[int]:
    """PostgreSQL sums integers to a decimal."""
    return cast(func.coalesce(summed, 0), BigInteger)
