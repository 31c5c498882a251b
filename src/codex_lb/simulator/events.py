"""Which events tell the story of an answer.

Pure: finished output items in, the events of their life cycle out, in the order and with the fields
of the real back end (recorded samples, November 2026), among them its habit of sending `output: []`
in `response.completed`. Sequence numbers count from 0 through all `response.*` events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from codex_lb.simulator.answers import previews
from codex_lb.simulator.steps import After

JsonObject = dict[str, Any]
_OBFUSCATION = "7Hq2xV"  # the real one is random padding


@dataclass(frozen=True, slots=True)
class Event:
    """One event as JSON; `wait_s` (real seconds) passes before it is sent."""

    kind: str
    data: bytes
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int = 0

    def body(self) -> JsonObject:
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": self.cached_tokens},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "total_tokens": self.input_tokens + self.output_tokens,
        }


@dataclass(frozen=True, slots=True)
class Story:
    """All that the events of one answer say."""

    response_id: str
    model: str
    created_at: int
    items: tuple[JsonObject, ...]
    usage: Usage
    request: JsonObject
    service_tier: str = "default"
    deltas: int = 5
    delay_s: float = 0.0
    incomplete: str | None = None  # the reason, if the answer ends unfinished


def pieces(text: str, count: int) -> list[str]:
    """`text` in at most `count` parts of nearly equal length; none if there is no text."""
    size = max(1, -(-len(text) // max(1, count)))
    return [text[start : start + size] for start in range(0, len(text), size)]


def tell(story: Story) -> list[Event]:
    """Every event of the answer, the last one terminal."""
    tape = _Tape(story)
    begun = msgspec.Raw(msgspec.json.encode(_response(story, "in_progress")))
    tape.add("response.created", response=begun)
    tape.add("response.in_progress", response=begun)
    for index, item in enumerate(story.items):
        _tell_item(tape, index, item)
    if story.incomplete is None:
        tape.add("response.completed", response=_response(story, "completed"))
    else:
        tape.add("response.incomplete", response=_response(story, "incomplete"))
    return tape.events


def failed(story: Story, sequence: int, code: str, message: str) -> Event:
    """`response.failed`, wherever the story stops."""
    body = _response(story, "failed") | {"error": {"code": code, "message": message}}
    data = {"type": "response.failed", "sequence_number": sequence, "response": body}
    return Event("response.failed", msgspec.json.encode(data))


def error(sequence: int, code: str | None, message: str, status: int | None) -> Event:
    """An `error` event; with a status it has the form of a WebSocket error frame."""
    data: JsonObject = {"type": "error", "sequence_number": sequence}
    fault = {"code": code, "message": message, "param": None}
    if status is None:
        return Event("error", msgspec.json.encode(data | fault))
    kind = "server_error" if status >= 500 else "invalid_request_error"  # noqa: PLR2004 -- 5xx
    return Event(
        "error", msgspec.json.encode(data | {"status": status, "error": fault | {"type": kind}})
    )


def position(events: Sequence[Event], after: After) -> int:
    """How many of `events` are sent "after `after`"; never all, so the terminal event stays out.

    Raises `LookupError` for a word that names none of them.
    """
    if isinstance(after, int):
        return max(0, min(after, len(events) - 1))
    if after == "start":
        return 0
    for index, event in enumerate(events[:-1]):
        if event.kind == after or event.kind.endswith(f".{after}"):
            return index + 1
    raise LookupError(f"no event {after!r} in this answer")


@dataclass(slots=True)
class _Tape:
    """Events in the making."""

    story: Story
    events: list[Event] = field(default_factory=list)

    def add(self, kind: str, **fields: object) -> None:
        data = {"type": kind, "sequence_number": len(self.events), **fields}
        wait_s = self.story.delay_s if kind.endswith(".delta") else 0.0
        self.events.append(Event(kind, msgspec.json.encode(data), wait_s))


def _response(story: Story, status: str) -> JsonObject:
    request = story.request
    finished = status in ("completed", "incomplete")
    return {
        "id": story.response_id,
        "object": "response",
        "created_at": story.created_at,
        "status": status,
        "background": False,
        "completed_at": story.created_at + 1 if finished else None,
        "error": None,
        "incomplete_details": {"reason": story.incomplete} if status == "incomplete" else None,
        "instructions": request.get("instructions"),
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": story.model,
        "output": [],
        "parallel_tool_calls": request.get("parallel_tool_calls", True),
        "previous_response_id": request.get("previous_response_id"),
        "prompt_cache_key": request.get("prompt_cache_key"),
        "reasoning": request.get("reasoning") or {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": story.service_tier if finished else request.get("service_tier", "auto"),
        "store": False,
        "temperature": 1.0,
        "text": request.get("text") or {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": story.usage.body() if finished else None,
        "user": None,
        "metadata": {},
    }


def _tell_item(tape: _Tape, index: int, item: JsonObject) -> None:
    kind = item.get("type", "")
    opening = dict(item)
    if "status" in item:
        opening["status"] = "in_progress"
    if (field_ := _GROWS.get(kind)) in item:
        opening[field_] = type(item[field_])()
    tape.add("response.output_item.added", output_index=index, item=opening)
    if kind in _PARTS:
        _tell_parts(tape, index, item)
    elif kind in _INPUTS:
        _tell_input(tape, index, item)
    elif kind == "image_generation_call":
        _tell_image(tape, index, item)
    tape.add("response.output_item.done", output_index=index, item=item)


def _tell_parts(tape: _Tape, index: int, item: JsonObject) -> None:
    place, about_part, about_text = _PARTS[item["type"]]
    more: JsonObject = {"logprobs": []} if item["type"] == "message" else {}
    padding = {"obfuscation": _OBFUSCATION} if more else {}
    for number, part in enumerate(item.get(_GROWS[item["type"]], ())):
        where = {"item_id": item["id"], "output_index": index, place: number}
        tape.add(f"{about_part}.added", **where, part=part | {"text": ""})
        for piece in pieces(part["text"], tape.story.deltas):
            tape.add(f"{about_text}.delta", **where, delta=piece, **more, **padding)
        tape.add(f"{about_text}.done", **where, text=part["text"], **more)
        tape.add(f"{about_part}.done", **where, part=part)


def _tell_input(tape: _Tape, index: int, item: JsonObject) -> None:
    field_, about = _GROWS[item["type"]], _INPUTS[item["type"]]
    where = {"item_id": item["id"], "output_index": index}
    for piece in pieces(item[field_], tape.story.deltas):
        tape.add(f"{about}.delta", **where, delta=piece)
    name = {"name": item["name"]} if field_ == "arguments" else {}
    tape.add(f"{about}.done", **where, **{field_: item[field_]}, **name)


def _tell_image(tape: _Tape, index: int, item: JsonObject) -> None:
    where = {"item_id": item["id"], "output_index": index}
    tape.add("response.image_generation_call.in_progress", **where)
    tape.add("response.image_generation_call.generating", **where)
    looks = {name: item[name] for name in ("background", "output_format", "quality", "size")}
    for number in range(previews(tape.story.request)):
        shown = {"partial_image_index": number, "partial_image_b64": item["result"]}
        tape.add("response.image_generation_call.partial_image", **where, **shown, **looks)
    tape.add("response.image_generation_call.completed", **where)


# The field that is still empty when an item is added.
_GROWS = {
    "message": "content",
    "reasoning": "summary",
    "function_call": "arguments",
    "custom_tool_call": "input",
    "image_generation_call": "result",
}
# Items that grow in parts: the name of a part's index, and the events about parts and their text.
_PARTS = {
    "message": ("content_index", "response.content_part", "response.output_text"),
    "reasoning": (
        "summary_index",
        "response.reasoning_summary_part",
        "response.reasoning_summary_text",
    ),
}
# Items that grow in one text, and the events about it.
_INPUTS = {
    "function_call": "response.function_call_arguments",
    "custom_tool_call": "response.custom_tool_call_input",
}
