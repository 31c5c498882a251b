"""Decide what a bundle from another house changes in this one.

1. An account of the same identity is signed in anew, never doubled. It keeps its name and settings.
2. A sign-in that is newer here stays, because every renewal spends the refresh token before it; so a
   bundle that is read twice changes nothing the second time.
3. A sign-in that has ended or is in doubt there never replaces one.
4. A key is the same by its id or by its hash. What the bundle says of it holds; but no counter goes
   back: of two windows the later one counts, of the same window the larger use.
5. Settings of the bundle replace those here, as far as they are known here. But no door is opened:
   a key that everybody needs stays needed, and an address list is not replaced by none.
6. Requests are added if their id is not here.
7. A record that cannot be right is named, and nothing is made of it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codex_lb.core import keys, operator_settings
from codex_lb.core.bundle import Bundle, Fate, Line, Member, Row
from codex_lb.core.firewall import Entry, parse
from codex_lb.core.identity import is_sendable, local_id
from codex_lb.core.keys import ApiKey, InvalidKeyError
from codex_lb.core.limits import Limit

_HASH = re.compile(r"[0-9a-f]{64}")
_LARGEST = 2**63 - 1  # that a database can hold


@dataclass(frozen=True, slots=True)
class Here:
    """What is there where the bundle arrives."""

    members: Mapping[str, Member]  # by account id
    keys: Sequence[ApiKey]
    settings: object  # as stored
    firewall: Sequence[Entry]
    rows: Collection[str]  # ids, at least of those rows of the bundle that are here


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written, and a line on each record, also on those that stay as they are."""

    lines: Sequence[Line]
    members: Sequence[Member]  # new, or with a credential that replaces the one here
    keys: Sequence[ApiKey]  # as they are to be, by their ids here
    settings: operator_settings.OperatorSettings | None  # None: as they are
    firewall: Sequence[Entry] | None  # None: as it is
    rows: Sequence[Row]

    @property
    def invalid(self) -> list[Line]:
        return [line for line in self.lines if line.fate == "invalid"]


def plan(bundle: Bundle, here: Here) -> Plan:
    lines = list(bundle.remarks)
    members = _members(bundle.members, here.members, lines)
    planned_keys = _keys(bundle.keys, here.keys, lines)
    ids = {*here.members, *(member.account.id for member in members)}
    settings = _settings(bundle.settings, here.settings, ids, lines)
    firewall = _firewall(bundle.firewall, here.firewall, lines)
    return Plan(
        lines, members, planned_keys, settings, firewall, _rows(bundle.rows, here.rows, lines)
    )


# -- accounts ----------------------------------------------------------------------------------


def _members(
    given: Sequence[Member], here: Mapping[str, Member], lines: list[Line]
) -> list[Member]:
    wanted: dict[str, Member] = {}
    for member in given:
        id_ = member.account.id
        line = _member(member, here.get(id_), is_second=id_ in wanted)
        lines.append(line)
        if line.fate in ("new", "replaces"):
            wanted[id_] = member
    return list(wanted.values())


def _member(member: Member, known: Member | None, *, is_second: bool) -> Line:
    account = member.account
    name = account.alias or account.identity.email
    if is_second:
        return Line("account", name, "invalid", "it is in the bundle twice")
    if local_id(account.identity) != account.id:
        return Line("account", name, "invalid", "its id is not that of its identity")
    if not is_sendable(account.identity, member.credential):
        return Line("account", name, "invalid", "its tokens have characters that no token has")
    if known is None:
        return Line("account", name, "new", _state(member))
    if known.credential.refresh_token == member.credential.refresh_token:
        return Line("account", name, "unchanged")
    if not member.is_good:
        return Line("account", name, "unchanged", f"there it {_state(member)}")
    if known.is_good and known.credential.refreshed_at >= member.credential.refreshed_at:
        return Line("account", name, "unchanged", "the sign-in here is newer")
    return Line("account", name, "replaces", "the sign-in here")


def _state(member: Member) -> str:
    if member.in_doubt:
        return "needs a new sign-in soon: a renewal of its login was interrupted"
    return {
        "active": "",
        "paused": "is paused",
        "reauth_required": "needs a new sign-in",
        "deactivated": "was deactivated by ChatGPT",
    }[member.account.state]


# -- API keys ----------------------------------------------------------------------------------


def _keys(given: Sequence[ApiKey], here: Sequence[ApiKey], lines: list[Line]) -> list[ApiKey]:
    wanted: list[ApiKey] = []
    for key in given:
        line, placed = _key(key, here, wanted)
        lines.append(line)
        if line.fate in ("new", "replaces"):
            wanted.append(placed)
    return wanted


