"""Is an account signed in, until when, and if not, why not? In words for the operator.

An access token lasts for some days and is renewed by itself, so its end is only told. What needs a
person is a login that was refused for good; a pause hides that, so it is looked for there, too.
"""

from dataclasses import dataclass
from typing import Literal

from codex_lb.core.model import Account
from codex_lb.core.status_reason import clock_time

Kind = Literal["signed_in", "refused", "sign_in_again", "deactivated"]

# What the login host's words mean, the more telling ones first.
_PLAIN = (
    ("refresh_token_reused", "another program has used the same sign-in"),
    ("refresh_token_expired", "the sign-in was not used for too long"),
    ("refresh_token_invalidated", "the sign-in was ended at ChatGPT"),
    ("session", "ChatGPT has ended the session"),
    ("invalid_grant", "the login host does not know the sign-in any more"),
    ("invalid_refresh_token", "the login host does not know the sign-in any more"),
    ("token_invalidated", "the sign-in was ended at ChatGPT"),
    ("interrupted", "codex-lb was stopped while it renewed the sign-in"),
)


@dataclass(frozen=True, slots=True)
class LoginState:
    kind: Kind
    text: str


def of(account: Account, now: float) -> LoginState:
    if account.state == "deactivated":
        return LoginState("deactivated", _with("deactivated by ChatGPT", account.state_reason))
    if needs_sign_in(account):
        return LoginState("sign_in_again", f"sign in again because {_why(account.state_reason)}")
    refused = next((b for b in account.blocks if b.kind == "login" and now < b.until), None)
    if refused is not None:
        again = clock_time(refused.until, now)
        text = f"just now refused, tried again at {again}: {refused.reason}"
        return LoginState("refused", text)
    refreshed = f"last refreshed {clock_time(account.refreshed_at, now)}"
    ends_at = account.access_expires_at
    until = f" until {clock_time(ends_at, now)}" if ends_at is not None and now < ends_at else ""
    return LoginState("signed_in", f"signed in{until}, {refreshed}")


def needs_sign_in(account: Account) -> bool:
    """A paused account has a reason only if its login was refused meanwhile."""
    return account.state == "reauth_required" or (
        account.state == "paused" and account.state_reason is not None
    )


def _why(reason: str | None) -> str:
    if reason is None:
        return "the login host refused it"
    plain = next((words for word, words in _PLAIN if word in reason), None)
    return f"{plain} ({reason})" if plain else reason


def _with(text: str, reason: str | None) -> str:
    return f"{text}: {reason}" if reason else text
