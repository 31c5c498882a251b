"""What proves the operator, sessions and the audit log, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.store.conftest import NOW

from codex_lb.core import operator
from codex_lb.core.operator import Login, Session
from codex_lb.store import Store
from codex_lb.store.operators import EVERY, AuditEntry, SessionOverError, Step

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
LOGIN = Login("$argon2id$hash", SECRET, 7, ("recovery-one", "recovery-two"), requires_code=True)
SESSION = Session("h1", NOW, NOW, owes_code=False, client_ip="192.0.2.1", user_agent="curl/8")
AT = 1_111_111_109  # whose code is 081804, says RFC 6238


async def put(store: Store, step: Step) -> None:
    await store.operators.act(lambda _: step)


async def test_at_first_there_is_neither_proof_nor_session(store: Store) -> None:
    assert await store.operators.state(NOW) == (Login(), [])


async def test_proof_and_sessions_are_read_back(store: Store) -> None:
    later = replace(SESSION, id_hash="h2", created_at=NOW + 1)
    await put(store, Step(LOGIN, opens=SESSION))
    await put(store, Step(opens=later))
    assert await store.operators.state(NOW) == (LOGIN, [later, SESSION])


async def test_no_copy_of_the_database_shows_the_proof(store: Store) -> None:
    await put(store, Step(LOGIN))
    rows = await store._read(lambda c: c.execute(text("SELECT value FROM settings")).all())  # noqa: SLF001  what is on disk
    assert not any(secret in str(rows) for secret in ("argon2id", SECRET, *LOGIN.recovery))


@pytest.mark.parametrize(
    ("ends", "left"),
    [(None, ["h1", "h2"]), ("h1", ["h2"]), ("nobody", ["h1", "h2"]), (EVERY, [])],
)
async def test_sessions_end_one_by_one_or_all(
    store: Store, ends: str | None, left: list[str]
) -> None:
    for number in (1, 2):
        await put(store, Step(opens=replace(SESSION, id_hash=f"h{number}")))
    await put(store, Step(ends=ends))
    _, sessions = await store.operators.state(NOW)
    assert sorted(session.id_hash for session in sessions) == left


async def test_sessions_over_by_themselves_are_not_told(store: Store) -> None:
    await put(store, Step(opens=SESSION))
    await put(store, Step(opens=replace(SESSION, id_hash="idle", seen_at=NOW - operator.IDLE_S)))
    assert [s.id_hash for s in (await store.operators.state(NOW))[1]] == ["h1"]
    await store.operators.touch("h1", NOW + 50)
    assert (await store.operators.state(NOW + operator.IDLE_S))[1][0].seen_at == NOW + 50


async def test_nothing_happens_if_the_decision_fails(store: Store) -> None:
    await put(store, Step(LOGIN))

    def decide(_: Login) -> Step:
        raise LookupError

    with pytest.raises(LookupError):
        await store.operators.act(decide)
    assert await store.operators.state(NOW) == (LOGIN, [])


async def test_a_session_that_is_over_changes_nothing_any_more(store: Store) -> None:
    await put(store, Step(LOGIN, opens=SESSION))
    await put(store, Step(ends="h1"))
    with pytest.raises(SessionOverError):
        await put(store, Step(Login(), opens=replace(SESSION, id_hash="h2"), by="h1"))
    assert await store.operators.state(NOW) == (LOGIN, [])


async def test_of_ten_who_show_the_same_code_at_once_one_gets_in(
    open_store: Callable[[], Awaitable[Store]], database_url: str | None
) -> None:
    first = await open_store()
    second = await open_store() if database_url else first
    await put(first, Step(replace(LOGIN, last_step=0)))

    def decide(login: Login) -> Step:
        taken = operator.taken(login, "081804", AT)
        if taken is None:
            raise LookupError
        return Step(taken)

    tries = [(first, second)[number % 2].operators.act(decide) for number in range(10)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Step) for outcome in outcomes) == 1


async def test_the_first_password_is_set_once(store: Store) -> None:
    def decide(login: Login) -> Step:
        if login.password_hash is not None:
            raise LookupError
        return Step(Login("hash"))

    tries = [store.operators.act(decide) for _ in range(5)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Step) for outcome in outcomes) == 1


async def test_notes_come_newest_first_and_by_page(store: Store) -> None:
    for number in range(5):
        action = "log_in" if number % 2 else "update_settings"
        detail: dict[str, object] | None = {"n": number} if number else None
        await store.operators.note(AuditEntry(NOW + number, "session", "::1", action, "x", detail))
    notes = await store.operators.notes(limit=2, offset=1)
    assert [(note.entry.at, note.entry.detail) for note in notes] == [
        (NOW + 3, {"n": 3}),
        (NOW + 2, {"n": 2}),
    ]
    logins = await store.operators.notes(limit=9, action="log_in")
    assert [note.entry.at for note in logins] == [NOW + 3, NOW + 1]


async def test_what_callers_say_of_themselves_is_bounded(store: Store) -> None:
    agent = "a\0" * 5_000
    await put(store, Step(opens=replace(SESSION, user_agent=agent)))
    await store.operators.note(AuditEntry(NOW, "session", None, "x", "\ud800" * 9_999))
    (session,) = (await store.operators.state(NOW))[1]
    (note,) = await store.operators.notes(limit=1)
    assert len(session.user_agent or "") == len(note.entry.target or "") == 1_000


async def test_old_notes_and_dead_sessions_are_pruned(store: Store) -> None:
    await put(store, Step(opens=SESSION))
    for at in (NOW - 10, NOW):
        await store.operators.note(AuditEntry(at, "token", None, "x"))
    await store.operators.prune(notes_before=NOW, now=NOW + operator.IDLE_S)
    assert [note.entry.at for note in await store.operators.notes(limit=9)] == [NOW]
    rows = await store._read(lambda c: c.execute(text("SELECT * FROM operator_sessions")).all())  # noqa: SLF001  what is on disk
    assert rows == []
