"""What the operator sets holds from the next request on, without a restart."""

import asyncio
import json

import aiohttp
import pytest
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import JsonObject, Service

from codex_lb.simulator.steps import Text

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

ENDLESS = Text("word " * 1_000, deltas=1_000, delay_s=0.05)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT": "1"}


async def put(service: Service, **changes: object) -> JsonObject:
    return await service.admin("PUT", "/api/settings", json=changes)


async def test_a_raised_stream_limit_lets_in_who_waits(service: Service, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(ENDLESS, times=1)
    async with wire.opened(service, json.dumps(wire.request()).encode()) as running:
        await running.until("response.output_text.delta")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(wire.ask(service))
            await _opened(service, pool, rows=2)
            assert len(pool.calls()) == 1, "it waits"
            told = await put(service, proxyAccountStreamLimit=2)
            assert told["proxyAccountStreamLimit"] == 2
        assert waiting.result().is_completed
    assert (await put(service, proxyAccountStreamLimit=1))["proxyAccountStreamLimit"] == 1


async def _opened(service: Service, pool: Pool, *, rows: int) -> None:
    async with asyncio.timeout(10):
        while True:
            if len(service.rows(since=pool.began_at)) >= rows:
                return
            await asyncio.sleep(0.02)


async def test_speed_that_costs_extra_can_be_forbidden(service: Service, pool: Pool) -> None:
    await pool.add()
    for forbidden, sent in ((True, None), (False, "priority")):
        await put(service, prohibitFastMode=forbidden)
        reply = await wire.ask(service, service_tier="priority")
        assert reply.is_completed
        assert pool.calls()[-1].json.get("service_tier") == sent
    assert [row["service_tier"] for row in await pool.rows(2)] == [None, "priority"]


async def test_an_own_price_is_what_the_next_request_costs(service: Service, pool: Pool) -> None:
    await pool.add()
    for own in ({"gpt-5.5": {"input": 0, "cached": 0, "output": 2_000_000}}, {}):
        await put(service, modelPrices=own)
        await wire.ask(service)
    await pool.rows(2)
    listed, priced = (await service.admin("GET", "/api/request-logs"))["requests"][:2]
    assert priced["costUsd"] == pytest.approx(priced["outputTokens"] * 2e-6)
    assert listed["costUsd"] > priced["costUsd"]


async def test_a_session_lives_as_long_as_is_set(service: Service) -> None:
    await put(service, dashboardSessionTtlSeconds=3_600)
    jar = aiohttp.CookieJar(unsafe=True)  # also from a bare address
    password = {"password": "correct horse battery staple"}
    async with aiohttp.ClientSession(service.url, cookie_jar=jar) as browser:
        async with browser.post("/api/dashboard-auth/password/setup", json=password) as answer:
            assert "Max-Age=3600" in answer.headers["set-cookie"]
        async with browser.put("/api/settings", json={"dashboardSessionTtlSeconds": 60}) as answer:
            assert answer.status == 422
        async with browser.put(
            "/api/settings", json={"dashboardSessionTtlSeconds": 604_800}
        ) as answer:
            assert answer.status == 200
        async with browser.delete("/api/dashboard-auth/password", json=password) as answer:
            assert answer.status == 200
