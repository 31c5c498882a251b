"""Long silences: the client is kept company, and no wait is without end."""

import asyncio
import json

import pytest
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import Service
from tests.journeys.wire import Reply

from codex_lb.simulator.steps import Silence, SlowHead, Text

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

LONGEST_SILENCE_S = 15.0  # what a client or a middlebox may be expected to bear
PAUSE_S = 21.0  # two keep-alives fit in


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_STREAM_IDLE_TIMEOUT_SECONDS": "24"}


async def test_a_stream_that_pauses_is_kept_alive_and_not_cut(service: Service, pool: Pool) -> None:
    """Four pauses at once, because each takes its time: before and after the first word."""
    await pool.add()
    pausing = Text("one", deltas=1, delay_s=PAUSE_S)
    late = SlowHead(PAUSE_S)

    async with asyncio.TaskGroup() as group:
        pool.sim.script(pausing, times=2)
        paused = [group.create_task(_timed(service, path)) for path in (wire.CODEX, wire.OPENAI)]
        await pool.sim.wait_for(lambda: len(pool.calls()) == 2)
        pool.sim.script(late, times=2)
        delayed = [group.create_task(_timed(service, path)) for path in (wire.CODEX, wire.OPENAI)]

    for task in (*paused, *delayed):
        reply, longest_s = task.result()
        assert reply.is_completed
        assert longest_s <= LONGEST_SILENCE_S
    assert len(pool.calls()) == 4
    for index, is_codex in enumerate((True, False)):
        for reply in (paused[index].result()[0], delayed[index].result()[0]):
            assert ("codex.keepalive" in reply.kinds) == is_codex
            assert (b"\n:" in reply.body or reply.body.startswith(b":")) != is_codex


async def test_a_stream_that_falls_silent_for_good_ends_in_a_failure(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(Silence("delta", then=Text("one two three", deltas=3)), times=1)

    reply = await wire.ask(service)

    assert reply.kinds[-1] == "response.failed"
    assert len(reply.ends) == 1
    assert 20 < reply.took_s < 40
    assert len(pool.calls()) == 1
    await pool.sim.wait_for(lambda: pool.sim.live_streams == 0, 10.0)
    assert (await pool.rows(1))[0]["error_code"] == "stream_idle_timeout"


async def _timed(service: Service, path: str) -> tuple[Reply, float]:
    """The reply, and the longest time in which nothing arrived."""
    async with wire.opened(service, json.dumps(wire.request()).encode(), path=path) as stream:
        reply = await stream.rest()
    pairs = zip([0.0, *stream.arrivals_s], stream.arrivals_s, strict=False)
    return reply, max(later - earlier for earlier, later in pairs)
