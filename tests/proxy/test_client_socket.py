"""The client's half of a WebSocket, at a clock that does not run by itself."""

import asyncio
from dataclasses import dataclass, field

import pytest

from codex_lb.core import frames, turns
from codex_lb.core.responses import Dialect
from codex_lb.proxy.client_socket import ClientSocket

KEY = b"abcd"


@dataclass
class Pipe:
    is_behind: bool = False
    is_closed: bool = False
    written: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.written.append(data)

    async def drain(self) -> None: ...

    def close(self) -> None:
        self.is_closed = True

    @property
    def messages(self) -> list[tuple[int, bytes]]:
        reader = frames.Reader(masked=False, max_bytes=10_000)
        return [(m.opcode, m.data) for m in reader.feed(b"".join(self.written))]


def opened(dialect: Dialect = Dialect.CODEX) -> tuple[ClientSocket, Pipe]:
    socket = ClientSocket(dialect, max_bytes=1_000, quota=dict)
    pipe = Pipe()
    socket.pipe = pipe
    return socket, pipe


def later(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_a_silent_client_is_asked_and_then_given_up() -> None:
    socket, pipe = opened()
    socket.check(later(1))
    assert pipe.written == []
    socket.check(later(31))
    assert pipe.messages == [(frames.PING, b"")]
    socket.check(later(45))
    assert len(pipe.written) == 1
    socket.check(later(91))
    assert pipe.is_closed


async def test_a_client_that_is_behind_is_not_thought_dead() -> None:
    socket, pipe = opened()
    pipe.is_behind = True
    socket.check(later(100))
    assert not pipe.is_closed


async def test_any_sign_of_life_counts() -> None:
    socket, pipe = opened()
    socket._heard_at -= 100  # noqa: SLF001  as if it had been silent
    socket.received(frames.frame(frames.PONG, b"", KEY))
    socket.check(later(0))
    assert not pipe.is_closed


async def test_a_client_without_a_turn_for_long_is_sent_away() -> None:
    socket, pipe = opened()
    socket._heard_at = later(turns.IDLE_S)  # noqa: SLF001  it answers pings
    socket.check(later(turns.IDLE_S + 1))
    assert pipe.messages == [(frames.CLOSE, (1001).to_bytes(2))]


async def test_a_ping_is_answered_with_what_it_carries() -> None:
    socket, pipe = opened()
    socket.received(frames.frame(frames.PING, b"there?", KEY))
    assert pipe.messages == [(frames.PONG, b"there?")]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        pytest.param(frames.close(1001, KEY), 1001, id="with a code"),
        pytest.param(frames.frame(frames.CLOSE, b"", KEY), 1000, id="without one"),
        pytest.param(frames.close(frames.CUT, KEY), 1002, id="with one that is never sent"),
    ],
)
async def test_a_client_that_closes_is_answered_and_gone(sent: bytes, answered: int) -> None:
    socket, pipe = opened()
    socket.received(sent)
    assert pipe.messages == [(frames.CLOSE, answered.to_bytes(2))]
    assert (pipe.is_closed, await socket.next()) == (True, None)


async def test_what_breaks_the_protocol_is_told_by_a_close_code() -> None:
    socket, pipe = opened()
    socket.received(frames.frame(frames.TEXT, b"not masked"))
    socket.received(b"and more")
    assert pipe.messages == [(frames.CLOSE, (1002).to_bytes(2))]


async def test_nothing_follows_a_close_frame() -> None:
    socket, pipe = opened()
    socket.close(1012)
    assert not socket.write_now(b"x")
    await socket.write(b"x")
    socket.close(1008)
    assert pipe.messages == [(frames.CLOSE, (1012).to_bytes(2))]


@pytest.mark.parametrize(
    ("dialect", "sent"),
    [(Dialect.CODEX, [b'{"type":"codex.keepalive"}']), (Dialect.OPENAI, [])],
    ids=["Codex, which counts events only", "an SDK, which needs none"],
)
async def test_signs_of_life_in_a_long_silence(dialect: Dialect, sent: list[bytes]) -> None:
    socket, pipe = opened(dialect)
    client = socket.client(pulse_s=0.0)

    async def work() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    await client.attended(work())
    assert [data for _, data in pipe.messages][:1] == sent
    assert not client.started, "an answer of ours may still be an error frame"
