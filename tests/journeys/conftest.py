"""The whole program against the simulator. Each module has one service; each test its own pool."""

from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from tests.journeys.disclosure import disclosures
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator

# The simulator reports what its accounts have, whatever a script makes them answer, and a report is
# proof. So usage is asked for only where a test is about that.
UNASKED = {"CODEX_LB_USAGE_REFRESH_ENABLED": "false"}

_LOG_TAIL = 12_000  # characters shown when a test fails


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_disclosed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Look through the folders of the module's tests, however they started their services."""
    folders = tmp_path_factory.getbasetemp()
    before = set(folders.iterdir())
    yield
    assert disclosures(set(folders.iterdir()) - before) == []


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
    """A running service; its end must be clean, and its log free of defects."""
    started = Service(sim, tmp_path_factory.mktemp("service"), UNASKED | settings)
    await started.start()
    try:
        yield started
    finally:
        exit_code = await started.stop()
    assert exit_code == 0, started.log()[-_LOG_TAIL:]
    assert "Traceback" not in started.log()


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
