"""Read the data directory of the public codex-lb (1.24.0) as a bundle.

That is `store.db`, SQLite, and `encryption.key`, one Fernet key under which the tokens are sealed.
Clients' keys are kept as SHA-256 there as here, so they go on working. Rows are read by the names of
their columns; a column that is not there is as one that is empty. What has no place here is counted
and named. Nothing in the directory is changed. See `docs/wire.md`, "Data of the public codex-lb".
"""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

from codex_lb.core import identity, keys, limits, operator_settings
from codex_lb.core.bundle import Bundle, Kind, Line, Member
from codex_lb.core.firewall import Entry, parse
from codex_lb.core.foreign_json import word
from codex_lb.core.identity import InvalidAuthJson, local_id
from codex_lb.core.keys import ApiKey, Terms
from codex_lb.core.limits import Limit, Rule
from codex_lb.core.model import Account, AccountState, Credential, Identity, Priority
from codex_lb.store.errors import KeyFileError, StoreError
from codex_lb.store.opening import looked_at
from codex_lb.store.secrets import Keyring, read_key_file
from codex_lb.store.text import tidy

Row = Mapping[str, Any]  # by the names of the columns
T = TypeVar("T")

_TAKEN = (
    "accounts", "api_keys", "api_key_limits", "api_key_accounts", "dashboard_settings",
    "api_firewall_allowlist",
)  # fmt: skip
_ENDED: dict[str, AccountState] = {  # every other state passes by itself
    "paused": "paused",
    "reauth_required": "reauth_required",
    "deactivated": "deactivated",
}
_PRIORITIES: tuple[Priority, ...] = get_args(Priority)


class _UnfitError(Exception):
    """The record cannot be taken in; why."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Their rows, and what is noted while they are read."""

    rows: Mapping[str, list[Row]]  # of the tables that are taken
    sealed: Keyring
    now: float
    ids: dict[str, str] = field(default_factory=dict)  # of accounts: ours by theirs
    remarks: list[Line] = field(default_factory=list)

    def good(self, kind: Kind, rows: Iterable[Row], make: Callable[[Row], T]) -> list[T]:
        """What `make` makes of each; a remark on each of which it makes nothing."""
        made = []
        for row in rows:
            try:
                made.append(make(row))
            except _UnfitError as why:
                name = tidy(str(row.get("email") or row.get("name")))
                self.remarks.append(Line(kind, name, "invalid", str(why)))
        return made


def read(directory: Path, now: float) -> Bundle:
    """Raises `StoreError`."""
    path, key_file = directory / "store.db", directory / "encryption.key"
    if not path.is_file():
        raise StoreError(f"there is no store.db in {directory}")
    sealed = read_key_file(key_file)
    if sealed is None:
        raise KeyFileError(key_file, "is missing", "the tokens in store.db need it")
    with looked_at(path) as connection:
        counts = _counts(connection)
        if not {"accounts", "dashboard_settings"} <= counts.keys():
            raise StoreError(f"{path} is not a store of the public codex-lb")
        source = _Source({name: _rows(connection, name, counts) for name in _TAKEN}, sealed, now)
    left = [f"{name} ({n})" for name, n in sorted(counts.items()) if n and name not in _TAKEN]
    members, found, settings = _members(source), _keys(source), _settings(source)
    if left:
        source.remarks.append(Line("other", f"{len(left)} tables", "left out", ", ".join(left)))
    return Bundle(now, members, found, settings, _firewall(source), (), source.remarks)


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  as the file itself names it
        for (name,) in names
        if name != "alembic_version" and not name.startswith("sqlite_")
    }


def _rows(connection: sqlite3.Connection, table: str, counts: Mapping[str, int]) -> list[Row]:
    if table not in counts:
        return []
    found = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608  one of `_TAKEN`
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


# -- accounts ----------------------------------------------------------------------------------


def _members(source: _Source) -> list[Member]:
    """Each account once: a copy of it has the same tokens, or older ones."""
    rows = [row for row in source.rows["accounts"] if not row.get("delete_requested_at")]
    newest: dict[str, Member] = {}
    for member in source.good("account", rows, lambda row: _member(source, row)):
        known = newest.setdefault(member.account.id, member)
        if known is not member:
            newest[member.account.id] = max(known, member, key=lambda m: m.account.refreshed_at)
            name = member.account.identity.email
            source.remarks.append(Line("account", name, "left out", "an older copy of the account"))
    return list(newest.values())


def _member(source: _Source, row: Row) -> Member:
    who, credential = _signed_in(source, row)
    source.ids[str(row.get("id"))] = local_id(who)
    state = _ENDED.get(str(row.get("status")), "active")
    account = Account(
        id=local_id(who),
        identity=replace(who, plan=word(row.get("plan_type")) or who.plan),
        state=state,
        state_reason=None if state == "active" else _text(row, "deactivation_reason"),
        created_at=_at(row, "created_at") or source.now,
        refreshed_at=credential.refreshed_at,
        access_expires_at=credential.expires_at,
        alias=_text(row, "alias"),
        priority=next((p for p in _PRIORITIES if p == row.get("routing_policy")), "normal"),
    )
    return Member(account, credential)


def _signed_in(source: _Source, row: Row) -> tuple[Identity, Credential]:
    """Read as an `auth.json` of the same tokens, so that it is known again when one comes."""
    tokens = {f"{kind}_token": _opened(source, row, kind) for kind in ("id", "access", "refresh")}
    refreshed_at = datetime.fromtimestamp(_at(row, "last_refresh") or source.now, UTC)
    document = {
        "tokens": tokens | {"account_id": row.get("chatgpt_account_id")},
        "last_refresh": refreshed_at.isoformat(),
    }
    try:
        return identity.parse(json.dumps(document).encode(), now=source.now)
    except InvalidAuthJson as refusal:
        raise _UnfitError(refusal.message) from None


