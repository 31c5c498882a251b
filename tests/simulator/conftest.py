"""A running simulator with one account."""

from collections.abc import AsyncIterator

import pytest
from tests.simulator.calls import Clock

from codex_lb.simulator import SimAccount, Simulator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(clock: Clock) -> AsyncIterator[Simulator]:
    async with Simulator(clock) as running:
        yield running


@pytest.fixture
def account(sim: Simulator) -> SimAccount:
    return sim.add_account("a@example.com")
