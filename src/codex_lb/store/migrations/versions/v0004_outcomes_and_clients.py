"""Sums by outcome and by client, for the requests that are there already."""

import re
from collections import Counter, defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_REFUSED = (
    "rate_limit_exceeded",
    "usage_limit_reached",
    "insufficient_quota",
    "usage_not_included",
    "quota_exceeded",
    "no_accounts",
)
_NAME = re.compile(r"[A-Za-z0-9][\w.@-]{0,39}")
_SUMS = (
    "requests",
    "errors",
    "cancelled",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_micros",
)


def upgrade() -> None:
    requests = sa.table(
        "requests",
        *(
            sa.column(name)
            for name in (
                "opened_at_ms", "status", "error_code", "http_status", "user_agent", "attempts",
                "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens",
                "input_micros", "cached_micros", "output_micros",
            )
        ),
    )  # fmt: skip
    rollups = sa.table("rollups", sa.column("dimension"), sa.column("hour_at"), sa.column("key"),
                       *(sa.column(name) for name in _SUMS))  # fmt: skip
    c = requests.c

    is_error = sa.case((c.status == "error", 1), else_=0)
    sums = [
        sa.func.count(),
        sa.func.sum(is_error),
        sa.func.sum(sa.case((c.status == "cancelled", 1), else_=0)),
        *(sa.func.sum(sa.func.coalesce(c[name], 0)) for name in _SUMS[3:7]),
        sa.func.sum(
            sa.func.coalesce(c.input_micros, 0)
            + sa.func.coalesce(c.cached_micros, 0)
            + sa.func.coalesce(c.output_micros, 0)
        ),
    ]
    connection = op.get_bind()
    closed = c.status != "in_progress"
    found: defaultdict[tuple[str, int, str], Counter[str]] = defaultdict(Counter)
    outcome = sa.case(
        (
            c.status == "success",
            sa.case((c.attempts.like('%"verdict"%"verdict"%'), "recovered"), else_="served"),
        ),
        (c.status == "cancelled", "cancelled"),
        (c.error_code.in_(_REFUSED), "refused"),
        (c.http_status.between(400, 499), "client_error"),
        else_="upstream_error",
    ).label("outcome")
    whole = c.opened_at_ms.op("/")(sa.literal_column("3600000")).label("hour")
    for dimension, value in (("outcome", outcome), ("client", c.user_agent)):
        query = sa.select(whole, value, *sums).where(closed).group_by(whole, value)
        for at, key, *counts in connection.execute(query):
            name = key if dimension == "outcome" else _client(key)
            found[dimension, int(at) * 3600, name].update(
                dict(zip(_SUMS, map(int, counts), strict=True))
            )
    rows = [
        {"dimension": dimension, "hour_at": at, "key": key} | {name: counts[name] for name in _SUMS}
        for (dimension, at, key), counts in found.items()
    ]
    if rows:
        connection.execute(sa.insert(rollups), rows)


def _client(user_agent: str | None) -> str:
    words = (user_agent or "").split()
    name = words[0].partition("/")[0] if words else ""
    return name if not name or _NAME.fullmatch(name) else "other"
