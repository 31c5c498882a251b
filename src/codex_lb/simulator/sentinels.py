"""Which names make an unscripted simulator misbehave.

`sim-<step>` is the step of that name, as in JSON, and the words behind it fill its fields in their
order: `sim-cut_after-3-fin`, `sim-refuse-overloaded`. The suffix `-once` spares all but the first
attempt of each conversation, so that failover can be shown by hand. A conversation that goes by such
a name and a dot, as `sim-long.7f`, misbehaves whatever its model.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec

from codex_lb.simulator.refusals import CASES
from codex_lb.simulator.steps import Auto, Step, Text

PREFIX = "sim-"
ONCE = "-once"
LONG = "sim-long"  # no step of its own: 12 seconds of text, to watch

_KINDS = {str(kind.__struct_config__.tag): kind for kind in get_args(Step)}


def names() -> list[str]:
    """The catalogue's sentinels: what does without arguments, and every refusal."""
    plain = [PREFIX + tag for tag in _KINDS]
    refusals = [f"{PREFIX}refuse-{case}" for case in CASES]
    return [LONG, *filter(is_sentinel, plain), *refusals]


def step_of(model: str) -> Step | None:
    """The step a sentinel name stands for (without `-once`); None if it is none."""
    if model == LONG:
        return Text("A long answer, word by word. " * 40, deltas=240, delay_s=0.05)
    if not model.startswith(PREFIX):
        return None
    tag, *words = model.removeprefix(PREFIX).split("-")
    fields = _KINDS[tag].__struct_fields__ if tag in _KINDS else ()
    if len(words) > len(fields):
        return None
    values = (int(word) if word.isascii() and word.isdigit() else word for word in words)
    wanted = {"step": tag, **dict(zip(fields, values, strict=False))}
    try:
        step: Step = msgspec.convert(wanted, Step, strict=False)
    except msgspec.ValidationError:
        return None
    return step


def is_sentinel(model: str) -> bool:
    return step_of(model.removesuffix(ONCE)) is not None


@dataclass(slots=True)
class Sentinels:
    """Remembers which conversations a `-once` model has let down already."""

    seen: set[tuple[str, str]] = field(default_factory=set)

    def step_for(self, model: str, request: dict[str, Any], body: bytes) -> Step:
        """The step for one attempt; `Auto` for ordinary models."""
        key = request.get("prompt_cache_key")
        name = model
        if isinstance(key, str) and not is_sentinel(model):
            name = key.partition(".")[0]
        step = step_of(name.removesuffix(ONCE))
        if step is None:
            return Auto()
        if not name.endswith(ONCE):
            return step
        mark = (name, key if isinstance(key, str) else hashlib.sha256(body).hexdigest())
        if mark in self.seen:
            return Auto()
        self.seen.add(mark)
        return step
