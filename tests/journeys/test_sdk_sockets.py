"""`responses.connect` of the OpenAI Python SDK, which needs the package `websockets` beside it."""

import asyncio
from collections.abc import AsyncIterator

import openai
import pytest
import pytest_asyncio
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import NoTerminal, Refuse, Text, UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]
pytest.importorskip("websockets", reason="a dependency of openai[realtime]")


@pytest_asyncio.fixture(loop_scope="module")
async def client(service: Service) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="unused") as made:
        yield made


async def test_turns_follow_one_another_on_one_connection(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(Text("Hello, world."), times=1)
    pool.sim.script(Text("And again."), times=1)
    previous: str | None = None

    async with client.responses.connect() as connection:
        for expected in ("Hello, world.", "And again."):
            await connection.response.create(
                model="gpt-5.5", input="Say hello", previous_response_id=previous
            )
            async for event in connection:
                if event.type == "response.completed":
                    previous = event.response.id
                    assert event.response.output_text == expected
                    break

    assert len({turn.connection_id for turn in pool.turns()}) == 1
    assert [row["transport"] for row in await pool.rows(2)] == ["websocket"] * 2


async def test_the_sync_client_works_the_same(service: Service, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("Hello, world."))

    def first_text() -> str:
        with (
            openai.OpenAI(base_url=f"{service.url}/v1", api_key="unused") as client,
            client.responses.connect() as connection,
        ):
            connection.response.create(model="gpt-5.5", input="Say hello")
            for event in connection:
                if event.type == "response.output_text.done":
                    return event.text
        return ""

    assert await asyncio.to_thread(first_text) == "Hello, world."


async def test_a_spent_account_is_not_noticed(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add_two()
    pool.sim.script(UsageLimit(resets_in_s=3600), times=1)
    pool.sim.script(Text("Served all the same."))

    async with client.responses.connect() as connection:
        await connection.response.create(model="gpt-5.5", input="Say hello")
        kinds = []
        async for event in connection:
            kinds.append(event.type)
            if event.type in ("response.completed", "error"):
                break

    assert kinds[-1] == "response.completed"
    assert kinds.count("response.created") == 1


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        pytest.param(Refuse("context_length"), "error", id="a bad request"),
        pytest.param(NoTerminal(8, code=1011), "response.failed", id="a cut"),
    ],
)
async def test_what_goes_wrong_is_an_event_the_sdk_can_read(
    step: Refuse | NoTerminal, kind: str, client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(step)

    async with client.responses.connect() as connection:
        await connection.response.create(model="gpt-5.5", input="Say hello")
        async for event in connection:
            if event.type in ("response.completed", "response.failed", "error"):
                break

    assert event.type == kind


async def test_an_exhausted_pool_is_refused_at_the_handshake(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add(used_5h=1.0)
    pool.sim.script(UsageLimit(), endpoint="websocket")

    with pytest.raises(Exception, match="429"):
        async with client.responses.connect():
            pass
