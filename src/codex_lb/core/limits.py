"""Decide whether a request of an API key may begin, as far as the key's limits go.

A limit counts what its key has used in the current window, and what running requests hold of it.
The rules:

1. A limit whose use has reached its maximum refuses.
2. What fits beside what is used and held may begin.
3. What does not fit waits while others hold something, because most of that comes back. Refusing
   at once would leave a small limit mostly unused.
4. With nothing held it begins although it does not fit: the request that crosses the line is
   served. So the limit is overshot by this one request, and by what the others took beyond what
   they held.
5. All limits of the request's model must agree.
6. A model without a price is refused where money is limited: it would be free.

Windows are anchored at the rule's creation and move on by whole lengths. What a request used
belongs to the window in which it ended. `store/limits.py` keeps the counters.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from codex_lb.core.answers import Answer, forbidden
from codex_lb.core.model import Cost, Usage
from codex_lb.core.responses import Dialect

Kind = Literal["total_tokens", "input_tokens", "output_tokens", "cost_usd"]
Window = Literal["5h", "daily", "7d", "weekly", "monthly"]

WINDOW_S: dict[Window, float] = {
    "5h": 5 * 3600.0,
    "daily": 86_400.0,
    "7d": 7 * 86_400.0,
    "weekly": 7 * 86_400.0,
    "monthly": 30 * 86_400.0,
}

BYTES_PER_TOKEN = 4  # of a request's body; English and code have some more
MOST_INPUT = 400_000  # tokens; no context window is larger, whatever the images in the body weigh
FIRST_OUTPUT = 2_048  # tokens, of a key that has had no answer yet
MEAN_WEIGHT = 1 / 8  # of the latest answer in the running mean
RETRY_S = 5  # for a client that has waited long enough for what others hold


@dataclass(frozen=True, slots=True)
class Rule:
    """What the operator sets. `model` None counts every model."""

    kind: Kind
    window: Window
    max_value: int  # tokens, or micro-dollars for `cost_usd`
    model: str | None = None

    @property
    def place(self) -> tuple[Kind, Window, str | None]:
        """No key has two rules of the same place; a rule that keeps it keeps its counters."""
        return self.kind, self.window, self.model


@dataclass(frozen=True, slots=True)
class Limit:
    """A rule with its counters, in the rule's unit."""

    id: int
    rule: Rule
    used: int  # by requests that have ended
    held: int  # by requests that run
    resets_at: float

    @property
    def began_at(self) -> float:
        """Of the current window."""
        return self.resets_at - WINDOW_S[self.rule.window]


@dataclass(frozen=True, slots=True)
class Spend:
    """What a request takes: an estimate while it runs, the truth afterwards."""

    input_tokens: int
    output_tokens: int
    cost_micros: int | None  # None: no price is known

    def of(self, kind: Kind) -> int:
        match kind:
            case "total_tokens":
                return self.input_tokens + self.output_tokens
            case "input_tokens":
                return self.input_tokens
            case "output_tokens":
                return self.output_tokens
            case "cost_usd":
                return self.cost_micros or 0


# What the request holds from now on; or the limit that is spent; or why else it may not begin.
Verdict = Spend | Limit | Literal["wait", "unpriced"]


def applying(limits: Sequence[Limit], model: str) -> list[Limit]:
    return [limit for limit in limits if limit.rule.model in (None, model)]


def decide(limits: Sequence[Limit], need: Spend) -> Verdict:
    """For a request that needs `need`; `limits` are those that apply to it, rolled to now."""
    for limit in limits:
        if limit.rule.kind == "cost_usd" and need.cost_micros is None:
            return "unpriced"
        if limit.used >= limit.rule.max_value:
            return limit
    return need if all(_fits(limit, need) for limit in limits) else "wait"


def _fits(limit: Limit, need: Spend) -> bool:
    left = limit.rule.max_value - limit.used - limit.held
    return limit.held == 0 or amount(limit, need) <= left


def amount(limit: Limit, need: Spend) -> int:
    """What a request holds of the limit while it runs; at least something, or it would not show."""
    return max(1, need.of(limit.rule.kind))


def first_reset(window: Window, now: float) -> float:
    return now + WINDOW_S[window]


def rolled(limit: Limit, now: float) -> Limit:
    """The limit in the window of `now`. What is held moves with it: it will be used there."""
    if limit.resets_at > now:
        return limit
    length = WINDOW_S[limit.rule.window]
    steps = math.floor((now - limit.resets_at) / length) + 1
    return replace(limit, used=0, resets_at=limit.resets_at + steps * length)


def estimate(
    body_bytes: int, *, mean_output: float | None, price: Callable[[Usage], Cost | None]
) -> Spend:
    """What a request will take, as far as can be known before it is sent.

    The output is the key's running mean (None: no answer yet) and never what the client says of
    it: upstream is not told of such bounds, so they bind nobody.
    """
    output = FIRST_OUTPUT if mean_output is None else math.ceil(mean_output)
    usage = guessed(body_bytes, output)
    return taken(usage, price(usage))


def guessed(body_bytes: int, output_tokens: int) -> Usage:
    return Usage(min(body_bytes // BYTES_PER_TOKEN, MOST_INPUT), output_tokens)


def as_guess(cost: Cost | None) -> Cost | None:
    return replace(cost, estimated=True) if cost else None


def taken(usage: Usage, cost: Cost | None) -> Spend:
    return Spend(usage.input_tokens, usage.output_tokens, cost.total_micros if cost else None)


def mean_output(before: float | None, output_tokens: int) -> float:
    """The key's running mean with one more answer in it."""
    return output_tokens if before is None else before + (output_tokens - before) * MEAN_WEIGHT


# -- what the client is told -------------------------------------------------------------------


def unpriced(model: str) -> Answer:
    return forbidden(
        f"This API key has a cost limit, and no price is known for model {model}."
        " Its operator can set one.",
        "model_not_allowed",
    )


def spent(limit: Limit, *, dialect: Dialect, now: float) -> Answer:
    """Codex asks once and says it well only if it is called a usage limit."""
    resets_at = math.ceil(limit.resets_at)
    wait_s = max(1, math.ceil(limit.resets_at - now))
    return Answer(
        429,
        f"{_named(limit)} exceeded{_filter(limit)}. Usage resets at {_moment(resets_at)}.",
        "usage_limit_reached" if dialect is Dialect.CODEX else "rate_limit_error",
        "rate_limit_exceeded",
        "insufficient_quota",
        extra={"resets_at": resets_at, "resets_in_seconds": wait_s},
        retry_after_s=wait_s,
        final=True,
    )


def held_by_others() -> Answer:
    """For a request that has waited long enough; it may well fit a little later."""
    return Answer(
        429,
        "What is left of this API key's limit is held by its running requests."
        f" Please try again in {RETRY_S}s.",
        "rate_limit_error", "rate_limit_exceeded", "rate_limit_exceeded",
        retry_after_s=RETRY_S, as_event=True,
    )  # fmt: skip


def _named(limit: Limit) -> str:
    return f"API key {limit.rule.kind} {limit.rule.window} limit"


def _filter(limit: Limit) -> str:
    return f" for model {limit.rule.model}" if limit.rule.model else ""


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
