"""A conversation compacted on its own, as `/responses/compact` asks for it.

Upstream compacts within a turn whose last input item is a trigger (docs/wire.md, "Request body").
So the request becomes such a turn, and its answer is told in the shape of the endpoint.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
from msgspec import Raw

from codex_lb.core import answers, responses
from codex_lb.core.answers import Answer
from codex_lb.core.foreign_json import JsonObject, decode
from codex_lb.core.raw_fields import encode, encoded, list_in, read_fields
from codex_lb.core.responses import Call, Dialect

_TRIGGER = Raw(b'{"type":"compaction_trigger"}')


class _Item(msgspec.Struct):
    type: str | None = None


def read(body: bytes, dialect: Dialect, headers: Mapping[str, str]) -> Call:
    """Raises `BadRequestError`. Its answer is one reply, whatever the client says of streams."""
    del headers
    call = responses.read(body, dialect)
    fields = read_fields(call.body)
    items = list_in(fields, "input")
    if not items or _kind(items[-1]) != "compaction_trigger":
        items.append(_TRIGGER)
    return replace(call, body=encode(fields | {"input": encoded(items)}), stream=False)


def told(response: JsonObject) -> JsonObject | Answer:
    """The compaction item as upstream sent it, byte for byte."""
    output = response.get("output") or ()
    items = [item for item in output if _kind(encoded(item)) == "compaction"]
    if len(items) != 1:
        return answers.no_compaction()
    return {
        "id": response.get("id"),
        "object": "response.compaction",
        "created_at": response.get("created_at"),
        "output": items,
        "usage": response.get("usage"),
    }


def _kind(item: Raw) -> str | None:
    return (decode(item, _Item) or _Item()).type
