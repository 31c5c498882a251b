from collections.abc import AsyncIterator

import pytest
from tests.proxy.harness import Proxy, running

from codex_lb.simulator import Simulator


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def proxy(sim: Simulator) -> AsyncIterator[Proxy]:
    async with running(sim) as started:
        yield started
