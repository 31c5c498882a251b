"""The live state of the pool: who is busy, who rests, what is left of whose quota.

`core/routing.py` decides; this builds its candidates, acts on the answer and hands out leases.
All of it can be rebuilt from the store, and every method but `lease` is synchronous, so nothing
can happen between a decision and its effect.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from codex_lb.core import evidence, obstacles, routing
from codex_lb.core.model import (
    Account,
    AccountEvent,
    AccountEventKind,
    AccountState,
    Block,
    Credential,
    Credits,
    QuotaWindow,
    Skipped,
)
from codex_lb.core.obstacles import Candidate
from codex_lb.core.policies import Counters
from codex_lb.core.routing import Choice, Need, Refusal
from codex_lb.core.routing_settings import DEFAULT, RoutingSettings
from codex_lb.core.usage_report import UsageReport
from codex_lb.proxy.affinities import Affinities
from codex_lb.store.records import Affinity

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
    is_spent: bool = False  # as last said in its timeline


@dataclass(frozen=True, slots=True)
class Lease:
    """One request's slot on one account."""

    account: Account
    choice: Choice
    kept: bool  # the conversation stays where it was
    slot: _Live = field(repr=False)  # gets the slot back, even if the account left meanwhile

    @property
    def reason(self) -> str:
        return self.choice.reason

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return self.choice.skipped


@dataclass(slots=True)
class _Waiter:
    wish: Wish
    granted: "asyncio.Future[Lease]"


class OnChange(Protocol):
    def __call__(self, account: Account, /, *, urgent: bool) -> None: ...


def _unknown(_plan: str, _model: str) -> bool | None:
    return None


