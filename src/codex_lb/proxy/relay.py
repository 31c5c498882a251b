"""Pass a stream on while scanning it: hold back, commit, relay, end.

Nothing reaches the client before the first content event; from then on the account's answer is
the client's. What upstream left half said is not passed on, and nothing after a terminal event.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Protocol

import msgspec

from codex_lb.core import answers, errors, events, headers, quota
from codex_lb.core.answers import Answer
from codex_lb.core.errors import Signal
from codex_lb.core.model import Credits, QuotaWindow
from codex_lb.core.sse import COMMENT, DELTAS, Event
from codex_lb.proxy.downstream import Downstream
from codex_lb.proxy.settle import Notes
from codex_lb.proxy.sinks import JsonSink, Sink

_MAX_HELD_BYTES = 16 * 1024 * 1024  # the first events echo instructions and tools, but no input
# The idle deadline is moved at most this often: once a chunk would cost more than it tells.
_DEADLINE_STEPS = 8


Measured = Callable[[Collection[QuotaWindow], Credits | None], None]


class Reply(Protocol):
    """An answer of upstream's whose head is here, of a connection or of a turn on a WebSocket."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...  # lower-case names
    @property
    def is_stream(self) -> bool: ...

    def events(self) -> AsyncIterator[list[Event]]:
        """Raises `UpstreamFaultError` if it is cut, `EventTooLargeError`."""
        ...

    def pass_deltas(self, take: Callable[[bytes], bool] | None) -> None:
        """Offer single deltas to `take` first, in the event loop's own call; None: no more."""
        ...

    async def read(self) -> bytes:
        """The body of an error."""
        ...

    async def drain(self) -> None:
        """After the terminal event: whatever makes the connection serve again."""
        ...


