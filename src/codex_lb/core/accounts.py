"""Decide what an operator may do to an account: the allowed changes of state, as a table."""

from dataclasses import dataclass
from typing import Literal

from codex_lb.core.model import AccountState


@dataclass(frozen=True, slots=True)
class Change:
    """One thing an operator asks for. Repeating it is allowed and changes nothing."""

    wish: Literal["paused", "reactivated", "probed"]  # "cannot be <wish>"; also the event's kind
    to: AccountState
    allowed_from: frozenset[AccountState]


PAUSE = Change("paused", "paused", frozenset({"active", "paused"}))
# A deactivated account may be tried again, because only upstream knows whether it is back; one
# that needs a sign-in cannot serve before it got one.
REACTIVATE = Change("reactivated", "active", frozenset({"active", "paused", "deactivated"}))
# "Try now": whatever stands against an account that is in use is forgotten.
PROBE = Change("probed", "active", frozenset({"active"}))

_WHY: dict[AccountState, str] = {
    "active": "is active",
    "paused": "is paused",
    "reauth_required": "needs a new sign-in first: codex-lb accounts login --account, or import its auth.json",
    "deactivated": "was deactivated by ChatGPT: reactivate or delete it",
}


def why_not(change: Change, current: AccountState) -> str:
    """A sentence for the operator whose `change` was refused."""
    return f"The account cannot be {change.wish}: it {_WHY[current]}."
