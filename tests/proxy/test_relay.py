"""Passing one reply on: what no simulator sends."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from tests.proxy.test_downstream import Wire

from codex_lb.core.sse import Event
from codex_lb.proxy.relay import Relay
from codex_lb.proxy.settle import Notes
from codex_lb.proxy.sinks import CodexSink
from codex_lb.upstream.client import Reply


class Endless:
    """A stream of metadata that never comes to its first content."""

    sent = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 1_000_000
            yield b": " + b"c" * 1_000_000 + b"\n\n"


async def test_a_stream_that_only_begins_is_given_up_before_it_fills_the_memory() -> None:
    wire, endless, held = Wire(), Endless(), list[Event]()
    relay = Relay(wire.client(), CodexSink({}), Notes(began=0.0), clock=lambda: 0.0, idle_s=1)
    async with asyncio.timeout(5) as deadline:
        signal = await relay.run(cast("Reply", endless), held, deadline, lambda _: None)
    assert signal is not None
    assert signal.word == "not_a_stream"
    assert endless.sent < 32_000_000
    assert (held, wire.sent) == ([], [])
