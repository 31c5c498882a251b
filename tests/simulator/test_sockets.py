"""The WebSocket: prewarm, chained turns, and how it goes wrong."""

import asyncio

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from tests.simulator.calls import JsonObject, frame, open_socket, turn, user

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.steps import (
    Close,
    CutAfter,
    ErrorEvent,
    FailedEvent,
    Garbage,
    HalfEvent,
    NoTerminal,
    Parting,
    Refuse,
    Reset,
    Silence,
    SlowHead,
    Step,
    Text,
    Tool,
    UsageLimit,
)

PREWARM = frame(generate=False, input=[])


def response_id(events: list[JsonObject]) -> str:
    return str(events[-1]["response"]["id"])


async def test_a_turn_is_answered_with_the_events_of_the_stream(
    sim: Simulator, account: SimAccount
) -> None:
    async with open_socket(sim, account) as socket:
        kinds = [event["type"] for event in await turn(socket)]
    assert kinds[:2] == ["codex.rate_limits", "response.created"]
    assert kinds[-1] == "response.completed"


async def test_a_prewarm_is_created_and_completed_and_nothing_else(
    sim: Simulator, account: SimAccount
) -> None:
    async with open_socket(sim, account) as socket:
        events = await turn(socket, PREWARM)
    assert [event["type"] for event in events] == [
        "codex.rate_limits",
        "response.created",
        "response.in_progress",
        "response.completed",
    ]
    assert events[-1]["response"]["usage"]["output_tokens"] == 0


async def test_a_prewarm_uses_up_no_script(sim: Simulator, account: SimAccount) -> None:
    sim.script(Text("scripted"), times=1)
    async with open_socket(sim, account) as socket:
        await turn(socket, PREWARM)
        events = await turn(socket)
    assert any(event.get("text") == "scripted" for event in events)


async def test_a_chain_from_prewarm_over_a_tool_call_to_the_end(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Tool("run"), times=1)
    async with open_socket(sim, account) as socket:
        anchor = response_id(await turn(socket, PREWARM))
        called = await turn(socket, frame(previous_response_id=anchor))
        call = next(e["item"] for e in called if e["type"] == "response.output_item.done")
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "ok"}
        anchor = response_id(called)
        ended = await turn(socket, frame(previous_response_id=anchor, input=[result]))
    assert ended[-1]["type"] == "response.completed"
    assert ended[-1]["response"]["previous_response_id"] == anchor


async def test_a_chained_turn_counts_the_turns_before_as_input(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Text("a", input_tokens=5000, output_tokens=7), times=1)
    async with open_socket(sim, account) as socket:
        anchor = response_id(await turn(socket))
        events = await turn(socket, frame(previous_response_id=anchor))
    assert events[-1]["response"]["usage"]["input_tokens"] > 5007


async def test_a_call_left_without_its_result_is_refused(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Tool("run"), times=1)
    async with open_socket(sim, account) as socket:
        anchor = response_id(await turn(socket))
        [refused] = await turn(socket, frame(previous_response_id=anchor, input=[user("go on")]))
    assert refused["status"] == 400
    assert refused["error"]["message"].startswith("No tool output found for function call")


async def test_an_anchor_lives_only_on_its_own_connection(
    sim: Simulator, account: SimAccount
) -> None:
    async with open_socket(sim, account) as socket:
        anchor = response_id(await turn(socket))
    async with open_socket(sim, account) as socket:
        [refused] = await turn(socket, frame(previous_response_id=anchor))
        assert (refused["status"], refused["error"]["code"]) == (400, "previous_response_not_found")
        assert refused["error"]["param"] == "previous_response_id"
        assert (await turn(socket))[-1]["type"] == "response.completed"


async def test_a_failed_turn_is_no_anchor(sim: Simulator, account: SimAccount) -> None:
    sim.script(FailedEvent("server_error"), times=1)
    async with open_socket(sim, account) as socket:
        anchor = response_id(await turn(socket))
        [refused] = await turn(socket, frame(previous_response_id=anchor))
    assert refused["error"]["code"] == "previous_response_not_found"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        pytest.param(frame(temperature=1), "Unsupported parameter: temperature", id="a parameter"),
        pytest.param(frame(store=...), "Store must be set to false", id="store left out"),
        pytest.param(
            {"type": "session.update"}, "Unknown message type: session.update", id="a type"
        ),
    ],
)
async def test_refused_frames_leave_the_connection_open(
    sim: Simulator, account: SimAccount, request_: JsonObject, message: str
) -> None:
    async with open_socket(sim, account) as socket:
        [refused] = await turn(socket, request_)
        assert (refused["status"], refused["error"]["message"]) == (400, message)
        assert (await turn(socket))[-1]["type"] == "response.completed"


async def test_text_that_is_no_json_is_refused(sim: Simulator, account: SimAccount) -> None:
    async with open_socket(sim, account) as socket:
        await socket.send_str("{")
        refused = await socket.receive_json()
    assert (refused["type"], refused["status"]) == ("error", 400)


async def test_a_notice_of_processing_gets_no_answer(sim: Simulator, account: SimAccount) -> None:
    async with open_socket(sim, account) as socket:
        await socket.send_json({"type": "response.processed", "response_id": "resp_1"})
        assert (await turn(socket))[0]["type"] == "codex.rate_limits"


