"""Say a chat's messages as input items.

A message may become several items: an assistant's text and each of its calls stand alone. What
other providers leave in a history (`reasoning_content`, `reasoning_details`, names) is not said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Raw

from codex_lb.core.raw_fields import (
    NULL,
    BadRequestError,
    Fields,
    as_object,
    encoded,
    given,
    is_text,
    list_in,
    object_in,
    picked,
    text_in,
)

_EMPTY = Raw(b'""')


def items(messages: list[Raw]) -> list[Fields]:
    """Raises `BadRequestError` that names the place."""
    if not messages:
        raise BadRequestError("'messages' must not be empty.", param="messages")
    history = _History()
    return [
        item
        for i, raw in enumerate(messages)
        for item in history.of_message(as_object(raw), f"messages[{i}]")
    ]


@dataclass(slots=True)
class _History:
    """A result does not say of which kind its call was, so that is remembered."""

    custom_calls: set[bytes] = field(default_factory=set)  # ids, as they stand in the body
    legacy_calls: int = 0  # a `function_call` has no id, so they are numbered

    def of_message(self, message: Fields, place: str) -> Iterator[Fields]:
        role = text_in(message, "role")
        match role:
            case "system" | "developer" | "user":
                yield _message(role, _parts(message, place, "input_text"))
            case "assistant":
                yield from self._of_assistant(message, place)
            case "tool":
                call_id = _id(message, "tool_call_id", place)
                is_custom = bytes(call_id) in self.custom_calls
                kind = "custom_tool_call_output" if is_custom else "function_call_output"
                yield _result(kind, call_id, message, place)
            case "function":
                yield _result("function_call_output", self._legacy_id(), message, place)
            case _:
                raise BadRequestError(f"There is no role {role!r}.", param=f"{place}.role")

    def _of_assistant(self, message: Fields, place: str) -> Iterator[Fields]:
        if given(message, "audio"):
            raise BadRequestError("Audio is not supported.", param=f"{place}.audio")
        parts = _parts(message, place, "output_text") if message.get("content") != _EMPTY else []
        if given(message, "refusal"):
            parts.append({"type": encoded("refusal")} | picked(message, "refusal"))
        if parts:
            yield _message("assistant", parts)
        calls = list_in(message, "tool_calls") if given(message, "tool_calls") else []
        for i, raw in enumerate(calls):
            yield self._call(as_object(raw), f"{place}.tool_calls[{i}]")
        if given(message, "function_call"):
            self.legacy_calls += 1
            called = object_in(message, "function_call")
            yield _called("function_call", self._legacy_id(), called, "arguments")

    def _call(self, call: Fields, place: str) -> Fields:
        call_id = _id(call, "id", place)
        if text_in(call, "type") == "custom":
            self.custom_calls.add(bytes(call_id))
            return _called("custom_tool_call", call_id, object_in(call, "custom"), "input")
        return _called("function_call", call_id, object_in(call, "function"), "arguments")

    def _legacy_id(self) -> Raw:
        return encoded(f"call_{self.legacy_calls}")


def _id(fields: Fields, name: str, place: str) -> Raw:
    if not is_text(fields.get(name)):
        raise BadRequestError(f"'{name}' is missing.", param=f"{place}.{name}")
    return fields[name]


def _message(role: str, parts: list[Fields]) -> Fields:
    return {"type": encoded("message"), "role": encoded(role), "content": encoded(parts)}


def _called(kind: str, call_id: Raw, called: Fields, argument: str) -> Fields:
    return {
        "type": encoded(kind),
        "call_id": call_id,
        "name": called.get("name", _EMPTY),
        argument: called[argument] if given(called, argument) else _EMPTY,
    }


def _result(kind: str, call_id: Raw, message: Fields, place: str) -> Fields:
    content = message.get("content", NULL)
    if content == NULL:
        content = _EMPTY
    if not is_text(content):
        content = encoded(_parts(message, place, "input_text"))
    return {"type": encoded(kind), "call_id": call_id, "output": content}


def _parts(message: Fields, place: str, text_kind: str) -> list[Fields]:
    """The content's parts; `text_kind`: upstream's word for a text in this message."""
    if not given(message, "content"):
        return []
    if is_text(message["content"]):
        return [{"type": encoded(text_kind), "text": message["content"]}]
    try:
        raws = list_in(message, "content")
    except BadRequestError as error:
        raise BadRequestError(error.message, param=f"{place}.content") from error
    return [_part(as_object(raw), f"{place}.content[{i}]", text_kind) for i, raw in enumerate(raws)]


def _part(part: Fields, place: str, text_kind: str) -> Fields:
    kind = text_in(part, "type")
    match kind:
        case "text":
            return {"type": encoded(text_kind)} | picked(part, "text")
        case "image_url":
            return _image(part, place)
        case "file":
            file = object_in(part, "file")
            if not given(file, "file_data"):
                raise BadRequestError(
                    "A file is sent as 'file_data'; ids are not known.", param=f"{place}.file"
                )
            return {"type": encoded("input_file")} | picked(file, "filename", "file_data")
        case "refusal" | "input_text" | "input_image" | "input_file" | "output_text":
            return part  # upstream's own
        case _:
            raise BadRequestError(
                f"Parts of type {kind!r} are not supported.", param=f"{place}.type"
            )


def _image(part: Fields, place: str) -> Fields:
    image = object_in(part, "image_url")
    url = part["image_url"] if is_text(part.get("image_url")) else image.get("url")
    if url is None or not is_text(url):
        raise BadRequestError("'url' is missing.", param=f"{place}.image_url.url")
    return {"type": encoded("input_image"), "image_url": url} | picked(image, "detail")
