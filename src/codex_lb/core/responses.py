"""Read a client's Responses body into a `Call`, changing only what upstream does not take.

The client's bytes are the upstream's bytes unless a rule below applies; then the top level is
put together again from the raw values, so that every untouched value stays byte-equal. The rules
and their sources: `docs/wire.md`, "Request body". What we do not know passes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import msgspec
from msgspec import Raw

from codex_lb.core import file_ids, model_names
from codex_lb.core.foreign_json import UNREADABLE
from codex_lb.core.raw_fields import (
    ABSENT,
    FALSE,
    NULL,
    TRUE,
    BadRequestError,
    Fields,
    as_object,
    as_text,
    encode,
    encoded,
    flag,
    given,
    head,
    is_text,
    list_in,
    object_in,
    read_fields,
    text_in,
    texts_in,
)


class Dialect(Enum):
    """Which promises the client's endpoint makes."""

    CODEX = "codex"  # /backend-api/codex: always a stream, upstream's events as they are
    OPENAI = "openai"  # /v1: OpenAI's public Responses API


@dataclass(frozen=True, slots=True)
class Call:
    """A client's request in the upstream dialect, with what routing and the row need of it."""

    body: bytes
    model: str
    stream: bool  # what the client asked for; upstream always streams
    effort: str | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    previous_response_id: str | None = None
    lite: bool = False  # tools come as an `additional_tools` item
    renamed: bool = False  # another model than the client has named
    files: tuple[str, ...] = ()  # ids that it names; each may be known to one account only
    shape: str = ""  # of the answer, where an endpoint has several
    generates: bool = True  # False: it only warms a WebSocket's conversation up
    opening: bytes = b""  # how instructions and first user message begin, for a derived affinity
    wants_usage: bool = False  # a chat client wants the usage at the end of its stream
    knows_one_call: bool = False  # a chat client reads one `function_call`, no `tool_calls`


MAX_MODEL_LENGTH = 256

# Parameters of the public API that upstream refuses; the peer of every client leaves them out.
_DROPPED = frozenset(
    {
        "max_output_tokens", "max_tokens", "max_completion_tokens", "metadata",
        "prompt_cache_retention", "prompt_cache_options", "safety_identifier", "temperature",
        "top_p", "top_logprobs", "logprobs", "user", "truncation", "stop", "seed", "n",
        "presence_penalty", "frequency_penalty", "logit_bias", "stream_options", "background",
        "max_tool_calls",
    }
)  # fmt: skip
_INCLUDABLE = frozenset(
    {
        "code_interpreter_call.outputs",
        "computer_call_output.output.image_url",
        "file_search_call.results",
        "message.input_image.image_url",
        "message.output_text.logprobs",
        "reasoning.encrypted_content",
        "web_search_call.action.sources",
    }
)
# Spellings of other client libraries → (object, key) of the Responses API.
_ALIASES = {
    "reasoningEffort": ("reasoning", "effort"),
    "reasoning_effort": ("reasoning", "effort"),
    "reasoningSummary": ("reasoning", "summary"),
    "textVerbosity": ("text", "verbosity"),
    "verbosity": ("text", "verbosity"),
}
# Levels that no model of upstream has, and what they stand for (`minimal` makes upstream hang).
EFFORT_ALIASES = {"minimal": "low", "ultra": "max"}
TIER_ALIASES = {"fast": "priority"}
_FAST = frozenset({"priority", "ultrafast"})
# Keys that other providers' histories carry and upstream refuses in a message.
_FOREIGN_KEYS = frozenset({"reasoning_content", "reasoning_details", "tool_calls", "function_call"})

_OPENING_BYTES = 512
_LITE_FLAG, _LITE = "ws_request_header_x_openai_internal_codex_responses_lite", Raw(b'"true"')


class _Item(msgspec.Struct):
    """The few keys that decide whether an input item must change."""

    type: str | None = None
    role: str | None = None
    content: Raw = ABSENT
    reasoning_content: Raw = ABSENT
    reasoning_details: Raw = ABSENT
    tool_calls: Raw = ABSENT
    function_call: Raw = ABSENT

    def must_change(self) -> bool:
        if self.role in ("system", "tool"):
            return True
        if self.role == "assistant" and is_text(self.content):
            return True
        if self.role is None:
            return False
        return (
            self.reasoning_content is not ABSENT
            or self.reasoning_details is not ABSENT
            or self.tool_calls is not ABSENT
            or self.function_call is not ABSENT
        )


_decode_items = msgspec.json.Decoder(list[_Item]).decode


def read(body: bytes, dialect: Dialect) -> Call:
    """Raises `BadRequestError`. The call's body is `body` itself if nothing had to change.

    `body` has passed `core/json_guard.py`.
    """
    return _read(body, dialect, _RULES)


