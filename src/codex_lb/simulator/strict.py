"""Whether a request is one that the back end would take.

The real back end is stricter than the public API: it stores nothing, always streams, and knows
fewer parameters. Pure; answers the refusal it would send, or None. The order of the checks is
ours.
"""

from collections.abc import Collection
from typing import Any

from codex_lb.simulator import refusals
from codex_lb.simulator.accounts import sealed_by
from codex_lb.simulator.answers import input_items
from codex_lb.simulator.refusals import Reply

JsonObject = dict[str, Any]

# What Codex CLI 0.169 sends, and what earlier versions sent.
PARAMETERS = frozenset(
    {
        "client_metadata",
        "include",
        "input",
        "instructions",
        "model",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt_cache_key",
        "reasoning",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "text",
        "tool_choice",
        "tools",
    }
)
FRAME_PARAMETERS = PARAMETERS | {"type", "generate"}
COMPACT_PARAMETERS = PARAMETERS - {"stream", "stream_options"}
SERVICE_TIERS = frozenset({"auto", "default", "flex", "priority"})
_CALLS = ("function_call", "custom_tool_call")
_RESULTS = ("function_call_output", "custom_tool_call_output")


def check(request: object, models: Collection[str], parameters: Collection[str]) -> Reply | None:
    """Top-level shape: parameters, `store`, `stream`, `model`, `input`, roles."""
    if not isinstance(request, dict):
        return refusals.detail(400, "Request body must be a JSON object")
    for name in request:
        if name not in parameters:
            return refusals.unsupported_parameter(name)
    if not isinstance(request.get("model"), str):
        return refusals.detail(400, "Model is required")
    if request["model"] not in models:
        return refusals.unsupported_model(request["model"])
    if not isinstance(request.get("input"), list):
        return refusals.detail(400, "Input must be a list")
    if not isinstance(request.get("tools") or [], list):
        return refusals.detail(400, "Tools must be a list")
    tier = request.get("service_tier")
    if tier is not None and (not isinstance(tier, str) or tier not in SERVICE_TIERS):
        return refusals.detail(400, f"Unsupported service_tier: {tier}")
    return _check_roles(request)


def check_streaming(request: JsonObject) -> Reply | None:
    """What a request over HTTP must say as well."""
    if request.get("store") is not False:
        return refusals.detail(400, "Store must be set to false")
    if request.get("stream") is not True:
        return refusals.detail(400, "Stream must be set to true")
    return None


def check_history(request: JsonObject, open_calls: Collection[str]) -> Reply | None:
    """Every call has its result and the other way round.

    `open_calls`: ids of calls made earlier on the same WebSocket, whose results may come now.
    """
    items = input_items(request)
    called = {*open_calls, *_call_ids(items, _CALLS)}
    answered = _call_ids(items, _RESULTS)
    if answered - called:
        return refusals.no_call(min(answered - called))
    if called - answered:
        return refusals.no_output(min(called - answered))
    return None


def check_ciphertext(request: JsonObject, account_id: str) -> Reply | None:
    """Encrypted items are readable only by the account that made them.

    Ciphertext that no simulator made is let pass: nobody can tell whose it is.
    """
    for item in input_items(request):
        content = item.get("encrypted_content")
        owner = sealed_by(content) if isinstance(content, str) else None
        if owner is not None and owner != account_id:
            return refusals.foreign_ciphertext(str(item.get("id", "without id")))
    return None


def _call_ids(items: list[JsonObject], types: Collection[str]) -> set[str]:
    return {str(item.get("call_id")) for item in items if str(item.get("type")) in types}


def _check_roles(request: JsonObject) -> Reply | None:
    for item in input_items(request):
        if item.get("role") == "system":
            return refusals.detail(400, "System messages are not allowed")
    return None
