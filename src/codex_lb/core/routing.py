"""Choose the account that serves the next request.

The answer depends on the arguments alone: `proxy/pool.py` owns the live state, builds the
candidates and acts on the answer. The rules, in order:

1. A bound request goes to its account or nowhere, and so does every request if the operator has
   set a single account.
2. An account with an obstacle (`core/obstacles.py`) is not chosen.
3. The preferred account keeps its conversation, because a warm prompt cache upstream is worth
   more than an even spread.
4. The operator's priority: burn first, then normal, then preserve.
5. The policy (`core/policies.py`), which also knows of earlier resets.
6. If nobody is left and only rests stand in the way (suspicion, not proof), the one that ends
   first is tried anyway: a cool-down never takes out the last account that could serve. A full
   account is waited for rather than that, but not longer than the request can wait.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import msgspec

from codex_lb.core import policies
from codex_lb.core.model import Skipped
from codex_lb.core.obstacles import Candidate, Obstacle, obstacle
from codex_lb.core.policies import Counters
from codex_lb.core.routing_settings import DEFAULT, RoutingSettings

# What the pool as a whole lacks when it refuses.
RefusalKind = Literal["exhausted", "busy", "model", "unusable"]

TRIED = "tried for this request"  # why it is not chosen again
_PRIORITIES = ("burn_first", "normal", "preserve")
_NO_COUNTERS: Counters = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Need:
    """What a request needs."""

    model: str | None = None
    unserved: Collection[str] = ()  # plans known not to offer the model
    preferred: str | None = None  # the account that has its conversation
    bound: str | None = None  # the only account that can serve it; free if that is gone
    exclude: Collection[str] = ()  # accounts already tried for it
    is_last_try: bool = False  # it cannot wait for a slot


@dataclass(frozen=True, slots=True)
class Choice:
    """`reason`: affinity, bound, only one left, last resort, or the policy; for the request row.

    With affinity nobody else was looked at.
    """

    account_id: str
    reason: str
    obstacles: tuple[tuple[str, Obstacle], ...] = ()  # as in `Refusal`, of the others
    counters: Counters = field(default_factory=dict, compare=False, repr=False)  # for the next time

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return tuple(Skipped(name, str(hurdle)) for name, hurdle in self.obstacles)


@dataclass(frozen=True, slots=True)
class Refusal:
    """No account can serve.

    `retry_at` is the first moment at which upstream has said that one can again; infinite if it
    has said none, or if waiting will not help.
    """

    kind: RefusalKind
    retry_at: float
    obstacles: tuple[tuple[str, Obstacle], ...]  # account id → why, in the order of the ids


def choose(
    candidates: Sequence[Candidate],
    need: Need,
    *,
    now: float,
    settings: RoutingSettings = DEFAULT,
    counters: Counters = _NO_COUNTERS,
) -> Choice | Refusal:
    """`counters` are those of the choice before."""
    reason: str = settings.strategy
    only = _find(candidates, need.bound)
    if only is not None:
        candidates, reason = [only], "bound"
    elif settings.strategy == "single_account":
        only = _find(candidates, settings.single_account_id)
        candidates = [only] if only else candidates
        settings = msgspec.structs.replace(settings, strategy=DEFAULT.strategy)
        reason = "single_account" if only else f"{DEFAULT.strategy}, the single account is gone"
    home = _find(candidates, need.preferred) if settings.sticky and only is None else None
    if home is not None and _hurdle(home, need, now) is None:
        return Choice(home.account.id, "affinity", (), counters)
    ready, hindered = _sorted_out(candidates, need, now)
    obstacles = tuple(sorted((c.account.id, hurdle) for c, hurdle in hindered))
    if not ready:
        tried = _last_resort(hindered, is_last_try=need.is_last_try)
        if tried is None:
            return _refusal(obstacles)
        others = tuple(each for each in obstacles if each[0] != tried)
        return Choice(tried, "last resort", others, counters)
    if only is not None:
        return Choice(only.account.id, reason, (), counters)
    if len(ready) == 1:
        return Choice(ready[0].account.id, "only one left", obstacles, counters)
    chosen, counters = policies.pick(_first_by_priority(ready), settings, counters, now)
    return Choice(chosen.account.id, reason, obstacles, counters)


def _find(candidates: Sequence[Candidate], account_id: str | None) -> Candidate | None:
    if account_id is None:
        return None
    return next((c for c in candidates if c.account.id == account_id), None)


_Hindered = list[tuple[Candidate, Obstacle]]


def _sorted_out(
    candidates: Sequence[Candidate], need: Need, now: float
) -> tuple[list[Candidate], _Hindered]:
    ready: list[Candidate] = []
    hindered: _Hindered = []
    for candidate in candidates:
        hurdle = _hurdle(candidate, need, now)
        if hurdle is None:
            ready.append(candidate)
        else:
            hindered.append((candidate, hurdle))
    return ready, hindered


def _hurdle(candidate: Candidate, need: Need, now: float) -> Obstacle | None:
    if candidate.account.id in need.exclude:
        return Obstacle("tried", now, TRIED, is_told=False)
    return obstacle(candidate, now=now, model=need.model, unserved=need.unserved)


def _first_by_priority(ready: list[Candidate]) -> list[Candidate]:
    present = {c.account.priority for c in ready}
    if len(present) == 1:
        return ready
    first = next(each for each in _PRIORITIES if each in present)
    return [c for c in ready if c.account.priority == first]


def _last_resort(hindered: _Hindered, *, is_last_try: bool) -> str | None:
    resting = [
        (hurdle.until, c.account.id)
        for c, hurdle in hindered
        if hurdle.kind == "resting" and not c.is_full
    ]
    can_wait = not is_last_try and any(hurdle.kind == "busy" for _, hurdle in hindered)
    return min(resting)[1] if resting and not can_wait else None


def _refusal(obstacles: tuple[tuple[str, Obstacle], ...]) -> Refusal:
    kinds = {hurdle.kind for _, hurdle in obstacles}
    kind: RefusalKind = "unusable"
    if "busy" in kinds or "resting" in kinds:
        kind = "busy"
    elif "spent" in kinds:
        kind = "exhausted"
    elif "model" in kinds:
        kind = "model"
    waits = [o.until for _, o in obstacles if o.kind in ("spent", "model") and o.is_told]
    return Refusal(kind, min(waits, default=math.inf), obstacles)
