"""The OpenAI Python SDK beside text: images, recordings, compaction, and what is not there."""

import base64
from collections.abc import AsyncIterator

import openai
import pytest
import pytest_asyncio
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import Refuse, Reset, Text, UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGMQWFAAAAHkASHL1LBWAAAAAElFTkSuQmCC"
)
WAV = ("a.wav", b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav")
SPEECH = "gpt-4o-transcribe"


@pytest_asyncio.fixture(loop_scope="module")
async def client(service: Service) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="unused") as made:
        yield made


async def test_an_image_is_drawn(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()

    drawn = await client.images.generate(prompt="a cat", size="1024x1024", quality="low")

    assert drawn.data
    assert base64.b64decode(drawn.data[0].b64_json or "") == PNG
    assert drawn.usage
    assert drawn.usage.total_tokens > 0
    [row] = await pool.rows(1)
    assert (row["endpoint"], row["status"]) == ("images", "success")
    assert row["output_tokens"] > 0


async def test_an_image_comes_with_previews(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    stream = await client.images.generate(prompt="a cat", stream=True, partial_images=2)
    events = [event async for event in stream]
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert base64.b64decode(events[-1].b64_json) == PNG


async def test_images_are_edited(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    edited = await client.images.edit(prompt="a hat", image=[PNG, PNG], mask=PNG)
    assert edited.data
    assert base64.b64decode(edited.data[0].b64_json or "") == PNG
    [call] = pool.calls()
    assert [part["type"] for part in call.json["input"][0]["content"]] == [
        "input_text",
        "input_image",
        "input_image",
    ]


async def test_an_image_that_cannot_be_is_a_bad_request(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add()
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.generate(prompt="a cat", n=2)
    assert caught.value.param == "n"
    pool.sim.script(Text("I cannot draw that."))
    with pytest.raises(openai.BadRequestError) as declined:
        await client.images.generate(prompt="a cat")
    assert "I cannot draw that." in declined.value.message
    with pytest.raises(openai.APIError, match=r"I cannot draw that\."):
        async for _ in await client.images.generate(prompt="a cat", stream=True):
            pass
    assert len(pool.calls()) == 2


async def test_a_recording_becomes_text(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add_two()
    pool.sim.script(Reset(), endpoint="transcribe", times=1)

    told = await client.audio.transcriptions.create(file=WAV, model=SPEECH, language="en")
    alone = await client.audio.transcriptions.create(
        file=WAV, model=SPEECH, response_format="text", prompt="Names: Ada"
    )

    assert told.text == "Hello from the simulator."
    assert alone == "Hello from the simulator.\n"
    first, _ = await pool.rows(2)
    assert (first["endpoint"], first["status"], len(first["attempts"])) == (
        "transcriptions", "success", 2,
    )  # fmt: skip


async def test_another_model_of_speech_is_refused_at_once(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add()
    with pytest.raises(openai.BadRequestError) as caught:
        await client.audio.transcriptions.create(file=WAV, model="whisper-1")
    assert caught.value.param == "model"
    assert SPEECH in caught.value.message


async def test_a_conversation_is_compacted(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add_two()
    pool.sim.script(UsageLimit(), times=1)

    compacted = await client.responses.compact(model="gpt-5.5", input="A long story.")

    assert compacted.object == "response.compaction"
    [item] = compacted.output
    assert item.type == "compaction"
    assert item.encrypted_content
    assert compacted.usage.input_tokens > 0
    again = await client.responses.create(
        model="gpt-5.5",
        input=[
            {"type": "compaction", "encrypted_content": item.encrypted_content},
            {"role": "user", "content": "Go on."},
        ],
    )
    assert again.output_text
    assert len({member.id for member in pool.asked()[1:]}) == 1


async def test_an_upstream_that_cannot_compact_is_asked_once(
    client: openai.AsyncOpenAI, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(Refuse("not_found"))
    with pytest.raises(openai.NotFoundError):
        await client.responses.compact(model="gpt-5.5", input="A long story.")
    assert len(pool.calls()) == 1


async def test_what_is_not_there_is_not_found(client: openai.AsyncOpenAI, pool: Pool) -> None:
    await pool.add()
    with pytest.raises(openai.NotFoundError):
        await client.files.create(file=WAV, purpose="user_data")
    with pytest.raises(openai.NotFoundError):
        await client.audio.speech.create(input="x", model="tts-1", voice="alloy")
    with pytest.raises(openai.NotFoundError):
        await client.responses.delete("resp_1")
    assert pool.calls() == []
