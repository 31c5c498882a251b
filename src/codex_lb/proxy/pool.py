"""The live state of the pool: who is busy, who rests, who keeps which conversation.

`core/routing.py` decides; this builds its candidates, acts on the answer and hands out leases.
All of it can be rebuilt from the store, and every method but `lease` is synchronous, so nothing
can happen between a decision and its effect.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from codex_lb.core import affinity, quota, routing
from codex_lb.core.model import Account, AccountState, Block, QuotaWindow
from codex_lb.core.routing import Candidate, Choice, Refusal

_MAX_AFFINITIES = 50_000
_MAX_OWNERS = 50_000
# Of the waiting requests, how many may be looked at when a slot comes free: those that cannot
# use it (bound elsewhere) must not hide those behind them, nor make each release slow.
_MAX_LOOKS = 16


class NoAccountError(Exception):
    """No account can serve; `refusal` says why, account by account."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.kind)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of the pool."""

    model: str | None = None
    affinity: str | None = None
    bound: str | None = None  # the only account that can serve, if it still exists
    exclude: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Live:
    """What the process knows of one account beyond its row."""

    account: Account
    in_flight: int = 0
    faults: int = 0  # in a row
    chosen_seq: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """One request's slot on one account."""

    account: Account
    reason: str
    kept: bool  # the conversation stays where it was
    slot: _Live = field(repr=False)  # gets the slot back, even if the account left meanwhile


@dataclass(slots=True)
class _Waiter:
    wish: Wish
    granted: "asyncio.Future[Lease]"


class OnChange(Protocol):
    def __call__(self, account: Account, /, *, urgent: bool) -> None: ...


