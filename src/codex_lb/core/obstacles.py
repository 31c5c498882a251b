"""What keeps one account from serving a request, and until when.

The most lasting reason counts, so that a time is not promised at which the next one still stands:

1. Its state: only a person changes that.
2. Proof: a limit or quota block; a window of which nothing is left, unless credits pay for more; a
   plan that does not offer the model; a block or a spent extra limit that bars the model.
3. A rest, which is suspicion only.
4. All its slots are taken.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from codex_lb.core import quota
from codex_lb.core.model import Account, AccountState, Block, ExtraLimit

ObstacleKind = Literal[
    "paused", "reauth_required", "deactivated", "spent", "model", "resting", "busy", "tried"
]

_STATES: dict[AccountState, tuple[ObstacleKind, str]] = {
    "paused": ("paused", "paused by the operator"),
    "reauth_required": ("reauth_required", "needs to sign in again"),
    "deactivated": ("deactivated", "deactivated upstream"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account as routing looks at it."""

    account: Account
    in_flight: int = 0
    limit: int = 8  # requests at a time; 0: no limit
    chosen_seq: int = 0  # of its latest choice; 0: never chosen
    unanswered: int = 0  # calls upstream without a word so far

    @property
    def is_full(self) -> bool:
        return 0 < self.limit <= self.in_flight


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an account cannot serve, and until when (Unix seconds; infinite: until a person acts).

    `is_told`: upstream said so; else `until` is when we would ask again.
    """

    kind: ObstacleKind
    until: float
    reason: str
    is_told: bool = True

    def __str__(self) -> str:
        if not self.is_told or self.until == math.inf:
            return self.reason
        return f"{self.reason} until {datetime.fromtimestamp(self.until, UTC):%Y-%m-%d %H:%M} UTC"


def obstacle(
    candidate: Candidate, *, now: float, model: str | None = None, unserved: Collection[str] = ()
) -> Obstacle | None:
    """What keeps the account from serving `model` now.

    `unserved`: plans that are known not to offer it.
    """
    account = candidate.account
    if account.state != "active":
        kind, text = _STATES[account.state]
        reason = account.state_reason if account.state != "paused" else None
        return Obstacle(kind, math.inf, f"{text}: {reason}" if reason else text)
    lasting = spent(account, now)
    if account.blocks or account.extras or unserved:
        barred = _barred(account, now, model, unserved)
        lasting = max((o for o in (lasting, barred) if o), key=lambda o: o.until, default=None)
        lasting = lasting or _resting(account.blocks, now)
    if lasting is None and candidate.is_full:
        text = f"at {candidate.in_flight} of {candidate.limit} streams"
        return Obstacle("busy", now, text, is_told=False)
    return lasting


def is_passing(candidate: Candidate, *, now: float) -> bool:
    """Whether nothing, or nothing that lasts, keeps the account from serving."""
    found = obstacle(candidate, now=now)
    return found is None or found.kind in ("resting", "busy")


def spent(account: Account, now: float) -> Obstacle | None:
    """The proof that lasts longest; a reset that upstream has named counts only if it is that.

    A limit block stands against credits, because upstream refused in spite of them.
    """
    ends = [
        (block.until, block.is_told)
        for block in account.blocks
        if block.until > now and block.kind in ("usage_limit", "quota")
    ]
    has_spent = any([window.used >= 1.0 for window in account.windows])  # noqa: C419  twice as fast
    if has_spent and not (account.credits and account.credits.usable):
        reset = quota.spent_until(account.windows, now)
        if reset is not None:
            ends.append((reset, True))
    if not ends:
        return None
    until, is_told = max(ends)
    return Obstacle("spent", until, "usage limit reached", is_told=is_told)


def _barred(
    account: Account, now: float, model: str | None, unserved: Collection[str]
) -> Obstacle | None:
    """The longest of what bars this model and leaves the others alone."""
    if account.identity.plan in unserved:
        return Obstacle("model", math.inf, f"its plan does not offer {model}")
    found = [
        Obstacle("model", block.until, f"cannot serve {model}", is_told=False)
        for block in account.blocks
        if block.kind == "model" and block.model == model and block.until > now
    ]
    for extra in account.extras:
        reset = quota.spent_until(extra.windows, now)
        if reset is not None and model is not None and _names(extra, model):
            found.append(Obstacle("model", reset, f"limit of {extra.name} reached"))
    return max(found, key=lambda each: each.until, default=None)


def _resting(blocks: Sequence[Block], now: float) -> Obstacle | None:
    rests = [b for b in blocks if b.until > now and b.kind in ("burst", "fault", "login")]
    if not rests:
        return None
    last = max(rests, key=lambda block: block.until)
    return Obstacle("resting", last.until, f"resting after {last.reason}")


def _names(extra: ExtraLimit, model: str) -> bool:
    """Upstream writes "GPT-5.3-Codex-Spark" where the model is `gpt-5.3-codex-spark`."""
    return _letters(model) in (_letters(extra.name), _letters(extra.feature))


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