def _key(key: ApiKey, here: Sequence[ApiKey], before: Sequence[ApiKey]) -> tuple[Line, ApiKey]:
    """The line, and the key as it is to be."""
    name = f"{key.terms.name} ({key.prefix})"
    fault = _key_fault(key)
    known = [each for each in here if each.id == key.id or each.hash == key.hash]
    if any(each.id == key.id or each.hash == key.hash for each in before):
        fault = fault or "it is in the bundle twice"
    elif len(known) > 1:
        fault = fault or "two keys here are it: one has its id, another its secret"
    if fault:
        return Line("api key", name, "invalid", fault), key
    if not known:
        fresh = tuple(replace(limit, id=0, held=0) for limit in key.limits)
        return Line("api key", name, "new"), replace(key, limits=fresh)
    placed = _merged(key, known[0])
    changed = _differences(placed, known[0])
    if not changed:
        return Line("api key", name, "unchanged"), placed
    return Line("api key", name, "replaces", f"its {' and '.join(changed)} here"), placed


def _key_fault(key: ApiKey) -> str | None:
    rules = [limit.rule for limit in key.limits]
    figures = [(limit.used, limit.rule.max_value - 1) for limit in key.limits]
    try:
        keys.check(keys.tidied(key.terms), key.terms.assigned_accounts)
        keys.check_rules(rules)
    except InvalidKeyError as refusal:
        return str(refusal)
    if not _HASH.fullmatch(key.hash) or not key.prefix.isprintable():
        return "it has no hash of a secret"
    if not all(0 <= figure < _LARGEST for pair in figures for figure in pair):
        return "a limit has a figure that cannot be"
    return None


def _merged(key: ApiKey, known: ApiKey) -> ApiKey:
    """`key` in the place of `known`."""
    counted = {limit.rule.place: limit for limit in known.limits}
    return replace(
        key,
        id=known.id,
        created_at=known.created_at,
        last_used_at=max(key.last_used_at or 0.0, known.last_used_at or 0.0) or None,
        mean_output=known.mean_output or key.mean_output,
        limits=tuple(_counted(limit, counted.get(limit.rule.place)) for limit in key.limits),
    )


def _counted(limit: Limit, known: Limit | None) -> Limit:
    if known is None:
        return replace(limit, id=0, held=0)
    later = max(limit, known, key=lambda each: (each.resets_at, each.used))
    return replace(known, rule=limit.rule, used=later.used, resets_at=later.resets_at)


def _differences(key: ApiKey, known: ApiKey) -> list[str]:
    by_place = {limit.rule.place: limit for limit in known.limits}
    pairs = {
        "secret": (key.hash, known.hash),
        "terms": (key.terms, known.terms),
        "limits": ({limit.rule.place: limit for limit in key.limits}, by_place),
    }
    return [word for word, (new, old) in pairs.items() if new != old]


# -- the rest ----------------------------------------------------------------------------------


def _settings(
    given: Mapping[str, Any], stored: object, ids: Collection[str], lines: list[Line]
) -> operator_settings.OperatorSettings | None:
    current = _stored_settings(stored)
    before = operator_settings.as_json(current)
    changed = {
        name: value
        for name, value in given.items()
        if name in before and name != "version" and before[name] != value
        if not (name == "apiKeyAuthEnabled" and before[name])
    }
    if unknown := ", ".join(sorted(set(given) - set(before))):
        lines.append(Line("setting", unknown, "left out", "unknown here"))
    if not changed:
        return None
    try:
        new = operator_settings.read({**before, **changed, "version": current.version + 1})
    except ValueError as error:
        lines.append(Line("setting", ", ".join(changed), "invalid", str(error)))
        return None
    single = new.routing.single_account_id
    if new.routing.strategy == "single_account" and single not in ids:
        lines.append(Line("setting", "singleAccountId", "invalid", "there is no such account"))
        return None
    for name, value in changed.items():
        lines.append(Line("setting", name, "replaces", f"{before[name]} by {value}"))
    return new


def _stored_settings(stored: object) -> operator_settings.OperatorSettings:
    try:
        return operator_settings.read(stored)
    except ValueError:
        return operator_settings.fallback(stored)


def _firewall(
    given: Sequence[Entry], here: Sequence[Entry], lines: list[Line]
) -> Sequence[Entry] | None:
    if bad := [entry.network for entry in given if parse(entry.network) != entry.network]:
        lines.append(Line("address list", ", ".join(bad), "invalid", "these are no addresses"))
        return None
    new = sorted({entry.network for entry in given})
    old = sorted({entry.network for entry in here})
    if not new or new == old:
        return None
    fate: Fate = "replaces" if old else "new"
    lines.append(Line("address list", ", ".join(new), fate, ", ".join(old)))
    return given


def _rows(given: Sequence[Row], here: Collection[str], lines: list[Line]) -> list[Row]:
    new = list({opened.id: (opened, receipt) for opened, receipt in given}.values())
    new = [row for row in new if row[0].id not in here and row[0].id == row[1].id]
    if given:
        known = len(given) - len(new)
        detail = f"{known} more are here already" if known else ""
        fate: Fate = "new" if new else "unchanged"
        lines.append(Line("request log", f"{len(new)} requests", fate, detail))
    return new