def read_frame(body: bytes, dialect: Dialect) -> Call:
    """The same of a `response.create` frame: a body with a `type`, for a transport that only streams."""
    call = replace(_read(body, dialect, _FRAME_RULES), stream=True)
    return _flagged(call) if call.lite else call


def _read(body: bytes, dialect: Dialect, rules: "_Rules") -> Call:
    try:
        return _judge(body, dialect, rules)
    except UNREADABLE as error:
        raise BadRequestError(f"The request body is not a JSON object: {error}") from error


def _judge(body: bytes, dialect: Dialect, rules: "_Rules") -> Call:
    fields = read_fields(body)
    wanted_stream = flag(fields, "stream")
    _refuse_contradictions(fields, dialect)
    changed = dict(fields)
    for rule in rules:
        rule(changed)
    items = _items(changed)
    if items is not None:
        _rewrite_input(changed, items)
    reasoning = object_in(changed, "reasoning")
    sent = body if changed == fields else encode(changed)
    return Call(
        body=sent,
        model=_model(changed),
        stream=dialect is Dialect.CODEX or wanted_stream is True,
        effort=as_text(reasoning.get("effort")),
        service_tier=text_in(changed, "service_tier"),
        prompt_cache_key=text_in(changed, "prompt_cache_key"),
        previous_response_id=text_in(changed, "previous_response_id"),
        lite=any(item.type == "additional_tools" for item in items or ()),
        renamed=_model(changed) != _model(fields),
        files=file_ids.named(sent),
        generates=flag(changed, "generate") is not False,
        opening=_opening(changed, items or []),
    )


# -- what is refused ---------------------------------------------------------------------------


def _refuse_contradictions(fields: Fields, dialect: Dialect) -> None:
    model = text_in(fields, "model")
    if not model or not model.strip():
        raise BadRequestError("'model' must be a non-empty string.", param="model")
    if len(model) > MAX_MODEL_LENGTH or not model.isprintable():
        raise BadRequestError("'model' is not a model name.", param="model")
    for one, other in (("conversation", "previous_response_id"), ("input", "messages")):
        if given(fields, one) and given(fields, other):
            raise BadRequestError(f"'{one}' and '{other}' exclude each other.", param=one)
    if dialect is Dialect.CODEX:
        return  # a native client knows upstream better than we do
    if not given(fields, "input"):
        raise BadRequestError("'input' is missing.", param="input")
    if flag(fields, "background") is True:
        raise BadRequestError("Background responses are not supported.", param="background")
    truncation = text_in(fields, "truncation")
    if given(fields, "truncation") and truncation not in ("auto", "disabled"):
        raise BadRequestError("'truncation' must be auto or disabled.", param="truncation")
    if given(fields, "include"):
        unknown = set(texts_in(fields, "include")) - _INCLUDABLE
        if unknown:
            raise BadRequestError(
                f"'include' does not know {', '.join(sorted(unknown))}.", param="include"
            )


# -- rules on the top level --------------------------------------------------------------------


def _drop_what_upstream_refuses(fields: Fields) -> None:
    for name in _DROPPED & fields.keys():
        del fields[name]


def _force_upstream_mode(fields: Fields) -> None:
    if fields.get("store") != FALSE:
        fields["store"] = FALSE
    if fields.get("stream") != TRUE:
        fields["stream"] = TRUE


def _force_frame_mode(fields: Fields) -> None:
    if fields.get("store") != FALSE:
        fields["store"] = FALSE
    fields.pop("stream", None)


def _rename_aliases(fields: Fields) -> None:
    if "promptCacheKey" in fields:
        fields.setdefault("prompt_cache_key", fields["promptCacheKey"])
        del fields["promptCacheKey"]
    for alias in _ALIASES.keys() & fields.keys():
        parent, key = _ALIASES[alias]
        value = fields.pop(alias)
        if value != NULL:
            fields[parent] = encoded({key: value} | object_in(fields, parent))
    for alias in ("thinking", "enable_thinking"):
        value = fields.pop(alias, FALSE)
        if value == TRUE and not given(fields, "reasoning"):
            fields["reasoning"] = encoded({"effort": Raw(b'"medium"')})


def _split_model_name(fields: Fields) -> None:
    name = model_names.read(text_in(fields, "model") or "")
    if name.effort is None and not name.is_fast:
        return
    fields["model"] = encoded(name.model)
    reasoning = object_in(fields, "reasoning")
    if name.effort and "effort" not in reasoning:
        fields["reasoning"] = encoded(reasoning | {"effort": encoded(name.effort)})
    if name.is_fast:
        fields.setdefault("service_tier", Raw(b'"priority"'))


