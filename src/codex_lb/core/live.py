"""What happens now: figures of the last minute, percentiles of the last five, sixty bars.

Filled by every request that is closed; nothing here outlives the process.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from codex_lb.core.model import Receipt
from codex_lb.core.request_log import Outcome, outcome

MINUTES = 60
_RATE_S = 60.0
_LATENCY_S = 300.0
_BURST_REQUESTS, _BURST_SHARE = 5, 0.2  # failures that need a person, within `_LATENCY_S`
_KEPT = 20_000  # a hundred a second; older ones are then left out of the figures
_KINDS = 20
_FAILED: frozenset[Outcome] = frozenset({"upstream_error", "refused"})


@dataclass(frozen=True, slots=True)
class Now:
    """`error_rate`: 0 to 1, of the last five minutes; None where nothing happened."""

    requests_per_minute: int
    tokens_per_minute: int
    first_event_p50_ms: int | None
    first_event_p95_ms: int | None
    error_rate: float | None
    is_burst: bool  # of failures


@dataclass(frozen=True, slots=True)
class Minute:
    at: int  # Unix seconds
    outcomes: dict[Outcome, int]
    tokens: int


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A request that was refused before there was a row for it."""

    at: float
    client: str  # empty: it did not say
    address: str | None
    path: str
    status: int
    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    outcome: Outcome
    tokens: int
    first_event_ms: int | None


class Live:
    def __init__(self) -> None:
        self._seen: deque[_Seen] = deque(maxlen=_KEPT)
        self._minutes: dict[int, tuple[Counter[Outcome], list[int]]] = {}
        self._turned_away: dict[tuple[object, ...], TurnedAway] = {}

    def turn_away(self, one: TurnedAway) -> None:
        """The newest of each kind is kept, and few kinds, because anybody may knock."""
        kind = (one.client, one.address, one.code)
        self._turned_away.pop(kind, None)
        self._turned_away[kind] = one
        if len(self._turned_away) > _KINDS:
            del self._turned_away[next(iter(self._turned_away))]

    def turned_away(self) -> list[TurnedAway]:
        """The newest first."""
        return list(reversed(self._turned_away.values()))

    def add(self, receipt: Receipt) -> None:
        """In the order of closing, more or less."""
        usage = receipt.usage
        tokens = usage.input_tokens + usage.output_tokens if usage else 0
        at, how = receipt.closed_at_ms / 1000, outcome(receipt)
        self._seen.append(_Seen(at, how, tokens, receipt.first_event_ms))
        counts, sums = self._minutes.setdefault(int(at // 60) * 60, (Counter(), [0]))
        counts[how] += 1
        sums[0] += tokens
        if len(self._minutes) > MINUTES:
            del self._minutes[min(self._minutes)]

    def now(self, now: float) -> Now:
        recent = [seen for seen in self._seen if 0 <= now - seen.at < _LATENCY_S]
        last = [seen for seen in recent if now - seen.at < _RATE_S]
        failed = sum(seen.outcome in _FAILED for seen in recent)
        first = sorted(s.first_event_ms for s in recent if s.first_event_ms is not None)
        share = failed / len(recent) if recent else None
        return Now(
            requests_per_minute=len(last),
            tokens_per_minute=sum(seen.tokens for seen in last),
            first_event_p50_ms=_percentile(first, 0.5),
            first_event_p95_ms=_percentile(first, 0.95),
            error_rate=share,
            is_burst=failed >= _BURST_REQUESTS and (share or 0.0) >= _BURST_SHARE,
        )

    def minutes(self, now: float) -> list[Minute]:
        """The last sixty, idle ones included; the last one is not over."""
        last = int(now // 60) * 60
        starts = range(last - (MINUTES - 1) * 60, last + 60, 60)
        empty: tuple[Counter[Outcome], list[int]] = (Counter(), [0])
        found = ((at, *self._minutes.get(at, empty)) for at in starts)
        return [Minute(at, dict(counts), sums[0]) for at, counts, sums in found]


def _percentile(ordered: list[int], share: float) -> int | None:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else None


def filled(receipts: Iterable[Receipt]) -> Live:
    """From rows of before the start; oldest first."""
    live = Live()
    for receipt in receipts:
        live.add(receipt)
    return live
