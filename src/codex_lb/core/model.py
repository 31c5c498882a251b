"""The values that pass between the parts: accounts, their quota, and what became of a request.

Times are Unix seconds (`_at`) or milliseconds (`_ms`), money is integer micro-dollars
(`_micros`, 10^-6 USD), shares are 0.0 to 1.0. Nothing here decides anything.
"""

from dataclasses import dataclass, field
from typing import Literal

AccountState = Literal["active", "paused", "reauth_required", "deactivated"]

# Why an account rests. "usage_limit" and "quota" are proven for the account until a reset;
# "burst", "fault" and "login" (a fresh credential is refused) are suspicions: they never take out
# the last account that could serve. "model" bars one model only.
BlockKind = Literal["usage_limit", "quota", "burst", "fault", "login", "model"]

RequestStatus = Literal["in_progress", "success", "error", "cancelled"]

# Which accounts the operator wants used up first, and which kept for last.
Priority = Literal["burn_first", "normal", "preserve"]

# What happened to an account, for its timeline.
AccountEventKind = Literal[
    "added",
    "signed_in",
    "refreshed",
    "refresh_failed",
    "limited",
    "recovered",
    "paused",
    "reactivated",
    "probed",
    "reauth_required",
    "deactivated",
    "failed_over",
    "plan_changed",
]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an account is upstream, read from its id token."""

    chatgpt_account_id: str | None
    chatgpt_user_id: str | None
    email: str
    plan: str  # lower case; "unknown" if the token does not say
    workspace_id: str | None = None
    workspace_label: str | None = None
    seat_type: str | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """An account's tokens. `repr` never shows them."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    expires_at: float | None  # of the access token; None if it does not say
    refreshed_at: float


@dataclass(frozen=True, slots=True)
class QuotaWindow:
    """One rolling limit of an account, as upstream last reported it. Told apart by `minutes`."""

    minutes: int  # 300 = 5 h, 10080 = week, 43200 = month
    used: float  # share spent
    resets_at: float | None
    measured_at: float
    source: Literal["headers", "event", "usage", "error"]


@dataclass(frozen=True, slots=True)
class Credits:
    """What an account may spend beyond its windows. Usable credits keep a spent account serving."""

    has: bool
    unlimited: bool
    balance: float | None  # in upstream's credits
    measured_at: float

    @property
    def usable(self) -> bool:
        return self.unlimited or (self.has and (self.balance is None or self.balance > 0))


@dataclass(frozen=True, slots=True)
class ExtraLimit:
    """A limit that upstream keeps beside the account's own, for the models of one feature."""

    feature: str  # upstream's key, as in "codex_bengalfox"
    name: str  # as upstream shows it, as in "GPT-5.3-Codex-Spark"
    windows: tuple[QuotaWindow, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Evidence that an account cannot serve until `until`. Any fresher proof clears it."""

    kind: BlockKind
    since: float
    until: float
    reason: str  # a sentence for the operator
    model: str | None = None  # only this model is barred
    is_told: bool = False  # upstream named the end; else it is our guess when to ask again


@dataclass(frozen=True, slots=True)
class Account:
    """One ChatGPT account of the pool, as stored."""

    id: str
    identity: Identity
    state: AccountState
    state_reason: str | None
    created_at: float
    refreshed_at: float
    access_expires_at: float | None
    windows: tuple[QuotaWindow, ...] = ()
    blocks: tuple[Block, ...] = ()
    credits: Credits | None = None  # None: upstream has never told
    extras: tuple[ExtraLimit, ...] = ()
    reset_credits: int = 0  # banked resets of its windows
    alias: str | None = None  # the operator's name for it
    priority: Priority = "normal"


@dataclass(frozen=True, slots=True)
class QuotaSample:
    """One reading of one window, kept for history and forecast."""

    account_id: str
    minutes: int
    measured_at: float
    used: float  # share spent
    resets_at: float | None


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """One line of an account's timeline. `by`: "operator", "upstream" or "codex-lb"."""

    account_id: str
    at: float
    kind: AccountEventKind
    by: str
    detail: str | None = None  # a sentence for the operator


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as upstream counted them. `cached` is part of `input`, `reasoning` of `output`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Price of one request. `estimated`: priced like the nearest model of its family."""

    input_micros: int
    cached_micros: int
    output_micros: int
    estimated: bool = False

    @property
    def total_micros(self) -> int:
        return self.input_micros + self.cached_micros + self.output_micros


@dataclass(frozen=True, slots=True)
class Skipped:
    """An account that was not chosen, and why, in a few words."""

    account_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one account, as kept in the request row."""

    account_id: str
    reason: str  # why this account was chosen
    started_ms: int  # after the request came in
    took_ms: int
    status: int  # HTTP status, 0 if no reply came
    code: str | None  # upstream's error code or type, or our name of the fault
    verdict: str  # what followed: relay, renew, next
    detail: str | None = None
    skipped: tuple[Skipped, ...] = ()  # accounts that could not serve when this one was chosen
    waited_ms: int = 0  # for a slot, before this attempt


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """The row written before the first upstream call."""

    id: str  # also sent as `x-request-id`, unless the client named an id of its own
    opened_at_ms: int  # Unix ms
    endpoint: str  # "responses", "models", ...
    transport: str  # "http", "sse", "websocket"
    model: str
    effort: str | None = None
    service_tier: str | None = None  # as requested
    api_key_id: str | None = None
    conversation_id: str | None = None
    user_agent: str | None = None
    client_ip: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known after an exchange; closes the row of the same id."""

    id: str
    status: RequestStatus
    closed_at_ms: int
    account_id: str | None = None  # the one that answered, or was tried last
    plan: str | None = None
    http_status: int | None = None  # what the client got
    error_code: str | None = None
    error_message: str | None = None
    upstream_status: int | None = None
    actual_service_tier: str | None = None
    response_id: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None  # None: unpriced or nothing to price
    unpriced: bool = False
    attempts: tuple[Attempt, ...] = ()
    first_event_ms: int | None = None  # request in to first content out
    queue_ms: int = 0
    duration_ms: int = 0
