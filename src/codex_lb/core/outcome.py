"""The outcome table: what a failed attempt means for its account and for the request.

One table for everyone: HTTP, WebSocket turns, compaction, credential refresh. The key is
(endpoint, phase, status, `code` or `type`); the first row that matches wins, so the order is part
of the rule. `core/failover.py` turns a row into times and a verdict. Sources of the codes:
`docs/wire.md`, "Errors".
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from codex_lb.core.errors import UNREACHABLE, Signal
from codex_lb.core.model import AccountState, BlockKind


class Endpoint(Enum):
    RESPONSES = "responses"  # a turn: responses, compaction, chat
    REFRESH = "refresh"  # the login host's token endpoint
    SUPPORT = "support"  # models, usage and other calls of our own
    PLAIN = "plain"  # a client's call beside the turns that may be made twice
    ONCE = "once"  # one that may not


class Phase(Enum):
    FRESH = "fresh"  # before content, the credential not renewed in this attempt
    RENEWED = "renewed"  # before content, just after a renewal
    STREAMING = "streaming"  # content has been sent to the client


Action = Literal[
    "relay",  # this is the client's answer
    "renew",  # renew the credential and ask the same account again
    "again",  # ask the same account again, on a new connection
    "lighten",  # ask the same account again without encrypted reasoning, which it cannot read
    "next",  # another account may do better
    "next_once",  # one other account may; its answer is the client's
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row says. At most one of `block` and `state` is set."""

    action: Action
    block: BlockKind | None = None  # how the account rests
    state: AccountState | None = None  # what the account becomes
    transient: bool = False  # the same account may well answer a second time


@dataclass(frozen=True, slots=True)
class Row:
    """`statuses` and `words`: empty means any. `text`: words inside the message instead."""

    outcome: Outcome
    words: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    text: str = ""
    phases: frozenset[Phase] = frozenset(Phase)

    def matches(self, signal: Signal, phase: Phase) -> bool:
        if phase not in self.phases or (self.statuses and signal.status not in self.statuses):
            return False
        if self.words and not self.words & {signal.code, signal.type, signal.word}:
            return False
        return self.text in signal.message.lower() if self.text else True


DEACTIVATED = frozenset({"account_deactivated", "account_suspended", "account_deleted"})
SIGN_IN_AGAIN = frozenset(
    {
        "refresh_token_expired",
        "refresh_token_reused",
        "refresh_token_invalidated",
        "invalid_refresh_token",
        "invalid_grant",
        "token_invalidated",
        "token_expired",
        "app_session_terminated",
        "account_session_expired",
        "account_auth_invalidated",
    }
)
# Sessions that upstream has ended: a renewed token does not bring them back.
SESSION_ENDED = frozenset(
    {"app_session_terminated", "account_session_expired", "account_auth_invalidated"}
)
OVERLOAD = frozenset({"server_is_overloaded", "slow_down", "overloaded_error"})
REQUEST_FAULTS = frozenset(
    {
        "context_length_exceeded",
        "invalid_request_error",
        "invalid_prompt",
        "cyber_policy",
        "content_filter",
        "content_policy_violation",
        "previous_response_not_found",
        "max_output_tokens",
        "payload_too_large",
        "unsupported_value",
        "unsupported_parameter",
    }
)
# Our names of what can go wrong below HTTP, see `upstream/client.py`.
CONNECTION_FAULTS = frozenset(
    {
        "connect_failed",
        "connect_timeout",
        "connection_reset",
        "connection_closed",
        "bad_reply",
        "not_a_stream",
        "first_event_timeout",
    }
)
# A WebSocket that has come to its end between two turns, which says nothing of the account.
WORN_OUT = frozenset({"websocket_connection_limit_reached", "connection_stale"})
CUT_FAULTS = frozenset({"stream_incomplete", "stream_idle_timeout", "stream_event_too_large"})
SERVER_FAULTS = frozenset({"server_error", "upstream_error", "internal_server_error", "api_error"})
MODEL_REFUSED = frozenset({"model_not_supported", "model_not_found", "model_not_available"})

FRESH = frozenset({Phase.FRESH})
RENEWED = frozenset({Phase.RENEWED})
STREAMING = frozenset({Phase.STREAMING})

_RELAY = Outcome("relay")
_FAULT = Outcome("next", block="fault", transient=True)

