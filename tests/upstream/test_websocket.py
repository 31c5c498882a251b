"""A WebSocket to upstream: a raw server says bytes, on both event loops and over TLS."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.upstream.tls import server_context

from codex_lb.core import frames, upgrade
from codex_lb.core.frames import Message
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.websocket import TurnReply, WebSocket

DELTA = b'{"type":"response.output_text.delta","delta":"%b"}'
DONE = b'{"type":"response.completed","response":{"id":"resp_1"}}'
KEY = bytes(16)


class Far:
    """Upstream's side, after the handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._frames = frames.Reader(masked=True, max_bytes=10_000_000)
        self._messages: list[Message] = []

    async def hear(self) -> Message:
        async with asyncio.timeout(5):
            while not self._messages:
                data = await self._reader.read(65_536)
                assert data, "the connection has ended"
                self._messages += self._frames.feed(data)
        return self._messages.pop(0)

    async def end(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def say(self, data: bytes) -> None:
        self._writer.write(data)

    def tell(self, *events: bytes) -> None:
        self._writer.write(b"".join(frames.frame(frames.TEXT, event) for event in events))


@asynccontextmanager
async def connected(
    *, first: bytes = b"", tls: ssl.SSLContext | None = None, trust: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[WebSocket, Far, list[Message]]]:
    """`first` is said right behind the handshake's answer. The list gets what is said aside."""
    arrived: asyncio.Future[Far] = asyncio.get_running_loop().create_future()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        told = "".join(f"{n}: {v}\r\n" for n, v in upgrade.granted(upgrade.asked(KEY)).items())
        writer.write(f"HTTP/1.1 101 Switching Protocols\r\n{told}\r\n".encode() + first)
        arrived.set_result(Far(reader, writer))

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    scheme, port = "https" if tls else "http", server.sockets[0].getsockname()[1]
    url = f"{scheme}://localhost:{port}"
    client = UpstreamClient(url, url, connect_timeout_s=2.0, tls=trust)
    aside: list[Message] = []
    async with client.open("GET", f"{url}/x", upgrade.asked(KEY)) as reply:
        assert (reply.status, upgrade.is_granted(upgrade.asked(KEY), reply.headers)) == (101, True)
        socket = WebSocket(*reply.switch(), aside.append)
    far = await arrived
    try:
        yield socket, far, aside
    finally:
        socket.abort()
        await far.end()
        await client.close()
        server.close()
        await server.wait_closed()


async def kinds(reply: TurnReply) -> list[str]:
    found = []
    async with asyncio.timeout(5):
        async for batch in reply.events():
            found += [event.kind for event in batch]
            if reply.is_over:
                return found
    return found


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("is_tls", [False, True])
def test_a_turn_goes_up_masked_and_its_events_come_down(
    certificate: Path, run: Callable[[Coroutine[Any, Any, None]], None], is_tls: bool
) -> None:
    async def turn() -> None:
        tls = server_context(certificate) if is_tls else None
        trust = ssl.create_default_context(cafile=str(certificate)) if is_tls else None
        async with connected(tls=tls, trust=trust) as (socket, far, aside):
            for _ in range(2):
                socket.is_in_turn = True
                socket.send(b"x" * 200_000)
                assert (await far.hear()).data == b"x" * 200_000
                far.tell(DELTA % b"a", DELTA % b"b", DONE)
                reply = TurnReply(socket, {})
                assert "response.completed" in await kinds(reply)
                assert reply.response_id == "resp_1"
            assert aside == []

    run(turn())


async def test_what_comes_right_behind_the_handshake_is_not_lost() -> None:
    async with connected(first=frames.frame(frames.TEXT, b'{"type":"codex.hello"}')) as (
        _,
        _,
        aside,
    ):
        assert [message.data for message in aside] == [b'{"type":"codex.hello"}']


async def test_single_deltas_take_the_shortcut_as_they_stand_on_the_wire() -> None:
    async with connected() as (socket, far, _):
        socket.is_in_turn = True
        short: list[bytes] = []
        came = asyncio.Event()

        def take(delta: bytes) -> bool:
            short.append(delta)
            came.set()
            return True

        reply = TurnReply(socket, {})
        reply.pass_deltas(take)
        far.tell(DELTA % b"a")
        await asyncio.wait_for(came.wait(), 5)
        reply.pass_deltas(None)
        far.tell(DONE)
        assert await kinds(reply) == ["response.completed"]
    assert short == [frames.frame(frames.TEXT, DELTA % b"a")]


async def test_a_ping_is_answered_and_a_close_ends_it() -> None:
    async with connected() as (socket, far, _):
        far.say(frames.frame(frames.PING, b"there?"))
        answer = await far.hear()
        assert (answer.opcode, answer.data) == (frames.PONG, b"there?")
        far.say(frames.close(1012))
        assert await asyncio.wait_for(socket.read(), 5) == 1012
        assert not socket.is_open


async def test_a_silent_connection_is_asked_and_then_given_up() -> None:
    async with connected() as (socket, far, _):
        now = asyncio.get_running_loop().time()
        socket.check(now + 31)
        assert (await far.hear()).opcode == frames.PING
        socket.check(now + 91)
        assert not socket.is_open


async def test_reading_pauses_while_the_reader_is_behind() -> None:
    async with connected() as (socket, far, _):
        socket.is_in_turn = True
        for _ in range(40):
            far.tell(*[DELTA % (b"a" * 1_000)] * 1_000)
        await asyncio.sleep(0.2)
        assert socket._size < 4_000_000  # noqa: SLF001  of 40 MB
        far.tell(DONE)
        reply, deltas = TurnReply(socket, {}), 0
        async with asyncio.timeout(20):
            async for batch in reply.events():
                deltas += sum(event.deltas for event in batch)
                if reply.is_over:
                    break
    assert deltas == 40_000


class Reset(asyncio.Transport):
    """What uvloop has between a reset and the word of it."""

    is_reset = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...
    def close(self) -> None: ...

    def is_closing(self) -> bool:
        return self.is_reset

    def write(self, data: object) -> None:
        if self.is_reset:
            raise RuntimeError(f"the handler is closed: {data!r}")


async def test_a_turn_asked_in_the_step_in_which_the_connection_is_lost_is_cut() -> None:
    transport = Reset()
    socket = WebSocket(transport, b"", print)
    transport.is_reset = True
    socket.send(b"{}")
    socket.connection_lost(None)
    assert await socket.read() == frames.CUT
