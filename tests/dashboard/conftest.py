"""A control plane over a pool in memory, called from this machine or from another one."""

import httpx2
import pytest
from tests.dashboard.builders import AuthFile, FakeAccounts, caller


@pytest.fixture
def accounts() -> FakeAccounts:
    return FakeAccounts()


@pytest.fixture
def auth_file() -> AuthFile:
    return AuthFile()


@pytest.fixture
def client(accounts: FakeAccounts) -> httpx2.AsyncClient:
    """A program on this machine, such as curl."""
    return caller(accounts, peer="127.0.0.1")


@pytest.fixture
def remote(accounts: FakeAccounts) -> httpx2.AsyncClient:
    """A program on another machine."""
    return caller(accounts, peer="192.0.2.7")
