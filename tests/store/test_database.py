"""Database addresses as people write them, and faults as drivers raise them."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from codex_lb.store import Store, StoreError
from codex_lb.store.addresses import parse_url
from codex_lb.store.faults import is_rows_fault, plain

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(None, "sqlite:////data/store.db", id="none is SQLite"),
        pytest.param("sqlite:////srv/x.db", "sqlite:////srv/x.db", id="an SQLite file"),
        pytest.param("sqlite+aiosqlite:///x.db", "sqlite:///x.db", id="as others write it"),
        pytest.param(
            "postgres://u:p%40@h:5433/db", "postgresql+asyncpg://u:p%40@h:5433/db", id="postgres"
        ),
        pytest.param("postgresql://h/db", "postgresql+asyncpg://h/db", id="postgresql"),
        pytest.param(
            "postgresql+asyncpg://h/db", "postgresql+asyncpg://h/db", id="with its driver"
        ),
        pytest.param(
            "postgresql://h/db?sslmode=require&host=%2Ftmp",
            "postgresql+asyncpg://h/db?host=%2Ftmp&ssl=require",
            id="libpq's sslmode",
        ),
    ],
)
def test_parse_url(url: str | None, expected: str) -> None:
    parsed = parse_url(url, Path("/data/store.db"))
    assert parsed.render_as_string(hide_password=False) == expected


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        pytest.param("mysql://u:hunter2@h/db", "'mysql' are not supported", id="another database"),
        pytest.param("hunter2", "cannot be read", id="no URL at all"),
        pytest.param("postgresql://u:hunter2@h:port/db", "cannot be read", id="a bad port"),
        pytest.param("postgresql://h/db?color=red&x=1", "here: color, x", id="options of others"),
        pytest.param("sqlite:////srv/x.db?mode=ro", "here: mode", id="options of SQLite"),
        pytest.param("sqlite://", "must be a file", id="SQLite in memory"),
    ],
)
def test_what_is_no_address_of_ours(url: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint) as refusal:
        parse_url(url, Path("/data/store.db"))
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql://u:hunter2@127.0.0.1:1/db", id="nobody listens"),
        pytest.param("postgresql://u:hunter2@/missing?host={socket}", id="no such database"),
    ],
)
async def test_a_server_that_does_not_answer_is_a_store_error(
    tmp_path: Path, postgres_socket: Path, url: str
) -> None:
    with pytest.raises(StoreError, match="database cannot be opened: ") as refusal:
        await Store.open(
            url.format(socket=postgres_socket), tmp_path, tmp_path / "key", clock=lambda: NOW
        )
    assert "hunter2" not in str(refusal.value)
    assert names(tmp_path) == []


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class Refusal(Exception):  # noqa: N818  stands for a driver's exception
    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(OverflowError("too large"), True, id="a number too large"),
        pytest.param(UnicodeEncodeError("utf-8", "", 0, 1, ""), True, id="text that is none"),
        pytest.param(IntegrityError("SQL", {}, Refusal("null")), True, id="a broken constraint"),
        pytest.param(DataError("SQL", {}, Refusal("bad")), True, id="bad data"),
        pytest.param(Refusal("bad", "22003"), True, id="bad data by its SQLSTATE"),
        pytest.param(OperationalError("SQL", {}, Refusal("disk full", "53100")), False, id="full"),
        pytest.param(OperationalError("SQL", {}, Refusal("locked")), False, id="locked"),
        pytest.param(Refusal("restarting", "57P01"), False, id="restarting"),
        pytest.param(ConnectionRefusedError(), False, id="unreachable"),
    ],
)
def test_whose_fault_it_is(error: Exception, expected: bool) -> None:
    assert is_rows_fault(error) == expected


def test_a_fault_is_told_without_its_statement() -> None:
    error = OperationalError("INSERT secret", {}, Refusal("disk full"))
    assert plain(error) == "disk full"
    assert plain(ConnectionRefusedError()) == "ConnectionRefusedError"
