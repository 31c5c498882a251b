"""Shapes of delivery: good streams that are hard to read."""

import asyncio

import pytest
from tests.simulator.calls import post, raw_call

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.delivery import chunks, frame
from codex_lb.simulator.events import Event
from codex_lb.simulator.staging import Wire
from codex_lb.simulator.steps import (
    Comments,
    Crlf,
    DataOnly,
    Drip,
    Silence,
    SlowHead,
    SplitUtf8,
    Step,
    Text,
    UsageLimit,
)

EVENT = Event("response.created", b'{"a":1}')


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        pytest.param(
            Wire(), b'event: response.created\ndata: {"a":1}\n\n', id="an event and its data"
        ),
        pytest.param(
            Wire(crlf=True), b'event: response.created\r\ndata: {"a":1}\r\n\r\n', id="CR LF"
        ),
        pytest.param(
            Wire(comments=True),
            b": keep-alive\nevent: response.created\n: comments may stand anywhere\n"
            b'data: {"a":1}\n\n',
            id="comments before and inside",
        ),
        pytest.param(Wire(data_only=True), b'data: {"a":1}\n\n', id="data alone"),
    ],
)
def test_frame(wire: Wire, text: bytes) -> None:
    assert frame(EVENT, wire) == text


@pytest.mark.parametrize(
    ("wire", "parts"),
    [
        pytest.param(Wire(), ["aü€🌍".encode()], id="whole"),
        pytest.param(Wire(drip_s=0.0), [b"a", *(bytes([b]) for b in "ü€🌍".encode())], id="drip"),
        pytest.param(
            Wire(split_utf8=True),
            [b"a\xc3", b"\xbc\xe2", b"\x82\xac\xf0", b"\x9f\x8c\x8d"],
            id="cut inside every long character",
        ),
    ],
)
def test_chunks(wire: Wire, parts: list[bytes]) -> None:
    assert list(chunks("aü€🌍".encode(), wire)) == parts


@pytest.mark.parametrize(
    ("step", "mark"),
    [
        pytest.param(Drip(), b"1\r\ne\r\n1\r\nv\r\n", id="one byte at a time"),
        pytest.param(Crlf(), b"event: response.created\r\ndata: {", id="CR LF line ends"),
        pytest.param(Comments(), b": keep-alive\nevent: response.created", id="comments"),
        pytest.param(DataOnly(), b"\n\ndata: {", id="no event lines"),
        pytest.param(SplitUtf8(), b"\xc3\r\n", id="a chunk that ends inside a character"),
        pytest.param(Drip(then=Crlf()), b"1\r\n\r\r\n1\r\n\n\r\n", id="shapes may be combined"),
    ],
)
async def test_shapes_at_the_wire(
    sim: Simulator, account: SimAccount, step: Step, mark: bytes
) -> None:
    sim.script(step)
    async with raw_call(sim, account) as reader, asyncio.timeout(5):
        seen = await reader.readuntil(b"0\r\n\r\n")
    assert mark in seen


@pytest.mark.parametrize("step", [Drip(), Crlf(), Comments(), DataOnly(), SplitUtf8()])
async def test_every_shape_says_the_same_in_the_end(
    sim: Simulator, account: SimAccount, step: Step
) -> None:
    sim.script(step)
    answer = await post(sim, account)
    text = "".join(e["delta"] for e in answer.events if e["type"].endswith(".delta"))
    assert text in ("Hello from the simulator.", "Grüße, 世界, 🌍 ok")
    assert answer.kinds[-1] == "response.completed"


@pytest.mark.parametrize(
    ("step", "head_early"),
    [
        pytest.param(SlowHead(0.25), False, id="a wait before the status line"),
        pytest.param(SlowHead(0, first_event_s=0.25), True, id="a wait before the first event"),
        pytest.param(Text(delay_s=0.25, deltas=1), True, id="a wait before each delta"),
        pytest.param(SlowHead(0.25, then=UsageLimit()), False, id="a wait before a refusal"),
    ],
)
async def test_waits(sim: Simulator, account: SimAccount, step: Step, head_early: bool) -> None:
    sim.script(step)
    loop = asyncio.get_running_loop()
    async with raw_call(sim, account) as reader, asyncio.timeout(5):
        start = loop.time()
        await reader.readuntil(b"\r\n\r\n")
        head_s = loop.time() - start
        await reader.read(1 << 20)
        await sim.wait_for(lambda: sim.live_streams == 0)
        total_s = loop.time() - start
    assert total_s >= 0.25
    assert (total_s - head_s >= 0.2) == head_early


@pytest.mark.parametrize(
    ("step", "count", "then"),
    [
        pytest.param(
            SlowHead(0, first_event_s=0.05, then=Comments()),
            10,
            b": keep-alive\nevent: codex.rate_limits",
            id="for a while before the first event",
        ),
        pytest.param(Comments(Silence("start")), 3, b": keep-alive", id="for ever"),
    ],
)
async def test_nothing_but_comments(
    sim: Simulator, account: SimAccount, step: Step, count: int, then: bytes
) -> None:
    sim.script(step)
    async with raw_call(sim, account) as reader, asyncio.timeout(5):
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(count):
            assert await reader.readuntil(b"\n\n\r\n") == b"e\r\n: keep-alive\n\n\r\n"
        assert then in await reader.readuntil(b"\n\n")


async def test_the_end_cuts_even_endless_comments_short() -> None:
    async with asyncio.timeout(5):
        async with Simulator() as sim:
            account = sim.add_account("a@example.com")
            sim.script(Comments(Silence()))
            async with raw_call(sim, account):
                await sim.wait_for(lambda: sim.live_streams == 1)
        assert sim.live_streams == 0
