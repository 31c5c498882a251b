"""Say when the pool's quota runs out at the present pace, and what of it expires unused.

The accounts' windows are drained slot by slot by what `core/demand.py` expects, each whole again
at its reset. An account that another window or upstream's word bars is left out until then. The
first moment when nothing is left anywhere is the run-out; what a window has left at its next reset
expires. It looks one window's length ahead: by then all that is known now has been reset.

How good it is: `docs/forecast.md`. Who asks: the dashboard.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from codex_lb.core import demand, quota, summary
from codex_lb.core.demand import SLOT_S, Basis, Demand, Hidden, Slots
from codex_lb.core.model import Account, QuotaSample

Kind = Literal["short", "weekly", "monthly"]
KINDS: tuple[Kind, ...] = ("short", "weekly", "monthly")
_BASES: dict[Kind, Basis] = {
    "short": Basis(recent_s=7_200, least_s=10_800),
    "weekly": Basis(recent_s=86_400, least_s=604_800),
    "monthly": Basis(recent_s=604_800, least_s=604_800),
}
_PROVEN = ("usage_limit", "quota")

History = Mapping[tuple[str, int], Sequence[QuotaSample]]  # by account id and window's minutes


@dataclass(frozen=True, slots=True)
class Outlook:
    pace_per_hour: float  # credits, over the last hours
    runs_out_at: float | None  # None: not within one window's length from now
    expires_unused: float  # credits, at the next resets


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of one kind of window: an account's, or those of the whole pool. Amounts in credits."""

    kind: Kind
    account_id: str | None  # None: the pool
    capacity: float
    remaining: float
    outlook: Outlook | Hidden


@dataclass(slots=True)
class _Tank:
    """One account's window while it is drained."""

    account_id: str
    capacity: float
    left: float
    length_s: float
    resets_at: float | None  # None: not begun
    barred_until: float
    spent: Slots
    expired: float | None = None  # None: no reset yet


def forecasts(
    accounts: Iterable[Account], samples: Iterable[QuotaSample], now: float
) -> list[Forecast]:
    """For each kind of window that an active account has: the pool's, then each account's.

    Samples in order of time within each window; four weeks of them are used.
    """
    history: dict[tuple[str, int], list[QuotaSample]] = defaultdict(list)
    for sample in samples:
        history[sample.account_id, sample.minutes].append(sample)
    active = [account for account in accounts if account.state == "active"]
    found: list[Forecast] = []
    for kind in KINDS:
        tanks = [tank for account in active if (tank := _tank(account, kind, history, now))]
        found += _of_kind(kind, tanks, now) if tanks else ()
    return found


def _of_kind(kind: Kind, tanks: Sequence[_Tank], now: float) -> Iterator[Forecast]:
    whole = demand.added([(tank.capacity, tank.spent) for tank in tanks])
    expected = demand.demand(whole, now, _BASES[kind])
    yield _forecast(kind, None, tanks, expected, now)
    left = sum(tank.left for tank in tanks)
    for tank in tanks:
        own = expected
        if isinstance(own, Demand):
            routed = tank.left / left if left else 0.0
            own = replace(own, share=demand.share(tank.spent, whole, routed))
        yield _forecast(kind, tank.account_id, [tank], own, now)


def _tank(account: Account, kind: Kind, history: History, now: float) -> _Tank | None:
    """None if the account has no such window, or its plan's capacity is not known."""
    window: summary.WindowSummary = getattr(summary.windows(account, now), kind)
    if not window.capacity or window.minutes is None or window.remaining is None:
        return None
    spent = {
        known.minutes: demand.spent(history.get((account.id, known.minutes), ()), now)
        for known in account.windows
    }
    others = [other for other in account.windows if other.minutes != window.minutes]
    blocks = [block.until for block in account.blocks if block.kind in _PROVEN]
    return _Tank(
        account_id=account.id,
        capacity=window.capacity,
        left=window.remaining,
        length_s=window.minutes * 60,
        resets_at=window.resets_at,
        barred_until=max(quota.spent_until(others, now) or now, *blocks, now),
        spent=demand.in_credits(spent[window.minutes], window.capacity, spent.values()),
    )


def _forecast(
    kind: Kind,
    account_id: str | None,
    tanks: Sequence[_Tank],
    expected: Demand | Hidden,
    now: float,
) -> Forecast:
    return Forecast(
        kind,
        account_id,
        capacity=sum(tank.capacity for tank in tanks),
        remaining=sum(tank.left for tank in tanks),
        outlook=expected if isinstance(expected, Hidden) else _outlook(tanks, expected, now),
    )


def _outlook(known: Sequence[_Tank], expected: Demand, now: float) -> Outlook:
    tanks = [replace(tank) for tank in known]  # the pool's forecast and the account's drain it
    time, runs_out_at = now, None
    while time < now + tanks[0].length_s:
        _refill(tanks, time)
        serving = [tank for tank in tanks if tank.barred_until <= time]
        wanted = expected.at(time + SLOT_S / 2) * SLOT_S
        missing = _drain(serving, wanted, time)
        if runs_out_at is None and not any(tank.left for tank in serving):
            runs_out_at = time + SLOT_S * (1 - missing / wanted if wanted else 0)
        time += SLOT_S
    _refill(tanks, time)
    begun = [tank for tank, was in zip(tanks, known, strict=True) if was.resets_at is not None]
    expires_unused = sum(tank.expired or 0.0 for tank in begun)
    return Outlook(expected.pace * expected.share * 3_600, runs_out_at, expires_unused)


def _refill(tanks: Sequence[_Tank], time: float) -> None:
    for tank in tanks:
        if tank.resets_at is not None and tank.resets_at <= time:
            tank.expired = tank.left if tank.expired is None else tank.expired
            tank.left, tank.resets_at = tank.capacity, None


def _drain(tanks: Sequence[_Tank], wanted: float, time: float) -> float:
    """Each gives by what it has left, as routing would have it. Answers what none could give."""
    total = sum(tank.left for tank in tanks)
    rate = min(1.0, wanted / total) if total else 0.0
    for tank in tanks:
        tank.left *= 1 - rate
        tank.resets_at = tank.resets_at or time + tank.length_s
    return max(0.0, wanted - total)
