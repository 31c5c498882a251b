"""Chat completions through the OpenAI Python SDK, sync and async."""

import asyncio
from collections.abc import AsyncIterator

import openai
import pytest
import pytest_asyncio
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from pydantic import BaseModel
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import (
    Burst,
    CutAfter,
    FailedEvent,
    Incomplete,
    Reasoning,
    Refuse,
    Step,
    Text,
    Tool,
)

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello"}]
WEATHER: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


class City(BaseModel):
    name: str
    people: int


@pytest_asyncio.fixture(loop_scope="module")
async def client(service: Service) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="unused") as made:
        yield made


async def test_a_plain_answer_arrives_whole(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("Hello, world.", input_tokens=12, output_tokens=4), times=1)

    told = await client.chat.completions.create(model="gpt-5.5", messages=HELLO, max_tokens=100)

    [choice] = told.choices
    assert (choice.message.content, choice.finish_reason) == ("Hello, world.", "stop")
    assert told.id.startswith("chatcmpl-")
    assert told.usage is not None
    assert (told.usage.prompt_tokens, told.usage.completion_tokens) == (12, 4)
    [row] = await pool.rows(1)
    assert (row["endpoint"], row["status"]) == ("chat_completions", "success")
    assert (row["input_tokens"], row["output_tokens"]) == (12, 4)


async def test_a_stream_arrives_piece_by_piece(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("one two three four five", deltas=5, input_tokens=7, output_tokens=5))

    stream = await client.chat.completions.create(
        model="gpt-5.5", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    assert len({chunk.id for chunk in chunks}) == 1
    *pieces, last = chunks
    assert pieces[0].choices[0].delta.role == "assistant"
    texts = [chunk.choices[0].delta.content for chunk in pieces]
    assert len([text for text in texts if text]) == 5
    assert "".join(text or "" for text in texts) == "one two three four five"
    assert pieces[-1].choices[0].finish_reason == "stop"
    assert last.choices == []
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.total_tokens) == (7, 12)


async def test_the_sync_client_works_the_same(service: Service, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("Hello, world."))

    def talk() -> tuple[str | None, str]:
        with openai.OpenAI(base_url=f"{service.url}/v1", api_key="unused") as client:
            whole = client.chat.completions.create(model="gpt-5.5", messages=HELLO)
            stream = client.chat.completions.create(model="gpt-5.5", messages=HELLO, stream=True)
            pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
        return whole.choices[0].message.content, "".join(pieces)

    assert await asyncio.to_thread(talk) == ("Hello, world.", "Hello, world.")


async def test_two_parallel_calls_make_a_round_trip(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Tool("weather", {"city": "Oslo"}, count=2), times=2)
    pool.sim.script(Text("It snows in Oslo."), times=1)

    async with client.chat.completions.stream(
        model="gpt-5.5", messages=HELLO, tools=[WEATHER]
    ) as stream:
        streamed = (await stream.get_final_completion()).choices[0]
    first = await client.chat.completions.create(model="gpt-5.5", messages=HELLO, tools=[WEATHER])
    asked = first.choices[0].message
    calls = asked.tool_calls or []
    results: list[ChatCompletionMessageParam] = [
        {"role": "tool", "tool_call_id": call.id, "content": "snow"} for call in calls
    ]
    history: list[ChatCompletionMessageParam] = [*HELLO, _echo(asked), *results]
    second = await client.chat.completions.create(
        model="gpt-5.5", messages=history, tools=[WEATHER]
    )

    assert (streamed.finish_reason, first.choices[0].finish_reason) == ("tool_calls", "tool_calls")
    arguments = [call.function.arguments for call in streamed.message.tool_calls or []]
    assert arguments == ['{"city":"Oslo"}'] * 2
    assert len({call.id for call in calls}) == 2
    assert second.choices[0].message.content == "It snows in Oslo."


async def test_parse_gives_an_object(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text('{"name": "Oslo", "people": 717710}'))

    told = await client.chat.completions.parse(
        model="gpt-5.5", messages=HELLO, response_format=City
    )

    assert told.choices[0].message.parsed == City(name="Oslo", people=717710)
    [call] = pool.calls()
    assert call.json["text"]["format"]["name"] == "City"


