"""The demo's live traffic: it goes on, whatever comes back, until it is cancelled."""

import asyncio

import pytest
from tests.simulator.calls import post

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.traffic import Sent, gentle_traffic

FAST = 60_000.0  # requests a minute


async def first(count: int, base_url: str, seed: int = 0) -> list[Sent]:
    """Run the traffic until `count` requests have been reported."""
    seen: list[Sent] = []
    enough = asyncio.Event()

    def note(sent: Sent) -> None:
        seen.append(sent)
        if len(seen) >= count:
            enough.set()

    async with asyncio.TaskGroup() as group:
        traffic = group.create_task(
            gentle_traffic(base_url, api_key="sk-x", per_minute=FAST, seed=seed, on_sent=note)
        )
        async with asyncio.timeout(10):
            await enough.wait()
        traffic.cancel()
    return seen


async def test_every_request_is_one_the_back_end_takes(sim: Simulator, account: SimAccount) -> None:
    seen = await first(20, sim.auth_url)
    assert {sent.status for sent in seen} == {401}  # it has no account of its own
    bodies = [received.json for received in sim.requests_to("/codex/responses")]
    sim.reset()
    for request in bodies[:20]:
        answer = await post(sim, account, request | {"prompt_cache_key": "k"})
        assert answer.kinds[-1] == "response.completed"


async def test_conversations_differ_and_go_on(sim: Simulator) -> None:
    await first(40, sim.auth_url)
    bodies = [received.json for received in sim.requests_to("/codex/responses")]
    assert len({request["prompt_cache_key"] for request in bodies}) >= 3
    assert len({request["model"] for request in bodies}) >= 2
    assert max(len(request["input"]) for request in bodies) >= 3
    assert {r.headers["session-id"] for r in sim.requests} == {
        b["prompt_cache_key"] for b in bodies
    }


async def test_what_is_shown_off_bears_the_name_of_an_ordinary_model(
    sim: Simulator, account: SimAccount
) -> None:
    await first(60, sim.auth_url)
    bodies = [received.json for received in sim.requests_to("/codex/responses")]
    shown = [body for body in bodies if body["prompt_cache_key"].startswith("sim-")]
    assert shown
    assert not any(body["model"].startswith("sim-") for body in bodies)
    burst = bodies[0] | {"model": "gpt-5.5", "prompt_cache_key": "sim-burst-once.7f"}
    assert (await post(sim, account, burst)).status == 429
    assert (await post(sim, account, burst)).kinds[-1] == "response.completed"


async def test_it_goes_on_while_nothing_listens(sim: Simulator) -> None:
    await sim.refuse()
    seen = await first(5, sim.auth_url)
    assert {sent.status for sent in seen} == {0}


async def test_cancelling_ends_it(sim: Simulator) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await gentle_traffic(sim.auth_url)
