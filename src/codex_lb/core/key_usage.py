"""What an API key's owner is told at `/v1/usage`: its use, its limits, and what the pool has left."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from codex_lb.core import limits, usage_summary
from codex_lb.core.foreign_json import JsonObject
from codex_lb.core.keys import ApiKey
from codex_lb.core.limits import Limit
from codex_lb.core.model import Account
from codex_lb.core.usage_summary import PoolWindow

_MICROS = 1_000_000


def document(
    key: ApiKey,
    *,
    requests: int,
    total_tokens: int,
    cached_tokens: int,
    cost_micros: int,
    accounts: Iterable[Account] | None,
    now: float,
) -> bytes:
    """`accounts`: those that the key may use; None: what they have left is hidden.

    A key without limits is shown those of the pool.
    """
    pool = usage_summary.windows(list(accounts), now) if accounts is not None else None
    upstream = [_of_pool("5h", pool.short), _of_pool("7d", pool.weekly)] if pool else []
    return msgspec.json.encode(
        {
            "request_count": requests,
            "total_tokens": total_tokens,
            "cached_input_tokens": cached_tokens,
            "total_cost_usd": cost_micros / _MICROS,
            "limits": [_of_key(limits.rolled(limit, now)) for limit in key.limits] or upstream,
            "upstream_limits": upstream,
            "account_pool_usage": pool
            and {
                "primary": pool.short.remaining_percent,
                "secondary": pool.weekly.remaining_percent,
            },
        }
    )


def _of_key(limit: Limit) -> JsonObject:
    return {
        "limit_type": limit.rule.kind,
        "limit_window": limit.rule.window,
        "max_value": limit.rule.max_value,
        "current_value": limit.used,
        "remaining_value": max(0, limit.rule.max_value - limit.used),
        "model_filter": limit.rule.model,
        "reset_at": _time(limit.resets_at),
        "source": "api_key_limit",
    }


def _of_pool(window: str, left: PoolWindow) -> JsonObject:
    capacity, remaining = round(left.capacity), round(left.remaining)
    return {
        "limit_type": "credits",
        "limit_window": window,
        "max_value": capacity,
        "current_value": max(0, capacity - remaining),
        "remaining_value": remaining,
        "model_filter": None,
        "reset_at": _time(left.resets_at),
        "source": "aggregate",
    }


def _time(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