def _opened(source: _Source, row: Row, kind: str) -> str:
    sealed = row.get(f"{kind}_token_encrypted") or b""
    try:
        return source.sealed.open(sealed.encode() if isinstance(sealed, str) else sealed)
    except StoreError:
        raise _UnfitError(f"its {kind} token cannot be opened with the key there") from None


# -- API keys ----------------------------------------------------------------------------------


def _keys(source: _Source) -> list[ApiKey]:
    accounts, rules = defaultdict(list), defaultdict(list)
    for row in source.rows["api_key_accounts"]:
        account_id = str(row.get("account_id"))
        accounts[row.get("api_key_id")].append(source.ids.get(account_id, account_id))
    for row in source.rows["api_key_limits"]:
        rules[row.get("api_key_id")].append(row)
    return source.good(
        "api key",
        source.rows["api_keys"],
        lambda row: _key(source, row, accounts[row.get("id")], rules[row.get("id")]),
    )


def _key(source: _Source, row: Row, assigned: list[str], rules: list[Row]) -> ApiKey:
    is_confined = bool(row.get("account_assignment_scope_enabled", assigned))
    if is_confined and not assigned:
        raise _UnfitError("it may use no account at all, which cannot be said here")
    terms = Terms(
        name=_text(row, "name") or "",
        allowed_models=_words(row, "allowed_models"),
        allowed_efforts=_words(row, "allowed_reasoning_efforts"),
        assigned_accounts=tuple(assigned) if is_confined else (),
        enforced_model=_text(row, "enforced_model"),
        enforced_effort=_text(row, "enforced_reasoning_effort"),
        enforced_tier=_text(row, "enforced_service_tier"),
        shows_hidden=bool(row.get("apply_to_codex_model")),
        expires_at=_at(row, "expires_at"),
        is_active=bool(row.get("is_active", True)),
    )
    return ApiKey(
        id=str(row.get("id")),
        prefix=_text(row, "key_prefix") or "",
        hash=_text(row, "key_hash") or "",
        terms=keys.tidied(terms),
        created_at=_at(row, "created_at") or source.now,
        last_used_at=_at(row, "last_used_at"),
        limits=tuple(limit for rule in rules if (limit := _limit(source, terms.name, rule))),
    )


def _limit(source: _Source, key: str, row: Row) -> Limit | None:
    kind: Any = row.get("limit_type")
    window: Any = row.get("limit_window")
    if kind not in get_args(limits.Kind) or window not in get_args(limits.Window):
        unknown = f"limit {kind} {window} of {key}"
        source.remarks.append(Line("api key", unknown, "left out", "unknown here"))
        return None
    rule = Rule(kind, window, int(row.get("max_value") or 0), _text(row, "model_filter"))
    latest = limits.first_reset(window, source.now)  # nothing counts before a window begins
    resets_at = min(_at(row, "reset_at") or latest, latest)
    return Limit(0, rule, int(row.get("current_value") or 0), 0, resets_at)


# -- the rest ----------------------------------------------------------------------------------


def _settings(source: _Source) -> dict[str, Any]:
    """Their columns have our names, in lower case."""
    row = dict(next(iter(source.rows["dashboard_settings"]), {}))
    usual = operator_settings.as_json(operator_settings.read(None))
    taken: dict[str, Any] = {"version": 1}
    for name in sorted(usual, key=lambda name: name != "singleAccountId"):  # a strategy needs it
        value = row.pop(re.sub(r"(?=[A-Z])", "_", name).lower(), None)
        if name == "singleAccountId":
            value = source.ids.get(str(value))
        if value is None or name == "version":
            continue
        try:
            value = bool(value) if isinstance(usual[name], bool) else value
            operator_settings.read(taken | {name: value})
            taken[name] = value
        except ValueError as error:
            source.remarks.append(Line("setting", name, "left out", str(error)))
    if unknown := ", ".join(sorted(row.keys() - {"id"})):
        source.remarks.append(Line("setting", unknown, "left out", "unknown here"))
    return taken


def _firewall(source: _Source) -> list[Entry]:
    def entry(row: Row) -> Entry:
        network = parse(str(row.get("ip_address")))
        if network is None:
            raise _UnfitError("an entry is no address")
        return Entry(network, _at(row, "created_at") or source.now)

    return source.good("address list", source.rows["api_firewall_allowlist"], entry)


# -- values ------------------------------------------------------------------------------------


def _text(row: Row, name: str) -> str | None:
    """In one line of what can be printed."""
    value = row.get(name)
    found = value if isinstance(value, str) else ""
    return tidy("".join(letter for letter in found if letter.isprintable())).strip() or None


def _words(row: Row, name: str) -> tuple[str, ...]:
    """Of a JSON list. An unreadable one must not come to allow everything."""
    try:
        found = json.loads(row.get(name) or "[]")
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _UnfitError(f"its {name} cannot be read")
    return tuple(found)


def _at(row: Row, name: str) -> float | None:
    """Unix seconds, of a date in UTC or a number. Raises `_UnfitError`."""
    value = row.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, str):
            read_ = datetime.fromisoformat(value)
            value = (read_ if read_.tzinfo else read_.replace(tzinfo=UTC)).timestamp()
        at = float(value)
    except (ValueError, TypeError):
        at = -1.0
    if not 0 <= at < keys.END_OF_TIME:
        raise _UnfitError(f"its {name} is no time")
    return at
