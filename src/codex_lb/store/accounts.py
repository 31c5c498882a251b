"""The pool as rows: accounts, their sealed credentials, what upstream says of them, and blocks."""

import hmac
from collections.abc import Collection, Sequence
from dataclasses import asdict

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, true, update

from codex_lb.core.model import (
    Account,
    AccountState,
    Block,
    Credential,
    Credits,
    ExtraLimit,
    Identity,
    QuotaWindow,
)
from codex_lb.store.database import to_json, upsert
from codex_lb.store.errors import StateConflict
from codex_lb.store.schema import (
    accounts,
    affinities,
    blocks,
    credentials,
    quota_windows,
    refresh_claims,
)
from codex_lb.store.secrets import Keyring


def all_accounts(connection: Connection) -> list[Account]:
    """In the order in which they were added."""
    return _read(connection, true())


def one(connection: Connection, account_id: str) -> Account | None:
    return next(iter(_read(connection, accounts.c.id == account_id)), None)


def _read(connection: Connection, chosen: ColumnElement[bool]) -> list[Account]:
    mine = select(accounts.c.id).where(chosen)
    windows: dict[str, list[QuotaWindow]] = {}
    for row in connection.execute(
        select(quota_windows)
        .where(quota_windows.c.account_id.in_(mine))
        .order_by(quota_windows.c.minutes)
    ):
        windows.setdefault(row.account_id, []).append(
            QuotaWindow(row.minutes, row.used, row.resets_at, row.measured_at, row.source)
        )
    barred: dict[str, list[Block]] = {}
    for row in connection.execute(
        select(blocks).where(blocks.c.account_id.in_(mine)).order_by(blocks.c.kind, blocks.c.model)
    ):
        barred.setdefault(row.account_id, []).append(
            Block(row.kind, row.since, row.until, row.reason, row.model or None, row.is_told)
        )
    rows = connection.execute(
        select(accounts).where(chosen).order_by(accounts.c.created_at, accounts.c.id)
    )
    return [
        _account(row, tuple(windows.get(row.id, ())), tuple(barred.get(row.id, ()))) for row in rows
    ]


def _account(
    row: Row[tuple[object, ...]], windows: tuple[QuotaWindow, ...], barred: tuple[Block, ...]
) -> Account:
    return Account(
        id=row.id,
        identity=Identity(
            chatgpt_account_id=row.chatgpt_account_id,
            chatgpt_user_id=row.chatgpt_user_id,
            email=row.email,
            plan=row.plan,
            workspace_id=row.workspace_id,
            workspace_label=row.workspace_label,
            seat_type=row.seat_type,
        ),
        state=row.state,
        state_reason=row.state_reason,
        created_at=row.created_at,
        refreshed_at=row.refreshed_at,
        access_expires_at=row.access_expires_at,
        windows=windows,
        blocks=barred,
        credits=msgspec.json.decode(row.credits, type=Credits) if row.credits else None,
        extras=msgspec.json.decode(row.extras, type=tuple[ExtraLimit, ...]) if row.extras else (),
        reset_credits=row.reset_credits,
        alias=row.alias,
        priority=row.priority,
    )


def credential(connection: Connection, keys: Keyring, account_id: str) -> Credential | None:
    query = (
        select(credentials, accounts.c.access_expires_at, accounts.c.refreshed_at)
        .join(accounts)
        .where(accounts.c.id == account_id)
    )
    row = (connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Credential(
        access_token=keys.open(row.access_token),
        refresh_token=keys.open(row.refresh_token),
        id_token=keys.open(row.id_token),
        expires_at=row.access_expires_at,
        refreshed_at=row.refreshed_at,
    )


def put(
    connection: Connection,
    keys: Keyring,
    account_id: str,
    identity: Identity,
    new: Credential,
    *,
    now: float,
) -> tuple[Account, bool]:
    """Add the account, or replace its credential and what the token says of it.

    Returns the account and whether it was there before. Signing in again ends every state but
    `paused`, and every block for want of a good login.
    """
    said = asdict(identity) | {
        "refreshed_at": new.refreshed_at,
        "access_expires_at": new.expires_at,
    }
    added = said | {"id": account_id, "state": "active", "created_at": now}
    adding = upsert(connection.dialect.name, accounts).values(added).on_conflict_do_nothing()
    is_new = connection.execute(adding).rowcount > 0
    if is_new:
        row = _sealed(keys, new) | {"account_id": account_id}
        connection.execute(insert(credentials).values(row))
    else:
        _replace(connection, keys, account_id, said, new)
    (account,) = _read(connection, accounts.c.id == account_id)
    return account, not is_new


def _replace(
    connection: Connection,
    keys: Keyring,
    account_id: str,
    said: dict[str, object],
    new: Credential,
) -> None:
    state = "paused" if lock(connection, account_id) == "paused" else "active"
    said = said | {"state": state, "state_reason": None}
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(said))
    _put_tokens(connection, keys, account_id, new)
    connection.execute(
        delete(blocks).where(blocks.c.account_id == account_id, blocks.c.kind == "login")
    )