async def test_a_binary_frame_ends_the_connection(sim: Simulator, account: SimAccount) -> None:
    async with open_socket(sim, account) as socket:
        await socket.send_bytes(b"{}")
        assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == 1003


@pytest.mark.parametrize(
    ("step", "last", "code"),
    [
        pytest.param(Reset(), None, 1006, id="reset before any frame"),
        pytest.param(CutAfter("created"), "response.created", 1006, id="reset in mid-turn"),
        pytest.param(CutAfter("created", "fin"), "response.created", 1006, id="cut in mid-turn"),
        pytest.param(HalfEvent("created"), "response.created", 1006, id="half a frame"),
        pytest.param(Garbage(), None, 1002, id="bytes that are no frame"),
        pytest.param(Close(1011), None, 1011, id="a close frame before any other"),
        pytest.param(Close(1013), None, 1013, id="any close code"),
        pytest.param(NoTerminal("created"), "response.created", 1000, id="a close in mid-turn"),
        pytest.param(NoTerminal("created", code=1012), "response.created", 1012, id="of any code"),
        pytest.param(Parting(1001), "response.completed", 1001, id="a close after the turn"),
        pytest.param(Parting(1006), "response.completed", 1006, id="a reset after the turn"),
    ],
)
async def test_how_connections_end(
    sim: Simulator, account: SimAccount, step: Step, last: str | None, code: int
) -> None:
    sim.script(step)
    async with open_socket(sim, account) as socket, asyncio.timeout(5):
        events = await turn(socket)
        if not socket.closed:
            await socket.receive()
        assert socket.close_code == code
    assert [event["type"] for event in events][-1:] == ([last] if last else [])
    await sim.wait_for(lambda: sim.live_sockets == 0)


@pytest.mark.parametrize(
    ("step", "kind", "status"),
    [
        pytest.param(FailedEvent("server_error"), "response.failed", None, id="response.failed"),
        pytest.param(ErrorEvent("oops"), "error", None, id="an error frame without a status"),
        pytest.param(ErrorEvent("oops", status=500), "error", 500, id="an error frame with one"),
        pytest.param(Refuse("overloaded"), "error", 503, id="an overload"),
        pytest.param(UsageLimit(), "error", 429, id="a usage limit"),
    ],
)
async def test_failures_leave_the_connection_open(
    sim: Simulator, account: SimAccount, step: Step, kind: str, status: int | None
) -> None:
    sim.script(step, times=1)
    async with open_socket(sim, account) as socket:
        last = (await turn(socket))[-1]
        assert (last["type"], last.get("status")) == (kind, status)
        assert (await turn(socket))[-1]["type"] == "response.completed"


@pytest.mark.parametrize(
    ("step", "status"),
    [
        pytest.param(Refuse("upgrade_required"), 426, id="no WebSockets here"),
        pytest.param(UsageLimit(), 429, id="a usage limit"),
        pytest.param(Refuse("unavailable"), 503, id="a fault"),
    ],
)
async def test_refused_handshakes(
    sim: Simulator, account: SimAccount, step: Step, status: int
) -> None:
    sim.script(step, endpoint="websocket", times=1)
    with pytest.raises(WSServerHandshakeError) as refused:
        async with open_socket(sim, account):
            pass
    assert refused.value.status == status
    async with open_socket(sim, account) as socket:
        assert (await turn(socket))[-1]["type"] == "response.completed"


async def test_a_slow_handshake(sim: Simulator, account: SimAccount) -> None:
    sim.script(SlowHead(0.1, then=Refuse("unavailable")), endpoint="websocket", times=1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(WSServerHandshakeError):
        async with open_socket(sim, account):
            pass
    assert loop.time() - began >= 0.1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"openai-beta": "none"}, 426, id="without the beta header"),
        pytest.param({"authorization": "Bearer nobody"}, 401, id="without a login"),
    ],
)
async def test_handshakes_upstream_refuses(
    sim: Simulator, account: SimAccount, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        async with open_socket(sim, account, **headers):
            pass
    assert refused.value.status == status


async def test_a_client_that_closes_ends_its_turn(sim: Simulator, account: SimAccount) -> None:
    sim.script(Silence("created"))
    async with open_socket(sim, account) as socket:
        await socket.send_json(frame())
        await sim.wait_for(lambda: sim.live_streams == 1)
        assert sim.live_sockets == 1
    await sim.wait_for(lambda: sim.live_sockets == 0)
    assert sim.live_streams == 0
    assert sim.requests[-1].left_at is not None


async def test_frames_are_recorded_with_their_connection(
    sim: Simulator, account: SimAccount
) -> None:
    async with open_socket(sim, account) as socket:
        await turn(socket, PREWARM)
        await turn(socket)
    handshake, prewarm, last = sim.requests_to("/codex/responses")
    assert (handshake.method, prewarm.method, last.method) == ("GET", "WS", "WS")
    assert (prewarm.endpoint, last.endpoint) == ("prewarm", "responses")
    assert handshake.connection_id == prewarm.connection_id == last.connection_id
    assert last.account is account
    assert last.json["type"] == "response.create"
