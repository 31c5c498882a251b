"""A stand-in for the ChatGPT back end that costs almost nothing: every byte is rendered beforehand.

`python -m bench.upstream [PORT]` prints its port and serves until it is terminated. `PUT /mode` with
`{"events": 200, "pace_ms": 0}` says how many text deltas the next replies have; with a pace, one
HTTP chunk leaves every `pace_ms`, else the whole reply in one write. Each event is one HTTP chunk, or
one frame on a WebSocket, where every message is answered alike.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import uvloop

from codex_lb.core import frames, upgrade

_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n"
)
_END = b"0\r\n\r\n"
_RESPONSE_ID = "resp_00000000000000000000000000000000"
_ITEM_ID = "msg_00000000000000000000000000000000"
_DELTA = "Sixty-four letters of text, as long as a busy model sends at once. "


@dataclass(frozen=True, slots=True)
class Reply:
    """One stream: `first` leaves at once, then one of `paced` every `pace_s`, then nothing."""

    first: bytes
    paced: tuple[bytes, ...] = ()
    pace_s: float = 0.0


@dataclass(slots=True)
class Server:
    """What all connections share."""

    reply: Reply = field(default_factory=lambda: render(200, 0))
    turn: Reply = field(default_factory=lambda: render_turn(200, 0))


class Connection(asyncio.Protocol):
    """Reads requests one after the other; bodies are skipped by their length."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport = asyncio.Transport()
        self._head = b""
        self._body = b""
        self._missing = 0  # bytes of the body still to come
        self._is_chunked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop derives from no base class

    def data_received(self, data: bytes) -> None:
        while data:
            data = self._read_body(data) if self._is_in_body() else self._read_head(data)

    def _is_in_body(self) -> bool:
        return self._missing > 0 or self._is_chunked

    def _read_head(self, data: bytes) -> bytes:
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return b""
        rest, self._head = self._head[end + 4 :], self._head[:end]
        self._body = b""
        names = self._head.lower()
        self._is_chunked = b"\r\ntransfer-encoding: chunked" in names
        at = names.find(b"\r\ncontent-length:")
        self._missing = 0 if at < 0 else int(names[at + 17 :].split(b"\r\n", 1)[0])
        if not self._is_in_body():
            self._answer()
        return rest

    def _read_body(self, data: bytes) -> bytes:
        if self._is_chunked:
            self._body = self._body[-8:] + data  # a client sends nothing after its last chunk
            if self._body.endswith(b"\r\n" + _END):
                self._is_chunked = False
                self._answer()
            return b""
        taken, rest = data[: self._missing], data[self._missing :]
        self._missing -= len(taken)
        if self._head.startswith(b"PUT"):
            self._body += taken
        if self._missing == 0:
            self._answer()
        return rest

    def _answer(self) -> None:
        head, self._head = self._head, b""
        method, path = head.split(b" ", 2)[:2]
        if method == b"POST" and path.endswith(b"/responses"):
            stream(self._transport, self._server.reply)
        elif method == b"GET" and path.endswith(b"/responses"):
            self._switch(head)
        elif method == b"PUT" and path == b"/mode":
            mode = json.loads(self._body)
            self._server.reply, self._server.turn = render(**mode), render_turn(**mode)
            self._send_json(b"200 OK", b"{}")
        else:
            self._send_json(b"404 Not Found", b'{"detail":"Not Found"}')

    def _switch(self, head: bytes) -> None:
        lines = (line.partition(": ") for line in head.decode().split("\r\n")[1:])
        granted = upgrade.granted({name.lower(): value for name, _, value in lines})
        told = "".join(f"{name}: {value}\r\n" for name, value in granted.items())
        self._transport.write(f"HTTP/1.1 101 Switching Protocols\r\n{told}\r\n".encode())
        self._transport.set_protocol(Socket(self._server, self._transport))

    def _send_json(self, status: bytes, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (status, len(body), body)
        )


