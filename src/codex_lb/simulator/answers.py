"""Which output items answer a request.

Pure: an answer step and the request in, finished items out. `Auto` looks at the request; a tool
step picks one of the tools on offer and gives way to a text once the turn carries a tool result.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never

import msgspec

from codex_lb.simulator import steps
from codex_lb.simulator.steps import Answer, Text

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
_ONE_PIXEL = (  # a PNG
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGMQWFAAAAHkASHL1LBWAAAAAElFTkSuQmCC"
)


@dataclass(frozen=True, slots=True)
class Answered:
    items: tuple[JsonObject, ...]
    text: Text  # how to deliver: deltas, delay, token counts
    reasoning_tokens: int = 0


def answer(step: Answer, request: JsonObject, new_id: NewId, seal: Seal) -> Answered:
    """The items that `step` produces for `request`."""
    match step:
        case steps.Auto():
            return answer(_fitting(request), request, new_id, seal)
        case Text():
            return Answered((_message(step.text, new_id),), step)
        case steps.Reasoning():
            thought = _reasoning(step.summary, seal(new_id("n")), new_id)
            told = Text(step.text, deltas=step.deltas)
            return Answered((thought, _message(step.text, new_id)), told, reasoning_tokens=64)
        case steps.Tool() | steps.CustomTool():
            ended = _has_tool_result(request) and not step.again
            calls = () if ended else _calls(step, request, new_id)
            return Answered(calls, Text(deltas=3)) if calls else answer(Text(), {}, new_id, seal)
        case steps.Compaction():
            return Answered((compaction(new_id, seal),), Text())
        case steps.Image():
            return Answered((_image(_image_tool(request), new_id),), Text())
        case steps.Items():
            return Answered(step.items, Text(deltas=step.deltas))
        case steps.BigEvent():
            size = max(1, math.ceil(step.mb * 1_000_000))
            return Answered((_message("x" * size, new_id),), Text(deltas=1))
        case _:
            assert_never(step)


def previews(request: JsonObject) -> int:
    """How many times an image is shown before it is finished."""
    return int(_image_tool(request).get("partial_images", 1))


def input_items(request: JsonObject) -> list[JsonObject]:
    return _objects(request.get("input"))


def output_size(items: tuple[JsonObject, ...]) -> int:
    """Tokens of an answer, at four bytes each."""
    return len(msgspec.json.encode(items)) // 4


def compaction(new_id: NewId, seal: Seal) -> JsonObject:
    return {"id": new_id("cmp"), "type": "compaction", "encrypted_content": seal(new_id("n"))}


def _fitting(request: JsonObject) -> Answer:
    """What the request asks for by its last input item or by the tool it imposes, else a text."""
    if any(item.get("type") == "compaction_trigger" for item in input_items(request)[-1:]):
        return steps.Compaction()
    chosen = request.get("tool_choice")
    is_image = isinstance(chosen, dict) and chosen.get("type") == "image_generation"
    return steps.Image() if is_image else Text()


def _image_tool(request: JsonObject) -> JsonObject:
    tools = _objects(request.get("tools"))
    return next((tool for tool in tools if tool.get("type") == "image_generation"), {})


def _has_tool_result(request: JsonObject) -> bool:
    """Whether a tool result follows the last user message."""
    for item in reversed(input_items(request)):
        if item.get("type") in _OUTPUT_TYPES:
            return True
        if item.get("role") == "user":
            return False
    return False


def _objects(value: object) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _message(text: str, new_id: NewId) -> JsonObject:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {
        "id": new_id("msg"),
        "type": "message",
        "status": "completed",
        "content": [part],
        "role": "assistant",
    }


def _reasoning(summary: str, ciphertext: str, new_id: NewId) -> JsonObject:
    return {
        "id": new_id("rs"),
        "type": "reasoning",
        "encrypted_content": ciphertext,
        "summary": [{"type": "summary_text", "text": summary}] if summary else [],
    }


def _image(tool: JsonObject, new_id: NewId) -> JsonObject:
    """As the tool is set up; where it leaves the choice, ours."""
    looks = {"background": "opaque", "output_format": "png", "quality": "low", "size": "1024x1024"}
    set_up = {name: tool[name] for name in looks if tool.get(name, "auto") != "auto"}
    return {
        "id": new_id("ig"),
        "type": "image_generation_call",
        "status": "completed",
        "result": _ONE_PIXEL,
        "revised_prompt": "one pixel",
        **looks,
        **set_up,
    }


def _calls(
    step: steps.Tool | steps.CustomTool, request: JsonObject, new_id: NewId
) -> tuple[JsonObject, ...]:
    """The calls of the step's tool, else of one on offer; none if nothing is on offer."""
    if isinstance(step, steps.CustomTool):
        return (_call("custom_tool_call", step.name, {"input": step.input}, new_id),)
    name = step.name or _offered(request)
    if name is None:
        return ()
    chosen = step.arguments or ({} if step.name else _KNOWN_ARGUMENTS.get(name, {}))
    given = {"arguments": msgspec.json.encode(chosen).decode()}
    return tuple(_call("function_call", name, given, new_id) for _ in range(step.count))


def _call(kind: str, name: str, given: JsonObject, new_id: NewId) -> JsonObject:
    ids = {"id": new_id("fc"), "call_id": new_id("call")}
    return {**ids, "type": kind, "status": "completed", "name": name, **given}


def _offered(request: JsonObject) -> str | None:
    """A function on offer, one that we know if possible.

    Tools stand at the top level, or in an `additional_tools` item (lite models).
    """
    extra = [item for item in input_items(request) if item.get("type") == "additional_tools"]
    tools = [tool for place in (request, *extra) for tool in _objects(place.get("tools"))]
    names = [tool.get("name") for tool in tools if tool.get("type") == "function"]
    known = [name for name in names if name in _KNOWN_ARGUMENTS]
    return next(iter(known or names), None)
