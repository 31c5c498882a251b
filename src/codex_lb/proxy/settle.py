"""Make the receipt of an exchange from the notes taken along the way. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from codex_lb.core import events
from codex_lb.core.answers import Answer
from codex_lb.core.errors import Signal
from codex_lb.core.model import Attempt, Cost, OpenedRequest, Receipt, RequestStatus, Usage
from codex_lb.proxy.leases import Lease


@dataclass(slots=True)
class Meter:
    """Counts the deltas that the client got, which is about the tokens of the answer."""

    deltas: int = 0
    most: float = math.inf
    grown: Callable[[], None] = lambda: None  # called beyond `most`

    def add(self, deltas: int) -> None:
        self.deltas += deltas
        if self.deltas > self.most:
            self.grown()


@dataclass(slots=True)
class Notes:
    """What is known so far; each field is written by the step that learns it."""

    began: float  # of the event loop's clock
    attempts: list[Attempt] = field(default_factory=list)
    calls: int = 0  # made upstream
    lease: Lease | None = None  # of the latest attempt
    failure: Signal | None = None  # of the latest failed attempt
    facts: events.Facts = field(default_factory=events.Facts)
    terminal: str | None = None  # kind of the terminal event that the client got
    upstream_status: int | None = None
    first_event_ms: int | None = None
    queue_ms: int = 0
    waited_ms: int = 0  # of it, before the latest attempt
    meter: Meter = field(default_factory=Meter)
    answer: Answer | None = None  # ours, if upstream's was not to be had

    def elapsed_ms(self, now: float) -> int:
        return int((now - self.began) * 1000)

    @property
    def ended_well(self) -> bool:
        return self.terminal in events.GOOD_ENDS


def receipt(
    row: OpenedRequest,
    notes: Notes,
    *,
    cancelled: bool,
    http_status: int | None,
    usage: Usage | None,
    cost: Cost | None,
    now_ms: int,
    duration_ms: int,
) -> Receipt:
    code, message = _error(notes, cancelled=cancelled)
    account = notes.lease.account if notes.lease else None
    status: RequestStatus = "success" if notes.ended_well else "error"
    return Receipt(
        id=row.id,
        status="cancelled" if cancelled else status,
        closed_at_ms=now_ms,
        account_id=account.id if account else None,
        plan=account.identity.plan if account else None,
        http_status=http_status,
        error_code=code,
        error_message=message,
        upstream_status=notes.upstream_status,
        actual_service_tier=notes.facts.service_tier,
        response_id=notes.facts.id,
        usage=usage,
        cost=cost,
        unpriced=usage is not None and cost is None,
        attempts=tuple(notes.attempts),
        first_event_ms=notes.first_event_ms,
        queue_ms=notes.queue_ms,
        duration_ms=duration_ms,
    )


def left_accounts(receipt: Receipt) -> list[Attempt]:
    """The failed attempts after which another account answered."""
    if receipt.status != "success":
        return []
    return [attempt for attempt in receipt.attempts if attempt.account_id != receipt.account_id]


def _error(notes: Notes, *, cancelled: bool) -> tuple[str | None, str | None]:
    if cancelled:
        return "client_disconnected", "The client closed the connection."
    if notes.ended_well:
        reason = notes.facts.incomplete_details
        return (reason.reason if reason else None), None
    if notes.answer is not None:
        return notes.answer.code, notes.answer.message
    if notes.failure is not None:
        return notes.failure.word or f"http_{notes.failure.status}", notes.failure.message
    return "internal_error", "The exchange ended without an answer."
