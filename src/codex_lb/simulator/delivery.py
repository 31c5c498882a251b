"""How an outcome reaches an HTTP client, down to the last byte and the manner of its end.

The client's going away cancels the handler (aiohttp's `handler_cancellation`); that is noted in
the record. Waits and silences end when the simulator closes.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator

from aiohttp import web

from codex_lb.simulator.events import Event
from codex_lb.simulator.record import Received
from codex_lb.simulator.refusals import Reply
from codex_lb.simulator.staging import Break, Outcome, Stream, Wire

# A reset throws away what the peer has not read yet, so let it read first.
SETTLE_S = 0.03

COMMENT = b": keep-alive\n\n"
COMMENTS_WHILE_WAITING = 10
COMMENT_EVERY_S = 0.1

Headers = tuple[tuple[str, str], ...]
Pause = Callable[[float | None], Awaitable[None]]  # seconds; None: until the simulator closes


async def deliver(
    request: web.Request, outcome: Outcome, received: Received, headers: Headers, pause: Pause
) -> web.StreamResponse:
    """Carry out `outcome`. `headers` go with streams and whole replies alike."""
    match outcome:
        case Reply():
            if outcome.wait_s:
                await pause(outcome.wait_s)
            return _reply(outcome, received, headers)
        case Stream():
            return await _stream(request, outcome, received, headers, pause)
        case Break():
            await break_connection(request, outcome, pause)
            received.finished = True
            return web.Response(status=500)  # never sent: the connection is gone


async def break_connection(request: web.BaseRequest, outcome: Break, pause: Pause) -> None:
    """End the connection without an answer, or hold it open without one."""
    if outcome.ending == "hang":
        await pause(None)
    transport = request.transport
    if transport is None:
        return
    if outcome.raw:
        transport.write(outcome.raw)
    end(transport, outcome.ending)


def end(transport: asyncio.Transport, ending: str) -> None:
    """Close a connection: `rst` at once and hard, anything else in order."""
    if ending != "rst":
        transport.close()
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def frame(event: Event, wire: Wire) -> bytes:
    """One event as the bytes of an SSE stream."""
    lines = [] if wire.data_only else [b"event: " + event.kind.encode()]
    if wire.comments:
        lines = [b": keep-alive", *lines, b": comments may stand anywhere"]
    lines.append(b"data: " + event.data)
    line_end = b"\r\n" if wire.crlf else b"\n"
    return line_end.join(lines) + line_end + line_end


def chunks(data: bytes, wire: Wire) -> Iterable[bytes]:
    """`data` as it is to be written: whole, byte by byte, or cut inside long characters."""
    if wire.drip_s is not None:
        return (data[at : at + 1] for at in range(len(data)))
    return _cut_characters(data) if wire.split_utf8 else (data,)


def _cut_characters(data: bytes) -> Iterator[bytes]:
    start = 0
    for at in range(1, len(data)):
        if _continues(data[at]) and not _continues(data[at - 1]):
            yield data[start:at]
            start = at
    yield data[start:]


def _continues(byte: int) -> bool:
    """Whether a byte is the second or later of a UTF-8 character."""
    return 0x80 <= byte < 0xC0  # noqa: PLR2004 -- bits 10xxxxxx


def _reply(reply: Reply, received: Received, headers: Headers) -> web.Response:
    response = web.Response(status=reply.status, body=reply.body)
    response.headers["content-type"] = reply.content_type
    for name, value in (*headers, *reply.headers):
        response.headers[name] = value
    received.status = reply.status
    received.finished = True
    return response


async def _stream(
    request: web.Request, stream: Stream, received: Received, headers: Headers, pause: Pause
) -> web.StreamResponse:
    if stream.wait_s:
        await pause(stream.wait_s)
    response = web.StreamResponse()
    response.headers["content-type"] = stream.wire.content_type
    response.headers["cache-control"] = "no-cache"
    for name, value in headers:
        response.headers.add(name, value)
    received.status = 200
    received.response_id = stream.story.response_id
    await response.prepare(request)
    await _wait_for_first_event(response, stream, pause)
    await _write_events(response, stream, received, pause)
    transport = request.transport
    if stream.ending == "hang":
        await _hang(response, stream, pause)
    elif stream.ending != "end" and transport is not None:
        await pause(SETTLE_S)
        end(transport, stream.ending)
    else:
        await response.write_eof()
    received.finished = True
    return response


async def _wait_for_first_event(response: web.StreamResponse, stream: Stream, pause: Pause) -> None:
    """In silence, or with ten comments if the stream has comments."""
    if not stream.wire.comments:
        return await pause(stream.first_event_s)
    for _ in range(COMMENTS_WHILE_WAITING if stream.first_event_s else 0):
        await response.write(COMMENT)
        await pause(stream.first_event_s / COMMENTS_WHILE_WAITING)
    return None


async def _hang(response: web.StreamResponse, stream: Stream, pause: Pause) -> None:
    """For ever, in silence, or with nothing but comments if the stream has comments."""
    while stream.wire.comments:
        await response.write(COMMENT)
        await pause(COMMENT_EVERY_S)
    await pause(None)


async def _write_events(
    response: web.StreamResponse, stream: Stream, received: Received, pause: Pause
) -> None:
    """Events that need no wait between them go out in one write."""
    batch: list[bytes] = []
    sent = 0
    for event in stream.events:
        if event.wait_s:
            await _write(response, b"".join(batch), stream.wire, pause)
            received.events_sent = sent
            batch.clear()
            await pause(event.wait_s)
        batch.append(frame(event, stream.wire))
        sent += 1
    await _write(response, b"".join(batch) + stream.rest, stream.wire, pause)
    received.events_sent = sent


async def _write(response: web.StreamResponse, data: bytes, wire: Wire, pause: Pause) -> None:
    if not data:
        return
    for chunk in chunks(data, wire):
        await response.write(chunk)
        if wire.drip_s is not None or wire.split_utf8:
            await pause(wire.drip_s or 0.0)
