"""How the back end speaks over a WebSocket.

`response.create` frames are served one at a time and answered with the events of the HTTP stream
as JSON text. A response's id is an anchor only on the connection that made it. Refusals are
`error` frames with a numeric `status`, and with the quota in `headers`.
"""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from codex_lb.simulator import delivery, refusals, steps, strict, turns
from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.events import Event
from codex_lb.simulator.record import Received
from codex_lb.simulator.refusals import Reply
from codex_lb.simulator.site import Site, carry_out, receive, request_object, signed_in
from codex_lb.simulator.staging import Break, Outcome, Stream, simple
from codex_lb.simulator.turns import Context

JsonObject = dict[str, Any]

MAX_FRAME = 16 * 1024 * 1024  # the real back end's limit
BETA = "responses_websockets=2026-02-06"
TERMINAL = frozenset({"response.completed", "response.failed", "response.incomplete", "error"})


@dataclass(slots=True)
class _Connection:
    """One WebSocket and what it remembers between turns."""

    site: Site
    request: web.Request
    socket: web.WebSocketResponse
    account: SimAccount
    handshake: Received
    anchors: dict[str, Context] = field(default_factory=dict)  # by response id


async def serve(site: Site, request: web.Request) -> web.StreamResponse:
    """The handshake, then turns until one side closes."""
    received = await receive(site, request, "websocket")
    account = signed_in(site, request)
    if isinstance(account, Reply):
        return await carry_out(site, request, account, received)
    received.account = account
    step = site.scripts.next(account.account_id, "websocket")
    if isinstance(step, steps.SlowHead):
        await site.pause(step.seconds)
        step = step.then
    refused = _refused_handshake(site, account, request, step)
    if refused is not None:
        return await carry_out(site, request, refused, received)
    socket = web.WebSocketResponse(max_msg_size=MAX_FRAME, timeout=1.0)
    for name, value in turns.stream_headers(site, account, received):
        socket.headers.add(name, value)
    await socket.prepare(request)
    received.status, received.finished = 101, True
    connection = _Connection(site, request, socket, account, received)
    with site.record.living("socket"):
        await _turns(connection)
    return socket


def _refused_handshake(
    site: Site, account: SimAccount, request: web.Request, step: steps.Step | None
) -> Reply | Break | None:
    if isinstance(step, steps.Refusal | steps.Break):
        return simple(step, account, site.clock())
    is_asked = BETA in request.headers.get("openai-beta", "")
    return None if is_asked else refusals.CASES["upgrade_required"]


async def _turns(connection: _Connection) -> None:
    """Read frames beside serving them, so that a closing client ends the turn it left."""
    frames: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(_work(connection, frames))
        async for message in connection.socket:
            if message.type is not WSMsgType.TEXT:
                await connection.socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
                break
            frames.put_nowait(message.data)
        worker.cancel()


async def _work(connection: _Connection, frames: asyncio.Queue[str]) -> None:
    while True:
        await _turn(connection, await frames.get())


async def _turn(connection: _Connection, text: str) -> None:
    site = connection.site
    received = Received(
        method="WS",
        path=connection.handshake.path,
        query={},
        headers=connection.handshake.headers,
        body=text.encode(),
        at=site.clock(),
        connection_id=connection.handshake.connection_id,
        endpoint="responses",
        account=connection.account,
    )
    site.record.add(received)
    with site.record.living("stream"):
        try:
            await _perform(connection, _outcome(connection, received), received)
            received.finished = True
        except ConnectionError:
            site.has_left(connection.request, received)
        except asyncio.CancelledError:
            site.has_left(connection.request, received)
            raise


