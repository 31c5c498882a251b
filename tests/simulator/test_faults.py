"""Faults at the wire, seen over a bare socket: how a connection or a stream goes wrong."""

import asyncio

import pytest
from tests.simulator.calls import events, post, raw_call

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.steps import (
    After,
    BlackHole,
    Close,
    CutAfter,
    ErrorEvent,
    FailedEvent,
    Garbage,
    GarbageEvent,
    HalfEvent,
    Html,
    HugeHeader,
    Incomplete,
    NoTerminal,
    Reset,
    Silence,
    Step,
    Text,
    WrongType,
)

WAIT_S = 5.0  # longer than any of this takes


async def read_all(reader: asyncio.StreamReader) -> tuple[bytes, str]:
    """What came, and whether the connection ended in order (`fin`) or by reset (`rst`)."""
    seen = b""
    try:
        async with asyncio.timeout(WAIT_S):
            while chunk := await reader.read(1 << 16):
                seen += chunk
    except ConnectionResetError:
        return seen, "rst"
    return seen, "fin"


@pytest.mark.parametrize(
    ("step", "start", "end"),
    [
        pytest.param(Reset(), b"", "rst", id="reset before the headers"),
        pytest.param(Reset(before_headers=False), b"HTTP/1.1 200 OK", "rst", id="reset after them"),
        pytest.param(Close(), b"", "fin", id="clean end before the headers"),
        pytest.param(Garbage(), b"\x16\x03\x01", "fin", id="garbage instead of HTTP"),
        pytest.param(CutAfter(4), b"HTTP/1.1 200 OK", "rst", id="reset in mid-stream"),
        pytest.param(CutAfter(4, "fin"), b"HTTP/1.1 200 OK", "fin", id="clean cut in mid-stream"),
    ],
)
async def test_how_connections_end(
    sim: Simulator, account: SimAccount, step: Step, start: bytes, end: str
) -> None:
    sim.script(step)

    async with raw_call(sim, account) as reader:
        seen, ended = await read_all(reader)

    assert ended == end
    assert seen.startswith(start)
    assert bool(seen) == bool(start)
    assert not seen.endswith(b"0\r\n\r\n")  # the last chunk of a whole answer


@pytest.mark.parametrize("how", ["rst", "fin"])
@pytest.mark.parametrize(
    ("after", "last"),
    [
        pytest.param("start", None, id="at the start"),
        pytest.param(1, "response.created", id="after one event"),
        pytest.param("created", "response.created", id="after an event by name"),
        pytest.param("delta", "response.output_text.delta", id="after the first delta"),
        pytest.param(6, "response.output_text.delta", id="after two deltas"),
        pytest.param(999, "response.output_item.done", id="never after the terminal event"),
    ],
)
async def test_where_streams_are_cut(
    sim: Simulator, account: SimAccount, how: str, after: After, last: str | None
) -> None:
    sim.script(CutAfter(after, "rst" if how == "rst" else "fin"))

    async with raw_call(sim, account) as reader:
        seen, ended = await read_all(reader)

    kinds = [event["type"] for event in events(seen)]
    assert ended == how
    assert [kind for kind in kinds if kind != "codex.rate_limits"][-1:] == ([last] if last else [])


@pytest.mark.parametrize(
    ("step", "kinds", "rest"),
    [
        pytest.param(
            NoTerminal("in_progress"),
            ["response.created", "response.in_progress"],
            b"",
            id="no terminal event",
        ),
        pytest.param(
            HalfEvent(1), ["response.created"], b"event: response.in_progress\n", id="half an event"
        ),
        pytest.param(
            GarbageEvent(1), ["response.created"], b"\x00\xff\xfe", id="garbage for an event"
        ),
    ],
)
async def test_streams_that_end_in_order_but_wrong(
    sim: Simulator, account: SimAccount, step: Step, kinds: list[str], rest: bytes
) -> None:
    sim.script(step)

    answer = await post(sim, account)

    assert answer.status == 200
    tail = answer.body.rsplit(b"\n\n", 1)[-1] if not isinstance(step, GarbageEvent) else answer.body
    assert rest in tail
    seen = [line[7:].decode() for line in answer.body.split(b"\n") if line.startswith(b"event: ")]
    assert seen[1 : 1 + len(kinds)] == kinds
    assert "response.completed" not in seen


