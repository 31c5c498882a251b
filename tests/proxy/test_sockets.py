"""WebSockets from the client to upstream and back."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from tests.proxy.harness import CODEX, OPENAI, Proxy, running
from tests.proxy.socket_harness import (
    PREWARM,
    JsonObject,
    Served,
    frame,
    kinds,
    response_id,
    served,
    text,
    until,
    user,
)
from tests.proxy.test_api_keys import LIMITED, add, bearer

from codex_lb.core.limits import Limit
from codex_lb.core.model import Block
from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import (
    Close,
    CutAfter,
    ErrorEvent,
    FailedEvent,
    Garbage,
    HalfEvent,
    NoTerminal,
    Parting,
    Reasoning,
    Refuse,
    Reset,
    Silence,
    SlowHead,
    Status,
    Step,
    Text,
    Tool,
    UsageLimit,
)

HELLO = "Hello from the simulator."


@pytest.fixture
async def here(proxy: Proxy) -> AsyncIterator[Served]:
    async with served(proxy) as running_:
        yield running_


# -- the handshake -----------------------------------------------------------------------------


async def test_a_turn_is_relayed_event_by_event(here: Served) -> None:
    here.proxy.sim.script(Text("one two three", deltas=3))
    async with here.socket() as socket:
        events = await socket.turn()
    assert text(events) == "one two three"
    assert kinds(events)[:2] == ["codex.rate_limits", "response.created"]
    assert kinds(events)[-1] == "response.completed"
    receipt = here.proxy.receipt
    assert (receipt.status, len(receipt.attempts)) == ("success", 1)
    assert here.proxy.log.opened_rows[0].transport == "websocket"


async def test_upstream_is_connected_before_the_client_and_its_headers_are_told(
    here: Served,
) -> None:
    async with here.socket() as socket:
        assert here.calls == ["open first"]
        told = socket.headers
    assert told["x-codex-turn-state"].startswith("turn_")
    assert told["x-reasoning-included"] == "true"
    assert "x-codex-primary-used-percent" in told
    assert told["x-request-id"]
    assert not {"set-cookie", "cf-ray", "content-type"} & {name.lower() for name in told}
    assert here.proxy.log.opened_rows == [], "a handshake that goes well is no request"


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(UsageLimit(), id="a usage limit"),
        pytest.param(Refuse("bare_429"), id="a bare 429"),
        pytest.param(Refuse("firewall"), id="a firewall"),
        pytest.param(Refuse("account_suspended"), id="a closed account"),
        pytest.param(Refuse("overloaded"), id="an overload"),
        pytest.param(Refuse("server_error"), id="a fault"),
        pytest.param(Reset(), id="a reset"),
        pytest.param(Garbage(), id="no HTTP"),
        pytest.param(Status(200, "welcome"), id="a page in place of a socket"),
    ],
)
async def test_an_account_whose_handshake_fails_is_passed_over_unseen(
    here: Served, step: Step
) -> None:
    here.proxy.sim.script(step, account=here.first, endpoint="websocket")
    async with here.socket() as socket:
        assert text(await socket.turn()) == HELLO
    assert here.calls == ["open first", "open other", "turn other"]


async def test_a_handshake_refused_for_its_credential_renews_it(here: Served) -> None:
    here.proxy.sim.script(Refuse("unauthorized"), account=here.first, endpoint="websocket", times=1)
    async with here.socket() as socket:
        assert text(await socket.turn()) == HELLO
    assert here.calls == ["open first", "open first", "turn first"]
    assert here.proxy.sim.refresh_calls(here.first) == 1


async def test_an_exhausted_pool_refuses_the_handshake_and_says_so_once(here: Served) -> None:
    here.proxy.sim.script(UsageLimit(), endpoint="websocket")
    status, body = await here.refusal()
    assert (status, body["error"]["type"]) == (429, "usage_limit_reached")
    assert body["error"]["resets_at"]
    assert here.proxy.receipt.error_code == "usage_limit_reached"
    assert here.proxy.log.opened_rows[0].transport == "websocket"


@pytest.mark.parametrize("case", ["upgrade_required", "not_found"])
async def test_without_a_websocket_upstream_the_client_is_told_to_speak_http(
    here: Served, case: str
) -> None:
    here.proxy.sim.script(Refuse(case), endpoint="websocket")
    status, _ = await here.refusal()
    assert status == 426
    assert here.calls == ["open first"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({"authorization": "Bearer sk-clb-no"}, 401, "invalid_api_key", id="a bad key"),
        pytest.param({"origin": "https://evil.example"}, 403, "cross_site_request", id="a page"),
        pytest.param({"sec-websocket-version": "8"}, 400, "invalid_request_error", id="a draft"),
        pytest.param({"connection": "close"}, 400, "invalid_request_error", id="no upgrade"),
    ],
)
async def test_who_may_not_come_is_refused_before_upstream_is_asked(
    here: Served, headers: dict[str, str], status: int, code: str
) -> None:
    here.proxy.keys.needed = "authorization" in headers
    refused, body = await here.refusal(headers=headers)
    assert (refused, body["error"]["code"]) == (status, code)
    assert here.calls == []


async def test_no_socket_is_opened_while_the_process_ends(here: Served) -> None:
    here.proxy.plane.draining = True
    status, body = await here.refusal()
    assert (status, body["error"]["code"]) == (503, "server_shutting_down")


HANDSHAKE = (
    f"GET {CODEX} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
).encode()


async def test_the_refusal_of_a_handshake_is_what_codex_reads_at_once(sim: Simulator) -> None:
    """Of a body that it misses it does not ask again: it waits as long as `retry-after` says."""
    async with running(sim, accounts=40) as proxy:
        for account in proxy.accounts:
            sim.script(UsageLimit(), account=account, endpoint="websocket")
            proxy.pool.block(
                proxy.local_id(account),
                Block("usage_limit", sim.now(), sim.now() + 9_000, "full", is_told=True),
            )
        async with served(proxy) as here:
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
                writer.write(HANDSHAKE)
                head, _, body = (await reader.read(4_096)).partition(b"\r\n\r\n")
                writer.close()
                assert json.loads(body)["error"]["resets_at"]
                assert b"retry-after" not in head


async def test_a_frame_that_comes_too_early_costs_the_handshake(here: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    writer.write(HANDSHAKE + b"\x81\x80abcd")
    async with asyncio.timeout(5):
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_a_client_that_leaves_during_the_handshake_ends_it_upstream(here: Served) -> None:
    sim = here.proxy.sim
    sim.script(SlowHead(30.0), endpoint="websocket")
    opening = asyncio.ensure_future(here.refusal())
    await sim.wait_for(lambda: len(sim.requests) == 1)
    opening.cancel()
    await until(lambda: bool(here.proxy.log.receipts))
    assert here.proxy.receipt.status == "cancelled"
    assert here.proxy.pool.in_flight == 0


# -- where a turn goes -------------------------------------------------------------------------


async def test_a_chain_stays_on_one_connection_upstream(here: Served) -> None:
    async with here.socket() as socket:
        anchor = response_id(await socket.turn(PREWARM))
        anchor = response_id(await socket.turn(frame(previous_response_id=anchor)))
        events = await socket.turn(frame(previous_response_id=anchor))
    assert kinds(events)[-1] == "response.completed"
    assert here.calls == ["open first", "turn first", "turn first", "turn first"]
    connections = {call.connection_id for call in here.proxy.sim.requests}
    assert len(connections) == 1
    assert [row.endpoint for row in here.proxy.log.opened_rows] == [
        "prewarm", "responses", "responses",
    ]  # fmt: skip


async def test_sockets_without_a_conversation_stay_where_they_were_opened(here: Served) -> None:
    """The account is chosen at the handshake; the first frame does not choose again."""
    nameless = {"thread-id": "", "session-id": ""}
    for _ in range(4):
        async with here.socket(headers=nameless) as socket:
            await socket.turn(frame(input=[user("one and the same opening")]))
    asked = here.calls
    assert asked[1::2] == [handshake.replace("open", "turn") for handshake in asked[::2]]


BEFORE_CONTENT = [
    pytest.param(UsageLimit(), id="a usage limit"),
    pytest.param(Refuse("rate_limit"), id="a burst"),
    pytest.param(Refuse("overloaded"), id="an overload"),
    pytest.param(Refuse("server_error"), id="a fault"),
    pytest.param(FailedEvent("server_error"), id="response.failed"),
    pytest.param(FailedEvent("usage_limit_reached"), id="response.failed for a limit"),
    pytest.param(ErrorEvent("server_error"), id="an error frame without a status"),
    pytest.param(ErrorEvent("server_error", status=500), id="an error frame with one"),
    *(pytest.param(Close(code), id=f"close {code}") for code in (1000, 1008, 1011, 1012, 1013)),
    *(
        pytest.param(NoTerminal("created", code=code), id=f"close {code} after it was created")
        for code in (1000, 1008, 1011, 1012, 1013)
    ),
    pytest.param(Reset(), id="a reset"),
    pytest.param(CutAfter("created"), id="a reset after it was created"),
    pytest.param(CutAfter("created", "fin"), id="a cut"),
    pytest.param(HalfEvent("created"), id="half a frame"),
    pytest.param(Garbage(), id="no frame"),
    pytest.param(Silence("start"), id="silence"),
]


@pytest.mark.parametrize("step", BEFORE_CONTENT)
async def test_what_fails_before_content_moves_a_whole_turn_unseen(
    sim: Simulator, step: Step
) -> None:
    async with running(sim, first_event_s=0.3, idle_s=5.0) as proxy, served(proxy) as here:
        sim.script(step, account=here.first)
        async with here.socket() as socket:
            events = await socket.turn()
            assert text(events) == HELLO
            assert kinds(events).count("response.created") == 1
            assert await socket.turn(frame(previous_response_id=response_id(events)))
        assert here.calls == ["open first", "turn first", "open other", "turn other", "turn other"]
        await sim.wait_for(lambda: sim.live_sockets == 0)
    assert [receipt.status for receipt in proxy.log.receipts] == ["success", "success"]


@pytest.mark.parametrize("step", BEFORE_CONTENT)
async def test_a_chain_that_breaks_gets_the_word_to_send_everything(
    sim: Simulator, step: Step
) -> None:
    """Demand case 7: the resend lands where it can be served, and is not in the way of later turns."""
    async with running(sim, first_event_s=0.3, idle_s=5.0) as proxy, served(proxy) as here:
        async with here.socket() as socket:
            anchor = response_id(await socket.turn())
            sim.script(step, account=here.first)
            [*_, refused] = await socket.turn(frame(previous_response_id=anchor))
            if refused["type"] == "error":
                assert refused["status"] == 400
                assert refused["error"]["code"] == "previous_response_not_found"
            else:  # a fault that passes, on a connection that goes on: said as upstream said it
                assert refused["type"] == "response.failed"
            assert text(await socket.turn(frame(input=[user("all"), user("of it")]))) == HELLO
        assert here.calls[-1] == "turn other"


async def test_nothing_is_told_of_a_connection_that_ends_between_turns(here: Served) -> None:
    sim = here.proxy.sim
    for code in (1000, 1001, 1011, 1012, 1006):
        sim.script(Parting(code), times=1)
    async with here.socket() as socket:
        for turn in range(1, 6):
            assert text(await socket.turn()) == HELLO
            await sim.wait_for(lambda: sim.live_sockets == 0)
            assert len(here.calls) == 2 * turn
    assert all(len(receipt.attempts) == 1 for receipt in here.proxy.log.receipts)
    assert set(here.calls) == {"open first", "turn first"}


async def test_a_chain_whose_connection_ended_between_turns_is_told_without_asking(
    here: Served,
) -> None:
    sim = here.proxy.sim
    sim.script(Parting(1000), times=1)
    async with here.socket() as socket:
        anchor = response_id(await socket.turn())
        await sim.wait_for(lambda: sim.live_sockets == 0)
        [refused] = await socket.turn(frame(previous_response_id=anchor))
    assert (refused["status"], refused["error"]["code"]) == (400, "previous_response_not_found")
    assert refused["error"]["param"] == "previous_response_id"
    assert here.calls == ["open first", "turn first"]
    assert here.proxy.account(here.first).blocks == ()


async def test_a_connection_at_its_limit_is_made_anew_for_a_whole_turn(here: Served) -> None:
    here.proxy.sim.script(Text(), times=1)
    here.proxy.sim.script(Refuse("connection_limit"), times=1)
    async with here.socket() as socket:
        await socket.turn()
        assert text(await socket.turn()) == HELLO
    assert here.calls == ["open first", "turn first", "turn first", "open first", "turn first"]
    assert here.proxy.account(here.first).blocks == ()


async def test_a_connection_at_its_limit_ends_a_chain(here: Served) -> None:
    here.proxy.sim.script(Text(), times=1)
    here.proxy.sim.script(Refuse("connection_limit"), times=1)
    async with here.socket() as socket:
        anchor = response_id(await socket.turn())
        [refused] = await socket.turn(frame(previous_response_id=anchor))
        assert (refused["status"], refused["error"]["code"]) == (400, "previous_response_not_found")
        assert text(await socket.turn()) == HELLO


async def test_an_id_that_nobody_here_knows_is_upstreams_to_judge(here: Served) -> None:
    async with here.socket() as socket:
        [refused] = await socket.turn(frame(previous_response_id="resp_foreign"))
    assert (refused["status"], refused["error"]["code"]) == (400, "previous_response_not_found")
    assert here.calls == ["open first", "turn first"]


async def test_a_credential_refused_in_a_frame_is_renewed_on_a_new_connection(
    here: Served,
) -> None:
    here.proxy.sim.script(Refuse("token_expired"), times=1)
    async with here.socket() as socket:
        assert text(await socket.turn()) == HELLO
    assert here.calls == ["open first", "turn first", "open first", "turn first"]
    assert here.proxy.sim.refresh_calls(here.first) == 1


async def test_the_turn_state_is_kept_for_an_account_and_left_behind_with_it(
    here: Served,
) -> None:
    sim = here.proxy.sim
    sim.script(Parting(1000), times=1)
    async with here.socket(headers={"x-codex-turn-state": "turn_mine"}) as socket:
        await socket.turn()
        await sim.wait_for(lambda: sim.live_sockets == 0)
        sim.script(UsageLimit(), account=here.first)
        await socket.turn()
    handshakes = [call for call in sim.requests if call.method == "GET"]
    states = [call.headers.get("x-codex-turn-state") for call in handshakes]
    assert states == ["turn_mine", "turn_mine", None]


# -- errors ------------------------------------------------------------------------------------


async def test_an_exhausted_pool_is_one_error_frame_with_status_and_quota(here: Served) -> None:
    here.proxy.sim.script(UsageLimit())
    async with here.socket() as socket:
        [*_, refused] = await socket.turn()
    assert (refused["type"], refused["status"]) == ("error", 429)
    assert refused["error"]["type"] == "usage_limit_reached"
    assert refused["error"]["resets_at"]
    assert refused["headers"]["x-codex-primary-used-percent"] == "100"


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        pytest.param(Refuse("context_length"), 400, "context_length_exceeded", id="with status"),
        pytest.param(ErrorEvent("invalid_prompt"), 400, "invalid_prompt", id="without status"),
    ],
)
async def test_upstreams_error_frames_have_a_status_and_go_on(
    here: Served, step: Step, status: int, code: str
) -> None:
    here.proxy.sim.script(step, times=1)
    async with here.socket() as socket:
        [*_, refused] = await socket.turn()
        assert (refused["type"], refused["status"]) == ("error", status)
        assert refused["error"]["code"] == code
        assert text(await socket.turn()) == HELLO
    assert here.calls == ["open first", "turn first", "turn first"]


@pytest.mark.parametrize(
    ("path", "kind"), [(CODEX, "response.failed"), (OPENAI, "error")], ids=["Codex", "an SDK"]
)
async def test_a_fault_everywhere_is_said_as_each_client_repeats_it_least(
    here: Served, path: str, kind: str
) -> None:
    here.proxy.sim.script(Refuse("server_error"))
    async with here.socket(path) as socket:
        refused = (await socket.turn())[-1]
    assert refused["type"] == kind
    assert refused.get("status") == (502 if kind == "error" else None)
    assert here.calls[1::2] == ["turn first", "turn other", "turn first"]


async def test_a_refused_login_is_never_shown_to_the_client(here: Served) -> None:
    here.proxy.sim.script(Refuse("unauthorized"))
    async with here.socket(OPENAI) as socket:
        refused = (await socket.turn())[-1]
    assert refused["type"] == "error"
    assert refused["status"] != 401


@pytest.mark.parametrize(
    "step", [CutAfter(8), NoTerminal(8, code=1011), FailedEvent(after=8), Silence(8)]
)
async def test_what_fails_after_content_ends_the_turn_and_is_not_repeated(
    sim: Simulator, step: Step
) -> None:
    async with running(sim, idle_s=0.3) as proxy, served(proxy) as here:
        sim.script(step, times=1)
        async with here.socket() as socket:
            events = await socket.turn()
            assert kinds(events)[-1] == "response.failed"
            assert kinds(events).count("response.failed") == 1
            assert 0 < len(text(events)) < len(HELLO)
            assert text(await socket.turn()) == HELLO
        numbers = [e["sequence_number"] for e in events if "sequence_number" in e]
        assert numbers == sorted(set(numbers))
        assert [call.split()[0] for call in here.calls].count("turn") == 2


# -- frames ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("{", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param('{"model": "gpt-5.5"}', id="no type"),
        pytest.param('{"type": "response.create"}', id="no model"),
        pytest.param('{"type": "response.create", "x": ' + "[" * 200 + "]" * 200 + "}", id="deep"),
    ],
)
async def test_frames_that_cannot_be_read_are_refused_and_the_socket_goes_on(
    here: Served, sent: str
) -> None:
    async with here.socket() as socket:
        [refused] = await socket.turn(sent)
        assert (refused["type"], refused["status"]) == ("error", 400)
        assert text(await socket.turn()) == HELLO
    assert here.calls == ["open first", "turn first"]


async def test_a_binary_frame_is_refused_and_the_socket_goes_on(here: Served) -> None:
    async with here.socket() as socket:
        await socket.raw.send_bytes(json.dumps(frame()).encode())
        [refused] = await socket.answer()
        assert (refused["type"], refused["status"]) == ("error", 400)
        assert text(await socket.turn()) == HELLO


async def test_frames_that_are_no_turns_are_upstreams_business(here: Served) -> None:
    async with here.socket() as socket:
        await socket.turn()
        await socket.send({"type": "response.processed", "response_id": "resp_1"})
        [said] = await socket.turn({"type": "session.update"})
        assert (said["status"], said["error"]["message"]) == (
            400, "Unknown message type: session.update",
        )  # fmt: skip
    bodies = [call.json for call in here.proxy.sim.requests if call.method == "WS"]
    assert bodies[1:] == [
        {"type": "response.processed", "response_id": "resp_1"}, {"type": "session.update"},
    ]  # fmt: skip


async def test_turns_that_come_together_are_served_one_after_another(here: Served) -> None:
    here.proxy.sim.script(Text("first"), times=1)
    here.proxy.sim.script(Text("second"), times=1)
    async with here.socket() as socket:
        await socket.send()
        await socket.send()
        assert [text(await socket.answer()), text(await socket.answer())] == ["first", "second"]


async def test_more_frames_than_anybody_sends_end_the_socket(here: Served) -> None:
    here.proxy.sim.script(Silence("created"))
    async with here.socket() as socket:
        for _ in range(10):
            await socket.send()
        assert await socket.close_code() == 1008


async def test_a_frame_beyond_the_cap_is_told_and_ends_the_socket(here: Served) -> None:
    async with here.socket() as socket:
        [refused] = await socket.turn(frame(input=[user("x" * 2_000_000)]))
        assert (refused["status"], refused["error"]["code"]) == (400, "payload_too_large")
        assert await socket.close_code() == 1009


async def test_what_upstream_will_not_take_is_the_clients_to_hear(here: Served) -> None:
    here.proxy.sim.script(Close(1009))
    async with here.socket() as socket:
        [refused] = await socket.turn()
    assert (refused["status"], refused["error"]["code"]) == (400, "payload_too_large")
    assert here.calls == ["open first", "turn first"]


async def test_frames_go_up_as_they_came_but_for_the_stream_flag(here: Served) -> None:
    sent = '{"type":"response.create", "model":"gpt-5.5","input":[ {"type":"message","role":"user",'
    sent += '"content":"\\u00fc","odd":1.50} ],"store":false, "client_metadata":{"a": "b"}}'
    async with here.socket() as socket:
        await socket.turn(sent)
        await socket.turn(sent.replace('"store":false', '"stream":true,"store":true'))
    bodies = [call.body for call in here.proxy.sim.requests if call.method == "WS"]
    assert bodies[0] == sent.encode()
    assert (
        b'"input":[ {"type":"message","role":"user","content":"\\u00fc","odd":1.50} ]' in bodies[1]
    )
    assert json.loads(bodies[1]) == json.loads(sent)


async def test_the_flag_of_lite_models_stands_in_the_frame(here: Served) -> None:
    tools = {"type": "additional_tools", "role": "developer", "tools": []}
    async with here.socket() as socket:
        await socket.turn(frame(input=[tools, user("hi")]))
    handshake, turn = here.proxy.sim.requests
    flag = "ws_request_header_x_openai_internal_codex_responses_lite"
    assert turn.json["client_metadata"] == {flag: "true"}
    assert "x-openai-internal-codex-responses-lite" not in handshake.headers


async def test_compression_is_for_what_the_client_sends(here: Served) -> None:
    here.proxy.sim.script(Text("a" * 3_000, deltas=3))
    async with here.socket(compress=15) as socket:
        assert socket.headers["sec-websocket-extensions"] == "permessage-deflate"
        for _ in range(2):
            assert text(await socket.turn(frame(input=[user("again " * 1_000)]))) == "a" * 3_000
    assert len(here.proxy.sim.requests[-1].body) > 6_000


async def test_sdks_get_the_public_apis_events(here: Served) -> None:
    async with here.socket(OPENAI) as socket:
        events = await socket.turn()
    assert not any(kind.startswith("codex.") for kind in kinds(events))
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == HELLO


async def test_a_tool_call_and_its_result_make_two_turns(here: Served) -> None:
    here.proxy.sim.script(Tool("run"), times=1)
    async with here.socket() as socket:
        called = await socket.turn()
        item = next(e["item"] for e in called if e["type"] == "response.output_item.done")
        result = {"type": "function_call_output", "call_id": item["call_id"], "output": "ok"}
        done = await socket.turn(frame(previous_response_id=response_id(called), input=[result]))
    assert text(done) == HELLO


# -- the end -----------------------------------------------------------------------------------


async def test_a_client_that_leaves_in_mid_turn_releases_everything(here: Served) -> None:
    sim = here.proxy.sim
    sim.script(Silence(8))
    async with here.socket() as socket:
        await socket.send()
        await sim.wait_for(lambda: sim.live_streams == 1)
    await sim.wait_for(lambda: sim.live_sockets == 0)
    await until(lambda: bool(here.proxy.log.receipts))
    assert (here.proxy.receipt.status, here.proxy.pool.in_flight) == ("cancelled", 0)


async def test_an_idle_socket_ends_with_the_process(here: Served) -> None:
    async with here.socket() as socket:
        here.stop.request()
        assert await socket.close_code() == 1012


async def test_a_running_turn_is_finished_before_the_process_ends(here: Served) -> None:
    here.proxy.sim.script(Text("slow but whole", deltas=4, delay_s=0.1))
    async with here.socket() as socket:
        await socket.send()
        await here.proxy.sim.wait_for(lambda: here.proxy.sim.live_streams == 1)
        here.stop.request()
        assert text(await socket.answer()) == "slow but whole"
        assert await socket.close_code() == 1012


async def test_a_turn_that_takes_too_long_for_the_end_is_told(proxy: Proxy) -> None:
    proxy.sim.script(Silence(8))
    async with served(proxy, drain_s=0.2) as here, here.socket() as socket:
        await socket.send()
        await proxy.sim.wait_for(lambda: proxy.sim.live_streams == 1)
        here.stop.request()
        events = await socket.answer()
        assert kinds(events)[-1] == "response.failed"
        assert await socket.close_code() == 1012


# -- keys --------------------------------------------------------------------------------------


async def test_what_a_key_imposes_holds_for_every_turn(here: Served) -> None:
    key = await add(here.proxy, enforced_model="gpt-5.4", enforced_effort="low")
    async with here.socket(headers=bearer(key)) as socket:
        await socket.turn()
    sent = here.proxy.sim.requests[-1].json
    assert (sent["model"], sent["reasoning"]) == ("gpt-5.4", {"effort": "low"})
    assert here.proxy.log.opened_rows[0].api_key_id == "key-0"


async def test_a_turn_reserves_of_its_keys_limits_and_the_handshake_does_not(
    here: Served,
) -> None:
    key = await add(here.proxy, limits=(LIMITED,))
    async with here.socket(headers=bearer(key)) as socket:
        assert here.proxy.keys.reserved == []
        await socket.turn()
        here.proxy.keys.verdicts.append(Limit(1, LIMITED.rule, 1_000, 0, resets_at=2e9))
        [refused] = await socket.turn()
    assert [request for _, request, _ in here.proxy.keys.reserved] == [
        row.id for row in here.proxy.log.opened_rows
    ]
    assert (refused["type"], refused["status"]) == ("error", 429)
    assert refused["error"]["type"] == "usage_limit_reached"


async def test_a_model_that_the_key_may_not_use_is_refused_at_its_turn(here: Served) -> None:
    key = await add(here.proxy, allowed_models=("gpt-5.4",))
    async with here.socket(OPENAI, headers=bearer(key)) as socket:
        [refused] = await socket.turn()
        assert (refused["status"], refused["error"]["code"]) == (403, "model_not_allowed")
        assert here.proxy.log.refused == [(OPENAI, "model_not_allowed")]
        assert text(await socket.turn(frame(model="gpt-5.4"))) == HELLO


async def revoke(here: Served) -> None:
    here.proxy.keys.kept.clear()
    await here.proxy.ring.load()
    here.proxy.plane.serving.stop_revoked(here.proxy.ring.is_good)


async def test_a_revoked_key_closes_its_idle_socket(here: Served) -> None:
    key = await add(here.proxy)
    async with here.socket(headers=bearer(key)) as socket:
        await socket.turn()
        await revoke(here)
        assert await socket.close_code() == 1008


async def test_a_revoked_key_ends_the_turn_that_runs(here: Served) -> None:
    key = await add(here.proxy)
    here.proxy.sim.script(Silence(8))
    async with here.socket(headers=bearer(key)) as socket:
        await socket.send()
        await here.proxy.sim.wait_for(lambda: here.proxy.sim.live_streams == 1)
        await revoke(here)
        assert kinds(await socket.answer())[-1] == "response.failed"
        assert await socket.close_code() == 1008


async def test_a_key_that_is_no_longer_good_serves_no_turn(here: Served) -> None:
    here.proxy.keys.needed = True
    key = await add(here.proxy)
    async with here.socket(headers=bearer(key)) as socket:
        here.proxy.keys.kept.clear()
        await here.proxy.ring.load()
        [refused] = await socket.turn()
        assert refused["type"] == "response.failed"
        assert await socket.close_code() == 1008


async def test_refusals_name_their_request(here: Served) -> None:
    here.proxy.keys.needed = True
    with pytest.raises(WSServerHandshakeError) as refused:
        async with here.socket():
            pass
    headers: Any = refused.value.headers
    assert (refused.value.status, bool(headers["x-request-id"])) == (401, True)


# -- what an account has sealed ----------------------------------------------------------------


def items(events: list[JsonObject]) -> list[JsonObject]:
    return [e["item"] for e in events if e["type"] == "response.output_item.done"]


async def test_a_compaction_comes_once_and_as_it_was_made(here: Served) -> None:
    """Demand case 27."""
    async with here.socket() as socket:
        anchor = response_id(await socket.turn())
        trigger = frame(previous_response_id=anchor, input=[{"type": "compaction_trigger"}])
        events = await socket.turn(trigger)
        [item] = items(events)
        whole = await socket.turn(frame(input=[item, user("go on")]))
    assert (item["type"], bool(item["encrypted_content"])) == ("compaction", True)
    assert kinds(events).count("response.output_item.added") == 1
    assert text(whole) == HELLO
    assert set(here.calls) == {"open first", "turn first"}


async def test_a_moved_turn_leaves_behind_what_only_the_old_account_can_read(
    here: Served,
) -> None:
    """Demand case 24."""
    here.proxy.sim.script(Reasoning(), times=1)
    async with here.socket() as socket:
        made = items(await socket.turn())
        here.proxy.sim.script(UsageLimit(), account=here.first)
        assert text(await socket.turn(frame(input=[user("hi"), *made, user("more")]))) == HELLO
    assert here.calls[2:] == ["turn first", "open other", "turn other", "turn other"]
    sent = here.proxy.sim.requests[-1].json["input"]
    assert [item["type"] for item in sent] == ["message", "message", "message"]
