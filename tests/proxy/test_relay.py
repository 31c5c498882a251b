"""Passing one reply on: what no simulator sends."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from tests.proxy.harness import CODEX, OPENAI, Call, Proxy
from tests.proxy.test_downstream import Wire

from codex_lb.core.chat_reply import Chat
from codex_lb.core.responses import Dialect
from codex_lb.core.sse import Event
from codex_lb.proxy.chat_sinks import ChatSink
from codex_lb.proxy.downstream import Downstream
from codex_lb.proxy.relay import Relay
from codex_lb.proxy.settle import Notes
from codex_lb.proxy.sinks import CodexSink, JsonSink, OpenAISink, Sink
from codex_lb.upstream.client import Reply
from codex_lb.upstream.connection import Connection


def reply_from(connection: object) -> Reply:
    return Reply(200, {}, cast("Connection", connection))


class Endless:
    """A stream of metadata that never comes to its first content."""

    sent = 0

    def pass_on(self, take: object) -> None: ...

    async def read(self) -> bytes:
        self.sent += 1_000_000
        return b": " + b"c" * 1_000_000 + b"\n\n"


class Thoughtful:
    """A stream that begins at once and comes to its content later."""

    def __init__(self) -> None:
        self._chunks = iter((CREATED, COMPLETED, b""))

    def pass_on(self, take: object) -> None: ...

    async def read(self) -> bytes:
        chunk = next(self._chunks)
        if chunk == COMPLETED:
            await asyncio.sleep(0.3)
        return chunk


async def test_a_model_that_thinks_long_after_its_first_event_is_waited_for() -> None:
    wire, notes = Wire(), Notes(began=0.0)
    relay = Relay(wire.client(), CodexSink({}, bytes), notes, clock=lambda: 0.0, idle_s=5)
    async with asyncio.timeout(0.15) as deadline:
        signal = await relay.run(reply_from(Thoughtful()), [], deadline, lambda *_: None)
    assert signal is None
    assert notes.ended_well


async def test_a_stream_that_only_begins_is_given_up_before_it_fills_the_memory() -> None:
    wire, endless, held = Wire(), Endless(), list[Event]()
    relay = Relay(
        wire.client(), CodexSink({}, bytes), Notes(began=0.0), clock=lambda: 0.0, idle_s=1
    )
    async with asyncio.timeout(5) as deadline:
        signal = await relay.run(reply_from(endless), held, deadline, lambda *_: None)
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


# -- the shortcut -----------------------------------------------------------------------------------


def delta(text: str) -> bytes:
    kind = "response.output_text.delta"
    return b'event: %b\ndata: {"type":"%b","delta":"%b"}\n\n' % (
        kind.encode(), kind.encode(), text.encode(),
    )  # fmt: skip


CREATED = b'data: {"type":"response.created","response":{"id":"resp_1"}}\n\n'
COMPLETED = b'data: {"type":"response.completed","response":{"id":"resp_1"}}\n\n'


class Pushed:
    """A connection whose chunks come from a test, and are offered to the shortcut first."""

    def __init__(self) -> None:
        self.take: Callable[[bytes], bool] | None = None
        self.queue = asyncio.Queue[bytes]()
        self.short: list[bytes] = []  # what took the shortcut

    def pass_on(self, take: Callable[[bytes], bool] | None) -> None:
        self.take = take

    def arrive(self, chunk: bytes) -> None:
        if self.queue.empty() and self.take is not None and self.take(chunk):
            self.short.append(chunk)
        else:
            self.queue.put_nowait(chunk)

    async def read(self) -> bytes:
        return await self.queue.get()


class Piped(Wire):
    """A client with the server's extension; `is_behind`: it reads more slowly than we send."""

    is_behind = False

    def write_now(self, data: bytes) -> bool:
        if not self.is_behind:
            self.sent.append({"body": data})
        return not self.is_behind


async def settle() -> None:
    """Let the relay come to where it waits for more."""
    for _ in range(5):
        await asyncio.sleep(0)


async def relayed(wire: Piped, reply: Pushed, sink: Sink) -> tuple[Relay, "asyncio.Task[Any]"]:
    client = Downstream(
        wire.incoming.get, wire.send, dialect=Dialect.CODEX, headers={}, write_now=wire.write_now
    )
    relay = Relay(client, sink, Notes(began=0.0), clock=lambda: 0.0, idle_s=60)

    async def run() -> Any:
        async with asyncio.timeout(60) as deadline:
            return await relay.run(reply_from(reply), [], deadline, lambda *_: None)

    task = asyncio.ensure_future(run())
    await settle()
    return relay, task


async def test_deltas_take_the_shortcut_once_the_stream_runs_and_everything_stays_in_order() -> (
    None
):
    wire, reply = Piped(), Pushed()
    _, task = await relayed(wire, reply, CodexSink({}, bytes))
    sent = [CREATED, delta("a"), delta("b"), delta("c"), b'data: {"type":"odd"}\n\n', delta("d")]
    for chunk in sent:
        reply.arrive(chunk)
        await settle()
    reply.arrive(delta("e")[:10])
    reply.arrive(delta("e")[10:])
    await settle()
    reply.arrive(delta("f") + delta("g"))
    await settle()
    reply.arrive(COMPLETED)
    assert await task is None

    whole = b"".join(sent) + delta("e") + delta("f") + delta("g") + COMPLETED
    assert wire.body == whole
    assert reply.short == [delta("b"), delta("c"), delta("d")], "the first content commits"
    assert reply.take is None, "nothing holds on to the exchange"


async def test_nothing_overtakes_what_waits_for_a_slow_client() -> None:
    wire, reply = Piped(), Pushed()
    _, task = await relayed(wire, reply, CodexSink({}, bytes))
    reply.arrive(CREATED + delta("a"))
    await settle()
    wire.is_behind = True
    reply.arrive(delta("b"))  # has to wait for its turn
    wire.is_behind = False
    reply.arrive(delta("c"))  # arrives before the relay has run
    await settle()
    reply.arrive(COMPLETED)
    await task
    assert wire.body == CREATED + delta("a") + delta("b") + delta("c") + COMPLETED
    assert reply.short == []


@pytest.mark.parametrize("is_behind", [False, True])
async def test_a_chats_deltas_are_translated_on_the_way(is_behind: bool) -> None:
    wire, reply = Piped(), Pushed()
    _, task = await relayed(wire, reply, ChatSink(Chat("c", "m", 1)))
    reply.arrive(CREATED + b'data: {"type":"odd"}\n\n')
    await settle()
    wire.is_behind = is_behind
    for chunk in (delta("a"), b'data: {"type":"response.output_text.delta"}\n\n', delta("b")):
        reply.arrive(chunk)
        await settle()
    reply.arrive(COMPLETED)
    await task
    told = [json.loads(block[6:]) for block in wire.body.split(b"\n\n")[:-2]]
    deltas = [chunk["choices"][0]["delta"] for chunk in told]
    role = {"role": "assistant", "content": ""}
    assert deltas == [role, {"content": "a"}, {"content": "b"}, {}]
    assert len(reply.short) == (1 if is_behind else 3), "what says nothing needs no client"


async def test_a_client_that_gets_one_reply_gets_no_deltas() -> None:
    wire, reply = Piped(), Pushed()
    _, task = await relayed(wire, reply, JsonSink())
    for chunk in (CREATED, delta("a"), delta("b"), COMPLETED):
        reply.arrive(chunk)
        await settle()
    await task
    assert reply.short == []
    assert b"delta" not in wire.body
