"""Database addresses as people write them, and the database behind one."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from codex_lb.store.database import Database
from codex_lb.store.errors import StoreError
from codex_lb.store.sqlite import SqliteDatabase

_DRIVERS: dict[str, str] = {
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",  # as other programs want it written
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_OPTIONS: dict[str, set[str]] = {
    "sqlite": set(),
    "postgresql": {"host", "port", "ssl", "sslmode"},
}


def parse_url(url: str | None, default_file: Path) -> URL:
    """The address for SQLAlchemy; None means SQLite in `default_file`. Raises `StoreError`."""
    if url is None:
        return URL.create("sqlite", database=str(default_file))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # their text would show the password
        raise StoreError("the database URL cannot be read") from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise StoreError(
            f"databases of kind {parsed.drivername!r} are not supported;"
            " use postgresql:// or sqlite://"
        )
    parsed = parsed.set(drivername=driver)
    kind = parsed.get_backend_name()
    if unknown := ", ".join(sorted(set(parsed.query) - _OPTIONS[kind])):
        raise StoreError(f"the database URL has options that mean nothing here: {unknown}")
    if kind == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("an SQLite database must be a file")
    if "sslmode" in parsed.query:  # libpq's name; asyncpg knows the same values as `ssl`
        mode = parsed.query["sslmode"]
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


def connect(url: URL) -> Database:
    """Pools for `url`; nothing is opened before the first query."""
    if url.get_backend_name() == "postgresql":
        # SQLAlchemy's async half and asyncpg cost an SQLite start a third of its time.
        from codex_lb.store.postgresql import PostgresqlDatabase  # noqa: PLC0415

        return PostgresqlDatabase(url)
    return SqliteDatabase(url)
