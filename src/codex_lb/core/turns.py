"""What holds for the turns of a WebSocket beyond what holds for every request.

One socket of a client has at most one of upstream's behind it. A turn that goes on from an earlier
one (`previous_response_id`) can be understood only by the connection that made that one; any other turn
may go anywhere. So the first kind stays or gets the error on which clients send everything again, and
the second kind moves without a word. `proxy/sockets.py` has the client's half, `proxy/links.py`
upstream's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

import msgspec

from codex_lb.core import answers, errors, frames
from codex_lb.core.errors import Signal
from codex_lb.core.foreign_json import json_object
from codex_lb.core.outcome import WORN_OUT
from codex_lb.core.responses import Dialect

CREATE = "response.create"
MOST_WAITING = 8  # frames behind a running turn; no client sends a second one before the answer
MAX_AGE_S = 55 * 60.0  # upstream ends a connection after 60 minutes, also in mid-turn
IDLE_S = 3600.0  # without a turn; what upstream remembers is gone by then
PING_S = 30.0
_MISSED = 3  # pings sent without a byte in return; the last has had no time yet

# -- frames of the client ----------------------------------------------------------------------

Action = Literal[
    "serve",  # a turn, now or after those before it
    "pass on",  # upstream's business
    "drop",
    "hang up",  # more than anybody sends
]


def on_frame(kind: str | None, *, is_full: bool, is_ending: bool, has_upstream: bool) -> Action:
    """`kind`: its `type`, empty if it has none that can be read, None if it is binary.

    `is_full`: as many wait as may.

    What cannot be served is refused in its turn too, because an error in the midst of an answer would
    be taken for the answer's end.
    """
    if is_ending:
        return "drop"
    if kind is None or kind in ("", CREATE):
        return "hang up" if is_full else "serve"
    return "pass on" if has_upstream else "drop"


Due = Literal["ping", "dead", "idle"]


def due(now: float, *, heard_at: float, pinged_at: float, worked_at: float) -> Due | None:
    """What silence asks for. Times are the event loop's; `worked_at`: of the last turn's end, or now."""
    if now - worked_at > IDLE_S:
        return "idle"
    if now - heard_at > _MISSED * PING_S:
        return "dead"
    return "ping" if now - max(heard_at, pinged_at) > PING_S else None


# -- the connection upstream -------------------------------------------------------------------

# Who has the response from which a turn goes on: this connection, one that is gone, someone else.
Anchor = Literal["none", "here", "gone", "unknown"]
Placing = Literal["stay", "connect", "lost"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The connection that is open. `token`: the access token with which it was made."""

    account_id: str
    token: str
    age_s: float


def place(standing: Standing | None, *, account_id: str, token: str, anchor: Anchor) -> Placing:
    """On which connection a turn goes to `account_id`; "lost": on none that would understand it."""
    here = standing is not None and standing.account_id == account_id
    if anchor == "gone" or (anchor == "here" and not here):
        return "lost"
    if standing is None or not here:
        return "connect"
    is_fresh = standing.token == token and standing.age_s < MAX_AGE_S
    return "stay" if is_fresh or anchor == "here" else "connect"


def lost_anchor(response_id: str) -> Signal:
    """What upstream would say to a turn whose connection is gone."""
    answer = answers.lost_anchor(response_id)
    return Signal(
        answer.status, answer.code, answer.message, answer.param, code=answer.code, type=answer.type
    )


def ends_connection(signal: Signal) -> bool:
    """Whether an `error` frame means that no turn will be served on its connection."""
    return signal.word in WORN_OUT or signal.status == HTTPStatus.UNAUTHORIZED


def ended(code: int, *, is_stale: bool) -> Signal:
    """How upstream ended a connection: the code of its close frame, or `frames.CUT`.

    `is_stale`: an earlier turn was served on it, and of this one nothing has come.
    """
    if code == frames.TOO_LARGE:
        message = "The request is larger than upstream takes on a WebSocket."
        kind, word = "invalid_request_error", "payload_too_large"
        return Signal(HTTPStatus.BAD_REQUEST, word, message, code=word, type=kind)
    how = "cut the WebSocket" if code == frames.CUT else f"closed the WebSocket with code {code}"
    return errors.fault("connection_stale" if is_stale else "stream_incomplete", f"Upstream {how}.")


# -- errors ------------------------------------------------------------------------------------


def status_of(signal: Signal) -> int:
    """Of an upstream error: what it says itself, else what its code would be over HTTP."""
    named = signal.status >= HTTPStatus.BAD_REQUEST
    return signal.status if named else answers.of_failed_event(signal).status


def says_as_event(status: int, dialect: Dialect) -> bool:
    """Whether a failure is a `response.failed` rather than an `error` frame.

    Codex repeats an `error` frame of most statuses, on this transport and then on the other.
    """
    said_well = (HTTPStatus.BAD_REQUEST, HTTPStatus.TOO_MANY_REQUESTS)
    return dialect is Dialect.CODEX and status not in said_well


def error_event(status: int, envelope: bytes, headers: Mapping[str, str]) -> bytes:
    """The payload of an `error` frame. `envelope`: `{"error": …}`, or upstream's event."""
    said = json_object(envelope) or {}
    error = said.get("error")
    if not isinstance(error, dict):
        signal = errors.read_event(envelope)
        told = answers.of_failed_event(signal)
        error = {
            "message": told.message, "type": told.type, "code": told.code, "param": told.param,
        }  # fmt: skip
    told_headers = {name: value for name, value in headers.items() if name.startswith("x-codex-")}
    return msgspec.json.encode(
        {"type": "error", "status": status, "error": error, "headers": told_headers}
    )
