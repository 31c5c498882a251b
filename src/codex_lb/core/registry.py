"""Say which plan has which models, and since when that is known.

Upstream's catalogue depends on the plan, so each plan's is kept by itself. A plan is told to lack
a model only on fresh knowledge, and only if another plan has it: names that no catalogue has are
tried, because catalogues do not list all that upstream serves. `proxy/models.py` keeps it current.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from codex_lb.core import catalogue, quota
from codex_lb.core.foreign_json import JsonObject

VALID_S = 86_400.0  # how long what was fetched may speak against a plan


@dataclass(frozen=True, slots=True)
class PlanModels:
    """One plan's catalogue."""

    entries: tuple[JsonObject, ...]
    slugs: frozenset[str]
    fetched_at: float

    def is_younger(self, than_s: float, now: float) -> bool:
        return 0 <= now - self.fetched_at < than_s


@dataclass(frozen=True, slots=True)
class Registry:
    """What is known of each family of plans. `named_at`: when a model was last seen anywhere."""

    plans: Mapping[str, PlanModels]
    named_at: Mapping[str, float]

    def serves(self, plan: str, model: str, now: float) -> bool | None:
        """None: not known, so it is worth a try. On the way of every request."""
        own = self.plans.get(family(plan))
        if own is None:
            return None
        if model in own.slugs:
            return True
        elsewhere = self.named_at.get(model, -math.inf)
        return False if own.is_younger(VALID_S, now) and now - elsewhere < VALID_S else None

    def entries(self, families: Collection[str]) -> list[JsonObject]:
        """The union over `families`; where they differ on a model, the larger plan is right."""
        ranked = sorted(families, key=lambda name: (-quota.weight(name), name))
        return catalogue.union(self.plans[name].entries for name in ranked if name in self.plans)

    def told(self, plan: str, entries: Sequence[JsonObject], now: float) -> "Registry":
        """With what upstream has just said of `plan`."""
        return _of({**self.plans, family(plan): _plan(entries, now)})

    def without_others(self, families: Collection[str]) -> "Registry":
        """Only `families`: a plan that has left the pool is not asked about any more."""
        return _of({name: known for name, known in self.plans.items() if name in families})

    def as_json(self) -> JsonObject:
        return {
            name: {"fetched_at": known.fetched_at, "entries": list(known.entries)}
            for name, known in self.plans.items()
        }


NOTHING = Registry({}, {})


class _Kept(msgspec.Struct):
    fetched_at: float
    entries: list[JsonObject]


def from_json(value: object) -> Registry:
    """What `as_json` gave; `NOTHING` if it is anything else."""
    try:
        kept = msgspec.convert(value, dict[str, _Kept])
    except msgspec.ValidationError:
        return NOTHING
    return _of({name: _plan(k.entries, k.fetched_at) for name, k in kept.items()})


def family(plan: str) -> str:
    """The plan under whose name the catalogue is kept: Pro Lite has Pro's."""
    return "pro" if plan == "prolite" else plan


def _plan(entries: Iterable[JsonObject], fetched_at: float) -> PlanModels:
    named = tuple(catalogue.with_slug(entries))
    return PlanModels(named, frozenset(entry["slug"] for entry in named), fetched_at)


def _of(plans: Mapping[str, PlanModels]) -> Registry:
    named_at: dict[str, float] = {}
    for known in plans.values():
        for slug in known.slugs:
            named_at[slug] = max(known.fetched_at, named_at.get(slug, known.fetched_at))
    return Registry(plans, named_at)
