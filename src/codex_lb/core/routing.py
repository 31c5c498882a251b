"""Choose the account that serves the next request.

The answer depends on the arguments alone: `proxy/pool.py` owns the live state, builds the
candidates and acts on the answer. The policy, in order:

1. An account with an obstacle (`obstacle`) is not chosen.
2. The preferred account keeps its conversation, because a warm prompt cache upstream is worth
   more than an even spread. A bound request goes to its account or nowhere.
3. Otherwise the account with the most headroom per request in flight wins, and among equals the
   one that was chosen longest ago.
4. If only rests stand in the way (suspicion, not proof), the one that ends first is tried anyway:
   a cool-down never takes out the last account that could serve.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from codex_lb.core import quota
from codex_lb.core.model import AccountState, Block, QuotaWindow

ObstacleKind = Literal[
    "paused", "reauth_required", "deactivated", "spent", "model", "resting", "busy", "tried"
]
# What the pool as a whole lacks when it refuses.
RefusalKind = Literal["exhausted", "busy", "model", "unusable"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What routing needs to know of an account, and nothing else."""

    account_id: str
    state: AccountState = "active"
    state_reason: str | None = None
    plan: str = "plus"
    windows: tuple[QuotaWindow, ...] = ()  # empty: never measured, taken to be whole
    blocks: tuple[Block, ...] = ()
    in_flight: int = 0
    limit: int = 8  # requests at a time; 0: no limit
    chosen_seq: int = 0  # of its latest choice; 0: never chosen


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an account cannot serve, and until when (Unix seconds; infinite: until a person acts).

    `is_told`: upstream said so; else `until` is when we would ask again.
    """

    kind: ObstacleKind
    until: float
    reason: str
    is_told: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    account_id: str
    reason: Literal["affinity", "bound", "headroom", "last resort"]  # shown in the request row


@dataclass(frozen=True, slots=True)
class Refusal:
    """No account can serve.

    `retry_at` is the first moment at which upstream has said that one can again; infinite if it
    has said none, or if waiting will not help.
    """

    kind: RefusalKind
    retry_at: float
    obstacles: tuple[tuple[str, Obstacle], ...]  # account id → why, in the order of the ids


def obstacle(account: Candidate, *, now: float, model: str | None) -> Obstacle | None:
    """What keeps `account` from serving `model` now, the most lasting reason first."""
    if account.state != "active":
        texts = {
            "paused": "paused by the operator",
            "reauth_required": "needs to sign in again",
            "deactivated": "deactivated upstream",
        }
        reason = account.state_reason if account.state != "paused" else None
        text = texts[account.state]
        return Obstacle(account.state, math.inf, f"{text}: {reason}" if reason else text)
    if account.blocks or account.windows:
        proven = _proven(account, now, model)
        if proven is not None:
            return proven
    if account.limit and account.in_flight >= account.limit:
        return Obstacle("busy", now, f"at {account.in_flight} of {account.limit} streams")
    return None


def _proven(account: Candidate, now: float, model: str | None) -> Obstacle | None:
    """The obstacle that blocks and windows make, if any."""
    live = [block for block in account.blocks if block.until > now]
    lasting = [_spent(live, account.windows, now), _barred(live, model)]
    found = max(filter(None, lasting), key=lambda each: each.until, default=None)
    if found is not None:
        return found
    rests = [b for b in live if b.kind in ("burst", "fault", "login")]
    if rests:
        last = max(rests, key=lambda block: block.until)
        return Obstacle("resting", last.until, f"resting after {last.reason}")
    return None


def is_passing(account: Candidate, *, now: float) -> bool:
    """Whether nothing, or nothing that lasts, keeps `account` from serving."""
    found = obstacle(account, now=now, model=None)
    return found is None or found.kind in ("resting", "busy")


def _spent(blocks: Sequence[Block], windows: Sequence[QuotaWindow], now: float) -> Obstacle | None:
    """The proof that lasts longest; a reset that upstream has named counts only if it is that."""
    limits = [block for block in blocks if block.kind in ("usage_limit", "quota")]
    ends = [(block.until, block.is_told) for block in limits]
    reset = quota.spent_until(windows, now)
    if reset is not None:
        ends.append((reset, True))
    if not ends:
        return None
    until, is_told = max(ends)
    return Obstacle("spent", until, "usage limit reached", is_told=is_told)


def _barred(blocks: Sequence[Block], model: str | None) -> Obstacle | None:
    ends = [b.until for b in blocks if b.kind == "model" and b.model == model]
    return Obstacle("model", max(ends), f"cannot serve {model}", is_told=False) if ends else None


def headroom(account: Candidate, now: float) -> float:
    """Quota left in the tightest window, in plan weights, shared by the requests in flight."""
    tightest = min((quota.left(window, now) for window in account.windows), default=1.0)
    return quota.weight(account.plan) * tightest / (1 + account.in_flight)


def choose(
    candidates: Sequence[Candidate],
    *,
    now: float,
    model: str | None = None,
    preferred: str | None = None,
    bound: str | None = None,
    exclude: Collection[str] = (),
) -> Choice | Refusal:
    """Choose an account that is not in `exclude` (those already tried for this request).

    A `bound` request is refused when its account cannot serve; one bound to an account that
    does not exist any more is free.
    """
    if bound is not None and any(c.account_id == bound for c in candidates):
        candidates = [c for c in candidates if c.account_id == bound]
    obstacles = {
        c.account_id: Obstacle("tried", now, "tried for this request")
        if c.account_id in exclude
        else obstacle(c, now=now, model=model)
        for c in candidates
    }
    ready = [c for c in candidates if obstacles[c.account_id] is None]
    for account in ready:
        if account.account_id in (bound, preferred):
            return Choice(account.account_id, "bound" if bound else "affinity")
    if ready:
        best = min(ready, key=lambda c: (-headroom(c, now), c.chosen_seq, c.account_id))
        return Choice(best.account_id, "headroom")
    found = {name: hurdle for name, hurdle in obstacles.items() if hurdle is not None}
    kinds = {hurdle.kind for hurdle in found.values()}
    resting = {
        c.account_id: found[c.account_id].until
        for c in candidates
        if found[c.account_id].kind == "resting" and (not c.limit or c.in_flight < c.limit)
    }
    if resting and "busy" not in kinds:
        return Choice(min(resting, key=lambda name: (resting[name], name)), "last resort")
    return _refusal(found)


def _refusal(obstacles: dict[str, Obstacle]) -> Refusal:
    kinds = {hurdle.kind for hurdle in obstacles.values()}
    kind: RefusalKind = "unusable"
    if "busy" in kinds or "resting" in kinds:
        kind = "busy"
    elif "spent" in kinds:
        kind = "exhausted"
    elif "model" in kinds:
        kind = "model"
    waits = [o.until for o in obstacles.values() if o.kind in ("spent", "model") and o.is_told]
    return Refusal(kind, min(waits, default=math.inf), tuple(sorted(obstacles.items())))
