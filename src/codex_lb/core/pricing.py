"""What does a request cost? Asked at settlement, and of limits before a request is let in.

Rates are integers, micro-dollars per million tokens ($1.75 is 1 750 000), so a cost is exact until
it is rounded, once per component, half up to a micro-dollar. The rules:

1. Cached tokens are part of the input and have their own rate; without one, the input's.
   Reasoning tokens are part of the output.
2. Over `over` input tokens the long-context rates hold for the whole request.
3. The tier is the one upstream served, else the one asked for; "fast" is upstream's later name of
   "priority". A tier without own rates costs the standard ones, marked as estimated.
4. A model is found by its name, or by its name without a snapshot's date. Else the nearest model
   of its line stands in, marked as estimated: the one that shares most of the words of its name,
   and among those the one nearest in version. Else it has no price, which is not the same as
   costing nothing.

Writing to the prompt cache, which newer models bill at 1.25 times the input rate, is priced as
input: `Usage` does not count it. `price_list.py` has the rates themselves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from codex_lb.core.model import Cost, Usage

_MILLION = 1_000_000
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_NAME = re.compile(
    r"(?P<line>[a-z]+)-?(?:(?P<major>\d{1,4})(?:\.(?P<minor>\d{1,4}))?)?(?P<words>(?:-[\w.]+)*)"
)


@dataclass(frozen=True, slots=True)
class Rates:
    """Micro-dollars per million tokens."""

    input: int
    cached: int
    output: int


@dataclass(frozen=True, slots=True)
class Tariff:
    rates: Rates
    over: int | None = None  # input tokens above which `long` holds
    long: Rates | None = None

    def of(self, usage: Usage) -> Rates:
        if self.over is not None and self.long is not None and usage.input_tokens > self.over:
            return self.long
        return self.rates


@dataclass(frozen=True, slots=True)
class ModelPrice:
    standard: Tariff
    priority: Tariff | None = None
    flex: Tariff | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by model name. What the operator sets replaces what is shipped."""

    models: Mapping[str, ModelPrice]

    def with_overrides(self, overrides: Mapping[str, ModelPrice]) -> "Prices":
        return Prices({**self.models, **overrides})


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What the standard tier costs. `estimated`: by another model's rates."""

    rates: Rates
    estimated: bool


def list_price(model: str, catalogue: Prices) -> ListPrice | None:
    """None if requests for it have no price."""
    found = _find(model.lower(), catalogue)
    if found is None:
        return None
    name, estimated = found
    return ListPrice(catalogue.models[name].standard.rates, estimated)


def price(model: str, usage: Usage, *, tier: str | None, catalogue: Prices) -> Cost | None:
    """The cost of `usage`, or None if nothing is known that `model` resembles."""
    found = _find(model.lower(), catalogue)
    if found is None:
        return None
    name, estimated = found
    entry = catalogue.models[name]
    tariff = _tariff(entry, tier or "")
    rates = (tariff or entry.standard).of(usage)
    cached = min(usage.cached_tokens, usage.input_tokens)
    return Cost(
        input_micros=_micros(usage.input_tokens - cached, rates.input),
        cached_micros=_micros(cached, rates.cached),
        output_micros=_micros(usage.output_tokens, rates.output),
        estimated=estimated or tariff is None,
    )


def _tariff(entry: ModelPrice, tier: str) -> Tariff | None:
    match tier.lower():
        case "priority" | "fast":
            return entry.priority
        case "flex":
            return entry.flex
        case _:  # "default", "auto", or nothing
            return entry.standard


def _micros(tokens: int, rate: int) -> int:
    return (tokens * rate + _MILLION // 2) // _MILLION


def _find(model: str, catalogue: Prices) -> tuple[str, bool] | None:
    """The name under which `model` is priced, and whether that is another model's."""
    for name in (model, _SNAPSHOT.sub("", model)):
        if name in catalogue.models:
            return name, False
    nearest = _nearest(_SNAPSHOT.sub("", model), catalogue)
    return (nearest, True) if nearest else None


@dataclass(frozen=True, slots=True)
class _Parts:
    """`gpt-5.1-codex-max` is line "gpt", version 50001, words {"codex", "max"}."""

    line: str
    version: int  # 10 000 times the major number and the minor
    words: frozenset[str]


def _parts(model: str) -> _Parts | None:
    match = _NAME.fullmatch(model)
    if match is None:
        return None
    words = frozenset(word for word in match["words"].split("-") if word)
    return _Parts(
        match["line"], int(match["major"] or 0) * 10_000 + int(match["minor"] or 0), words
    )


def _nearest(model: str, catalogue: Prices) -> str | None:
    wanted = _parts(model)
    if wanted is None:
        return None
    ranked: list[tuple[int, int, int, str]] = []
    for name in catalogue.models:
        parts = _parts(name)
        if parts and parts.line == wanted.line:
            distance = abs(parts.version - wanted.version)
            ranked.append((len(parts.words ^ wanted.words), distance, -parts.version, name))
    return min(ranked)[3] if ranked else None
