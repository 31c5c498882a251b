"""A control plane over a pool in memory, called from this machine or from another one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from tests.dashboard.builders import NOW, AuthFile, FakeAccounts, FakeHistory, FakeSettings, caller

from codex_lb.store import Store


@pytest.fixture
def accounts() -> FakeAccounts:
    return FakeAccounts()


@pytest.fixture
def history() -> FakeHistory:
    return FakeHistory()


@pytest.fixture
def settings() -> FakeSettings:
    return FakeSettings()


@pytest.fixture
def auth_file() -> AuthFile:
    return AuthFile()


@pytest.fixture
def client(
    accounts: FakeAccounts, history: FakeHistory, settings: FakeSettings
) -> httpx2.AsyncClient:
    """A program on this machine, such as curl."""
    return caller(accounts, peer="127.0.0.1", history=history, settings=settings)


@pytest.fixture
def remote(accounts: FakeAccounts) -> httpx2.AsyncClient:
    """A program on another machine."""
    return caller(accounts, peer="192.0.2.7")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    data = tmp_path / "data"
    opened = await Store.open(None, data, data / "encryption.key", clock=lambda: NOW)
    yield opened
    await opened.close()


@pytest.fixture
def log_lines() -> Iterator[list[Any]]:
    """What is logged, line by line."""
    with structlog.testing.capture_logs() as lines:
        yield lines
