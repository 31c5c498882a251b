"""One suite for both databases: every test that asks for a store runs on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from codex_lb.store import Store

NOW = 1_800_000_000.0


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
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