async def test_thoughts_are_told_beside_the_text(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Reasoning("Thought through.", summary="Let me see"))

    told = await client.chat.completions.create(
        model="gpt-5.5", messages=HELLO, reasoning_effort="high"
    )

    message = told.choices[0].message
    assert message.content == "Thought through."
    assert (message.model_extra or {})["reasoning_content"] == "Let me see"


async def test_an_answer_that_grew_too_long_says_so(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Incomplete("max_output_tokens"))

    told = await client.chat.completions.create(model="gpt-5.5", messages=HELLO)

    assert told.choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    ("step", "expected", "code", "asked"),
    [
        (Refuse("bad_request"), openai.BadRequestError, None, 1),
        (Refuse("context_length"), openai.BadRequestError, "context_length_exceeded", 1),
        (FailedEvent("context_length_exceeded"), openai.BadRequestError, "context_length_exceeded", 1),
        (Refuse("overloaded"), openai.InternalServerError, "server_is_overloaded", 3),
        (Burst(), openai.RateLimitError, "rate_limit_exceeded", 3),
    ],
    ids=["bad request", "too long", "too long, said in the stream", "overload", "burst"],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_upstreams_errors_have_their_class(
    client: openai.AsyncOpenAI,
    pool: Pool,
    step: Step,
    expected: type[openai.APIStatusError],
    code: str | None,
    asked: int,
    stream: bool,
) -> None:
    await pool.add()
    pool.sim.script(step)

    with pytest.raises(expected) as caught:
        await client.chat.completions.create(model="gpt-5.5", messages=HELLO, stream=stream)

    assert caught.value.code == code
    assert len(await pool.rows(asked)) == asked


async def test_our_own_refusals_have_their_class_and_are_asked_once(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    with pytest.raises(openai.InternalServerError) as empty:
        await client.chat.completions.create(model="gpt-5.5", messages=HELLO)
    await pool.add(used_5h=1.0)
    with pytest.raises(openai.RateLimitError) as spent:
        await client.chat.completions.create(model="gpt-5.5", messages=HELLO)
    with pytest.raises(openai.BadRequestError) as twice:
        await client.chat.completions.create(model="gpt-5.5", messages=HELLO, n=2)

    assert (empty.value.code, spent.value.code) == ("no_accounts", "usage_limit_reached")
    assert twice.value.param == "n"
    assert len(await pool.rows(2)) == 2


async def test_what_a_key_may_not_has_its_class(
    client: openai.AsyncOpenAI, service: Service, pool: Pool
) -> None:
    await pool.add()
    narrow = await service.api_key(name="narrow", allowedModels=["gpt-5.4"])

    async with service.keys_needed():
        with pytest.raises(openai.AuthenticationError) as unknown:
            await client.chat.completions.create(model="gpt-5.5", messages=HELLO)
        with pytest.raises(openai.PermissionDeniedError) as forbidden:
            await client.with_options(api_key=narrow).chat.completions.create(
                model="gpt-5.5", messages=HELLO
            )

    assert unknown.value.code == "invalid_api_key"
    assert forbidden.value.code == "model_not_allowed"
    assert pool.calls() == []


async def test_a_spent_account_is_not_noticed(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add(used_5h=1.0)
    await pool.add()

    told = [await client.chat.completions.create(model="gpt-5.5", messages=HELLO) for _ in range(3)]

    assert all(answer.choices[0].message.content for answer in told)


async def test_a_stream_that_breaks_raises(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(CutAfter(8, then=Text("one two three four", deltas=4)))

    stream = await client.chat.completions.create(model="gpt-5.5", messages=HELLO, stream=True)
    first = await anext(stream)
    with pytest.raises(openai.APIError) as caught:
        [_ async for _ in stream]

    assert first.choices[0].delta.role == "assistant"
    assert caught.value.code == "stream_incomplete"
    assert len(await pool.rows(1)) == 1


def _echo(message: openai.types.chat.ChatCompletionMessage) -> ChatCompletionMessageParam:
    """The assistant's message as the SDK's documentation sends it back."""
    echoed: ChatCompletionMessageParam = message.model_dump(exclude_none=True)  # type: ignore[assignment]
    return echoed
