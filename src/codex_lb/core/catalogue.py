"""The model catalogue as clients want it, from the entries that upstream gives.

Codex gets upstream's entries verbatim (it really uses their instructions and levels); the OpenAI
SDKs get the list shape, the dashboard its own. A field that upstream does not tell is left out.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from codex_lb.core.foreign_json import JsonObject, decode, text

# Served by name only until the first account has told more. Source: `docs/wire.md`, "Models".
BUILT_IN: tuple[JsonObject, ...] = (
    {"slug": "gpt-5.6-sol"},
    {"slug": "gpt-5.6-terra"},
    {"slug": "gpt-5.6-luna"},
    {"slug": "gpt-5.5"},
    {"slug": "gpt-5.4"},
    {"slug": "gpt-5.4-mini"},
    {"slug": "gpt-5.3-codex"},
)

# Upstream does not tell it and OpenAI's clients require it. The time of fetching would make every
# answer a new document.
_CREATED = 0

_METADATA = (
    "display_name",
    "description",
    "context_window",
    "input_context_window",
    "max_output_tokens",
    "input_modalities",
    "supported_reasoning_levels",
    "default_reasoning_level",
    "supports_reasoning_summaries",
    "support_verbosity",
    "default_verbosity",
    "prefer_websockets",
    "supports_parallel_tool_calls",
    "supported_in_api",
    "minimal_client_version",
    "priority",
    "additional_speed_tiers",
    "service_tiers",
    "default_service_tier",
)


@dataclass(frozen=True, slots=True)
class Document:
    """One answer, ready to send; the tag changes when and only when the body does."""

    body: bytes
    etag: str  # quoted, as it stands in the header


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The same models in both shapes. `build` makes a narrower one of some of the `entries`."""

    entries: tuple[JsonObject, ...]  # as upstream gave them, hidden ones too
    codex: Document
    openai: Document

    def entry(self, slug: str) -> Document | None:
        """What `/v1/models/{slug}` answers; None if the model is not listed."""
        found = [_openai_entry(e) for e in _listed(self.entries) if e["slug"] == slug]
        return _document(found[0]) if found else None


class _Upstream(msgspec.Struct):
    models: list[JsonObject]


def read(body: bytes) -> list[JsonObject] | None:
    """The entries of upstream's answer that have a slug; None if it names no model."""
    document = decode(body, _Upstream)
    return (with_slug(document.models) or None) if document else None


def with_slug(entries: Iterable[JsonObject]) -> list[JsonObject]:
    return [entry for entry in entries if text(entry.get("slug"))]


def union(lists: Iterable[Sequence[JsonObject]]) -> list[JsonObject]:
    """Every model once, in the order of first mention."""
    found: dict[str, JsonObject] = {}
    for entries in lists:
        for entry in entries:
            found.setdefault(entry["slug"], entry)
    return list(found.values())


def build(entries: Sequence[JsonObject]) -> Catalogue:
    data = [_openai_entry(entry) for entry in _listed(entries)]
    told = [entry for entry in entries if _is_told(entry)]  # Codex cannot read a bare name
    return Catalogue(
        entries=tuple(entries),
        codex=_document({"models": told, "object": "list", "data": data}),
        openai=_document({"object": "list", "data": data}),
    )


def narrowed(known: Catalogue, allows: Callable[[str], bool], *, hides: bool = False) -> Catalogue:
    """What is allowed of it. With `hides` Codex is still told the others, as hidden ones."""
    if not hides:
        return build([entry for entry in known.entries if allows(entry["slug"])])
    hidden = {"visibility": "hide"}
    return build([e if allows(e["slug"]) else e | hidden for e in known.entries])


def for_dashboard(known: Catalogue) -> list[JsonObject]:
    """The entries of `GET /api/models`, and what a client is told besides."""
    return [_choice(entry) for entry in _listed(known.entries)]


def _choice(entry: JsonObject) -> JsonObject:
    context = entry.get("context_window")
    return {
        "id": entry["slug"],
        "name": text(entry.get("display_name")) or entry["slug"],
        "sourceOnly": False,
        "supportedReasoningEfforts": _efforts(entry.get("supported_reasoning_levels")),
        "defaultReasoningEffort": text(entry.get("default_reasoning_level")),
        "context": context if type(context) is int else None,
        "sees": _abilities(entry).get("supports_images") is True,
    }


def _efforts(levels: object) -> list[str]:
    """Upstream tells a level as an object, and told it as a bare word."""
    if not isinstance(levels, list):
        return []
    words = (text(level.get("effort") if isinstance(level, dict) else level) for level in levels)
    return [word for word in words if word]


def _listed(entries: Iterable[JsonObject]) -> list[JsonObject]:
    return [entry for entry in entries if entry.get("visibility", "list") == "list"]


def _is_told(entry: JsonObject) -> bool:
    return len(entry) > 1


def _openai_entry(entry: JsonObject) -> JsonObject:
    item: JsonObject = {
        "id": entry["slug"],
        "object": "model",
        "created": _CREATED,
        "owned_by": "codex-lb",
    }
    if _is_told(entry):
        abilities = _abilities(entry)
        item["metadata"] = _present({name: entry.get(name) for name in _METADATA})
        item["capabilities"] = abilities | _always(entry)
        item |= abilities | {_camel(name): value for name, value in abilities.items()}
    return item


def _abilities(entry: JsonObject) -> JsonObject:
    """What other clients look for, under the names they look for."""
    levels, modalities = entry.get("supported_reasoning_levels"), entry.get("input_modalities")
    sees = "image" in modalities if isinstance(modalities, list) else None
    return _present(
        {
            "context_length": entry.get("context_window"),
            "max_output_tokens": entry.get("max_output_tokens"),
            "supports_reasoning": bool(levels) if isinstance(levels, list) else None,
            "supports_images": sees,
            "supports_vision": sees,
        }
    )


def _always(entry: JsonObject) -> JsonObject:
    """Upstream only streams and takes tools for every model (`docs/wire.md`, "Request body")."""
    modalities = _present({"input_modalities": entry.get("input_modalities")})
    return {"supports_tool_use": True, "supports_streaming": True} | modalities


def _present(fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _document(value: JsonObject) -> Document:
    body = msgspec.json.encode(value)
    return Document(body, f'"{hashlib.sha256(body).hexdigest()[:24]}"')