class Pool:
    """`on_change` is told of every change of an account's row; proofs are urgent.

    `on_event` is told what belongs in an account's timeline. `serves` says whether a plan offers a
    model, or None: not known, so it is tried.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        limit: int,
        settings: RoutingSettings = DEFAULT,
        serves: Callable[[str, str], bool | None] = _unknown,
        on_change: OnChange | None = None,
        on_event: Callable[[AccountEvent], None] | None = None,
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._settings = settings
        self._serves = serves
        self._on_change = on_change
        self._on_event = on_event
        self._live: dict[str, _Live] = {}
        self._affinities = Affinities()
        self._counters: Counters = {}
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
            live.is_spent = obstacles.spent(account, self._clock()) is not None
            self._live[account.id] = live
        self._counters = {name: due for name, due in self._counters.items() if name in self._live}
        self._hand_over()

    def use(self, settings: RoutingSettings) -> None:
        self._settings = settings
        self._hand_over()

    def load_affinities(self, stored: Iterable[Affinity]) -> None:
        self._affinities.load(stored)

    def changed_affinities(self) -> list[Affinity]:
        """For the store: what has changed since the last call."""
        return self._affinities.changed()

    def accounts(self) -> list[Account]:
        return [live.account for live in self._live.values()]

    def plans(self) -> dict[str, str]:
        return {name: live.account.identity.plan for name, live in self._live.items()}

    def streams(self) -> dict[str, int]:
        """Requests in flight by account id."""
        return {name: live.in_flight for name, live in self._live.items()}

    @property
    def in_flight(self) -> int:
        return sum(live.in_flight for live in self._live.values())

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    def owner(self, response_id: str) -> str | None:
        return self._affinities.owner(response_id)

    def choose(self, wish: Wish, *, is_last_try: bool = False) -> Choice | Refusal:
        now = self._clock()
        need = Need(
            wish.model,
            self._unserved(wish.model),
            self._affinities.home(wish.affinity, now),
            wish.bound,
            wish.exclude,
            is_last_try,
        )
        candidates = [self._candidate(live) for live in self._live.values()]
        return routing.choose(
            candidates, need, now=now, settings=self._settings, counters=self._counters
        )

    def _unserved(self, model: str | None) -> Collection[str]:
        """The plans of the pool that are known not to offer `model`."""
        if model is None:
            return ()
        plans = {live.account.identity.plan for live in self._live.values()}
        return [plan for plan in plans if self._serves(plan, model) is False]

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

    def _try(self, wish: Wish, *, is_last_try: bool = False) -> Lease | Refusal:
        choice = self.choose(wish, is_last_try=is_last_try)
        if isinstance(choice, Refusal):
            return choice
        live = self._live[choice.account_id]
        self._counters = choice.counters
        self._choices += 1
        live.chosen_seq = self._choices
        live.in_flight += 1
        home = self._affinities.home(wish.affinity, self._clock())
        return Lease(live.account, choice, choice.account_id in (wish.bound, home), live)

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
            lease = self._try(wish, is_last_try=True)
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
            self._put(live, evidence.after_success(live.account, since=since))
        if affinity_key:
            self._keep_conversation(affinity_key, account_id)
        if response_id:
            self._affinities.own(response_id, account_id)

    def _keep_conversation(self, key: str, account_id: str) -> None:
        """A short diversion does not move a conversation: its warm cache waits where it was."""
        now = self._clock()
        home = self._live.get(self._affinities.home(key, now) or "")
        if home is not None and obstacles.is_passing(self._candidate(home), now=now):
            account_id = home.account.id
        self._affinities.keep(key, account_id, now)

    def block(self, account_id: str, block: Block) -> None:
        """One block of a kind at a time, or of a kind and a model."""
        live = self._live.get(account_id)
        if live is None:
            return
        if block.kind == "fault":
            live.faults += 1
        self._put(live, evidence.after_failure(live.account, block, self._clock()))

    def faults(self, account_id: str) -> int:
        live = self._live.get(account_id)
        return live.faults if live else 0

    def measured(
        self, account_id: str, windows: Collection[QuotaWindow], credits_: Credits | None = None
    ) -> None:
        """What a reply says of quota beside what it is about; windows it lacks stay as they were."""
        live = self._live.get(account_id)
        if live is None or not (windows or credits_):
            return
        now = self._clock()
        self._put(live, evidence.after_reading(live.account, windows, credits_, now))

    def reported(self, account_id: str, report: UsageReport) -> None:
        live = self._live.get(account_id)
        if live is not None:
            self._put(live, evidence.after_report(live.account, report, self._clock()))

    def windows(self, account_id: str) -> tuple[QuotaWindow, ...]:
        live = self._live.get(account_id)
        return live.account.windows if live else ()

    def set_state(self, account_id: str, state: AccountState, reason: str | None) -> None:
        """What an attempt has proven of the account; the operator's own changes come by `load`."""
        live = self._live.get(account_id)
        if live is None or live.account.state != "active":
            return
        self._put(live, replace(live.account, state=state, state_reason=reason))

    def signed_in(self, account_id: str, credential: Credential) -> None:
        """A newer credential is stored and in use."""
        live = self._live.get(account_id)
        if live is not None:
            live.account = replace(
                live.account,
                refreshed_at=credential.refreshed_at,
                access_expires_at=credential.expires_at,
            )

    def explain_pause(self, account_id: str, reason: str | None) -> None:
        """What the operator should know before reactivating it; the store has it already."""
        live = self._live.get(account_id)
        if live is not None and live.account.state == "paused":
            live.account = replace(live.account, state_reason=reason)

    def _put(self, live: _Live, new: Account) -> None:
        """The account as it is from now on; whoever must know is told."""
        old, live.account = live.account, new
        if new == old:
            return
        if self._on_change is not None:
            self._on_change(new, urgent=(new.blocks, new.state) != (old.blocks, old.state))
        if new.state != old.state and new.state in ("reauth_required", "deactivated"):
            self._note(live, new.state, new.state_reason)
        if new.identity.plan != old.identity.plan:
            self._note(live, "plan_changed", f"from {old.identity.plan} to {new.identity.plan}")
        self._note_limit(live, self._clock())

    def _note_limit(self, live: _Live, now: float) -> None:
        found = obstacles.spent(live.account, now)
        if (found is not None) == live.is_spent:
            return
        live.is_spent = found is not None
        if found is not None:
            self._note(live, "limited", f"{found}: {evidence.cause(live.account, now)}")
        else:
            self._note(live, "recovered", "there is quota again")
            if self._waiters:
                self._hand_over()

    def _note(self, live: _Live, kind: AccountEventKind, detail: str | None) -> None:
        if self._on_event is not None:
            event = AccountEvent(live.account.id, self._clock(), kind, "upstream", detail)
            self._on_event(event)

    def _candidate(self, live: _Live) -> Candidate:
        return Candidate(live.account, live.in_flight, self._limit, live.chosen_seq)


def _granted(waiter: _Waiter) -> bool:
    """Whether a lease has been handed over; a refusal raises where it is awaited."""
    future = waiter.granted
    return future.done() and not future.cancelled() and future.exception() is None
