"""API keys with their limits as rows.

Whoever keeps the keys in memory reads them again when `version` has changed. It is a word of
chance, because of two counts raised at once one would be missed.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from codex_lb.core import limits as rules
from codex_lb.core.keys import ApiKey, Secret, Terms
from codex_lb.core.limits import Rule, Spend
from codex_lb.store import limits, preferences
from codex_lb.store.database import to_json, upsert
from codex_lb.store.schema import api_keys, requests
from codex_lb.store.schema import limits as limit_rows

VERSION = "keys_version"

Change = Callable[[Terms], Terms]

_LISTS = ("allowed_models", "allowed_efforts", "assigned_accounts")
_PLAIN = (
    "name", "enforced_model", "enforced_effort", "enforced_tier", "shows_hidden", "expires_at",
    "is_active",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Patch:
    """`change` may raise, and then nothing is changed. `rules` None keeps them as they are."""

    change: Change
    rules: Sequence[Rule] | None = None
    resets_usage: bool = False


def version(connection: Connection) -> str:
    return str(preferences.read(connection, VERSION) or "")


def every(connection: Connection) -> list[ApiKey]:
    """In the order in which they were created."""
    counted = limits.by_key(connection)
    query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
    rows = connection.execute(query).mappings()
    return [_key(row, counted[row["id"]]) for row in rows]


def one(connection: Connection, key_id: str) -> ApiKey | None:
    row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).mappings().first()
    return _key(row, limits.by_key(connection, key_id)[key_id]) if row else None


def create(
    connection: Connection, secret: Secret, key_id: str, terms: Terms, given: Sequence[Rule],
    *, now: float,
) -> ApiKey:  # fmt: skip
    fixed = {"id": key_id, "prefix": secret.prefix, "key_hash": secret.hash, "created_at": now}
    connection.execute(insert(api_keys).values(fixed | _columns(terms)))
    _put_rules(connection, key_id, given, now)
    _changed(connection)
    counted = limits.by_key(connection, key_id)[key_id]
    return ApiKey(key_id, secret.prefix, secret.hash, terms, now, limits=tuple(counted))


def patch(connection: Connection, key_id: str, wanted: Patch, *, now: float) -> ApiKey | None:
    """The key as it is now; None if there is none."""
    limits.lock(connection, key_id)
    key = one(connection, key_id)
    if key is None:
        return None
    columns = _columns(wanted.change(key.terms))
    connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(columns))
    if wanted.rules is not None:
        _put_rules(connection, key_id, wanted.rules, now)
    if wanted.resets_usage:
        limits.reset(connection, key_id, now)
    _changed(connection)
    return one(connection, key_id)


def place(connection: Connection, key: ApiKey, *, now: float) -> None:
    """Add `key`, or make the one of the same id like it, counters included. What runs stays held."""
    limits.lock(connection, key.id)
    given = _columns(key.terms) | {
        "prefix": key.prefix,
        "key_hash": key.hash,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "mean_output": key.mean_output,
    }
    adding = upsert(connection.dialect.name, api_keys).values(given | {"id": key.id})
    connection.execute(adding.on_conflict_do_update(index_elements=["id"], set_=given))
    _put_rules(connection, key.id, [limit.rule for limit in key.limits], now)
    limits.put_counters(connection, key.id, key.limits)
    _changed(connection)


def regenerate(connection: Connection, key_id: str, secret: Secret) -> ApiKey | None:
    """The same key under a new secret; None if there is none. The old secret is dead at once."""
    new = {"prefix": secret.prefix, "key_hash": secret.hash}
    connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(new))
    _changed(connection)
    return one(connection, key_id)


def remove(connection: Connection, key_id: str) -> bool:
    """With its limits and all that is held of them. Its rows and sums stay. False: no such key."""
    limits.lock(connection, key_id)
    removed = connection.execute(delete(api_keys).where(api_keys.c.id == key_id))
    _changed(connection)
    return bool(removed.rowcount)


def _put_rules(connection: Connection, key_id: str, given: Sequence[Rule], now: float) -> None:
    """From now on exactly these. One that was there keeps its counters, a new one counts the past."""
    before = {limit.rule.place: limit.id for limit in limits.by_key(connection, key_id)[key_id]}
    kept = {rule.place: rule for rule in given if rule.place in before}
    gone = [id_ for place, id_ in before.items() if place not in kept]
    connection.execute(delete(limit_rows).where(limit_rows.c.id.in_(gone)))
    for place, rule in kept.items():
        raised = update(limit_rows).where(limit_rows.c.id == before[place])
        connection.execute(raised.values(max_value=rule.max_value))
    for rule in given:
        if rule.place not in before:
            used = _past(connection, key_id, rule, now)
            connection.execute(insert(limit_rows).values(_rule_columns(key_id, rule, used, now)))


def _rule_columns(key_id: str, rule: Rule, used: int, now: float) -> dict[str, Any]:
    return {
        "api_key_id": key_id,
        "kind": rule.kind,
        "window": rule.window,
        "model": rule.model or "",
        "max_value": rule.max_value,
        "used": used,
        "held": 0,
        "resets_at": rules.first_reset(rule.window, now),
    }


def _past(connection: Connection, key_id: str, rule: Rule, now: float) -> int:
    """What the key used in one window before now, by closed rows. Those open count when they end."""
    since = int((now - rules.WINDOW_S[rule.window]) * 1000)
    columns = requests.c
    cost = columns.input_micros + columns.cached_micros + columns.output_micros
    counted = (columns.input_tokens, columns.output_tokens, cost)
    query = select(*(func.coalesce(func.sum(column), 0) for column in counted)).where(
        requests.c.api_key_id == key_id,
        requests.c.opened_at_ms >= since,
        requests.c.status != "in_progress",
    )
    if rule.model is not None:
        query = query.where(requests.c.model == rule.model)
    return Spend(*(int(value) for value in connection.execute(query).one())).of(rule.kind)


def _changed(connection: Connection) -> None:
    preferences.write(connection, VERSION, secrets.token_hex(8))


def _columns(terms: Terms) -> dict[str, Any]:
    lists = {name: getattr(terms, name) for name in _LISTS}
    return {name: getattr(terms, name) for name in _PLAIN} | {
        name: to_json(words) if words else None for name, words in lists.items()
    }


def _key(row: RowMapping, counted: Sequence[rules.Limit]) -> ApiKey:
    lists: dict[str, Any] = {
        name: msgspec.json.decode(row[name] or "[]", type=tuple[str, ...]) for name in _LISTS
    }
    return ApiKey(
        id=row["id"],
        prefix=row["prefix"],
        hash=row["key_hash"],
        terms=Terms(**lists, **{name: row[name] for name in _PLAIN}),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        mean_output=row["mean_output"],
        limits=tuple(counted),
    )
