"""Which models an account sees, and how `GET /codex/models` describes them.

The entries have the shape Codex CLI parses (openai/codex, `protocol/src/openai_models.rs`). Plans
differ: Free lacks the large models, and only the large plans have the fast one. Sentinel models
are listed with visibility `hide`.
"""

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

JsonObject = dict[str, Any]

_PAID = frozenset({"plus", "pro", "prolite", "team", "business", "enterprise", "edu"})
_LARGE = frozenset({"pro", "prolite", "team", "business", "enterprise"})
_ALL = _PAID | {"free", "go"}


@dataclass(frozen=True, slots=True)
class Model:
    slug: str
    name: str
    plans: frozenset[str]
    min_client: tuple[int, int, int] = (0, 98, 0)
    context: int = 272_000
    lite: bool = False  # tools travel in an `additional_tools` input item
    efforts: tuple[str, ...] = ("low", "medium", "high", "xhigh")
    visibility: str = "list"


MODELS: tuple[Model, ...] = (
    Model("gpt-6.1-sol", "GPT-6.1 Sol", _PAID, (0, 160, 0), 400_000, lite=True),
    Model("gpt-6.1-terra", "GPT-6.1 Terra", _ALL, (0, 160, 0), 400_000, lite=True),
    Model("gpt-5.6-sol", "GPT-5.6 Sol", _PAID, (0, 144, 0)),
    Model("gpt-5.6-terra", "GPT-5.6 Terra", _ALL, (0, 144, 0)),
    Model("gpt-5.6-luna", "GPT-5.6 Luna", _ALL, (0, 144, 0), efforts=("low", "medium", "high")),
    Model("gpt-5.5", "GPT-5.5", _ALL, (0, 124, 0)),
    Model("gpt-5.4", "GPT-5.4", _PAID, context=1_000_000),
    Model("gpt-5.4-mini", "GPT-5.4 mini", _ALL, efforts=("low", "medium", "high")),
    Model("gpt-5.3-codex", "GPT-5.3-Codex", _PAID),
    Model("gpt-5.3-codex-spark", "GPT-5.3-Codex-Spark", _LARGE, context=128_000),
    Model("codex-auto-review", "Codex auto review", _ALL, visibility="hide"),
)


def served_to(plan: str) -> tuple[Model, ...]:
    """The models of a plan; plans we do not know get what Plus gets."""
    known = plan if plan in _ALL else "plus"
    return tuple(model for model in MODELS if known in model.plans)


def slugs(plan: str) -> frozenset[str]:
    return frozenset(model.slug for model in served_to(plan))


def version(text: str) -> tuple[int, int, int] | None:
    """`0.169.0` as numbers, a suffix such as `-alpha.1` left out; None if it is no version."""
    parts = text.split("-", 1)[0].split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004 -- major, minor, patch
        return None
    major, minor, patch = (int(part) for part in parts)
    return major, minor, patch


def listing(plan: str, client: tuple[int, int, int], sentinels: Iterable[str]) -> JsonObject:
    """The body of `GET /codex/models` for a client of that version."""
    fit = [model for model in served_to(plan) if model.min_client <= client]
    hidden = [Model(slug, slug, _ALL, visibility="hide") for slug in sentinels]
    return {"models": [_entry(model, rank) for rank, model in enumerate([*fit, *hidden])]}


@functools.cache
def plan_etag(plan: str) -> str:
    """The listing's ETag. It depends on the plan alone, so that a turn can name it too."""
    body = msgspec.json.encode([_entry(model, rank) for rank, model in enumerate(served_to(plan))])
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def _entry(model: Model, rank: int) -> JsonObject:
    return {
        "slug": model.slug,
        "display_name": model.name,
        "description": f"{model.name} of the simulator.",
        "default_reasoning_level": "medium",
        "supported_reasoning_levels": [
            {"effort": effort, "description": f"{effort} effort"} for effort in model.efforts
        ],
        "shell_type": "shell_command",
        "visibility": model.visibility,
        "supported_in_api": True,
        "priority": rank,
        "additional_speed_tiers": ["fast"] if "sol" in model.slug else [],
        "service_tiers": [{"id": "priority", "name": "Fast", "description": "Faster answers"}],
        "availability_nux": None,
        "upgrade": None,
        "base_instructions": "You are Codex, a coding agent served by the simulator.",
        "model_messages": None,
        "supports_reasoning_summaries": True,
        "default_reasoning_summary": "auto",
        "support_verbosity": True,
        "default_verbosity": "medium",
        "apply_patch_tool_type": "freeform",
        "web_search_tool_type": "text",
        "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "supports_parallel_tool_calls": True,
        "supports_image_detail_original": False,
        "context_window": model.context,
        "max_context_window": model.context,
        "auto_compact_token_limit": None,
        "effective_context_window_percent": 95,
        "experimental_supported_tools": [],
        "input_modalities": ["text", "image"],
        "minimal_client_version": ".".join(map(str, model.min_client)),
        "available_in_plans": sorted(model.plans),
        "prefer_websockets": False,
        "supports_search_tool": False,
        "use_responses_lite": model.lite,
    }
