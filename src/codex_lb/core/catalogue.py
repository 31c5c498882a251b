"""The model catalogue as clients want it, from the entries that upstream gives.

Codex gets upstream's entries verbatim (it really uses their instructions and levels); the OpenAI
SDKs get the list shape. Upstream answers per plan, so the union over the plans is served.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from codex_lb.core.foreign_json import JsonObject, decode

# Served by name only until the first account has told more. Source: `docs/wire.md`, "Models".
BUILT_IN = (
    "gpt-5.6-sol",
    "gpt-5.6-terra",
    "gpt-5.6-luna",
    "gpt-5.5",
    "gpt-5.4",
    "gpt-5.4-mini",
    "gpt-5.3-codex",
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Both documents, ready to send, under one tag."""

    codex: bytes
    openai: bytes
    etag: str  # quoted, as it stands in the header


class _Document(msgspec.Struct):
    models: list[JsonObject]


def read(body: bytes) -> list[JsonObject] | None:
    """The entries of upstream's answer that have a slug; None if it is no catalogue."""
    document = decode(body, _Document)
    if document is None:
        return None
    return [entry for entry in document.models if isinstance(entry.get("slug"), str)]


def union(lists: Iterable[Sequence[JsonObject]]) -> list[JsonObject]:
    """Every model once, in the order of first mention."""
    found: dict[str, JsonObject] = {}
    for entries in lists:
        for entry in entries:
            found.setdefault(entry["slug"], entry)
    return list(found.values())


def build(entries: Sequence[JsonObject], *, created: int) -> Catalogue:
    """`created`: Unix seconds to stand in the OpenAI list, which upstream does not tell."""
    listed = [e for e in entries if e.get("visibility", "list") == "list"]
    data = [_openai_entry(e, created) for e in listed] or [
        _openai_entry({"slug": slug}, created) for slug in BUILT_IN
    ]
    codex = {"models": list(entries), "object": "list", "data": data}
    body = msgspec.json.encode(codex)
    return Catalogue(
        codex=body,
        openai=msgspec.json.encode({"object": "list", "data": data}),
        etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"',
    )


def _openai_entry(entry: JsonObject, created: int) -> JsonObject:
    item: JsonObject = {
        "id": entry["slug"],
        "object": "model",
        "created": created,
        "owned_by": "codex-lb",
    }
    if len(entry) > 1:
        item["metadata"] = {
            "display_name": entry.get("display_name") or entry["slug"],
            "description": entry.get("description") or "",
            "context_window": entry.get("context_window") or 0,
            "input_modalities": entry.get("input_modalities") or [],
            "supported_reasoning_levels": entry.get("supported_reasoning_levels") or [],
            "default_reasoning_level": entry.get("default_reasoning_level"),
            "supports_parallel_tool_calls": bool(entry.get("supports_parallel_tool_calls")),
            "minimal_client_version": entry.get("minimal_client_version"),
            "priority": entry.get("priority") or 0,
        }
        item["context_length"] = entry.get("context_window") or 0
    return item
