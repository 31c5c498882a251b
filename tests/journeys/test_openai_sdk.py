"""The OpenAI Python SDK, sync and async, with nothing changed but its base URL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import pytest_asyncio
from openai.types.responses import FunctionToolParam, Response, ResponseInputParam
from pydantic import BaseModel
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import CutAfter, Refuse, Text, Tool

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class City(BaseModel):
    name: str
    people: int


@pytest_asyncio.fixture(loop_scope="module")
async def client(service: Service) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="unused") as made:
        yield made


async def test_a_plain_response_arrives_whole(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("Hello, world.", input_tokens=12, output_tokens=4), times=1)

    response = await client.responses.create(model="gpt-5.5", input="Say hello")

    assert response.output_text == "Hello, world."
    assert response.status == "completed"
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (12, 4)
    [row] = await pool.rows(1)
    assert row["status"] == "success"
    assert (row["input_tokens"], row["output_tokens"]) == (12, 4)


async def test_the_sync_client_works_the_same(service: Service, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("Hello, world."))

    def talk() -> tuple[str, str]:
        with openai.OpenAI(base_url=f"{service.url}/v1", api_key="unused") as client:
            whole = client.responses.create(model="gpt-5.5", input="Say hello")
            streamed = [
                event.delta
                for event in client.responses.create(
                    model="gpt-5.5", input="Say hello", stream=True
                )
                if event.type == "response.output_text.delta"
            ]
        return whole.output_text, "".join(streamed)

    assert await asyncio.to_thread(talk) == ("Hello, world.", "Hello, world.")


async def test_a_stream_arrives_piece_by_piece(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("one two three four five", deltas=5))

    stream = await client.responses.create(model="gpt-5.5", input="Count", stream=True)
    events = [event async for event in stream]

    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) == 5
    assert "".join(deltas) == "one two three four five"
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"


async def test_the_stream_helper_gives_the_final_response(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(Text("Hello, world."))

    async with client.responses.stream(model="gpt-5.5", input="Say hello") as stream:
        final = await stream.get_final_response()

    assert final.output_text == "Hello, world."


async def test_a_tool_round_trip_ends_with_text(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Tool("weather", {"city": "Oslo"}), times=1)
    pool.sim.script(Text("It snows in Oslo."), times=1)
    history: ResponseInputParam = [{"role": "user", "content": "How is the weather in Oslo?"}]

    first = await client.responses.create(model="gpt-5.5", input=history, tools=[WEATHER])
    [call] = [item for item in first.output if item.type == "function_call"]
    assert (call.name, call.arguments) == ("weather", '{"city":"Oslo"}')
    history += _echo(first)
    history.append({"type": "function_call_output", "call_id": call.call_id, "output": "snow"})
    second = await client.responses.create(model="gpt-5.5", input=history, tools=[WEATHER])

    assert second.output_text == "It snows in Oslo."


async def test_parse_gives_an_object(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text('{"name": "Oslo", "people": 717710}'))

    told = await client.responses.parse(model="gpt-5.5", input="Oslo?", text_format=City)

    assert told.output_parsed == City(name="Oslo", people=717710)


async def test_models_are_listed(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()

    listed = [model.id async for model in client.models.list()]

    assert "gpt-5.5" in listed


async def test_a_bad_request_is_told_once_in_upstreams_words(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(Refuse("bad_request"))

    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model="gpt-5.5", input="hello")

    assert caught.value.param == "input[3]"
    assert "expected an object" in caught.value.message
    assert len(pool.calls()) == 1
    assert len(await pool.rows(1)) == 1


async def test_one_lapsed_login_is_renewed_without_a_word(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    member = await pool.add()
    member.upstream.expire()

    response = await client.responses.create(model="gpt-5.5", input="hello")

    assert response.output_text
    assert pool.sim.refresh_calls(member.upstream) == 1
    assert pool.sim.reuse_count == 0
    assert len(await pool.rows(1)) == 1


async def test_a_spent_account_is_not_noticed(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add(used_5h=1.0)
    await pool.add()

    answers = [await client.responses.create(model="gpt-5.5", input="hi") for _ in range(3)]

    assert all(answer.output_text for answer in answers)
    assert len(await pool.rows(3)) == 3


async def test_an_exhausted_pool_is_a_rate_limit_error_after_one_request(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add(used_5h=1.0)

    with pytest.raises(openai.RateLimitError) as caught:
        await client.responses.create(model="gpt-5.5", input="hello")

    assert caught.value.type == "usage_limit_reached"
    assert caught.value.code == "usage_limit_reached"
    assert "usage limit" in caught.value.message
    assert len(await pool.rows(1)) == 1


async def test_a_stream_that_breaks_ends_in_a_failure_the_client_can_see(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(CutAfter(8, then=Text("one two three four", deltas=4)))

    stream = await client.responses.create(model="gpt-5.5", input="hello", stream=True)
    kinds = [event.type async for event in stream]

    assert kinds[-1] == "response.failed"
    assert "response.completed" not in kinds


async def test_an_unknown_path_is_an_error_the_sdk_can_read(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add()

    with pytest.raises(openai.NotFoundError) as caught:
        await client.responses.retrieve("resp_unknown")

    assert caught.value.code is not None


def _echo(response: Response) -> Any:
    """The output as input of the next turn, as the SDK's documentation shows it."""
    return [item.model_dump(exclude_none=True) for item in response.output]