@pytest.mark.parametrize(
    ("after", "before"),
    [
        pytest.param("start", [], id="as the first event"),
        pytest.param("created", ["response.created"], id="after created"),
        pytest.param(
            "delta",
            [
                "response.created",
                "response.in_progress",
                "response.output_item.added",
                "response.content_part.added",
                "response.output_text.delta",
            ],
            id="in mid-stream",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["response.failed", "error"])
async def test_failure_events(
    sim: Simulator, account: SimAccount, kind: str, after: After, before: list[str]
) -> None:
    step: Step = (
        FailedEvent("slow_down", after) if kind != "error" else ErrorEvent("slow_down", after)
    )
    sim.script(step)

    answer = await post(sim, account)

    assert answer.status == 200
    assert [k for k in answer.kinds if k != "codex.rate_limits"] == [*before, kind]
    last = answer.events[-1]
    fault = last["response"]["error"] if kind == "response.failed" else last
    assert (fault["code"], fault["message"]) == ("slow_down", "Slow down.")
    assert last["sequence_number"] == len(before)


async def test_a_failure_event_says_what_the_script_says(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(FailedEvent("rate_limit_exceeded", message="Please try again in 2s"))
    response = (await post(sim, account)).events[-1]["response"]
    assert response["status"] == "failed"
    assert response["error"]["message"] == "Please try again in 2s"


async def test_an_incomplete_answer_has_its_text_and_its_reason(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Incomplete("content_filter", then=Text("half")))
    answer = await post(sim, account)
    assert answer.kinds[-2:] == ["response.output_item.done", "response.incomplete"]
    response = answer.events[-1]["response"]
    assert response["incomplete_details"] == {"reason": "content_filter"}
    assert response["usage"]["output_tokens"] > 0


async def test_html_with_status_200(sim: Simulator, account: SimAccount) -> None:
    sim.script(Html())
    answer = await post(sim, account)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.body.startswith(b"<!DOCTYPE html>")


async def test_a_good_stream_under_the_wrong_type(sim: Simulator, account: SimAccount) -> None:
    sim.script(WrongType())
    answer = await post(sim, account)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.kinds[-1] == "response.completed"


async def test_a_header_of_300_kilobytes(sim: Simulator, account: SimAccount) -> None:
    sim.script(HugeHeader())
    seen = b""
    async with raw_call(sim, account) as reader, asyncio.timeout(WAIT_S):
        while b"\r\n\r\n" not in seen:
            seen += await reader.read(1 << 16)
    assert max(len(line) for line in seen.split(b"\r\n")) > 300_000


@pytest.mark.parametrize(
    ("step", "seen"),
    [
        pytest.param(BlackHole(), False, id="a black hole never answers"),
        pytest.param(Silence("created"), True, id="silence follows the first event"),
    ],
)
async def test_hanging(sim: Simulator, account: SimAccount, step: Step, seen: bool) -> None:
    sim.script(step)
    async with raw_call(sim, account) as reader:
        await sim.wait_for(lambda: sim.live_streams == 1)
        if seen:
            assert b"response.created" in await reader.readuntil(b"\n\n\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(1)
    await sim.wait_for(lambda: sim.live_streams == 0)


async def test_a_hanging_answer_does_not_hold_up_the_end() -> None:
    async with asyncio.timeout(WAIT_S):
        async with Simulator() as sim:
            account = sim.add_account("a@example.com")
            sim.script(BlackHole())
            async with raw_call(sim, account):
                await sim.wait_for(lambda: sim.live_streams == 1)
        assert sim.live_streams == 0


async def test_nothing_listens_while_it_refuses(sim: Simulator, account: SimAccount) -> None:
    url = sim.base_url
    await sim.refuse()
    with pytest.raises(OSError, match="Connect"):
        await post(sim, account)
    await sim.listen()
    assert sim.base_url == url
    assert (await post(sim, account)).status == 200


async def test_refusing_resets_what_is_open(sim: Simulator, account: SimAccount) -> None:
    sim.script(Silence())
    async with raw_call(sim, account) as reader:
        await sim.wait_for(lambda: sim.live_streams == 1)
        await sim.refuse()
        seen, _ = await read_all(reader)
    assert b"response.completed" not in seen
    assert sim.requests[-1].left_at is None  # it was not the client that left
