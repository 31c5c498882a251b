"""What happens to a stream after its first word: it ends once, in order, and is never replayed."""

import asyncio
import json
from uuid import uuid4

import aiohttp
import pytest
from tests.journeys import wire
from tests.journeys.patience import eventually
from tests.journeys.pool import Pool
from tests.journeys.service import JsonObject, Service

from codex_lb.simulator.steps import (
    BigEvent,
    Comments,
    Crlf,
    CutAfter,
    DataOnly,
    Drip,
    ErrorEvent,
    FailedEvent,
    GarbageEvent,
    HalfEvent,
    Incomplete,
    Items,
    NoTerminal,
    SlowHead,
    SplitUtf8,
    Status,
    Step,
    Text,
    Tool,
)

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

PROMPT = aiohttp.ClientTimeout(total=2)  # a blocked event loop takes longer
THREE_DELTAS = 7  # created, in_progress, item added, part added, and three of the text
REASONING = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA-sealed"}
FIVE = Text("one two three four five", deltas=5)
UNICODE = Text("Grüße, 世界 🌍 ok", deltas=4)
ROUTES = [wire.CODEX, wire.OPENAI]
BREAKS = [
    pytest.param(CutAfter(THREE_DELTAS, "rst", FIVE), id="a reset"),
    pytest.param(CutAfter(THREE_DELTAS, "fin", FIVE), id="a close"),
    pytest.param(NoTerminal(THREE_DELTAS, FIVE), id="an early end"),
    pytest.param(HalfEvent(THREE_DELTAS, FIVE), id="half an event"),
    pytest.param(GarbageEvent(THREE_DELTAS, FIVE), id="garbage"),
    pytest.param(FailedEvent("server_error", THREE_DELTAS, then=FIVE), id="a failure event"),
]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("trouble", BREAKS)
async def test_a_stream_broken_by_it_ends_in_one_failure_and_is_not_retried(
    trouble: Step, path: str, service: Service, pool: Pool
) -> None:
    await pool.add_two()
    owner, other = await pool.tie("thread-17")
    pool.sim.script(trouble, times=1)

    broken = await wire.ask(service, path=path, key="thread-17")
    following = await wire.ask(service, path=path, key="thread-17")

    assert broken.status == 200
    assert not broken.is_broken
    assert [end["type"] for end in broken.ends] == ["response.failed"]
    assert broken.kinds[-1] == "response.failed"
    assert broken.text.startswith("one two three")
    assert b"[DONE]" not in broken.body
    assert following.is_completed
    assert pool.asked() == [owner, owner, owner], "not retried, and the next turn stays"
    assert await pool.status(owner) == await pool.status(other) == "active"
    assert [row["status"] for row in await pool.rows(3)] == ["success", "error", "success"]


async def test_a_tool_call_that_was_seen_is_never_replayed(service: Service, pool: Pool) -> None:
    await pool.add_two()
    call = Tool("exec_command", {"cmd": "rm -rf build"})
    pool.sim.script(CutAfter("output_item.done", then=call), times=1)

    reply = await wire.ask(service)

    assert [end["type"] for end in reply.ends] == ["response.failed"]
    assert len(pool.calls()) == 1


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("step", "end"),
    [
        pytest.param(FIVE, "response.completed", id="success"),
        pytest.param(
            FailedEvent("server_error", "delta", then=FIVE), "response.failed", id="failure"
        ),
        pytest.param(ErrorEvent("server_error", "delta", then=FIVE), None, id="an error event"),
        pytest.param(Incomplete(then=FIVE), "response.incomplete", id="an incomplete answer"),
    ],
)
async def test_there_is_exactly_one_terminal_event_after(
    step: Step, end: str | None, path: str, service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(step, times=1)

    reply = await wire.ask(service, path=path)

    kinds = [event["type"] for event in reply.ends]
    assert len(kinds) == 1
    assert end in (None, kinds[0])
    assert reply.kinds[-1] == kinds[0]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("trouble", BREAKS)
async def test_sequence_numbers_rise_also_in_events_that_are_made_up(
    trouble: Step, path: str, service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(trouble, times=1)

    reply = await wire.ask(service, path=path)

    numbers = [e["sequence_number"] for e in reply.events if not e["type"].startswith("codex.")]
    assert numbers == sorted(set(numbers))
    assert len(numbers) > THREE_DELTAS


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(
            [{"type": "response.invented.delta", "data": {"ü": [1, 2.50, None]}}],
            id="events of an unknown type",
        ),
        pytest.param(
            [
                {
                    "type": "response.output_item.added",
                    "output_index": 0,
                    "item": REASONING | {"id": "rs_a"},
                },
                {
                    "type": "response.output_item.done",
                    "output_index": 0,
                    "item": REASONING | {"id": "rs_b"},
                },
            ],
            id="a reasoning item whose id changes",
        ),
    ],
)
async def test_codex_gets_byte_for_byte(
    events: list[JsonObject], service: Service, pool: Pool
) -> None:
    await pool.add()
    sent = _stream_of(events)
    pool.sim.script(Status(200, sent.decode(), {"content-type": "text/event-stream"}))

    reply = await wire.ask(service)

    assert reply.body == sent


