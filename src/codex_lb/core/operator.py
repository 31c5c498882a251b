"""Who is the operator? Asked of every request under `/api`, by its head alone.

1. What another site's page wants written, or reads by script, is refused, whoever is signed in.
2. The admin token, if one is set, counts as the operator; a wrong one is refused.
3. So does a session of someone who has given the password, and the code if one is required.
4. Only while there is neither password nor token, a local caller is the operator, unless another
   site's page asks.

Sessions end by themselves after `IDLE_S` without use, and some time after sign-in that the operator
can set: else `LIFE_S`.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from codex_lb.core import one_time_codes
from codex_lb.core.access import Place

Kind = Literal["session", "token", "local", "command line", "anonymous"]

IDLE_S = 86_400.0
LIFE_S = 7 * 86_400.0

SHORTEST = 8  # characters of a password
LONGEST = 72  # bytes of a password, as in earlier versions


@dataclass(frozen=True, slots=True)
class Login:
    """What proves the operator. `repr` shows none of it."""

    password_hash: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    last_step: int = 0  # of the last one-time code taken
    recovery: tuple[str, ...] = field(default=(), repr=False)  # SHA-256 of the unused codes
    requires_code: bool = False

    @property
    def asks_code(self) -> bool:
        return self.requires_code and self.totp_secret is not None


@dataclass(frozen=True, slots=True)
class Session:
    id_hash: str  # SHA-256 of the cookie's value
    created_at: float
    seen_at: float
    owes_code: bool  # only the password was given; that is enough while no code is asked for
    client_ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of its sender."""

    is_local: bool
    is_foreign: bool = False  # a browser sends it for another site's page
    is_cross_site: bool = False  # and it is more than a link that was followed
    bearer: Literal["none", "right", "wrong"] = "none"  # with no token set: always none
    session: Session | None = None  # one that is alive


@dataclass(frozen=True, slots=True)
class Refused:
    status: int
    code: str
    message: str
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, as it was judged."""

    kind: Kind
    place: Place
    session: Session | None = None  # also one that still owes a code
    refusal: Refused | None = None  # for the anonymous alone: why they are that


CROSS_SITE = Refused(403, "cross_site_request", "The request comes from a page of another site.")
WRONG_TOKEN = Refused(401, "invalid_admin_token", "This is not the admin token.")
OWES_CODE = Refused(401, "totp_required", "The one-time code is still due.")
NOT_SIGNED_IN = Refused(
    401, "authentication_required", "Sign in at the dashboard, or send the admin token."
)
NOT_SET_UP = Refused(
    401,
    "bootstrap_required",
    "Until a password is set, only callers on this machine may use this, under a local host name"
    " and not through a proxy. From elsewhere, set one with the token that the log shows.",
)


def judge(login: Login, shown: Shown, *, has_token: bool) -> Kind | Refused:
    """As what the sender may use the API, or why not."""
    if shown.is_cross_site:
        return CROSS_SITE
    if shown.bearer != "none":
        return "token" if shown.bearer == "right" else WRONG_TOKEN
    if shown.session is not None:
        return OWES_CODE if login.asks_code and shown.session.owes_code else "session"
    if login.password_hash is not None or has_token:
        return NOT_SIGNED_IN
    if shown.is_foreign:
        return CROSS_SITE
    return "local" if shown.is_local else NOT_SET_UP


def is_alive(session: Session, now: float, *, life_s: float) -> bool:
    return now - session.seen_at < IDLE_S and now - session.created_at < life_s


def taken(login: Login, code: str, now: float) -> Login | None:
    """`login` once the one-time or recovery `code` is used up; None if it is no good."""
    if login.totp_secret is None:
        return None
    step = one_time_codes.matching_step(login.totp_secret, code, last_step=login.last_step, now=now)
    if step is not None:
        return replace(login, last_step=step)
    left = one_time_codes.without(login.recovery, code)
    return None if left is None else replace(login, recovery=left)


def why_unfit(password: str) -> Refused | None:
    """Why this may not be a password."""
    if len(password) < SHORTEST:
        return Refused(422, "validation_error", f"password: at least {SHORTEST} characters")
    if len(password.encode("utf-8", "replace")) > LONGEST:
        return Refused(422, "password_too_long", f"password: at most {LONGEST} bytes")
    return None
