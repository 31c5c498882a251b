"""Decide what follows a failed attempt, in times and sentences.

The row comes from `core/outcome.py`; this adds what the reply itself says: until when, and why.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from codex_lb.core import quota
from codex_lb.core.errors import Signal
from codex_lb.core.model import AccountState, Block, BlockKind, QuotaWindow
from codex_lb.core.outcome import Action, Endpoint, Phase, outcome
from codex_lb.core.routing import Choice, Refusal

# How long an account rests when upstream names no time, in seconds.
_DEFAULT_REST_S: dict[BlockKind, float] = {
    "usage_limit": 300.0,  # the next usage reading or attempt tells more
    "quota": 3600.0,
    "burst": 10.0,
    "fault": 5.0,  # doubled for each further fault in a row
    "login": 300.0,
    "model": 3600.0,
}
_MAX_BURST_S = 60.0  # a burst passes; longer times belong to a window, which must be proven spent
_MAX_FAULT_S = 300.0

_ADDRESS = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")

MAX_CALLS = 3  # upstream, for one request that fails everywhere


@dataclass(frozen=True, slots=True)
class Verdict:
    action: Action
    block: Block | None = None
    state: AccountState | None = None
    reason: str | None = None  # for the operator, when `state` changes
    transient: bool = False


def may_go_on(verdict: Verdict, *, calls: int, is_late: bool) -> bool:
    """Whether the verdict, the calls made upstream so far and the clock allow another attempt."""
    return verdict.action in ("next", "next_once") and calls < MAX_CALLS and not is_late


Ending = Literal[
    "refusal",  # what the whole pool lacks
    "try_again",  # the accounts tried are spent, others are not
    "lost_anchor",  # the account that has the previous response cannot serve: resend everything
    "foreign_history",  # a compacted history that this account cannot read
    "upstream",  # upstream's own word
]


def ending(
    verdict: Verdict, choice: Choice | Refusal, *, is_bound: bool, holds_compaction: bool
) -> Ending:
    """What the client is told when no further attempt is made.

    `choice`: what routing would say to the same request now.
    """
    if verdict.action == "lighten":
        return "foreign_history" if holds_compaction else "upstream"
    if verdict.action != "next" or verdict.transient:
        return "upstream"
    if is_bound:
        return "lost_anchor"
    if isinstance(choice, Refusal):
        return "refusal"
    return "upstream" if choice.reason == "last resort" else "try_again"


def ending_of_refusal(refusal: Refusal, *, is_bound: bool) -> Ending:
    """The same where no attempt could be made at all."""
    return "lost_anchor" if is_bound and refusal.kind != "busy" else "refusal"


def judge(
    endpoint: Endpoint,
    signal: Signal,
    phase: Phase,
    *,
    now: float,
    windows: Sequence[QuotaWindow] = (),
    model: str | None = None,
    feature: str | None = None,
    faults: int = 0,
) -> Verdict:
    """Judge one failure.

    `windows`: the account's, this reply's reading included; `feature`: whose limit the reply speaks
    of, if not of the account's own; `faults`: failures in a row of this account before this one.
    """
    row = outcome(endpoint, signal, phase)
    kind = row.block
    if kind == "burst" and quota.spent_until(windows, now) is not None:
        kind = "usage_limit"  # a 429 without a word, but a window says it all
    block = None
    if kind is not None:
        told = _told(kind, signal, now, windows)
        if kind == "usage_limit" and feature is not None:
            kind = "model"  # other models draw on other limits
        block = Block(
            kind,
            now,
            told if told is not None else now + _rest_s(kind, faults),
            describe(signal),
            model if kind == "model" else None,
            is_told=told is not None,
        )
    reason = describe(signal) if row.state else None
    return Verdict(row.action, block, row.state, reason, row.transient)


def _told(
    kind: BlockKind, signal: Signal, now: float, windows: Sequence[QuotaWindow]
) -> float | None:
    """The end that upstream named, rounded up; None if it named none that makes sense."""
    wait = signal.resets_in_s
    if kind == "burst":
        return now + min(wait, _MAX_BURST_S) if wait is not None and wait >= 0 else None
    if kind not in ("usage_limit", "quota"):
        return None
    named = quota.sane_reset(signal.resets_at, now)
    if named is None and wait is not None:
        named = quota.sane_reset(now + wait, now)
    if named is None:
        named = quota.spent_until(windows, now)
    return math.ceil(named) if named is not None else None


def _rest_s(kind: BlockKind, faults: int) -> float:
    if kind == "fault":
        return min(_DEFAULT_REST_S[kind] * 2.0**faults, _MAX_FAULT_S)
    return _DEFAULT_REST_S[kind]


def describe(signal: Signal) -> str:
    """One sentence for the operator; upstream's own words are cut to a readable length.

    It is also told to clients, in refusals, and printed in terminals: no addresses, no controls.
    """
    what = f"HTTP {signal.status}" if signal.status else "no reply"
    words = [what, (signal.word or "")[:100], signal.message[:200]]
    said = _ADDRESS.sub("[address]", ": ".join(word for word in words if word))
    return "".join(letter if letter.isprintable() else " " for letter in said)
