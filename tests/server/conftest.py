"""A server in this process, spoken to over plain sockets, on both event loops it may run on."""

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from codex_lb import logs
from codex_lb.core.framing import Bounds
from codex_lb.server import Lifecycle, Stop, serve

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@dataclass
class App:
    """An application with one path for each way to treat a request; `seen` tells what it met."""

    seen: list[str] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)  # lets /slow finish

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        self.seen.append(scope["path"])
        match scope["path"]:
            case "/hello":
                await reply(send, 200, b"hello")
            case "/early":
                await reply(send, 401, b"no")
            case "/echo":
                await self._echo(receive, send)
            case "/first":
                message = await receive()
                await reply(send, 200, f"{len(message['body'])}".encode())
            case "/headers":
                names = b",".join(name for name, _ in scope["headers"])
                await self._drain(receive)
                await reply(send, 200, names + b";" + scope["query_string"])
            case "/slow":
                await self.release.wait()
                await reply(send, 200, b"slow")
            case "/flood":
                await self._flood(receive, send)
            case "/pipe":
                await self._pipe(scope, send)
            case "/crash":
                raise ValueError("Bearer secret-token-value")
            case "/crash-late":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"half", "more_body": True})
                raise ValueError
            case "/mute":
                return
            case path:
                raise LookupError(path)

    async def _pipe(self, scope: Any, send: Send) -> None:
        """Both ways to write, in turn; `seen` gets what the direct one said."""
        write = scope["extensions"]["codex_lb.write_now"]["call"]
        self.seen.append(f"before the start: {write(b'early')}")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.seen.append(f"streaming: {write(b'one ')}")
        await send({"type": "http.response.body", "body": b"two ", "more_body": True})
        self.seen.append(f"streaming: {write(b'three')}")
        while write(b"x" * 65_536):
            pass
        self.seen.append("the client is behind")
        await send({"type": "http.response.body", "body": b"last", "more_body": False})
        self.seen.append(f"after the end: {write(b'late')}")

    async def _echo(self, receive: Receive, send: Send) -> None:
        size = await self._drain(receive)
        await reply(send, 200, f"{size} bytes".encode())

    async def _flood(self, receive: Receive, send: Send) -> None:
        await self._drain(receive)
        gone = asyncio.ensure_future(self._drain(receive))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            body = b"x" * 65_536
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(0)

    async def _drain(self, receive: Receive) -> int:
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.seen.append("disconnect")
                return size
            size += len(message["body"])
            if not message["more_body"]:
                return size


async def reply(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Client:
    """One raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """All that comes until the server closes, which it must within 5 s."""
        async with asyncio.timeout(5):
            return await self.reader.read()

    async def reply(self) -> bytes:
        """One reply with a content-length."""
        async with asyncio.timeout(5):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
            return head + await self.reader.readexactly(int(length))


@dataclass
class Running:
    """A server under test."""

    app: App
    host: str
    port: int
    stop: Stop
    log: io.StringIO
    heard: list[str]  # what the application was told of its end
    ended: asyncio.Event

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()

    async def ask(self, data: bytes) -> bytes:
        """All the server says to `data`, until it closes."""
        async with self.connect() as client:
            await client.say(data)
            return await client.rest()

    def socket(self) -> socket.socket:
        """A connected socket with small buffers, for tests that count what is read."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        sock.connect((self.host, self.port))
        sock.settimeout(0)
        return sock


Serving = Callable[..., AbstractAsyncContextManager[Running]]


@asynccontextmanager
async def _serving(
    bounds: Bounds | None = None,
    *,
    port: int = 0,
    drain_s: float = 5.0,
    last_words_s: float = 0.3,
    on_deadline: Callable[[App], None] | None = None,
) -> AsyncIterator[Running]:
    app, stop, log, heard = App(), Stop(), io.StringIO(), list[str]()
    ready: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()

    def deadline() -> None:
        heard.append("deadline")
        if on_deadline:
            on_deadline(app)

    life = Lifecycle(
        on_ready=lambda addresses: ready.set_result(addresses[0]),
        on_drain=lambda: heard.append("drain"),
        on_deadline=deadline,
        drain_s=drain_s,
        notice_s=0.1,
        last_words_s=last_words_s,
    )
    bounds = bounds or Bounds(sweep_s=0.05)
    ended = asyncio.Event()

    async def run() -> None:
        logger = logs.set_up("text", "debug", log)
        await serve(
            app, host="127.0.0.1", port=port, life=life, stop=stop, log=logger, bounds=bounds
        )
        ended.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run())
        host, taken = await ready
        yield Running(app, host, taken, stop, log, heard, ended)
        stop.request()
        stop.request()


@pytest.fixture
def serving() -> Serving:
    return _serving
