"""Say whether the store is sound: file, references, schema, keys, and every secret in it.

It only reads, so it may be asked beside a server that runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from codex_lb.store import accounts, opening, operators
from codex_lb.store.addresses import connect, parse_url
from codex_lb.store.errors import StoreError
from codex_lb.store.faults import plain
from codex_lb.store.schema import credentials
from codex_lb.store.secrets import Keyring, read_key_file


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    fault: str | None  # a sentence; None: it is well


async def check(database_url: str | None, data_dir: Path, key_file: Path) -> list[Finding]:
    """Raises `StoreError` if there is no store, or it cannot be opened at all."""
    url = parse_url(database_url, data_dir / "store.db")
    if url.get_backend_name() == "sqlite":
        require_file(Path(url.database or ""))
    keys = read_key_file(key_file)
    database = connect(url)
    try:
        return await database.read(partial(findings, keys=keys, key_file=key_file))
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the database cannot be opened: {plain(error)}") from error
    finally:
        await database.dispose()


def require_file(store: Path) -> None:
    """Raises `StoreError`."""
    if not store.is_file():
        raise StoreError(f"there is no store at {store}")


def findings(connection: Connection, keys: Keyring | None, key_file: Path) -> list[Finding]:
    steps: list[tuple[str, Callable[[], str | None]]] = [
        ("schema", lambda: _schema(connection)),
        ("keys", lambda: opening.require_keys(connection, keys, key_file)),
    ]
    if keys is not None:
        steps += [
            ("secrets of accounts", lambda: _secrets(connection, keys)),
            ("secrets of the operator", lambda: _proof(connection, keys)),
        ]
    if connection.dialect.name == "sqlite":
        steps[:0] = [
            ("file", lambda: _pragma(connection, "integrity_check", "ok")),
            ("references", lambda: _pragma(connection, "foreign_key_check", None)),
        ]
    return [Finding(what, _judged(step)) for what, step in steps]


def _judged(step: Callable[[], str | None]) -> str | None:
    try:
        return step()
    except (StoreError, msgspec.MsgspecError) as error:
        return str(error)
    except SQLAlchemyError as error:
        return plain(error)


def _pragma(connection: Connection, name: str, good: str | None) -> str | None:
    rows = connection.exec_driver_sql(f"PRAGMA {name}").all()
    bad = [" ".join(map(str, row)) for row in rows if row[0] != good]
    return f"{len(bad)} faults, the first: {bad[0]}" if bad else None


def _schema(connection: Connection) -> str | None:
    found = opening.version(connection)
    if found == opening.HEAD:
        return None
    return f"at {found or 'none'}; the next start brings it to {opening.HEAD}"


def _secrets(connection: Connection, keys: Keyring) -> str | None:
    shut = []
    for id_ in connection.scalars(select(credentials.c.account_id)).all():
        try:
            accounts.credential(connection, keys, id_)
        except StoreError:
            shut.append(id_)
    return f"none of the keys opens those of {', '.join(shut)}" if shut else None


def _proof(connection: Connection, keys: Keyring) -> None:
    operators.proof(connection, keys)
