"""Values that only the store hands out; everything else is in `core/model.py`."""

from dataclasses import dataclass
from typing import Literal

from codex_lb.core.model import AccountEvent, OpenedRequest, Receipt, RequestStatus


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the request log: the rows older than this one come next."""

    opened_at_ms: int
    id: str


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One row of the request log. `receipt` is None while the request runs."""

    opened: OpenedRequest
    receipt: Receipt | None
    status: RequestStatus

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.opened.opened_at_ms, self.opened.id)


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """What an account has served since it was added, also of rows pruned since."""

    requests: int = 0
    total_tokens: int = 0  # input and output
    cached_tokens: int = 0
    cost_micros: int = 0


# "error" sums failed requests by their code, "outcome" all by how they ended, "conversation" those
# that belong to one; the latter is kept no longer than request rows.
Dimension = Literal["account", "model", "api_key", "client", "outcome", "error", "conversation"]


@dataclass(frozen=True, slots=True)
class HourlySums:
    """The closed requests of one account, model, API key, ... that were opened in one hour."""

    hour_at: int  # Unix seconds, start of the hour
    key: str  # '' sums the requests without one
    requests: int
    errors: int
    cancelled: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class DailySums:
    """The same for one day."""

    day_at: int  # Unix seconds, start of the day where it was asked for
    key: str
    requests: int
    errors: int
    cancelled: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of an account's timeline. The greater `id` was written later."""

    id: int
    event: AccountEvent


@dataclass(frozen=True, slots=True)
class Affinity:
    """The account on which a conversation should stay until `expires_at`."""

    kind: str
    key: str
    account_id: str
    expires_at: float
