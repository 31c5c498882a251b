"""Send requests over keep-alive connections, time each reply, and demand that it is whole.

`python -m bench.load` reads a `Plan` as JSON from standard input and prints an `Outcome` as JSON.
A reply is good only if it has status 200 and holds the terminal event `response.completed`.
"""

import asyncio
import sys
import time
from typing import cast
from urllib.parse import SplitResult, urlsplit

import msgspec
import uvloop

from codex_lb.core import frames, upgrade

_TERMINAL = b'"type":"response.completed"'
_CHUNKED_END = b"\r\n0\r\n\r\n"
_PLACEHOLDER = b"conversation-0000000"


class Plan(msgspec.Struct, frozen=True):
    """What to send. The run ends after `requests` replies or `limit_s`, whichever is first."""

    url: str
    body_bytes: int
    connections: int
    requests: int
    limit_s: float
    pause_s: float = 0.0  # between the requests of one connection
    over_socket: bool = False  # each request is a turn on its connection's WebSocket
    probe_url: str | None = None  # asked about ten times a second meanwhile, on new connections


class Outcome(msgspec.Struct):
    """Times in seconds, from the request's last byte written to the reply's bytes read."""

    first_byte_s: list[float] = msgspec.field(default_factory=list)  # good replies only
    total_s: list[float] = msgspec.field(default_factory=list)
    probe_s: list[float] = msgspec.field(default_factory=list)
    wall_s: float = 0.0
    bad: int = 0
    unfinished: int = 0  # still under way when the time was up
    complaints: list[str] = msgspec.field(default_factory=list)  # why replies were bad, a few