_LIMIT_ROWS = (
    Row(Outcome("next", block="usage_limit"), frozenset({"usage_limit_reached"})),
    Row(
        Outcome("next", block="quota"),
        frozenset({"usage_not_included", "insufficient_quota", "quota_exceeded"}),
    ),
    # Overload is upstream's state, not the account's: no rest.
    Row(Outcome("next", transient=True), OVERLOAD),
    Row(Outcome("next", transient=True), text="selected model is at capacity"),
    Row(Outcome("next", block="burst"), frozenset({"rate_limit_exceeded", "rate_limit_error"})),
    Row(Outcome("next", block="burst"), statuses=frozenset({429})),
)
_ACCOUNT_ROWS = (
    Row(Outcome("next", state="deactivated"), DEACTIVATED),
    Row(Outcome("next", state="reauth_required"), SESSION_ENDED, phases=RENEWED),
    Row(Outcome("renew"), statuses=frozenset({401}), phases=FRESH),
    Row(Outcome("next", block="login"), statuses=frozenset({401}), phases=RENEWED),
    Row(Outcome("next", block="quota"), statuses=frozenset({402})),
)

_RESPONSES = (
    # Once content is out nothing is replayed; what the failure proves of the account still counts.
    *(
        Row(
            Outcome("relay", row.outcome.block, row.outcome.state),
            row.words,
            row.statuses,
            row.text,
            STREAMING,
        )
        for row in (*_LIMIT_ROWS[:2], *_LIMIT_ROWS[4:5], *_ACCOUNT_ROWS[:1])
    ),
    Row(_RELAY, phases=STREAMING),
    Row(Outcome("again"), WORN_OUT),
    *_LIMIT_ROWS[:4],
    # Minted by another account (docs/decisions/0014); upstream says it with or without its code.
    Row(Outcome("lighten"), frozenset({"invalid_encrypted_content"}), frozenset({200, 400})),
    Row(Outcome("lighten"), statuses=frozenset({400}), text="could not be verified"),
    # The request's own fault comes before the statuses: every account would answer the same.
    Row(Outcome("next_once", block="model"), MODEL_REFUSED),
    Row(
        Outcome("next_once", block="model"),
        statuses=frozenset({400, 404}),
        text="model is not supported",
    ),
    Row(_RELAY, REQUEST_FAULTS, statuses=frozenset({200, 400, 403, 404, 409, 413, 422})),
    *_LIMIT_ROWS[4:],
    *_ACCOUNT_ROWS,
    Row(_FAULT, statuses=frozenset({403, 407, 408, 421, 425})),
    Row(_RELAY, statuses=frozenset(range(400, 500))),
    Row(_FAULT, statuses=frozenset(range(500, 600))),
    Row(_FAULT, CONNECTION_FAULTS, statuses=frozenset({UNREACHABLE})),
    Row(_FAULT, CUT_FAULTS, statuses=frozenset({UNREACHABLE})),
    Row(_FAULT, SERVER_FAULTS, statuses=frozenset({200})),
    # A failure event with a code nobody knows: another account may know better, once.
    Row(Outcome("next_once", transient=True), statuses=frozenset({200})),
    # A redirect or a 2xx that is no stream: nothing an API answers.
    Row(_FAULT),
)

_CLIENT_ERRORS = frozenset(range(400, 500)) - {408, 429}
_REFRESH = (
    Row(Outcome("next", state="deactivated"), DEACTIVATED, _CLIENT_ERRORS),
    Row(Outcome("next", state="reauth_required"), SIGN_IN_AGAIN, _CLIENT_ERRORS),
    # Network, 5xx (whatever words it uses), 429 and refusals without a known word may pass.
    Row(Outcome("next", block="fault", transient=True)),
)

_SUPPORT = (
    Row(Outcome("next", state="deactivated"), DEACTIVATED),
    Row(Outcome("renew"), statuses=frozenset({401}), phases=FRESH),
    # A side call proves nothing about serving turns.
    Row(Outcome("next", transient=True)),
)

# Refused before anything was done. It proves nothing about serving turns, so no account rests.
_REFUSED = (
    Row(Outcome("next", state="deactivated"), DEACTIVATED),
    Row(Outcome("renew"), statuses=frozenset({401}), phases=FRESH),
    Row(Outcome("next_once"), statuses=frozenset({401, 402, 403, 429})),
    Row(Outcome("next_once", transient=True), frozenset({"connect_failed", "connect_timeout"})),
)
_PLAIN = (
    *_REFUSED,
    Row(_RELAY, statuses=_CLIENT_ERRORS),
    Row(Outcome("next", transient=True)),
)
_ONCE = (*_REFUSED, Row(_RELAY))

TABLE: dict[Endpoint, tuple[Row, ...]] = {
    Endpoint.RESPONSES: _RESPONSES,
    Endpoint.REFRESH: _REFRESH,
    Endpoint.SUPPORT: _SUPPORT,
    Endpoint.PLAIN: _PLAIN,
    Endpoint.ONCE: _ONCE,
}


def outcome(endpoint: Endpoint, signal: Signal, phase: Phase) -> Outcome:
    """The first row that matches; the last row of each endpoint matches everything."""
    return next(row.outcome for row in TABLE[endpoint] if row.matches(signal, phase))
