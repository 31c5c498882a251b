"""Say upstream's events to a chat client: chunk by chunk, or as one object at the end.

A stream has one id. Its role comes first, arguments only ever grow, and it ends with a finish
reason and `[DONE]`, or with an error and no `[DONE]`: a stream that ends without either makes
OpenCode ask again at once, for ever (docs/wire.md, "Chat").
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from codex_lb.core import answers, errors, events
from codex_lb.core.events import Facts
from codex_lb.core.foreign_json import JsonObject, decode
from codex_lb.core.raw_fields import ABSENT
from codex_lb.core.sse import DELTAS, Event

_DONE = b"data: [DONE]\n\n"

# Upstream's deltas → the member of chat's.
_SAID = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "reasoning_content",
    "response.reasoning_text.delta": "reasoning_content",
}
_ARGUED = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
_NEXT_THOUGHT = "response.reasoning_summary_part.added"
_CALLS = {"function_call": ("function", "arguments"), "custom_tool_call": ("custom", "input")}


@dataclass(frozen=True, slots=True)
class Chat:
    """What every piece of one answer repeats, and what its client can read."""

    id: str
    model: str  # as asked for
    created_at: int
    wants_usage: bool = False
    knows_one_call: bool = False

    def head(self, kind: str) -> JsonObject:
        return {"id": self.id, "object": kind, "created": self.created_at, "model": self.model}


class _Part(msgspec.Struct):
    text: str = ""
    refusal: str = ""
    annotations: list[JsonObject] | None = None


class _Item(msgspec.Struct):
    type: str = ""
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    input: str = ""
    content: list[_Part] | None = None
    summary: list[_Part] | None = None

    @property
    def is_call(self) -> bool:
        return self.type in _CALLS

    def called(self) -> JsonObject:
        """A `function` or `custom`, whole."""
        argument = _CALLS[self.type][1]
        return {"name": self.name, argument: getattr(self, argument)}

    def said(self) -> JsonObject:
        """The members of a message that this item fills."""
        if self.type == "reasoning":
            thoughts = "\n\n".join(part.text for part in self.summary or self.content or ())
            return {"reasoning_content": thoughts} if thoughts else {}
        if self.type != "message":
            return {}
        parts = self.content or ()
        told = {
            "content": "".join(part.text for part in parts),
            "refusal": "".join(part.refusal for part in parts),
        }
        return {name: text for name, text in told.items() if text}

    def citations(self) -> list[JsonObject]:
        found = (note for part in self.content or () for note in part.annotations or ())
        return [
            {"type": "url_citation", "url_citation": {k: v for k, v in note.items() if k != "type"}}
            for note in found
            if note.get("type") == "url_citation"
        ]


class _Told(msgspec.Struct):
    """What matters of any event but the last."""

    type: str = ""
    output_index: int = 0
    delta: Raw = ABSENT
    item: _Item | None = None
    summary_index: int = 0


class Chunks:
    """One answer as a stream of chunks."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._head = msgspec.json.encode(chat.head("chat.completion.chunk"))[:-1]
        self._tail = b',"usage":null}\n\n' if chat.wants_usage else b"}\n\n"
        self._has_begun = False
        self._calls: dict[int, tuple[int, str]] = {}  # place of an item → place among calls, kind
        self._grown: set[int] = set()  # places of items that came in deltas
        self._citations: list[JsonObject] = []

    def take(self, event: Event) -> bytes:
        """The chunks that `event` makes; the very first takes the role along."""
        if self._has_begun:
            return self._said(event)
        self._has_begun = True
        return self._chunk({"role": "assistant", "content": ""}) + self._said(event)

    def _said(self, event: Event) -> bytes:
        if event.kind in events.FAILURES:
            return error(answers.of_failed_event(errors.read_event(event.data())).body())
        if event.kind in events.GOOD_ENDS:
            return self._end(events.facts(event.data()))
        if event.kind != DELTAS:
            return self._of(event)
        blocks = event.raw.split(b"\n\n")[:-1]
        return b"".join(self._of(Event(block, DELTAS)) for block in blocks)

    def _of(self, event: Event) -> bytes:
        told = decode(event.data(), _Told)
        if told is None:
            return b""
        index = told.output_index
        if told.type in _SAID and told.delta:
            self._grown.add(index)
            return self._chunk({_SAID[told.type]: told.delta})
        if told.type in _ARGUED and index in self._calls and told.delta:
            self._grown.add(index)
            argument = _CALLS[self._calls[index][1]][1]
            return self._call_chunk(index, {argument: told.delta})
        if told.type == _NEXT_THOUGHT and told.summary_index:
            return self._chunk({"reasoning_content": "\n\n"})
        if told.item is None:
            return b""
        out = self._begin_call(index, told.item) if told.item.is_call else b""
        return out + (self._rest(index, told.item) if told.type.endswith(".done") else b"")

    def _begin_call(self, index: int, item: _Item) -> bytes:
        if index in self._calls:
            return b""
        self._calls[index] = (len(self._calls), item.type)
        kind, argument = _CALLS[item.type]
        return self._call_chunk(
            index, {"name": item.name, argument: ""}, {"id": item.call_id, "type": kind}
        )

    def _rest(self, index: int, item: _Item) -> bytes:
        """What a finished item holds that no delta has told."""
        self._citations += item.citations()
        if index in self._grown:
            return b""
        if item.is_call:
            argument = _CALLS[item.type][1]
            whole = getattr(item, argument)
            return self._call_chunk(index, {argument: whole}) if whole else b""
        return b"".join(self._chunk({name: text}) for name, text in item.said().items())

    def _call_chunk(self, index: int, named: JsonObject, begun: JsonObject | None = None) -> bytes:
        number, item_type = self._calls[index]
        if self._chat.knows_one_call:
            return b"" if number else self._chunk({"function_call": named})
        call = {"index": number, **(begun or {}), _CALLS[item_type][0]: named}
        return self._chunk({"tool_calls": [call]})

    def _chunk(self, delta: JsonObject, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        body = msgspec.json.encode([choice])
        return b'data: %b,"choices":%b%b' % (self._head, body, self._tail)

    def _end(self, facts: Facts) -> bytes:
        last = {"annotations": self._citations} if self._citations else {}
        out = self._chunk(last, _finish_reason(self._chat, facts, calls=bool(self._calls)))
        usage = _usage(facts)
        if self._chat.wants_usage and usage:
            told = self._chat.head("chat.completion.chunk") | {"choices": [], "usage": usage}
            out += b"data: %b\n\n" % msgspec.json.encode(told)
        return out + _DONE


def completion(chat: Chat, response: JsonObject) -> JsonObject:
    """The whole answer for a client that asked for one object; `response` has its output."""
    output = (decode(msgspec.json.encode(item), _Item) for item in response.get("output") or ())
    items = [item for item in output if item is not None]
    facts = decode(msgspec.json.encode(response), Facts) or Facts()
    calls = [
        {"id": item.call_id, "type": _CALLS[item.type][0], _CALLS[item.type][0]: item.called()}
        for item in items
        if item.is_call
    ]
    message: JsonObject = {"role": "assistant", "content": None, "refusal": None} | _joined(items)
    citations = [note for item in items for note in item.citations()]
    if citations:
        message["annotations"] = citations
    if calls:
        message |= _as_known(chat, calls)
    finish = _finish_reason(chat, facts, calls=bool(calls))
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return chat.head("chat.completion") | {"choices": [choice], "usage": _usage(facts)}


def error(body: bytes) -> bytes:
    """The last event of a stream that failed. `body`: an error as HTTP would have it."""
    return b"data: %b\n\n" % b" ".join(body.splitlines())


def _joined(items: Iterable[_Item]) -> JsonObject:
    told: JsonObject = {}
    for item in items:
        for name, text in item.said().items():
            told[name] = told.get(name, "") + text
    return told


def _as_known(chat: Chat, calls: list[JsonObject]) -> JsonObject:
    if chat.knows_one_call:
        return {"function_call": calls[0][calls[0]["type"]]}
    return {"tool_calls": calls}


def _finish_reason(chat: Chat, facts: Facts, *, calls: bool) -> str:
    if facts.incomplete_details is not None:
        is_filtered = facts.incomplete_details.reason == "content_filter"
        return "content_filter" if is_filtered else "length"
    if not calls:
        return "stop"
    return "function_call" if chat.knows_one_call else "tool_calls"


def _usage(facts: Facts) -> JsonObject | None:
    counted = facts.counted()
    if counted is None:
        return None
    return {
        "prompt_tokens": counted.input_tokens,
        "completion_tokens": counted.output_tokens,
        "total_tokens": counted.input_tokens + counted.output_tokens,
        "prompt_tokens_details": {"cached_tokens": counted.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": counted.reasoning_tokens},
    }