def replace_credential(
    connection: Connection,
    keys: Keyring,
    account_id: str,
    *,
    expected_refresh_token: str,
    new: Credential,
) -> bool:
    """False, and nothing changed, if the account is gone or its refresh token is another."""
    lock(connection, account_id)
    stored = credential(connection, keys, account_id)
    if stored is None or not hmac.compare_digest(
        stored.refresh_token.encode(), expected_refresh_token.encode()
    ):
        return False
    _put_tokens(connection, keys, account_id, new)
    connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(refreshed_at=new.refreshed_at, access_expires_at=new.expires_at)
    )
    return True


def _put_tokens(connection: Connection, keys: Keyring, account_id: str, new: Credential) -> None:
    """What a process was still asking the login host of the old ones is settled by that."""
    connection.execute(
        update(credentials).where(credentials.c.account_id == account_id).values(_sealed(keys, new))
    )
    connection.execute(delete(refresh_claims).where(refresh_claims.c.account_id == account_id))


def set_state(
    connection: Connection,
    account_id: str,
    state: AccountState,
    *,
    reason: str | None,
    allowed_from: Collection[AccountState],
    login_at: float | None = None,
) -> Account | None:
    """The account as it is then, or None if there is none. Raises `StateConflict`.

    With `login_at` it is said of the login of that time: another one stays as it is.
    """
    current = lock(connection, account_id)
    if current is not None and current not in allowed_from:
        raise StateConflict(current)
    meant = [accounts.c.id == account_id]
    if login_at is not None:
        meant.append(accounts.c.refreshed_at == login_at)
    connection.execute(update(accounts).where(*meant).values(state=state, state_reason=reason))
    return one(connection, account_id)


def adjust(connection: Connection, account_id: str, **wishes: str | None) -> Account | None:
    """Set columns that only the operator has a say in. None if there is no such account."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(wishes))
    return one(connection, account_id)


def place(connection: Connection, account: Account) -> None:
    """Make the one of the same id like `account`, but for its identity and credential."""
    columns = {name: getattr(account, name) for name in _OWN}
    connection.execute(update(accounts).where(accounts.c.id == account.id).values(columns))
    put_readings(connection, account)
    put_blocks(connection, account.id, account.blocks)


def remove(connection: Connection, account_id: str) -> bool:
    """Delete the account and all that hangs on it, but not its request rows."""
    connection.execute(delete(affinities).where(affinities.c.account_id == account_id))
    result = connection.execute(delete(accounts).where(accounts.c.id == account_id))
    return result.rowcount > 0


def put_blocks(connection: Connection, account_id: str, given: Sequence[Block]) -> None:
    if lock(connection, account_id) is None:
        return
    connection.execute(delete(blocks).where(blocks.c.account_id == account_id))
    latest = {(b.kind, b.model): b for b in sorted(given, key=lambda block: block.until)}
    rows = [
        asdict(block) | {"account_id": account_id, "model": block.model or ""}
        for block in latest.values()
    ]
    if rows:
        connection.execute(insert(blocks), rows)


def put_readings(connection: Connection, account: Account) -> None:
    if lock(connection, account.id) is None:
        return
    read = {
        "plan": account.identity.plan,
        "credits": to_json(account.credits) if account.credits else None,
        "extras": to_json(account.extras) if account.extras else None,
        "reset_credits": account.reset_credits,
    }
    connection.execute(update(accounts).where(accounts.c.id == account.id).values(read))
    connection.execute(delete(quota_windows).where(quota_windows.c.account_id == account.id))
    latest = {w.minutes: w for w in sorted(account.windows, key=lambda window: window.measured_at)}
    rows = [asdict(window) | {"account_id": account.id} for window in latest.values()]
    if rows:
        connection.execute(insert(quota_windows), rows)


def still_there(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are accounts, and stay so until the transaction ends."""
    query = select(accounts.c.id).where(accounts.c.id.in_(ids)).order_by(accounts.c.id)
    return set(connection.scalars(query.with_for_update(read=True, key_share=True)))


def reseal(connection: Connection, keys: Keyring) -> int:
    """Seal every credential anew with the first key; how many there were."""
    count = 0
    for row in (connection.execute(select(credentials).with_for_update())).all():
        opened = {name: keys.open(getattr(row, name)) for name in _TOKENS}
        connection.execute(
            update(credentials)
            .where(credentials.c.account_id == row.account_id)
            .values({name: keys.seal(token) for name, token in opened.items()})
        )
        count += 1
    return count


def lock(connection: Connection, account_id: str) -> AccountState | None:
    """The state of the account, which nobody else changes until the transaction ends."""
    query = select(accounts.c.state).where(accounts.c.id == account_id).with_for_update()
    state: AccountState | None = connection.scalar(query)
    return state


_OWN = ("state", "state_reason", "created_at", "alias", "priority")
_TOKENS = ("access_token", "refresh_token", "id_token")


def _sealed(keys: Keyring, new: Credential) -> dict[str, bytes]:
    return {name: keys.seal(getattr(new, name)) for name in _TOKENS}