async def test_unknown_items_and_tools_reach_upstream_untouched(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    tools = [
        {"type": "image_generation", "quality": "low"},
        {"type": "computer_use_preview", "display_width": 1024},
        {"type": "namespace", "name": "multi_agent", "tools": [{"type": "invented_inside"}]},
        {"type": "invented_in_2030", "nested": {"deep": [1, 2.5, None, "ü"]}},
    ]
    items = [
        {"type": "additional_tools", "role": "developer", "tools": [{"type": "custom"}]},
        {"type": "tool_search_output", "call_id": "call_1", "tools": []},
        {"type": "invented_item", "payload": {"a": "b"}},
        wire.message("hello"),
    ]

    reply = await wire.ask(service, input=items, tools=tools, client_metadata={"x": "y"})

    assert reply.is_completed
    [call] = pool.calls()
    assert call.json["input"] == items
    assert call.json["tools"] == tools
    assert call.json["client_metadata"] == {"x": "y"}


@pytest.mark.parametrize("path", ROUTES)
async def test_unknown_output_items_reach_the_client_untouched(
    path: str, service: Service, pool: Pool
) -> None:
    await pool.add()
    item = {"id": "inv_1", "type": "invented_output", "data": {"x": [1, "ü", None]}}
    pool.sim.script(Items((item,)))

    reply = await wire.ask(service, path=path)

    assert reply.is_completed
    done = [e["item"] for e in reply.events if e["type"] == "response.output_item.done"]
    assert done == [item]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("shape", "text"),
    [
        pytest.param(SplitUtf8(UNICODE), UNICODE.text, id="characters cut in two"),
        pytest.param(Crlf(FIVE), FIVE.text, id="CRLF line ends"),
        pytest.param(Comments(FIVE), FIVE.text, id="comments between events"),
        pytest.param(DataOnly(FIVE), FIVE.text, id="no event lines"),
        pytest.param(Drip(then=FIVE), FIVE.text, id="one byte at a time"),
        pytest.param(SlowHead(1.5, then=FIVE), FIVE.text, id="a slow beginning"),
    ],
)
async def test_a_stream_arrives_intact_that_has(
    shape: Step, text: str, path: str, service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(shape)

    reply = await wire.ask(service, path=path)

    assert reply.is_completed
    assert reply.text == text
    assert (await pool.rows(1))[0]["status"] == "success"


@pytest.mark.parametrize("path", ROUTES)
async def test_an_event_of_ten_megabytes_arrives_intact_and_in_time(
    path: str, service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(BigEvent(10))

    reply = await wire.ask(service, path=path)

    assert reply.is_completed
    assert max(len(block) for block in reply.body.split(b"\n\n")) > 9_000_000
    assert reply.took_s < 60  # what cuts it again and again takes minutes


@pytest.mark.parametrize("path", ROUTES)
async def test_a_client_that_goes_away_stops_upstream_and_frees_its_place(
    path: str, service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(Text("word " * 400, deltas=400, delay_s=0.05), times=1)
    key = str(uuid4())

    async with wire.opened(
        service, json.dumps(wire.request(key=key)).encode(), path=path
    ) as stream:
        await stream.until("response.output_text.delta")

    await pool.sim.wait_for(lambda: pool.sim.live_streams == 0, 10.0)
    await service.admin("GET", "/health", timeout=PROMPT)
    [call] = pool.calls()
    assert call.left_at is not None
    [row] = await pool.rows(1)
    assert row["status"] == "cancelled"
    assert (await wire.ask(service, key=key)).is_completed


async def test_a_client_that_goes_away_before_the_answer_stops_upstream_too(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(SlowHead(30), times=1)

    body = json.dumps(wire.request()).encode()
    head = f"POST {wire.CODEX} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n"

    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"{head}content-type: application/json\r\n\r\n".encode() + body)
    await pool.sim.wait_for(lambda: len(pool.calls()) == 1)
    writer.close()
    await writer.wait_closed()

    await pool.sim.wait_for(lambda: pool.sim.live_streams == 0, 10.0)
    [row] = await pool.rows(1)
    assert row["status"] == "cancelled"


async def test_many_clients_that_go_away_leave_nothing_behind(service: Service, pool: Pool) -> None:
    await pool.add_two()
    pool.sim.script(Text("word " * 400, deltas=400, delay_s=0.05), times=12)
    body = json.dumps(wire.request()).encode()

    for _ in range(12):
        async with wire.opened(service, body) as stream:
            await stream.until("response.output_text.delta")

    await pool.sim.wait_for(lambda: pool.sim.live_streams == 0, 10.0)
    assert [row["status"] for row in await pool.rows(12)] == ["cancelled"] * 12

    async def serves() -> bool:
        return (await wire.ask(service)).is_completed

    await eventually(serves, within_s=3)


def _stream_of(events: list[JsonObject]) -> bytes:
    """A whole stream around `events`, as upstream writes it, spaces and key order included."""
    response = {"id": "resp_1", "object": "response", "model": "gpt-5.5", "output": []}
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 15,
    }
    completed = response | {"status": "completed", "usage": usage}
    whole = [
        {"type": "response.created", "response": response | {"status": "in_progress"}},
        *events,
        {"type": "response.completed", "response": completed},
    ]
    numbered = [event | {"sequence_number": number} for number, event in enumerate(whole)]
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in numbered
    )
