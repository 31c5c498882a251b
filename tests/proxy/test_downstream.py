"""The client's side of an exchange: silence, leaving, and who is told what."""

import asyncio
from typing import Any

import pytest

from codex_lb.asgi import ClientGoneError
from codex_lb.core import answers
from codex_lb.core.answers import not_found
from codex_lb.core.events import KEEPALIVE_CODEX, KEEPALIVE_COMMENT, next_sequence
from codex_lb.core.responses import Dialect
from codex_lb.proxy.downstream import Downstream, ShutdownError


class Wire:
    def __init__(self) -> None:
        self.incoming = asyncio.Queue[dict[str, Any]]()
        self.sent: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        self._changed.set()

    async def until(self, count: int) -> None:
        """Wait until so many messages were sent."""
        while len(self.sent) < count:
            self._changed.clear()
            await self._changed.wait()

    def client(self, dialect: Dialect = Dialect.CODEX, *, streams: bool = True) -> Downstream:
        return Downstream(
            self.incoming.get, self.send, dialect=dialect, headers={"x-request-id": "r"},
            streams=streams, hold_s=0.2, pulse_s=0.2,
        )  # fmt: skip

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


@pytest.mark.parametrize(
    ("dialect", "keepalive"),
    [(Dialect.CODEX, KEEPALIVE_CODEX), (Dialect.OPENAI, KEEPALIVE_COMMENT)],
)
async def test_a_long_silence_gets_a_200_and_signs_of_life(
    dialect: Dialect, keepalive: bytes
) -> None:
    wire = Wire()
    async with asyncio.timeout(5):
        await wire.client(dialect).attended(wire.until(3))
    assert wire.sent[0]["status"] == 200
    assert wire.body == keepalive * 2


async def test_a_short_wait_is_silent() -> None:
    wire = Wire()
    await wire.client().attended(asyncio.sleep(0.02))
    assert wire.sent == []


async def test_a_client_that_waits_for_one_reply_gets_no_sign_of_life() -> None:
    wire = Wire()
    await wire.client(streams=False).attended(asyncio.sleep(0.5))
    assert wire.sent == []


async def test_a_stream_that_moves_gets_no_sign_of_life() -> None:
    wire = Wire()
    client = wire.client()

    async def work() -> None:
        await client.begin_stream({})
        for _ in range(8):
            await client.write(b"x")
            await asyncio.sleep(0.05)

    await client.attended(work())
    assert wire.body == b"x" * 8


async def test_pieces_without_a_number_do_not_restart_the_numbering() -> None:
    client = Wire().client()
    assert client.is_fresh
    await client.write(b'data: {"sequence_number":7}\n\n')
    await client.write(b": a comment\n\n")
    await client.write(b'data: {"type":"codex.rate_limits"}\n\n')
    assert next_sequence(client.numbered) == 8
    assert not client.is_fresh


async def test_work_is_cancelled_when_the_client_leaves() -> None:
    wire, cleaned = Wire(), []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            cleaned.append(True)

    wire.incoming.put_nowait({"type": "http.disconnect"})
    with pytest.raises(ClientGoneError):
        await wire.client().attended(work())
    assert cleaned == [True]


async def test_work_may_say_a_last_word_at_shutdown() -> None:
    wire = Wire()
    client = wire.client()

    async def work() -> None:
        try:
            client.stop(answers.shutting_down())
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            await client.answer(not_found("/x"))
            raise

    with pytest.raises(ShutdownError):
        await client.attended(work())
    assert wire.sent[0]["status"] == 404


async def test_leaving_after_the_end_is_no_leaving() -> None:
    wire = Wire()
    client = wire.client()

    async def work() -> None:
        await client.answer(not_found("/x"))
        wire.incoming.put_nowait({"type": "http.disconnect"})
        await asyncio.sleep(0.01)

    await client.attended(work())
    assert client.status == 404


async def test_the_works_own_error_comes_through() -> None:
    async def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await Wire().client().attended(work())
