"""Tell a turn that has drawn an image as the public API's images endpoints do.

Upstream's events about the tool become `image_generation.*` or `image_edit.*`; a host model that
has answered with words instead has declined, and its words are the error.
"""

import msgspec
from msgspec import Raw

from codex_lb.core import answers, events
from codex_lb.core.answers import Answer
from codex_lb.core.foreign_json import JsonObject, decode, member
from codex_lb.core.raw_fields import encoded

_LOOKS = ("background", "output_format", "quality", "size")
_MAX_WORDS = 500


class _Part(msgspec.Struct):
    text: str | None = None


class _Item(msgspec.Struct):
    type: str | None = None
    result: str | None = None
    revised_prompt: str | None = None
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
    content: list[_Part] | None = None

    def looks(self) -> JsonObject:
        return {name: value for name in _LOOKS if (value := getattr(self, name))}


class _Partial(msgspec.Struct):
    partial_image_b64: str
    partial_image_index: int = 0
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None


def told(response: JsonObject) -> JsonObject | Answer:
    """The one JSON reply."""
    drawn = _drawn(response)
    if isinstance(drawn, Answer):
        return drawn
    image = {"b64_json": drawn.result, "revised_prompt": drawn.revised_prompt}
    return {
        "created": response.get("created_at") or 0,
        "data": [{name: value for name, value in image.items() if value}],
        **drawn.looks(),
        "usage": _usage(response),
    }


def partial(data: bytes, kind: str, created_at: int) -> bytes:
    """One event of a stream of `kind`, from upstream's; empty if that has no image."""
    shown = decode(data, _Partial)
    if shown is None:
        return b""
    return events.encode(
        {
            "type": f"{kind}.partial_image",
            "b64_json": shown.partial_image_b64,
            "created_at": created_at,
            "partial_image_index": shown.partial_image_index,
            **{name: value for name in _LOOKS if (value := getattr(shown, name))},
        }
    )


def completed(response: JsonObject, kind: str) -> bytes | Answer:
    """The last event of a stream."""
    drawn = _drawn(response)
    if isinstance(drawn, Answer):
        return drawn
    return events.encode(
        {
            "type": f"{kind}.completed",
            "b64_json": drawn.result,
            "created_at": response.get("created_at") or 0,
            **drawn.looks(),
            "usage": _usage(response),
        }
    )


def _drawn(response: JsonObject) -> _Item | Answer:
    output = response.get("output") or ()
    items = [decode(Raw(encoded(item)), _Item) or _Item() for item in output]
    image = next(
        (item for item in items if item.type == "image_generation_call" and item.result), None
    )
    if image is not None:
        return image
    parts = [part.text for item in items for part in item.content or () if part.text]
    return answers.no_image("\n".join(parts)[:_MAX_WORDS])


def _usage(response: JsonObject) -> JsonObject:
    """What the tool has used, else what the whole turn has; the API knows two kinds of tokens."""
    used = member(response.get("tool_usage"), "image_gen") or member(response, "usage")
    given = used.get("input_tokens") or 0
    details = used.get("input_tokens_details")
    known = isinstance(details, dict) and "image_tokens" in details
    return {
        "input_tokens": given,
        "output_tokens": used.get("output_tokens") or 0,
        "total_tokens": used.get("total_tokens") or 0,
        "input_tokens_details": details if known else {"text_tokens": given, "image_tokens": 0},
    }
