"""WebSockets from the client to upstream and back."""

from collections.abc import AsyncIterator

import pytest
from tests.proxy.harness import Proxy
from tests.proxy.socket_harness import PREWARM, Served, frame, kinds, response_id, served, text

from codex_lb.simulator.steps import Text


@pytest.fixture
async def here(proxy: Proxy) -> AsyncIterator[Served]:
    async with served(proxy) as running:
        yield running


async def test_a_turn_is_relayed_event_by_event(here: Served) -> None:
    here.proxy.sim.script(Text("one two three", deltas=3))
    async with here.socket() as socket:
        events = await socket.turn()
    assert text(events) == "one two three"
    assert kinds(events)[:2] == ["codex.rate_limits", "response.created"]
    assert kinds(events)[-1] == "response.completed"
    receipt = here.proxy.receipt
    assert (receipt.status, len(receipt.attempts)) == ("success", 1)
    assert here.proxy.log.opened_rows[0].transport == "websocket"


async def test_a_chain_stays_on_one_connection_upstream(here: Served) -> None:
    async with here.socket() as socket:
        anchor = response_id(await socket.turn(PREWARM))
        anchor = response_id(await socket.turn(frame(previous_response_id=anchor)))
        events = await socket.turn(frame(previous_response_id=anchor))
    assert kinds(events)[-1] == "response.completed"
    calls = here.proxy.sim.requests_to("/codex/responses")
    assert [call.method for call in calls] == ["GET", "WS", "WS", "WS"]
    assert len({call.connection_id for call in calls}) == 1
    assert [row.endpoint for row in here.proxy.log.opened_rows] == [
        "prewarm", "responses", "responses",
    ]  # fmt: skip