class Connection(asyncio.Protocol):
    """One keep-alive connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""
        self._tail = b""
        self._missing: int | None = None  # body bytes to come; None: chunked
        self.status = 0
        self.first_byte_at: float | None = None
        self.is_whole = False
        self.body = b""  # only of replies that are not 200

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop derives from no base class

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(exc or ConnectionResetError("closed before the end"))

    async def exchange(self, request: bytes) -> None:
        """Send and wait for the whole reply. Raises `OSError` if the connection breaks."""
        if self.transport is None:
            raise ConnectionResetError("closed between requests")
        self._waiter = asyncio.get_running_loop().create_future()
        self._head = self._tail = self.body = b""
        self.status, self.first_byte_at, self.is_whole = 0, None, False
        self.transport.write(request)
        await self._waiter

    def data_received(self, data: bytes) -> None:
        if self.status == 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            data = self._head[end + 4 :]
            self._read_head(self._head[:end].lower())
        if not data and self._missing != 0:
            return
        if self.first_byte_at is None:
            self.first_byte_at = time.perf_counter()
        self._read_body(data)

    def _read_head(self, head: bytes) -> None:
        self.status = int(head[9:12])
        at = head.find(b"\r\ncontent-length:")
        self._missing = None if at < 0 else int(head[at + 17 :].split(b"\r\n", 1)[0])

    def _read_body(self, data: bytes) -> None:
        if self.status != 200:  # noqa: PLR2004 -- HTTP's word for good
            self.body += data
        recent = self._tail + data
        self.is_whole = self.is_whole or _TERMINAL in recent
        self._tail = recent[-64:]
        if self._missing is None:
            is_over = recent.endswith(_CHUNKED_END) or recent == _CHUNKED_END[2:]
        else:
            self._missing -= len(data)
            is_over = self._missing == 0
        if is_over and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Socket(asyncio.Protocol):
    """The same on a WebSocket: frames are not taken apart, the terminal event is looked for."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._tail = b""
        self.status = 0
        self.first_byte_at: float | None = None
        self.is_whole = False
        self.body = b""

    connection_made = Connection.connection_made
    connection_lost = Connection.connection_lost

    async def open(self, target: SplitResult) -> None:
        sent = {"host": target.netloc} | upgrade.asked(bytes(16))
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        await self.exchange(f"GET {target.path} HTTP/1.1\r\n{head}\r\n".encode())

    async def exchange(self, request: bytes) -> None:
        """Raises `OSError` if the connection breaks."""
        if self.transport is None:
            raise ConnectionResetError("closed between turns")
        self._waiter = asyncio.get_running_loop().create_future()
        self._tail, self.first_byte_at, self.is_whole = b"", None, False
        self.transport.write(request)
        await self._waiter

    def data_received(self, data: bytes) -> None:
        if self.first_byte_at is None:
            self.first_byte_at = time.perf_counter()
        recent = self._tail + data
        self._tail = recent[-64:]
        if self.status == 0:
            self.status = 200 if data.startswith(b"HTTP/1.1 101 ") else int(data[9:12])
            self.body = data
        elif _TERMINAL in recent:
            self.is_whole = True
        else:
            return
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Run:
    """One plan being carried out."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._target = urlsplit(plan.url)
        self._left = plan.requests
        self._sent = 0
        self._body = body(plan.body_bytes)
        self.outcome = Outcome()

    async def carry_out(self) -> Outcome:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._plan.limit_s), asyncio.TaskGroup() as probing:
                probe = probing.create_task(self._probe())
                async with asyncio.TaskGroup() as group:
                    for _ in range(self._plan.connections):
                        group.create_task(self._work())
                probe.cancel()
        except TimeoutError:
            pass  # `unfinished` tells
        self.outcome.wall_s = time.perf_counter() - started
        done = len(self.outcome.total_s) + self.outcome.bad
        self.outcome.unfinished = self._sent - done
        return self.outcome

    async def _work(self) -> None:
        connection: Connection | Socket | None = None
        while self._left > 0:
            self._left -= 1
            self._sent += 1
            request = self._request(self._sent)
            try:
                if connection is None or connection.transport is None:
                    connection = await self._connect()
                started = time.perf_counter()
                await connection.exchange(request)
            except OSError as error:
                self._complain(f"{type(error).__name__}: {error}")
                connection = None
                continue
            self._judge(connection, started)
            if self._plan.pause_s:
                await asyncio.sleep(self._plan.pause_s)

    async def _connect(self) -> Connection | Socket:
        if not self._plan.over_socket:
            return await _connect(self._target)
        host, port = self._target.hostname or "127.0.0.1", self._target.port or 80
        _, socket = await asyncio.get_running_loop().create_connection(Socket, host, port)
        await socket.open(self._target)
        return socket

    def _judge(self, connection: Connection | Socket, started: float) -> None:
        if connection.status != 200 or not connection.is_whole:  # noqa: PLR2004 -- as above
            shown = connection.body[:200].decode(errors="replace")
            self._complain(f"status {connection.status}, no terminal event: {shown}")
            return
        assert connection.first_byte_at is not None  # noqa: S101 -- a whole reply has a first byte
        self.outcome.first_byte_s.append(connection.first_byte_at - started)
        self.outcome.total_s.append(time.perf_counter() - started)

    def _complain(self, text: str) -> None:
        self.outcome.bad += 1
        if len(self.outcome.complaints) < 3:  # noqa: PLR2004 -- enough to see what is wrong
            self.outcome.complaints.append(text)

    async def _probe(self) -> None:
        if self._plan.probe_url is None:
            return
        target = urlsplit(self._plan.probe_url)
        request = f"GET {target.path} HTTP/1.1\r\nhost: {target.netloc}\r\n\r\n".encode()
        while True:
            started = time.perf_counter()
            try:
                connection = await _connect(target)
                await connection.exchange(request)
            except OSError as error:
                self._complain(f"probe: {type(error).__name__}: {error}")
                return
            self.outcome.probe_s.append(time.perf_counter() - started)
            if connection.transport is not None:
                connection.transport.close()
            await asyncio.sleep(0.1)

    def _request(self, number: int) -> bytes:
        content = self._body.replace(_PLACEHOLDER, b"conversation-%07d" % number)
        if self._plan.over_socket:
            turn = content.replace(b"{", b'{"type":"response.create",', 1)
            return frames.frame(frames.TEXT, turn, b"mask")
        head = (
            f"POST {self._target.path} HTTP/1.1\r\nhost: {self._target.netloc}\r\n"
            "content-type: application/json\r\naccept: text/event-stream\r\n"
            f"content-length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


async def _connect(target: SplitResult) -> Connection:
    host, port = target.hostname or "127.0.0.1", target.port or 80
    _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port)
    return connection


def body(size: int) -> bytes:
    """A Responses request of about `size` bytes: instructions, tools, and a long history."""
    tool = {
        "type": "function",
        "name": "exec_command",
        "description": "Runs a command in a shell and returns its output. " * 6,
        "strict": False,
        "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}},
    }
    turn = "A line of conversation with “quotes”, a \\backslash and a\nline break in it. " * 8
    request: dict[str, object] = {
        "model": "gpt-5.5",
        "stream": True,
        "store": False,
        "instructions": "You are a coding agent. " * 40,
        "tools": [tool] * 6,
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": _PLACEHOLDER.decode(),
    }
    one = len(msgspec.json.encode(_message("user", turn)))
    room = size - len(msgspec.json.encode(request))
    history = [_message("developer", "Be brief."), *[_message("user", turn)] * max(1, room // one)]
    return msgspec.json.encode(request | {"input": history})


def _message(role: str, text: str) -> dict[str, object]:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


if __name__ == "__main__":
    run = Run(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan))
    print(msgspec.json.encode(uvloop.run(run.carry_out())).decode())
