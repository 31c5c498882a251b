"""What proves the operator, the sessions that are open, and what operators did.

The proof is one sealed text among the settings. Whatever changes it or the sessions is decided
while its row is locked, so a one-time code is taken once and a session opened by an old password
does not outlive the change.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from codex_lb.core.operator import IDLE_S, Login, Session
from codex_lb.store import preferences
from codex_lb.store.database import to_json, upsert
from codex_lb.store.keys import Run
from codex_lb.store.schema import audit_log, operator_sessions, settings
from codex_lb.store.secrets import Keyring
from codex_lb.store.text import tidy

LOGIN = "login"
EVERY = "*"  # session; no hash looks like it

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of the proof and the sessions, together or not at all."""

    login: Login | None = None  # None: it stays as it is
    ends: str | None = None  # one session's `id_hash`, or `EVERY`
    opens: Session | None = None
    by: str | None = None  # the session that asks; nothing happens if it is over meanwhile


class SessionOverError(Exception):
    """Whoever asks is not signed in any more."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    at: float
    actor: str  # session, token, local, command line, anonymous
    client_ip: str | None
    action: str
    target: str | None = None
    detail: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    id: int
    entry: AuditEntry


class Operators:
    """Each method is one transaction and raises `StoreError` if the database fails."""

    def __init__(self, read: Run, write: Run, write_log: Run, keys: Keyring) -> None:
        self._read = read
        self._write = write
        self._write_log = write_log
        self._keys = keys

    async def state(self, now: float) -> tuple[Login, list[Session]]:
        """The proof, and the sessions in use of late, the newest first."""
        return await self._read(lambda c: (proof(c, self._keys), _sessions(c, now)))

    async def act(self, decide: Callable[[Login], Step]) -> Step:
        """Do what `decide` answers to the proof as it is. What it raises leaves all as it is.

        Raises `SessionOverError` if `by` is over.
        """

        def work(connection: Connection) -> Step:
            _lock(connection)
            step = decide(proof(connection, self._keys))
            _do(connection, self._keys, step)
            return step

        return await self._write(work)

    async def touch(self, id_hash: str, now: float) -> None:
        """The session is in use."""
        seen = update(operator_sessions).where(operator_sessions.c.id_hash == id_hash)
        await self._write_log(lambda c: c.execute(seen.values(seen_at=now)))

    async def note(self, entry: AuditEntry) -> None:
        row = {name: _clean(value) for name, value in asdict(entry).items()}
        await self._write(lambda c: c.execute(insert(audit_log).values(row)))

    async def notes(
        self, *, limit: int, offset: int = 0, action: str | None = None
    ) -> list[AuditRecord]:
        """Newest first."""
        query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit).offset(offset)
        if action is not None:
            query = query.where(audit_log.c.action == action)
        return await self._read(
            lambda c: [_record(dict(row)) for row in c.execute(query).mappings()]
        )

    async def prune(self, *, notes_before: float, now: float) -> None:
        """Delete older notes, and sessions that are over."""
        old = delete(audit_log).where(audit_log.c.at < notes_before)
        over = delete(operator_sessions).where(operator_sessions.c.seen_at <= now - IDLE_S)
        await self._write_log(lambda c: (c.execute(old), c.execute(over)))


def reseal(connection: Connection, keys: Keyring) -> None:
    """Seal the proof with the first key."""
    _lock(connection)
    _put(connection, keys, proof(connection, keys))


def _lock(connection: Connection) -> None:
    """Nobody else changes proof or sessions until the transaction ends."""
    row = {"name": LOGIN, "value": "null"}
    adding = upsert(connection.dialect.name, settings).values(row).on_conflict_do_nothing()
    connection.execute(adding)
    connection.execute(select(settings.c.name).where(settings.c.name == LOGIN).with_for_update())


def proof(connection: Connection, keys: Keyring) -> Login:
    sealed = preferences.read(connection, LOGIN)
    if not isinstance(sealed, str):
        return Login()
    return msgspec.json.decode(keys.open(sealed.encode()), type=Login)


def _put(connection: Connection, keys: Keyring, login: Login) -> None:
    preferences.write(connection, LOGIN, keys.seal(to_json(login)).decode())


def _do(connection: Connection, keys: Keyring, step: Step) -> None:
    is_by = operator_sessions.c.id_hash == step.by
    if step.by is not None and connection.scalar(select(is_by).where(is_by)) is None:
        raise SessionOverError
    if step.login is not None:
        _put(connection, keys, step.login)
    if step.ends == EVERY:
        connection.execute(delete(operator_sessions))
    elif step.ends is not None:
        ended = delete(operator_sessions).where(operator_sessions.c.id_hash == step.ends)
        connection.execute(ended)
    if step.opens is not None:
        row = {name: _clean(value) for name, value in asdict(step.opens).items()}
        connection.execute(insert(operator_sessions).values(row))


def _sessions(connection: Connection, now: float) -> list[Session]:
    query = (
        select(operator_sessions)
        .where(operator_sessions.c.seen_at > now - IDLE_S)
        .order_by(operator_sessions.c.created_at.desc())
    )
    return [Session(**row) for row in connection.execute(query).mappings()]


def _record(row: dict[str, object]) -> AuditRecord:
    id_, detail = row.pop("id"), row.pop("detail")
    return AuditRecord(
        int(str(id_)),
        AuditEntry(**row, detail=msgspec.json.decode(str(detail)) if detail else None),  # type: ignore[arg-type]  # by the table
    )


def _clean(value: object) -> object:
    """As the database can hold it: text from outside tidied, a mapping as JSON."""
    if isinstance(value, dict):
        return to_json(value)
    return tidy(value) if isinstance(value, str) else value
