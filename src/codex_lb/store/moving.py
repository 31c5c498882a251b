"""Take a bundle of what is here, and take one in: each is one transaction.

What becomes of each record is decided in `core/move_plan.py`, of what is here at that moment.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, select

from codex_lb.core import move_plan, operator_settings
from codex_lb.core.bundle import Bundle, BundleError, Line, Member
from codex_lb.core.firewall import Entry
from codex_lb.core.model import AccountEvent, AccountEventKind
from codex_lb.core.move_plan import Here, Plan
from codex_lb.store import accounts, api_keys, preferences, refresh_claims, requests, timeline
from codex_lb.store.keys import Run
from codex_lb.store.schema import requests as request_rows
from codex_lb.store.secrets import Keyring

MOST_ROWS = 100_000  # of the request log in one bundle, the newest: they stand in memory
_BATCH = 500

T = TypeVar("T")


class Moves:
    """Each method is one transaction and raises `StoreError` if the database fails."""

    def __init__(self, read: Run, write: Run, keys: Keyring, instance_id: str) -> None:
        self._read = read
        self._write = write
        self._keys = keys
        self._instance_id = instance_id

    async def pack(self, *, with_history: bool, now: float) -> Bundle:
        most = MOST_ROWS if with_history else 0
        return await self._read(lambda c: packed(c, self._keys, most, now))

    async def foresee(self, bundle: Bundle) -> Plan:
        """What `unpack` would do."""
        return await self._read(lambda c: move_plan.plan(bundle, _here(c, self._keys, bundle)))

    async def unpack(self, bundle: Bundle, *, skip_invalid: bool, now: float) -> Plan:
        """Raises `BundleError`, with nothing written, for invalid records not to be skipped."""

        def work(connection: Connection) -> Plan:
            plan = move_plan.plan(bundle, _here(connection, self._keys, bundle))
            if plan.invalid and not skip_invalid:
                raise _refused(plan.invalid)
            write(connection, self._keys, self._instance_id, plan, now)
            return plan

        return await self._write(work)


def _refused(invalid: Sequence[Line]) -> BundleError:
    first = invalid[0]
    return BundleError(
        f"Nothing was taken in, because {len(invalid)} records cannot be; the first is"
        f" {first.kind} {first.name}: {first.detail}. They can be skipped."
    )


def packed(connection: Connection, keys: Keyring, most_rows: int, now: float) -> Bundle:
    stored = preferences.read(connection, preferences.OPERATOR)
    rows = requests.records(connection, requests.newest(most_rows, None)) if most_rows else []
    return Bundle(
        made_at=now,
        members=list(_members(connection, keys).values()),
        keys=api_keys.every(connection),
        settings=stored if isinstance(stored, dict) else {},
        firewall=_firewall(connection),
        rows=[(row.opened, row.receipt) for row in rows if row.receipt],
    )


def _here(connection: Connection, keys: Keyring, bundle: Bundle) -> Here:
    return Here(
        members=_members(connection, keys),
        keys=api_keys.every(connection),
        settings=preferences.read(connection, preferences.OPERATOR),
        firewall=_firewall(connection),
        rows=_known(connection, [opened.id for opened, _ in bundle.rows]),
    )


def _members(connection: Connection, keys: Keyring) -> dict[str, Member]:
    found = {}
    for account in accounts.all_accounts(connection):
        credential = accounts.credential(connection, keys, account.id)
        if credential is not None:
            token = credential.refresh_token
            in_doubt = refresh_claims.is_claimed(connection, account.id, token)
            found[account.id] = Member(account, credential, in_doubt)
    return found


def _firewall(connection: Connection) -> list[Entry]:
    stored = preferences.read(connection, preferences.FIREWALL)
    return msgspec.convert(stored or [], list[Entry])


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for batch in _batches(ids):
        known.update(
            connection.scalars(select(request_rows.c.id).where(request_rows.c.id.in_(batch)))
        )
    return known


def write(connection: Connection, keys: Keyring, instance_id: str, plan: Plan, now: float) -> None:
    # The log first: what it counts for limits is in the counters that come after it.
    for rows in _batches(plan.rows):
        requests.close(connection, instance_id, rows)
    for member in plan.members:
        _put(connection, keys, member, now)
    for key in plan.keys:
        api_keys.place(connection, key, now=now)
    if plan.settings is not None:
        stored = operator_settings.as_json(plan.settings)
        preferences.write(connection, preferences.OPERATOR, stored)
    if plan.firewall is not None:
        entries = msgspec.to_builtins(plan.firewall)
        preferences.write(connection, preferences.FIREWALL, entries)


def _put(connection: Connection, keys: Keyring, member: Member, now: float) -> None:
    account, id_ = member.account, member.account.id
    _, known = accounts.put(connection, keys, id_, account.identity, member.credential, now=now)
    if not known:
        accounts.place(connection, account)
        if member.in_doubt:
            refresh_claims.put_in_doubt(connection, id_, member.credential.refresh_token)
    kind: AccountEventKind = "signed_in" if known else "added"
    event = AccountEvent(id_, now, kind, "operator", "It came with a bundle.")
    timeline.add(connection, [event])


def _batches(values: Sequence[T]) -> Iterator[list[T]]:
    left = iter(values)
    while batch := list(islice(left, _BATCH)):
        yield batch
