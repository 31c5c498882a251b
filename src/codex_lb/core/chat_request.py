"""Read a chat completions body into a `Call`.

Only what the two APIs say differently is translated; the result then takes the rules of
`core/responses.py` like any other body. What cannot be said to upstream is refused with its place;
values that need no change stay byte-equal. The rules and their reasons: `docs/wire.md`, "Chat".
"""

import re
from dataclasses import replace

from msgspec import Raw

from codex_lb.core import chat_messages, chat_tools, responses
from codex_lb.core.foreign_json import UNREADABLE
from codex_lb.core.raw_fields import (
    NULL,
    BadRequestError,
    Fields,
    encode,
    encoded,
    flag,
    given,
    list_in,
    object_in,
    picked,
    read_fields,
    text_in,
)
from codex_lb.core.responses import Call, Dialect

# Chat's own parameters that upstream has no word for, beside those that `core/responses.py` drops.
_DROPPED = (
    "messages",
    "response_format",
    "modalities",
    "audio",
    "prediction",
    *chat_tools.REPLACED,
)
_SCHEMA_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_CACHE_KEY = 64


def read(body: bytes, conversation: str | None) -> Call:
    """Raises `BadRequestError`. `conversation`: the client's own name for it, if a header gave one.

    A body with `input` and no `messages` is a Responses body already: Cursor sends those here.
    """
    try:
        return _read(body, conversation)
    except UNREADABLE as error:
        raise BadRequestError(f"The request body is not a JSON object: {error}") from error


def _read(body: bytes, conversation: str | None) -> Call:
    fields = read_fields(body)
    options = object_in(fields, "stream_options")
    if _is_chat(fields):
        body = encode(_translated(fields, conversation))
    return replace(
        responses.read(body, Dialect.OPENAI),
        wants_usage=flag(options, "include_usage") is True,
        knows_one_call=given(fields, "functions"),
    )


def _is_chat(fields: Fields) -> bool:
    if given(fields, "input"):
        return False  # beside `messages` it is refused where Responses bodies are
    if not given(fields, "messages"):
        raise BadRequestError("'messages' is missing.", param="messages")
    return True


def _translated(fields: Fields, conversation: str | None) -> Fields:
    _refuse(fields)
    said = {name: value for name, value in fields.items() if name not in _DROPPED}
    said["input"] = encoded(chat_messages.items(list_in(fields, "messages")))
    said |= chat_tools.translated(fields)
    form = _form(object_in(fields, "response_format"))
    if form:
        said["text"] = encoded(object_in(fields, "text") | {"format": encoded(form)})
    if text_in(fields, "reasoning_effort") not in (None, "none"):
        # Upstream tells what it thinks only if asked; who sets the effort can show it.
        said["reasoning"] = encoded({"summary": "auto"} | object_in(fields, "reasoning"))
    if conversation and len(conversation) <= _LONGEST_CACHE_KEY:
        said.setdefault("prompt_cache_key", encoded(conversation))
    return said


def _refuse(fields: Fields) -> None:
    if given(fields, "n") and fields["n"] != Raw(b"1"):
        raise BadRequestError("'n' must be 1: upstream gives one answer.", param="n")
    if given(fields, "audio") or b'"audio"' in bytes(fields.get("modalities", NULL)):
        raise BadRequestError("Audio is not supported.", param="modalities")


def _form(wanted: Fields) -> Fields:
    """Upstream's `text.format`; empty if the answer is to be plain text."""
    kind = text_in(wanted, "type")
    if not wanted or kind == "text":
        return {}
    if kind == "json_object":
        return wanted
    if kind != "json_schema":
        raise BadRequestError(f"There is no format {kind!r}.", param="response_format.type")
    schema = object_in(wanted, "json_schema")
    place = "response_format.json_schema"
    if not _SCHEMA_NAME.fullmatch(text_in(schema, "name") or ""):
        raise BadRequestError(
            "A schema's name has 1 to 64 letters, digits, '_' or '-'.", param=f"{place}.name"
        )
    if not given(schema, "schema"):
        raise BadRequestError("The schema is missing.", param=f"{place}.schema")
    return picked(wanted, "type") | picked(schema, "name", "description", "schema", "strict")
