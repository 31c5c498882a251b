"""Hourly sums of closed requests, so that no page ever counts rows.

Small ones instead of one cube (which would hardly shrink the log): by account, by model, by API
key, by client, by outcome, failures by error code, and by conversation. One more sums each account over all its hours.
They are raised in the transaction that closes the rows, and outlive the rows; only those by
conversation go with them, because there are as many as the log is long.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from functools import cache

from sqlalchemy import BigInteger, ColumnElement, Connection, Executable, cast, delete, func, select

from codex_lb.core.model import OpenedRequest, Receipt, Usage
from codex_lb.core.request_log import client_group, outcome
from codex_lb.store.database import upsert
from codex_lb.store.records import AccountTotals, DailySums, Dimension, HourlySums
from codex_lb.store.schema import rollups

HOUR_MS = 3_600_000
_DAY_S = 86_400

Key = tuple[str, int, str]  # dimension, start of the hour in Unix seconds, key
Counts = Counter[str]
Sums = dict[Key, Counts]

COUNTS = tuple(column.name for column in rollups.c if not column.primary_key)


def summed(pairs: Iterable[tuple[OpenedRequest, Receipt]]) -> Sums:
    """What `pairs` add to the roll-ups."""
    sums: Sums = {}
    for opened, receipt in pairs:
        counts = _counts(receipt)
        hour_at = opened.opened_at_ms // HOUR_MS * 3600
        account = receipt.account_id or ""
        keys = [
            ("account", hour_at, account),
            ("account_ever", 0, account),
            ("model", hour_at, opened.model),
            ("api_key", hour_at, opened.api_key_id or ""),
            ("client", hour_at, client_group(opened.user_agent)),
            ("outcome", hour_at, outcome(receipt)),
        ]
        if receipt.status == "error":
            keys.append(("error", hour_at, receipt.error_code or ""))
        if opened.conversation_id is not None:
            keys.append(("conversation", hour_at, opened.conversation_id))
        for key in keys:
            sums.setdefault(key, Counts()).update(counts)
    return sums


def _counts(receipt: Receipt) -> dict[str, int]:
    usage = receipt.usage or Usage()
    return {
        "requests": 1,
        "errors": receipt.status == "error",
        "cancelled": receipt.status == "cancelled",
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_micros": receipt.cost.total_micros if receipt.cost else 0,
    }


def add(connection: Connection, sums: Sums) -> None:
    """Raise the roll-ups, in the order of their keys so that two replicas cannot deadlock."""
    if not sums:
        return
    rows = [
        {"dimension": dimension, "hour_at": hour_at, "key": key}
        | {name: sums[dimension, hour_at, key][name] for name in COUNTS}
        for dimension, hour_at, key in sorted(sums)
    ]
    connection.execute(_raising(connection.dialect.name), rows)


@cache
def _raising(dialect: str) -> Executable:
    insert = upsert(dialect, rollups)
    raised = {name: rollups.c[name] + insert.excluded[name] for name in COUNTS}
    place = list(rollups.primary_key)
    statement: Executable = insert.on_conflict_do_update(index_elements=place, set_=raised)
    return statement


def hourly(
    connection: Connection, dimension: Dimension, *, start_at: float, end_at: float
) -> list[HourlySums]:
    """Hours that begin in `start_at` <= hour < `end_at`, by hour and key. Idle hours are left out."""
    rows = connection.execute(
        select(*(rollups.c[field.name] for field in fields(HourlySums)))
        .where(*_between(dimension, start_at, end_at))
        .order_by(rollups.c.hour_at, rollups.c.key)
    )
    return [HourlySums(*row) for row in rows]


def daily(
    connection: Connection, dimension: Dimension, *, start_at: float, end_at: float, offset_s: int
) -> list[DailySums]:
    """The same by days. An hour that two days share belongs to the one in which it begins."""
    day_at = (rollups.c.hour_at + offset_s) // _DAY_S * _DAY_S - offset_s
    rows = connection.execute(
        select(
            day_at.label("day_at"),
            rollups.c.key,
            *(cast(func.sum(rollups.c[name]), BigInteger) for name in COUNTS),
        )
        .where(*_between(dimension, start_at, end_at))
        .group_by("day_at", rollups.c.key)
        .order_by("day_at", rollups.c.key)
    )
    return [DailySums(*row) for row in rows]


def _between(dimension: Dimension, start_at: float, end_at: float) -> list[ColumnElement[bool]]:
    """What a mistaken closing has left is nothing (see `requests.close`), and is left out."""
    hour_at = rollups.c.hour_at
    return [
        rollups.c.dimension == dimension,
        hour_at >= start_at,
        hour_at < end_at,
        rollups.c.requests > 0,
    ]


def account_totals(connection: Connection) -> dict[str, AccountTotals]:
    """By account id; an account that has served nothing is not in it."""
    rows = connection.execute(
        select(
            rollups.c.key,
            rollups.c.requests,
            rollups.c.input_tokens + rollups.c.output_tokens,
            rollups.c.cached_tokens,
            rollups.c.cost_micros,
        ).where(rollups.c.dimension == "account_ever", rollups.c.key != "")
    )
    return {key: AccountTotals(*totals) for key, *totals in rows}


def key_totals(connection: Connection) -> dict[str, AccountTotals]:
    """By API key id, over all hours; a key that has served nothing is not in it."""
    rows = connection.execute(
        select(
            rollups.c.key,
            *(
                cast(func.sum(column), BigInteger)
                for column in (
                    rollups.c.requests,
                    rollups.c.input_tokens + rollups.c.output_tokens,
                    rollups.c.cached_tokens,
                    rollups.c.cost_micros,
                )
            ),
        )
        .where(rollups.c.dimension == "api_key", rollups.c.key != "")
        .group_by(rollups.c.key)
    )
    return {key: AccountTotals(*totals) for key, *totals in rows}


def forget_account(connection: Connection, account_id: str) -> None:
    """Drop the account's own sums; those by model and API key are not about the account."""
    connection.execute(
        delete(rollups).where(
            rollups.c.dimension.in_(["account", "account_ever"]), rollups.c.key == account_id
        )
    )