class Socket(asyncio.Protocol):
    """A connection after its handshake."""

    def __init__(self, server: Server, transport: asyncio.Transport) -> None:
        self._server = server
        self._transport = transport
        self._reader = frames.Reader(masked=True, max_bytes=2**26)

    def data_received(self, data: bytes) -> None:
        for message in self._reader.feed(data):
            if message.opcode == frames.TEXT:
                stream(self._transport, self._server.turn)
            elif message.opcode == frames.CLOSE:
                self._transport.close()


def stream(transport: asyncio.Transport, reply: Reply) -> None:
    transport.write(reply.first)
    if reply.paced:
        _schedule(transport, reply, 0, asyncio.get_running_loop().time() + reply.pace_s)


def _schedule(transport: asyncio.Transport, reply: Reply, index: int, due: float) -> None:
    asyncio.get_running_loop().call_at(due, _tick, transport, reply, index, due)


def _tick(transport: asyncio.Transport, reply: Reply, index: int, due: float) -> None:
    if transport.is_closing():
        return
    transport.write(reply.paced[index])
    if index + 1 < len(reply.paced):
        _schedule(transport, reply, index + 1, due + reply.pace_s)


def render(events: int, pace_ms: float) -> Reply:
    """The life cycle of a text answer of `events` deltas, about 215 bytes each."""
    return _reply(_life(events, _chunk), pace_ms, _HEAD, _END)


def render_turn(events: int, pace_ms: float) -> Reply:
    """The same as frames."""
    return _reply(_life(events, _frame), pace_ms, b"", b"")


def _reply(life: "_Life", pace_ms: float, head: bytes, end: bytes) -> Reply:
    opening, deltas, closing = life
    if pace_ms == 0:
        return Reply(head + b"".join((*opening, *deltas, *closing)) + end)
    first, *others = deltas
    paced = (*others, b"".join(closing) + end)
    return Reply(head + b"".join(opening) + first, paced, pace_ms / 1000)


_Life = tuple[list[bytes], list[bytes], list[bytes]]


def _life(events: int, framed: Callable[[dict[str, object]], bytes]) -> _Life:
    """What is written before, of, and after the text."""
    text = _DELTA * events
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {
        "id": _ITEM_ID,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }
    response = {"id": _RESPONSE_ID, "object": "response", "created_at": 0, "model": "gpt-5.5"}
    usage = {
        "input_tokens": 5000,
        "input_tokens_details": {"cached_tokens": 4096},
        "output_tokens": events * 12,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 5000 + events * 12,
    }
    place = {"item_id": _ITEM_ID, "output_index": 0, "content_index": 0}
    begun = {**response, "status": "in_progress", "output": []}
    done = {**response, "status": "completed", "output": [], "usage": usage}
    started = {**item, "status": "in_progress", "content": []}
    opening: list[dict[str, object]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": started},
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
    ]
    deltas: list[dict[str, object]] = [
        {"type": "response.output_text.delta", **place, "delta": _DELTA}
    ] * events
    closing: list[dict[str, object]] = [
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": done},
    ]
    chunks = [
        framed(event | {"sequence_number": number})
        for number, event in enumerate(opening + deltas + closing)
    ]
    return chunks[:4], chunks[4:-2], chunks[-2:]


def _chunk(event: dict[str, object]) -> bytes:
    """One event in one HTTP chunk."""
    framed = f"event: {event['type']}\ndata: {_json(event)}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(framed), framed)


def _frame(event: dict[str, object]) -> bytes:
    return frames.frame(frames.TEXT, _json(event).encode())


def _json(event: dict[str, object]) -> str:
    return json.dumps(event, separators=(",", ":"))


async def serve(port: int) -> None:
    """Serve on this loopback port (0: any), printed first, until the process is terminated."""
    shared = Server()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(shared), "127.0.0.1", port, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
