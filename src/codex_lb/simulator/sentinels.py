"""Which model names make an unscripted simulator misbehave.

`sim-…` models reach every answer and fault from any real client. A name that ends with a number
sets how many events pass first, or how many seconds; the suffix `-once` spares all but the first
attempt of each conversation, so that failover can be shown by hand.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from codex_lb.simulator import refusals, steps
from codex_lb.simulator.steps import Auto, Step

PREFIX = "sim-"
ONCE = "-once"

_FIXED: dict[str, Step] = {
    "sim-text": steps.Text(),
    "sim-long": steps.Text("A long answer, word by word. " * 40, deltas=240, delay_s=0.05),
    "sim-reasoning": steps.Reasoning(),
    "sim-tool": steps.Tool(),
    "sim-tool-twice": steps.Tool(count=2),
    "sim-patch": steps.CustomTool(),
    "sim-compaction": steps.Compaction(),
    "sim-image": steps.Image(),
    "sim-incomplete": steps.Incomplete(),
    "sim-429-usage": steps.UsageLimit(),
    "sim-429-week": steps.UsageLimit(resets_in_s=3 * 86_400.0, window_minutes=10_080),
    "sim-429-burst": steps.Burst(),
    "sim-429-quota": steps.Refuse("insufficient_quota"),
    "sim-429-bare": steps.Refuse("bare_429"),
    "sim-401": steps.Refuse("token_expired"),
    "sim-402": steps.Refuse("deactivated_workspace"),
    "sim-403": steps.Refuse("firewall"),
    "sim-400": steps.Refuse("bad_request"),
    "sim-500": steps.Refuse("server_error"),
    "sim-502": steps.Refuse("bad_gateway"),
    "sim-503": steps.Refuse("overloaded"),
    "sim-504": steps.Refuse("gateway_timeout"),
    "sim-reset": steps.Reset(),
    "sim-reset-after-headers": steps.Reset(before_headers=False),
    "sim-close": steps.Close(),
    "sim-black-hole": steps.BlackHole(),
    "sim-html": steps.Html(),
    "sim-garbage": steps.Garbage(),
    "sim-huge-header": steps.HugeHeader(),
    "sim-wrong-type": steps.WrongType(),
    "sim-failed-first": steps.FailedEvent("server_error", after="start"),
    "sim-failed": steps.FailedEvent("server_error"),
    "sim-failed-mid": steps.FailedEvent("server_error", after="delta"),
    "sim-failed-usage": steps.FailedEvent("usage_limit_reached"),
    "sim-failed-burst": steps.FailedEvent("rate_limit_exceeded"),
    "sim-failed-overloaded": steps.FailedEvent("server_is_overloaded"),
    "sim-failed-context": steps.FailedEvent("context_length_exceeded"),
    "sim-failed-quota": steps.FailedEvent("insufficient_quota"),
    "sim-error-first": steps.ErrorEvent("server_error", after="start"),
    "sim-error": steps.ErrorEvent("server_error"),
    "sim-error-mid": steps.ErrorEvent("server_error", after="delta"),
    "sim-no-terminal": steps.NoTerminal(),
    "sim-half-event": steps.HalfEvent(),
    "sim-garbage-event": steps.GarbageEvent(),
    "sim-drip": steps.Drip(),
    "sim-split": steps.SplitUtf8(),
    "sim-crlf": steps.Crlf(),
    "sim-comments": steps.Comments(),
    "sim-data-only": steps.DataOnly(),
    "sim-big-event": steps.BigEvent(),
}
# With a number of their own: sim-cut-3. The number beside the maker stands in the catalogue.
_COUNTED: dict[str, tuple[Callable[[int], Step], int]] = {
    "sim-cut": (steps.CutAfter, 3),
    "sim-end": (lambda count: steps.CutAfter(count, how="fin"), 5),
    "sim-silence": (steps.Silence, 5),
    "sim-slow": (steps.SlowHead, 3),
    "sim-late": (lambda count: steps.SlowHead(0, first_event_s=count), 3),
    "sim-failed-after": (lambda count: steps.FailedEvent("server_error", after=count), 5),
}
# One per refusal of the table: sim-refuse-token_expired.
_REFUSE = "sim-refuse-"


def names() -> list[str]:
    """The catalogue's sentinels, without the `-once` twin each of them has."""
    counted = [f"{name}-{count}" for name, (_, count) in _COUNTED.items()]
    return [*_FIXED, *counted, *(f"{_REFUSE}{case}" for case in refusals.CASES)]


def step_of(model: str) -> Step | None:
    """The step a sentinel name stands for (without `-once`); None if it is none."""
    if model in _FIXED:
        return _FIXED[model]
    if model.startswith(_REFUSE) and model.removeprefix(_REFUSE) in refusals.CASES:
        return steps.Refuse(model.removeprefix(_REFUSE))
    name, _, count = model.rpartition("-")
    if name in _COUNTED and count.isascii() and count.isdigit():
        return _COUNTED[name][0](int(count))
    return None


def is_sentinel(model: str) -> bool:
    return step_of(model.removesuffix(ONCE)) is not None


@dataclass(slots=True)
class Sentinels:
    """Remembers which conversations a `-once` model has let down already."""

    seen: set[tuple[str, str]] = field(default_factory=set)

    def step_for(self, model: str, request: dict[str, Any], body: bytes) -> Step:
        """The step for one attempt; `Auto` for ordinary models."""
        step = step_of(model.removesuffix(ONCE))
        if step is None:
            return Auto()
        if not model.endswith(ONCE):
            return step
        key = request.get("prompt_cache_key")
        mark = (model, key if isinstance(key, str) else hashlib.sha256(body).hexdigest())
        if mark in self.seen:
            return Auto()
        self.seen.add(mark)
        return step
