"""Encrypted items of a conversation, which only the account that made them can read.

When a conversation moves, its encrypted reasoning can be left out: the model thinks anew. A
compaction item cannot, because it is the history.
"""

import msgspec
from msgspec import Raw

from codex_lb.core.foreign_json import decode
from codex_lb.core.raw_fields import Fields, encode, encoded


class _Item(msgspec.Struct):
    type: str | None = None
    encrypted_content: str | None = None


def without_reasoning(body: bytes) -> bytes | None:
    """`body` without its encrypted reasoning; None if it has none.

    Whole items go: one without its content would be refused as well.
    """
    fields, items = _read(body)
    kept = [raw for raw, item in items if item.type != "reasoning" or not item.encrypted_content]
    if len(kept) == len(items):
        return None
    return encode(fields | {"input": encoded(kept)})


def holds_compaction(body: bytes) -> bool:
    return any(item.type == "compaction" for _, item in _read(body)[1])


def _read(body: bytes) -> tuple[Fields, list[tuple[Raw, _Item]]]:
    fields = decode(body, Fields) or {}
    items = decode(fields.get("input", Raw(b"[]")), list[Raw]) or []
    return fields, [(raw, decode(raw, _Item) or _Item()) for raw in items]
