"""The whole program against the simulator. Each module has one service; each test its own pool."""

from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator

# The simulator reports what its accounts have, whatever a script makes them answer, and a report is
# proof. So usage is asked for only where a test is about that.
UNASKED = {"CODEX_LB_USAGE_REFRESH_ENABLED": "false"}

_LOG_TAIL = 12_000  # characters shown when a test fails


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Environment of the service beyond its addresses; a module overrides it to shorten waits."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    sim: Simulator, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A running service; its end must be clean, and its log free of defects and tokens."""
    started = Service(sim, tmp_path_factory.mktemp("service"), UNASKED | settings)
    await started.start()
    try:
        yield started
    finally:
        exit_code = await started.stop()
    assert exit_code == 0, started.log()[-_LOG_TAIL:]
    assert "Traceback" not in started.log()
    assert tokens_in_clear(sim, started.folder) == []


@pytest_asyncio.fixture(loop_scope="module")
async def pool(sim: Simulator, service: Service) -> AsyncIterator[Pool]:
    """An empty pool of accounts, and a record with nothing in it."""
    begun = await Pool.begin(sim, service)
    try:
        yield begun
    finally:
        await begun.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the service's log beside a failure."""
    report = yield
    fixtures: dict[str, Any] = getattr(item, "funcargs", {})
    shown = fixtures.get("service")
    if report.failed and isinstance(shown, Service):
        report.sections.append(("Log of the service", shown.log()[-_LOG_TAIL:]))
    return report


def tokens_in_clear(sim: Simulator, folder: Path) -> list[str]:
    """Files below `folder` that hold a token of any account."""
    secrets = [
        secret.encode()
        for account in sim.accounts
        for secret in (*account.access_tokens, account.refresh_token, *account.used_refresh_tokens)
    ]
    return [
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and any(secret in file.read_bytes() for secret in secrets)
    ]