class Relay:
    """One client's view of the stream, over all attempts. `idle_s`: silence that ends a stream.

    `unsaid`: headers of upstream's that the client must not get.
    """

    def __init__(
        self, client: Downstream, sink: Sink, notes: Notes, *, clock: Callable[[], float],
        idle_s: float, unsaid: Collection[str] = (),
    ) -> None:  # fmt: skip
        self.committed = False
        self.response_id: str | None = None  # of the response that the client has seen
        self._client = client
        self._sink = sink
        self.notes = notes
        self._clock = clock
        self._idle_s = idle_s
        self._unsaid = unsaid
        self._loop_time = asyncio.get_running_loop().time
        self._extended_at = 0.0
        self._deadline: asyncio.Timeout
        self._is_idle = False  # all that came has been passed on, and more is awaited

    async def run(
        self, reply: Reply, held: list[Event], deadline: asyncio.Timeout, measured: Measured
    ) -> Signal | None:
        """Relay one reply; the signal if it failed, None if it ended well.

        Until the commitment `held` gathers the events: a failure among them is the caller's to
        judge, and nothing has been sent. `deadline` is that of the first event; one event shows
        that upstream works on it, and a model may think long before its first content.
        Raises `UpstreamFaultError`, `EventTooLargeError`.
        """
        self._deadline = deadline
        reply.pass_deltas(self._pass_delta)
        try:
            return await self._run(reply, held, deadline, measured)
        finally:
            self._is_idle = False
            reply.pass_deltas(None)

    async def _run(
        self, reply: Reply, held: list[Event], deadline: asyncio.Timeout, measured: Measured
    ) -> Signal | None:
        size = 0  # of what is held
        async for events_ in reply.events():
            self._is_idle = False
            out: list[bytes] = []
            for event in events_:
                if event.kind is DELTAS:
                    self.notes.meter.add(event.deltas)
                else:
                    self._note(event, measured)
                if self.committed:
                    out.append(self._sink.take(event))
                else:
                    held.append(event)
                    if events.is_metadata(event.kind):
                        if event.kind != COMMENT:
                            self._extend(deadline)
                        size += len(event.raw)
                        if size > _MAX_HELD_BYTES:
                            held.clear()
                            return errors.fault("not_a_stream", "Upstream sends no content.")
                        continue
                    if event.kind in events.FAILURES:
                        return errors.read_event(event.data())
                    await self._commit(reply, held, out)
                if event.kind in events.TERMINAL:
                    return await self._end(event, out, reply)
            if self.committed:
                self._extend(deadline)
                await self._client.write(b"".join(out))
                self._is_idle = self._sink.streams
        return errors.fault("stream_incomplete", "Upstream ended the stream too early.")

    def _pass_delta(self, delta: bytes) -> bool:
        """Most of a stream is deltas, one at a time: those need no task to be woken for them."""
        if not self._is_idle:
            return False
        data = delta if self._sink.passes_deltas else self._sink.take(Event(delta, DELTAS))
        if data and not self._client.write_now(data):
            return False
        self.notes.meter.add(1)
        self._extend(self._deadline)
        return True

    async def _commit(self, reply: Reply, held: list[Event], out: list[bytes]) -> None:
        self.committed = True
        self.notes.first_event_ms = self.notes.elapsed_ms(self._loop_time())
        if self._sink.streams:
            said = headers.downstream(reply.headers.items())
            await self._client.begin_stream(
                {n: v for n, v in said.items() if n not in self._unsaid}
            )
        out.extend(self._sink.take(event) for event in held)

    def _note(self, event: Event, measured: Measured) -> None:
        if event.kind == "codex.rate_limits":
            data, now = event.data(), self._clock()
            measured(quota.windows_in_event(data, now), quota.credits_in_event(data, now))
        elif event.kind == "response.created":
            self.response_id = events.facts(event.data()).id

    def _extend(self, deadline: asyncio.Timeout) -> None:
        now = self._loop_time()
        if now - self._extended_at >= self._idle_s / _DEADLINE_STEPS:
            self._extended_at = now
            deadline.reschedule(now + self._idle_s)

    # -- the end --------------------------------------------------------------------------------

    async def _end(self, event: Event, out: list[bytes], reply: Reply) -> Signal | None:
        data = event.data()
        self.notes.facts = events.facts(data)
        signal = errors.read_event(data) if event.kind in events.FAILURES else None
        if isinstance(self._sink, JsonSink):
            await self._end_json(self._sink, event.kind, signal)
        else:
            self.notes.terminal = event.kind
            await self._client.write(b"".join(out))
            await self._client.finish()
        await reply.drain()
        return signal

    async def _end_json(self, sink: JsonSink, kind: str, signal: Signal | None) -> None:
        if isinstance(sink.reply, Answer):
            return await self.say(sink.reply, as_event=False)
        if signal is None and sink.reply is not None:
            self.notes.terminal = kind
            body = msgspec.json.encode(sink.reply)
            return await self._client.reply(200, {"content-type": "application/json"}, body)
        unreadable = errors.fault("stream_incomplete", "Upstream's response is not readable.")
        return await self.say(answers.of_failed_event(signal or unreadable), as_event=False)

    async def pass_failed(self, held: list[Event], signal: Signal) -> None:
        """A held-back stream whose failure is the client's answer, as upstream sent it."""
        if not self._sink.passes_deltas:
            return await self.say(answers.of_failed_event(signal), as_event=False)
        self.notes.terminal = held[-1].kind
        self.notes.facts = events.facts(held[-1].data())
        await self._client.begin_stream({})
        await self._client.write(b"".join(self._sink.take(event) for event in held))
        return await self._client.finish()

    async def say(self, answer: Answer, *, as_event: bool) -> None:
        """Our own answer: an HTTP reply, or the last event of a stream."""
        self.notes.answer = answer
        client = self._client
        if client.finished:
            return None
        self.notes.terminal = None  # upstream's end, if there was one, did not get through
        if not self._sink.streams or not (client.started or as_event):
            return await client.answer(answer)
        await client.begin_stream({})
        sequence = events.next_sequence(client.numbered)
        own_id = self.response_id if self.committed and self.response_id else None
        for event in self._sink.failure(answer, own_id, sequence, fresh=client.is_fresh):
            await client.write(event)
        return await client.finish()
