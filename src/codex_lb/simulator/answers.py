"""Which output items answer a request.

Pure: an answer step and the request in, finished items out. `Auto` looks at the request; a tool
step picks one of the tools on offer and gives way to a text once the turn carries a tool result.
"""

import base64
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import pack
from typing import Any, assert_never

import msgspec

from codex_lb.simulator.steps import (
    Answer,
    Auto,
    BigEvent,
    Compaction,
    CustomTool,
    Image,
    Items,
    Reasoning,
    Text,
    Tool,
)

JsonObject = dict[str, Any]
NewId = Callable[[str], str]  # prefix → a fresh id
Seal = Callable[[str], str]  # note → ciphertext of the account that answers

_OUTPUT_TYPES = ("function_call_output", "custom_tool_call_output")
_KNOWN_ARGUMENTS: dict[str, JsonObject] = {  # calls that real clients run without harm
    "exec_command": {"cmd": "echo hello from the simulator"},
    "shell": {"command": ["echo", "hello from the simulator"]},
    "bash": {"command": "echo hello from the simulator", "description": "Says hello"},
    "exec": {"command": "echo hello from the simulator"},
}


@dataclass(frozen=True, slots=True)
class Answered:
    items: tuple[JsonObject, ...]
    text: Text  # how to deliver: deltas, delay, token counts
    reasoning_tokens: int = 0


def answer(step: Answer, request: JsonObject, new_id: NewId, seal: Seal) -> Answered:
    """The items that `step` produces for `request`."""
    match step:
        case Auto() if wants_compaction(request):
            return answer(Compaction(), request, new_id, seal)
        case Auto():
            return answer(Text(), request, new_id, seal)
        case Text():
            return Answered((message(step.text, new_id),), step)
        case Reasoning():
            note = new_id("n")
            thought = reasoning(step.summary, seal(note), new_id)
            told = Text(step.text, deltas=step.deltas)
            return Answered((thought, message(step.text, new_id)), told, reasoning_tokens=64)
        case Tool():
            return _tool(step, request, new_id)
        case CustomTool():
            if has_tool_result(request) and not step.again:
                return answer(Text(), request, new_id, seal)
            call = {
                "id": new_id("ctc"),
                "type": "custom_tool_call",
                "status": "completed",
                "call_id": new_id("call"),
                "name": step.name,
                "input": step.input,
            }
            return Answered((call,), Text(deltas=3))
        case Compaction():
            item = {
                "id": new_id("cmp"),
                "type": "compaction",
                "encrypted_content": seal(new_id("n")),
            }
            return Answered((item,), Text())
        case Image():
            return Answered((image(new_id),), Text())
        case Items():
            return Answered(step.items, Text(deltas=step.deltas))
        case BigEvent():
            size = max(1, math.ceil(step.mb * 1_000_000))
            return Answered((message("x" * size, new_id),), Text(deltas=1))
        case _:
            assert_never(step)


def wants_compaction(request: JsonObject) -> bool:
    """Whether the last input item is a `compaction_trigger`."""
    items = input_items(request)
    return bool(items) and items[-1].get("type") == "compaction_trigger"


def has_tool_result(request: JsonObject) -> bool:
    """Whether a tool result follows the last user message."""
    for item in reversed(input_items(request)):
        if item.get("type") in _OUTPUT_TYPES:
            return True
        if item.get("role") == "user":
            return False
    return False


def input_items(request: JsonObject) -> list[JsonObject]:
    items = request.get("input")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def offered_tools(request: JsonObject) -> Iterator[JsonObject]:
    """Tools of the request: top level, or in an `additional_tools` item (lite models)."""
    yield from (tool for tool in request.get("tools") or () if isinstance(tool, dict))
    for item in input_items(request):
        if item.get("type") == "additional_tools":
            yield from (tool for tool in item.get("tools") or () if isinstance(tool, dict))


def message(text: str, new_id: NewId) -> JsonObject:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {
        "id": new_id("msg"),
        "type": "message",
        "status": "completed",
        "content": [part],
        "role": "assistant",
    }


def reasoning(summary: str, ciphertext: str, new_id: NewId) -> JsonObject:
    return {
        "id": new_id("rs"),
        "type": "reasoning",
        "encrypted_content": ciphertext,
        "summary": [{"type": "summary_text", "text": summary}] if summary else [],
    }


def image(new_id: NewId) -> JsonObject:
    return {
        "id": new_id("ig"),
        "type": "image_generation_call",
        "status": "completed",
        "background": "opaque",
        "output_format": "png",
        "quality": "low",
        "result": base64.b64encode(_one_pixel()).decode(),
        "revised_prompt": "one pixel",
        "size": "1024x1024",
    }


def output_size(items: tuple[JsonObject, ...]) -> int:
    """Tokens of an answer, at four bytes each."""
    return len(msgspec.json.encode(items)) // 4


def _tool(step: Tool, request: JsonObject, new_id: NewId) -> Answered:
    named = _named_tool(step, request)
    if named is None or (has_tool_result(request) and not step.again):
        told = Text()
        return Answered((message(told.text, new_id),), told)
    name, arguments = named
    calls = tuple(
        {
            "id": new_id("fc"),
            "type": "function_call",
            "status": "completed",
            "arguments": msgspec.json.encode(arguments).decode(),
            "call_id": new_id("call"),
            "name": name,
        }
        for _ in range(step.count)
    )
    return Answered(calls, Text(deltas=3))


def _named_tool(step: Tool, request: JsonObject) -> tuple[str, JsonObject] | None:
    """Name and arguments of the call; None if no name is given and no function is on offer."""
    if step.name is not None:
        return step.name, step.arguments or {}
    offered = {
        tool["name"]: tool
        for tool in offered_tools(request)
        if tool.get("type") == "function" and isinstance(tool.get("name"), str)
    }
    for name, arguments in _KNOWN_ARGUMENTS.items():
        if name in offered:
            return name, step.arguments or arguments
    for name, tool in offered.items():
        return name, step.arguments or _invent(tool.get("parameters"))
    return None


def _invent(schema: object) -> JsonObject:
    """The least that satisfies the required fields of a parameter schema."""
    if not isinstance(schema, dict):
        return {}
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    return {name: _value(known.get(name)) for name in schema.get("required") or ()}


def _value(schema: object) -> object:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(schema, dict) and schema.get("enum"):
        return schema["enum"][0]
    if kind == "object":
        return _invent(schema)
    plain: dict[str, object] = {"integer": 1, "number": 1, "boolean": False, "array": []}
    return plain.get(kind, "hello") if isinstance(kind, str) else "hello"


def _one_pixel() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return pack(">I", len(data)) + body + pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\x00\x10\xa0\x70"))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b"")