class Pool:
    """`on_change` is told of every change of windows, blocks or state; proofs are urgent."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        limit: int,
        on_change: OnChange | None = None,
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._on_change = on_change
        self._live: dict[str, _Live] = {}
        self._affinities: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._owners: OrderedDict[str, str] = OrderedDict()  # response id → account
        self._waiters: list[_Waiter] = []
        self._alarm: asyncio.TimerHandle | None = None  # when the next block ends, if any waits
        self._choices = 0

    # -- what is known --------------------------------------------------------------------------

    def load(self, accounts: Iterable[Account]) -> None:
        """Take the store's accounts as the truth; what runs on an account goes on."""
        old = self._live
        self._live = {}
        for account in accounts:
            live = old.get(account.id) or _Live(account)
            live.account = account
            self._live[account.id] = live
        self._hand_over()

    def accounts(self) -> list[Account]:
        return [live.account for live in self._live.values()]

    def plans(self) -> dict[str, str]:
        return {name: live.account.identity.plan for name, live in self._live.items()}

    @property
    def in_flight(self) -> int:
        return sum(live.in_flight for live in self._live.values())

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    def owner(self, response_id: str) -> str | None:
        return self._owners.get(response_id)

    def choose(self, wish: Wish) -> Choice | Refusal:
        now = self._clock()
        return routing.choose(
            [self._candidate(live) for live in self._live.values()],
            now=now,
            model=wish.model,
            preferred=self._preferred(wish.affinity, now),
            bound=wish.bound,
            exclude=wish.exclude,
        )

    # -- leases ---------------------------------------------------------------------------------

    @asynccontextmanager
    async def lease(self, wish: Wish, *, wait_s: float) -> AsyncIterator[Lease]:
        """A slot, waited for in order of arrival. Raises `NoAccountError`."""
        lease = self._try(wish)
        if isinstance(lease, Refusal):
            if lease.kind != "busy":
                raise NoAccountError(lease)
            lease = await self._wait(wish, wait_s)
        try:
            yield lease
        finally:
            self._release(lease)

    def _try(self, wish: Wish) -> Lease | Refusal:
        choice = self.choose(wish)
        if isinstance(choice, Refusal):
            return choice
        live = self._live[choice.account_id]
        self._choices += 1
        live.chosen_seq = self._choices
        live.in_flight += 1
        kept = choice.reason in ("affinity", "bound")
        return Lease(live.account, choice.reason, kept, live)

    async def _wait(self, wish: Wish, wait_s: float) -> Lease:
        waiter = _Waiter(wish, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._set_alarm()
        try:
            async with asyncio.timeout(wait_s):
                return await waiter.granted
        except TimeoutError:
            if _granted(waiter):  # in the very moment the time was up
                return waiter.granted.result()
            lease = self._try(wish)
            if isinstance(lease, Lease):
                return lease
            raise NoAccountError(lease) from None
        except asyncio.CancelledError:
            if _granted(waiter):
                self._release(waiter.granted.result())
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _release(self, lease: Lease) -> None:
        lease.slot.in_flight -= 1
        if self._waiters:
            self._hand_over()

    def _hand_over(self) -> None:
        for waiter in self._waiters[:_MAX_LOOKS]:
            if waiter.granted.done():
                continue
            lease = self._try(waiter.wish)
            if isinstance(lease, Lease):
                waiter.granted.set_result(lease)
                self._waiters.remove(waiter)
            elif lease.kind != "busy":
                waiter.granted.set_exception(NoAccountError(lease))
                self._waiters.remove(waiter)
        self._set_alarm()

    def _set_alarm(self) -> None:
        """A block that ends frees an account without a release, so the queue is looked at then."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        now = self._clock()
        ends = [b.until for live in self._live.values() for b in live.account.blocks]
        coming = min((end for end in ends if end > now), default=None)
        if self._waiters and coming is not None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(coming - now, self._hand_over)

    # -- evidence -------------------------------------------------------------------------------

    def served(
        self,
        account_id: str,
        *,
        since: float,
        affinity_key: str | None = None,
        response_id: str | None = None,
    ) -> None:
        """A success of an attempt begun at `since`: it disproves every older block."""
        live = self._live.get(account_id)
        if live is None:
            return
        live.faults = 0
        if live.account.blocks:
            blocks = live.account.blocks
            self._put_blocks(live, [b for b in blocks if b.kind == "model" or b.since > since])
        if affinity_key:
            self._keep_conversation(affinity_key, account_id)
        if response_id:
            self._owners[response_id] = account_id
            if len(self._owners) > _MAX_OWNERS:
                self._owners.popitem(last=False)

    def _keep_conversation(self, key: str, account_id: str) -> None:
        """A short diversion does not move a conversation: its warm cache waits where it was."""
        now = self._clock()
        home = self._preferred(key, now)
        if home in self._live and routing.is_passing(self._candidate(self._live[home]), now=now):
            account_id = home
        self._affinities[key] = (account_id, now)
        self._affinities.move_to_end(key)
        if len(self._affinities) > _MAX_AFFINITIES:
            self._affinities.popitem(last=False)

    def block(self, account_id: str, block: Block) -> None:
        """One block of a kind at a time, or of a kind and a model."""
        live = self._live.get(account_id)
        if live is None:
            return
        if block.kind == "fault":
            live.faults += 1
        others = [b for b in live.account.blocks if (b.kind, b.model) != (block.kind, block.model)]
        self._put_blocks(live, [*others, block])

    def faults(self, account_id: str) -> int:
        live = self._live.get(account_id)
        return live.faults if live else 0

    def measured(self, account_id: str, windows: Collection[QuotaWindow]) -> None:
        live = self._live.get(account_id)
        if live is None or not windows:
            return
        merged = quota.merge(live.account.windows, list(windows))
        live.account = replace(live.account, windows=merged)
        self._tell(live, urgent=False)

    def windows(self, account_id: str) -> tuple[QuotaWindow, ...]:
        live = self._live.get(account_id)
        return live.account.windows if live else ()

    def set_state(self, account_id: str, state: AccountState, reason: str | None) -> None:
        """What an attempt has proven of the account; the operator's own changes come by `load`."""
        live = self._live.get(account_id)
        if live is None or live.account.state != "active":
            return
        live.account = replace(live.account, state=state, state_reason=reason)
        self._tell(live, urgent=True)

    def _put_blocks(self, live: _Live, blocks: list[Block]) -> None:
        now = self._clock()
        kept = tuple(block for block in blocks if block.until > now)
        if kept != live.account.blocks:
            live.account = replace(live.account, blocks=kept)
            self._tell(live, urgent=True)

    def _tell(self, live: _Live, *, urgent: bool) -> None:
        if self._on_change is not None:
            self._on_change(live.account, urgent=urgent)

    def _candidate(self, live: _Live) -> Candidate:
        account = live.account
        return Candidate(
            account_id=account.id,
            state=account.state,
            state_reason=account.state_reason,
            plan=account.identity.plan,
            windows=account.windows,
            blocks=account.blocks,
            in_flight=live.in_flight,
            limit=self._limit,
            chosen_seq=live.chosen_seq,
        )

    def _preferred(self, key: str | None, now: float) -> str | None:
        found = self._affinities.get(key) if key else None
        return found[0] if found and found[1] + affinity.TTL_S > now else None


def _granted(waiter: _Waiter) -> bool:
    """Whether a lease has been handed over; a refusal raises where it is awaited."""
    future = waiter.granted
    return future.done() and not future.cancelled() and future.exception() is None