def _outcome(connection: _Connection, received: Received) -> Outcome | None:
    """What answers a frame; None for frames that want no answer."""
    body = request_object(received)
    if isinstance(body, Reply):
        return body
    kind = body.pop("type", None)
    if kind == "response.processed":
        return None
    if kind != "response.create":
        return refusals.detail(400, f"Unknown message type: {kind}")
    if body.get("generate") is False:
        received.endpoint = "prewarm"
    anchor = body.get("previous_response_id")
    context = Context() if anchor is None else connection.anchors.get(str(anchor))
    if context is None:
        return refusals.lost_anchor(str(anchor))
    account = connection.account
    refusal = turns.malformed(body, account, context, strict.FRAME_PARAMETERS)
    if refusal is not None:
        return refusal
    if body.get("store") is not False:
        return refusals.detail(400, "Store must be set to false")
    account.roll()
    return turns.outcome(connection.site, account, body, received, context)


async def _perform(connection: _Connection, outcome: Outcome | None, received: Received) -> None:
    match outcome:
        case None:
            return
        case Reply():
            await connection.site.pause(outcome.wait_s)
            received.status = outcome.status
            frame, is_last = error_frame(outcome)
            await connection.socket.send_str(frame)
            if is_last:
                await _close(connection, received)
        case Break(code=None):
            await delivery.break_connection(connection.request, outcome, connection.site.pause)
        case Break():
            await _close(connection, received, outcome.code)
        case Stream():
            await _stream(connection, outcome, received)


async def _stream(connection: _Connection, stream: Stream, received: Received) -> None:
    pause = connection.site.pause
    await pause(stream.wait_s + stream.first_event_s)
    received.status = 200
    received.response_id = stream.story.response_id
    for event in stream.events:
        if event.wait_s:
            await pause(event.wait_s)
        await connection.socket.send_str(event.data.decode())
        received.events_sent += 1
    if stream.is_whole:
        _remember(connection, stream)
    if stream.ending == "hang":
        await pause(None)
    elif stream.close_code == WSCloseCode.ABNORMAL_CLOSURE:
        await _cut(connection, replace(stream, ending="rst"))
    elif stream.close_code is not None:
        await _close(connection, received, stream.close_code)
    elif stream.rest or stream.ending in ("rst", "fin"):
        await _cut(connection, stream)
    elif not _ends_well(stream.events):
        await _close(connection, received)


def _remember(connection: _Connection, stream: Stream) -> None:
    """The answer becomes an anchor: its tokens are context, its calls await their results."""
    story = stream.story
    calls = tuple(item["call_id"] for item in story.items if "call_id" in item)
    tokens = story.usage.input_tokens + story.usage.output_tokens
    connection.anchors[story.response_id] = Context(tokens, calls)


async def _cut(connection: _Connection, stream: Stream) -> None:
    """End the connection without a close frame, perhaps inside a frame."""
    transport = connection.request.transport
    if transport is None:
        return
    if stream.rest:
        promised = min(2 * len(stream.rest), 0xFFFF)
        transport.write(b"\x81\x7e" + promised.to_bytes(2, "big") + stream.rest[: promised // 2])
    await connection.site.pause(delivery.SETTLE_S)
    delivery.end(transport, stream.ending)


async def _close(connection: _Connection, received: Received, code: int | None = None) -> None:
    """A close frame of ours. It ends the reader and with it this turn, so the books come first."""
    received.finished = True
    await connection.socket.close(code=code or WSCloseCode.OK)


def _ends_well(events: tuple[Event, ...]) -> bool:
    return bool(events) and events[-1].kind in TERMINAL


def error_frame(reply: Reply) -> tuple[str, bool]:
    """A refusal as an `error` frame, and whether the connection closes after it."""
    try:
        body = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = {"detail": reply.body.decode(errors="replace")}
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        kind = "server_error" if reply.status >= 500 else "invalid_request_error"  # noqa: PLR2004 -- 5xx
        message = body.get("detail") if isinstance(body, dict) else str(body)
        error = {"type": kind, "code": None, "message": message, "param": None}
    frame = {
        "type": "error",
        "status": reply.status,
        "error": error,
        "headers": {name: value for name, value in reply.headers if name.startswith("x-codex-")},
    }
    is_last = error.get("code") == "websocket_connection_limit_reached"
    return msgspec.json.encode(frame).decode(), is_last
