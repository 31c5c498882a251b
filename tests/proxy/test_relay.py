"""Passing one reply on: what no simulator sends."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import pytest
from tests.proxy.harness import CODEX, OPENAI, Call, Proxy
from tests.proxy.test_downstream import Wire

from codex_lb.core.sse import Event
from codex_lb.proxy.relay import Relay
from codex_lb.proxy.settle import Notes
from codex_lb.proxy.sinks import CodexSink, OpenAISink
from codex_lb.upstream.client import Reply


class Endless:
    """A stream of metadata that never comes to its first content."""

    sent = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 1_000_000
            yield b": " + b"c" * 1_000_000 + b"\n\n"


class Thoughtful:
    """A stream that begins at once and comes to its content later."""

    headers: Mapping[str, str] = {}

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b'data: {"type":"response.created","response":{"id":"resp_1"}}\n\n'
        await asyncio.sleep(0.3)
        yield b'data: {"type":"response.completed","response":{"id":"resp_1"}}\n\n'


async def test_a_model_that_thinks_long_after_its_first_event_is_waited_for() -> None:
    wire, notes = Wire(), Notes(began=0.0)
    relay = Relay(wire.client(), CodexSink({}, bytes), notes, clock=lambda: 0.0, idle_s=5)
    async with asyncio.timeout(0.15) as deadline:
        signal = await relay.run(cast("Reply", Thoughtful()), [], deadline, lambda *_: None)
    assert signal is None
    assert notes.ended_well


async def test_a_stream_that_only_begins_is_given_up_before_it_fills_the_memory() -> None:
    wire, endless, held = Wire(), Endless(), list[Event]()
    relay = Relay(
        wire.client(), CodexSink({}, bytes), Notes(began=0.0), clock=lambda: 0.0, idle_s=1
    )
    async with asyncio.timeout(5) as deadline:
        signal = await relay.run(cast("Reply", endless), held, deadline, lambda *_: None)
    assert signal is not None
    assert signal.word == "not_a_stream"
    assert endless.sent < 32_000_000
    assert (held, wire.sent) == ([], [])


@pytest.mark.parametrize("kind", ["response.output_item.done", "response.completed"])
@pytest.mark.parametrize(
    "value", [b"[" * 5_000 + b"]" * 5_000, b'"\xff"'], ids=["nested deep", "not UTF-8"]
)
def test_what_cannot_be_read_is_passed_on(kind: str, value: bytes) -> None:
    data = b'{"type":"%b","output_index":0,"item":%b,"response":{"id":%b}}'
    raw = b"data: " + data % (kind.encode(), value, value) + b"\n\n"
    assert OpenAISink({}).take(Event(raw, kind)) == raw


class Stumbling(Call):
    """A client to whom the first delta cannot be sent, for no reason that anybody foresaw."""

    has_stumbled = False

    async def _send(self, message: Any) -> None:
        if b"output_text.delta" in message.get("body", b"") and not self.has_stumbled:
            self.has_stumbled = True
            raise RuntimeError("a defect")
        await super()._send(message)


@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_a_stream_that_a_defect_of_ours_breaks_off_still_has_its_end(
    proxy: Proxy, path: str
) -> None:
    answer = await proxy.call(path, kind=Stumbling).run()
    assert answer.kinds[-1:] == ["response.failed"]
    assert answer.done
    assert proxy.receipt.error_code == "internal_error"
    assert proxy.pool.in_flight == 0
