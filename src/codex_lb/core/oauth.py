"""How does an account sign in? The address to open, what comes back, and the stages of a flow.

A *flow* is one sign-in under way: in a browser (authorization code with PKCE, RFC 7636) or with a
device code. A flow that has ended stays ended, and a code is taken once; the same code again gets
the same answer. Facts: `docs/wire.md`, "Sign-in". Asked by `dashboard/flows.py` and
`upstream/oauth.py`.
"""

import base64
import hashlib
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from codex_lb.core.errors import UNREACHABLE, Signal
from codex_lb.core.foreign_json import JsonObject, figure, text
from codex_lb.core.model import Identity

CALLBACK_PATH = "/auth/callback"
BROWSER_S = 900.0  # until an abandoned sign-in in a browser is over
_DEVICE_S = 900.0  # likewise with a device code, if the login host names no end
_DEVICE_INTERVAL_S = 5.0  # between two questions, if it names none (RFC 8628)
SLOWER_S = 5.0  # added to it when the login host says `slow_down` (RFC 8628)
_LONGEST_CALLBACK = 16_384  # characters
_LONGEST_REASON = 200

Method = Literal["browser", "device"]
Stage = Literal["pending", "exchanging", "success", "error"]
Event = Literal["code", "signed_in", "failed", "given_up"]

# Pairs that are missing change nothing. A code that is being exchanged is spent, so giving up comes
# too late for it.
NEXT: dict[tuple[Stage, Event], Stage] = {
    ("pending", "code"): "exchanging",
    ("pending", "failed"): "error",
    ("pending", "given_up"): "error",
    ("exchanging", "signed_in"): "success",
    ("exchanging", "failed"): "error",
}

EXPIRED = "The time for this sign-in ran out. Start it again."
CANCELLED = "The sign-in was given up."
DECLINED = "The sign-in was declined at ChatGPT."
NOT_ENTITLED = (
    "Codex is not enabled for this workspace. Ask its administrator, or choose another workspace."
)
DEVICE_DISABLED = (
    "Device codes are switched off at the login host or in your workspace. Sign in with the browser,"
    " or paste the address it ends at."
)
UNREADABLE = "This is not the address the browser ended at: it has no code and no state."
UNKNOWN = "This sign-in is not known here, or its time is over. Start it again."
SPENT = "This sign-in is over already. Start a new one."


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in, as far as the operator may see it."""

    id: str
    method: Method
    expires_at: float
    account_id: str | None  # the only account that it may sign in; None: any
    stage: Stage = "pending"
    message: str | None = None  # why it ended in `error`
    signed_in: str | None = None  # the account's id, once it did
    code: str | None = field(default=None, repr=False)  # the one that was taken


@dataclass(frozen=True, slots=True)
class Grant:
    """What the login host changes for tokens, once."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class DeviceCode:
    device_auth_id: str = field(repr=False)
    user_code: str  # what the person types in
    interval_s: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Callback:
    """What the browser came back with: a code, or why there is none."""

    state: str
    code: str | None = field(default=None, repr=False)
    refusal: str | None = None


def moved(
    flow: Flow,
    event: Event,
    *,
    message: str | None = None,
    code: str | None = None,
    signed_in: str | None = None,
) -> Flow:
    """The flow after `event`; the same one if the event comes too late or too early."""
    stage = NEXT.get((flow.stage, event))
    if stage is None:
        return flow
    return replace(flow, stage=stage, message=message, code=code or flow.code, signed_in=signed_in)


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def secret(chance: bytes) -> str:
    """A verifier or state from 32 random bytes."""
    return _base64url(chance)


def authorization_url(
    authorize: str, client_id: str, *, redirect_uri: str, state: str, verifier: str
) -> str:
    """The address to open in a browser. `authorize`: that of the login host's page."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid profile email offline_access",
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        "state": state,
        "id_token_add_organizations": "true",
        "codex_cli_simplified_flow": "true",
        "originator": "codex_chatgpt_desktop",
    }
    return f"{authorize}?{urlencode(query)}"


def read_callback(pasted: str) -> Callback | None:
    """What the address says that the browser ended at; its query alone is enough.

    None if it is something else.
    """
    given = pasted.strip()
    if len(given) > _LONGEST_CALLBACK:
        return None
    try:
        query = urlsplit(given).query or given.lstrip("?")
        values = parse_qs(query, max_num_fields=50)
    except ValueError:
        return None
    state, code, error = (_only(values, name) for name in ("state", "code", "error"))
    if state is None or (code is None) == (error is None):
        return None
    if error is None:
        return Callback(state, code)
    return Callback(state, refusal=_refusal(error, _only(values, "error_description") or ""))


def judge(flow: Flow, callback: Callback) -> Literal["exchange", "declined", "repeated", "spent"]:
    """What to do with a callback whose state belongs to `flow`."""
    if flow.stage == "pending":
        return "declined" if callback.code is None else "exchange"
    return "repeated" if callback.code is not None and callback.code == flow.code else "spent"


def read_device_code(document: JsonObject, now: float) -> DeviceCode | None:
    """None if it names no code."""
    user_code = text(document.get("user_code")) or text(document.get("usercode"))
    device_auth_id = text(document.get("device_auth_id"))
    if user_code is None or device_auth_id is None or not user_code.isprintable():
        return None
    interval_s = figure(document.get("interval")) or _DEVICE_INTERVAL_S
    lasts_s = figure(document.get("expires_in"))
    if lasts_s is None:
        lasts_s = (figure(document.get("expires_at")) or now + _DEVICE_S) - now
    if not 0 < lasts_s <= _DEVICE_S:  # an end that makes no sense is none
        lasts_s = _DEVICE_S
    return DeviceCode(device_auth_id, user_code, min(max(interval_s, 1.0), 60.0), now + lasts_s)


DeviceAnswer = Literal["pending", "slow_down", "denied", "expired", "failed"]

_DEVICE_WORDS: dict[str, DeviceAnswer] = {
    "slow_down": "slow_down",
    "access_denied": "denied",
    "authorization_denied": "denied",
    "deviceauth_authorization_denied": "denied",
    "expired_token": "expired",
    "deviceauth_expired": "expired",
    "authorization_pending": "pending",
    "deviceauth_authorization_pending": "pending",
}


def device_answer(signal: Signal) -> DeviceAnswer:
    """What it means that a device code got no grant. A fault that may pass is `pending`."""
    known = _DEVICE_WORDS.get(signal.word or "")
    if known is not None:
        return known
    passes = signal.status in (UNREACHABLE, 403, 404, 408, 429) or signal.status >= 500  # noqa: PLR2004
    return "pending" if passes else "failed"


def other_seat(wanted: Identity, got: Identity) -> str:
    """For the operator, who signed in as somebody else."""
    return f"You signed in as {_named(got)}, but this is for {_named(wanted)}. Nothing was changed."


def _named(identity: Identity) -> str:
    seat = identity.workspace_label or identity.workspace_id or identity.chatgpt_account_id
    return f"{identity.email} ({seat})" if seat else identity.email


def _refusal(error: str, description: str) -> str:
    if "missing_codex_entitlement" in (error, description):
        return NOT_ENTITLED
    if error == "access_denied":
        return DECLINED
    said = f"{error}: {description}" if description else error
    plain = "".join(letter if letter.isprintable() else " " for letter in said)
    return f"The login host refused the sign-in: {plain[:_LONGEST_REASON]}"


def _only(values: dict[str, list[str]], name: str) -> str | None:
    given = values.get(name, [])
    return given[0] if len(given) == 1 else None


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
