"""What a client gets for each event of upstream's: the difference between the dialects.

`CodexSink` passes events as they are. `OpenAISink` keeps the public API's promises (no `codex.*`
events; an item keeps the id it began with, or the clients' parsers stumble; the final response
carries its output, which upstream leaves empty). `JsonSink` gives
nothing until the end, then one object.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import msgspec

from codex_lb.core import errors, events, frames, sse, turns
from codex_lb.core.answers import Answer
from codex_lb.core.events import Framing
from codex_lb.core.foreign_json import JsonObject, decode, json_object
from codex_lb.core.responses import Dialect
from codex_lb.core.sse import DELTAS, Event

_ITEM_ADDED = "response.output_item.added"
_ITEM_DONE = "response.output_item.done"


class Sink(Protocol):
    """`streams`: the client gets events; else it waits for one reply.

    `passes_deltas`: it gets deltas as they are, so they need not come through here.
    """

    streams: bool
    passes_deltas: bool

    def take(self, event: Event) -> bytes:
        """What the client gets for `event`; the same if a run of deltas is asked for twice."""
        ...

    def failure(
        self, answer: Answer, response_id: str | None, sequence: int, *, fresh: bool
    ) -> Iterator[bytes]:
        """Events that end the stream with our own answer; `fresh`: nothing was sent before."""
        ...


class CodexSink:
    """Codex ignores an `error` event in a stream, so that one is said as `response.failed`.

    `quota_event` gives the pool's quota, in the place of the one account's; None to give none.
    """

    streams = True
    passes_deltas = True

    def __init__(
        self,
        stub: JsonObject,
        quota_event: Callable[[], bytes | None],
        framing: Framing = sse.block,
    ) -> None:
        self._stub = stub  # a response without output, for events of our own
        self._quota_event = quota_event
        self._framing = framing

    def take(self, event: Event) -> bytes:
        if event.kind == "codex.rate_limits":
            quota = self._quota_event()
            return b"" if quota is None else self._framing(event.kind, quota)
        if event.kind != "error":
            return event.raw
        signal = errors.read_event(event.data())
        return events.failed(
            self._stub,
            events.sequence(event.raw) or 0,
            self._framing,
            code=signal.word or "server_error",
            message=signal.message or "Upstream reported an error.",
        )

    def failure(
        self, answer: Answer, response_id: str | None, sequence: int, *, fresh: bool
    ) -> Iterator[bytes]:
        del fresh  # Codex needs no `response.created` before
        yield _failed(self._stub, answer, response_id, sequence, self._framing)


class OpenAISink:
    streams = True
    passes_deltas = True

    def __init__(self, stub: JsonObject, framing: Framing = sse.block) -> None:
        self._stub = stub
        self._framing = framing
        self._ids = _Ids(framing)
        self._output = Output()

    def take(self, event: Event) -> bytes:
        if event.kind is DELTAS:
            return event.raw
        if event.kind.startswith("codex."):
            return b""
        event = self._ids.kept(event)
        self._output.note(event)
        if event.kind not in events.GOOD_ENDS:
            return event.raw
        document = json_object(event.data()) or {}
        response = document.get("response")
        if not isinstance(response, dict):
            return event.raw
        filled = self._output.fill(response)
        if filled is response:
            return event.raw
        return events.encode(document | {"response": filled}, self._framing)

    def failure(
        self, answer: Answer, response_id: str | None, sequence: int, *, fresh: bool
    ) -> Iterator[bytes]:
        if fresh:  # the SDKs' stream helpers insist on it
            yield events.created(self._stub | {"status": "in_progress"}, sequence, self._framing)
            sequence += 1
        yield _failed(self._stub, answer, response_id, sequence, self._framing)


def _as_it_is(response: JsonObject) -> JsonObject | Answer:
    return response


class JsonSink:
    """`shape` makes the reply of the finished response, or says why there is none."""

    streams = False
    passes_deltas = False

    def __init__(self, shape: Callable[[JsonObject], JsonObject | Answer] = _as_it_is) -> None:
        self._shape = shape
        self._output = Output()
        self.reply: JsonObject | Answer | None = None  # there once the stream has ended well

    def take(self, event: Event) -> bytes:
        self._output.note(event)
        if event.kind in events.GOOD_ENDS:
            response = (json_object(event.data()) or {}).get("response")
            if isinstance(response, dict):
                self.reply = self._shape(self._output.fill(response))
        return b""

    def failure(
        self, answer: Answer, response_id: str | None, sequence: int, *, fresh: bool
    ) -> Iterator[bytes]:
        del answer, response_id, sequence, fresh  # its failure is an HTTP reply
        yield from ()


class FrameSink:
    """Events as WebSocket frames. An `error` frame names a status, or Codex waits for ever.

    `inner` is the dialect's own sink; `quota` the pool's headers, in the place of one account's.
    """

    streams = True

    def __init__(
        self, inner: Sink, dialect: Dialect, quota: Callable[[], Mapping[str, str]]
    ) -> None:
        self._inner = inner
        self._dialect = dialect
        self._quota = quota
        self.failure = inner.failure
        self.passes_deltas = inner.passes_deltas

    def take(self, event: Event) -> bytes:
        if event.kind != "error":
            return self._inner.take(event)
        signal = errors.read_event(event.data())
        status = turns.status_of(signal)
        if turns.says_as_event(status, self._dialect):
            return self._inner.take(event)
        return frames.text("error", turns.error_event(status, event.data(), self._quota()))


class _Item(msgspec.Struct):
    id: str | None = None


class _Placed(msgspec.Struct):
    output_index: int
    item: _Item


class _Ids:
    """The id under which each item was announced, by its place."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._announced: dict[int, str] = {}

    def kept(self, event: Event) -> Event:
        """`event`, with the announced id in an item that is done under another."""
        if event.kind not in (_ITEM_ADDED, _ITEM_DONE):
            return event
        placed = decode(event.data(), _Placed)
        if placed is None or placed.item.id is None:
            return event
        known = self._announced.setdefault(placed.output_index, placed.item.id)
        if known == placed.item.id:
            return event
        fields = decode(event.data(), dict[str, msgspec.Raw]) or {}
        item = decode(fields["item"], dict[str, msgspec.Raw]) or {}
        changed = msgspec.json.encode(fields | {"item": item | {"id": known}})
        return Event(self._framing(event.kind, changed), event.kind, payload=changed)


class _ItemDone(msgspec.Struct):
    output_index: int
    item: msgspec.Raw


class Output:
    """The finished items of a response, by their place."""

    def __init__(self) -> None:
        self._items: dict[int, msgspec.Raw] = {}

    def note(self, event: Event) -> None:
        if event.kind != _ITEM_DONE:
            return
        done = decode(event.data(), _ItemDone)
        if done is not None:  # without a place or an item there is nothing to keep
            self._items[done.output_index] = done.item

    def fill(self, response: JsonObject) -> JsonObject:
        """`response` with its output, unless upstream has sent one."""
        if response.get("output") or not self._items:
            return response
        return response | {"output": [self._items[index] for index in sorted(self._items)]}


def _failed(
    stub: JsonObject, answer: Answer, response_id: str | None, sequence: int, framing: Framing
) -> bytes:
    response = stub | {"id": response_id} if response_id else stub
    return events.failed(
        response, sequence, framing, code=answer.event_code, message=answer.message
    )
