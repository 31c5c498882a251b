"""Every account is busy: requests wait in line a while, and are then told why."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.journeys import wire
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import Text, UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

ENDLESS = Text("word " * 1_000, deltas=1_000, delay_s=0.05)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT": "1"}


async def test_a_full_pool_with_quota_left_is_told_as_busy_and_not_as_exhausted(
    service: Service, pool: Pool
) -> None:
    """One account is at its stream limit, one has no quota; both routes wait at the same time."""
    member = await pool.add()
    spent = await pool.add()
    pool.sim.script(UsageLimit(), account=spent.upstream)

    async with _busy(service, pool, member), asyncio.TaskGroup() as group:
        whole = group.create_task(wire.ask(service, path=wire.OPENAI, stream=False))
        streamed = group.create_task(wire.ask(service, path=wire.CODEX))

    for_sdk, for_codex = whole.result(), streamed.result()
    assert for_sdk.status == 429
    assert for_sdk.error["type"] == "rate_limit_error"
    assert "stream limit" in for_sdk.error["message"]
    assert "usage limit" in for_sdk.error["message"], "and why the other cannot serve"
    assert for_codex.failure["code"] == "rate_limit_exceeded"
    assert "try again in" in for_codex.failure["message"]
    assert 5 < for_sdk.took_s < 20


async def test_a_place_that_comes_free_serves_who_waits(service: Service, pool: Pool) -> None:
    member = await pool.add()

    async with asyncio.TaskGroup() as group, _busy(service, pool, member):
        waiting = [group.create_task(wire.ask(service)) for _ in range(3)]
        await asyncio.sleep(0.3)
        assert len(pool.calls()) == 1, "they wait"

    assert all(task.result().is_completed for task in waiting)
    rows = await pool.rows(4)
    assert sum(row["queue_ms"] > 100 for row in rows) == 3


async def test_a_client_that_leaves_the_line_takes_no_place(service: Service, pool: Pool) -> None:
    member = await pool.add()
    body = json.dumps(wire.request(stream=False)).encode()
    head = f"POST {wire.OPENAI} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n"

    async with _busy(service, pool, member):
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(f"{head}content-type: application/json\r\n\r\n".encode() + body)
        await asyncio.sleep(0.3)
        writer.close()
        await writer.wait_closed()

    assert (await wire.ask(service)).is_completed
    assert len(pool.calls()) == 2
    assert sorted(row["status"] for row in await pool.rows(3)) == [
        "cancelled",
        "cancelled",
        "success",
    ]


@asynccontextmanager
async def _busy(service: Service, pool: Pool, member: Member) -> AsyncIterator[None]:
    """An endless stream in the account's one place; its client leaves at the end."""
    pool.sim.script(ENDLESS, account=member.upstream, times=1)
    async with wire.opened(service, json.dumps(wire.request()).encode()) as stream:
        await stream.until("response.output_text.delta")
        yield


async def test_the_operators_word_lets_a_spent_account_try_again(
    service: Service, pool: Pool
) -> None:
    member = await pool.add()
    pool.sim.script(UsageLimit(), times=1)
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429

    await service.admin("POST", f"/api/accounts/{member.id}/reactivate")

    assert (await wire.ask(service, path=wire.OPENAI)).is_completed
    assert len(pool.calls()) == 2