def _map_effort(fields: Fields) -> None:
    reasoning = object_in(fields, "reasoning")
    effort = as_text(reasoning.get("effort"))
    if effort in EFFORT_ALIASES:
        fields["reasoning"] = encoded(reasoning | {"effort": encoded(EFFORT_ALIASES[effort])})


def slowed(call: Call) -> Call:
    """The call at the ordinary speed and price."""
    if call.service_tier not in _FAST:
        return call
    fields = read_fields(call.body)
    del fields["service_tier"]
    return replace(call, body=encode(fields), service_tier=None)


def _map_tier(fields: Fields) -> None:
    tier = text_in(fields, "service_tier")
    if tier in TIER_ALIASES:
        fields["service_tier"] = encoded(TIER_ALIASES[tier])


def _rename_web_search(fields: Fields) -> None:
    tools = fields.get("tools")
    if tools is None or b"web_search_preview" not in bytes(tools):
        return  # the common case: the tools stay as they are
    raws = list_in(fields, "tools")
    for i, raw in enumerate(raws):
        tool = as_object(raw)
        if (as_text(tool.get("type")) or "").startswith("web_search_preview"):
            raws[i] = encoded(tool | {"type": Raw(b'"web_search"')})
    fields["tools"] = encoded(raws)


def _wrap_text_input(fields: Fields) -> None:
    if is_text(fields.get("input")):
        fields["input"] = Raw(
            b'[{"type":"message","role":"user","content":[{"type":"input_text","text":'
            + bytes(fields["input"])
            + b"}]}]"
        )


_Rules = tuple[Callable[[Fields], None], ...]
_SHAPING: _Rules = (
    _rename_aliases,
    _split_model_name,
    _map_effort,
    _map_tier,
    _rename_web_search,
    _wrap_text_input,
)
_RULES: _Rules = (_drop_what_upstream_refuses, _force_upstream_mode, *_SHAPING)
_FRAME_RULES: _Rules = (_drop_what_upstream_refuses, _force_frame_mode, *_SHAPING)


# -- rules on input items ----------------------------------------------------------------------


def _items(fields: Fields) -> list[_Item] | None:
    """The items' deciding keys; None if `input` is no list of objects (upstream will say so)."""
    try:
        return _decode_items(fields["input"]) if "input" in fields else None
    except UNREADABLE:
        return None


def _rewrite_input(fields: Fields, items: list[_Item]) -> None:
    if not any(item.must_change() for item in items):
        return
    kept: list[Raw] = []
    lifted: list[str] = []
    wants_json = text_in(object_in(object_in(fields, "text"), "format"), "type") == "json_object"
    for item, raw in zip(items, list_in(fields, "input"), strict=True):
        if not item.must_change():
            kept.append(raw)
        elif item.role == "system" and item.type in (None, "message"):
            if wants_json:  # upstream insists on the word JSON in `input`
                kept.append(encoded(as_object(raw) | {"role": Raw(b'"developer"')}))
            else:
                lifted.append(_text_of(item.content))
        else:
            kept.append(_rewritten(item, as_object(raw)))
    fields["input"] = encoded(kept)
    if lifted:
        own = text_in(fields, "instructions")
        fields["instructions"] = encoded("\n".join(filter(None, [own, *lifted])))


def _rewritten(item: _Item, value: Fields) -> Raw:
    value = {key: raw for key, raw in value.items() if key not in _FOREIGN_KEYS}
    if item.role == "tool":
        call_id = value.get("tool_call_id") or value.get("call_id") or Raw(b'""')
        output = value.get("content") or value.get("output") or Raw(b'""')
        return encoded(
            {"type": Raw(b'"function_call_output"'), "call_id": call_id, "output": output}
        )
    if item.role == "assistant" and is_text(item.content):
        text = bytes(item.content)
        value["content"] = Raw(b'[{"type":"output_text","text":' + text + b"}]")
    return encoded(value)


def _text_of(content: Raw) -> str:
    """The text of a message's content, a string or a list of parts; other parts say nothing."""
    value: Any = msgspec.json.decode(content) if content is not ABSENT else ""
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _model(fields: Fields) -> str:
    return (text_in(fields, "model") or "").strip()


def _flagged(call: Call) -> Call:
    """A frame has no headers: there the flag of such a model stands in its metadata."""
    fields = read_fields(call.body)
    metadata = object_in(fields, "client_metadata")
    if metadata.get(_LITE_FLAG) == _LITE:
        return call
    fields["client_metadata"] = encoded(metadata | {_LITE_FLAG: _LITE})
    return replace(call, body=encode(fields))


def _opening(fields: Fields, items: list[_Item]) -> bytes:
    first = next((item.content for item in items if item.role == "user"), ABSENT)
    parts = (fields.get("instructions", ABSENT), first)
    return b"\n".join(head(part, _OPENING_BYTES) for part in parts if part is not ABSENT)
