"""The live state of the pool: who is busy, who rests, what is left of whose quota.

`core/routing.py` decides; this builds its candidates, acts on the answer and hands out leases.
All of it can be rebuilt from the store, and every method but `lease` is synchronous, so nothing
can happen between a decision and its effect.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
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
)
from codex_lb.core.obstacles import Candidate
from codex_lb.core.policies import Counters
from codex_lb.core.routing import Choice, Need, Refusal
from codex_lb.core.routing_settings import DEFAULT, RoutingSettings
from codex_lb.core.usage_report import UsageReport
from codex_lb.proxy.affinities import Affinities
from codex_lb.proxy.leases import Lease, NoAccountError, Queue, Slot, Wish
from codex_lb.store.records import Affinity


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
        self._live: dict[str, Slot] = {}
        self._affinities = Affinities()
        self._counters: Counters = {}
        self._queue = Queue(self._try, self._release, self._next_end)
        self._choices = 0
        self.proofs = 0  # how often something was proven of an account, or accounts changed

    # -- what is known --------------------------------------------------------------------------

    def load(self, accounts: Iterable[Account]) -> None:
        """Take the store's accounts as the truth; what runs on an account goes on."""
        old = self._live
        self._live = {}
        self.proofs += 1
        for account in accounts:
            live = old.get(account.id) or Slot(account)
            live.account = account
            live.is_spent = obstacles.spent(account, self._clock()) is not None
            self._live[account.id] = live
        self._counters = {name: due for name, due in self._counters.items() if name in self._live}
        self._queue.hand_over()

    def use(self, settings: RoutingSettings, limit: int) -> None:
        """What the operator has set; `limit` is how many requests one account serves at a time."""
        self._settings = settings
        self._limit = limit
        self._affinities.ttl_s = settings.affinity_s
        self._queue.hand_over()

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
    def unanswered(self) -> int:
        """Calls upstream that wait for a first word."""
        return sum(live.unanswered for live in self._live.values())

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def owner(self, stored_id: str) -> str | None:
        """The account that has this response or file, as far as this process has seen."""
        return self._affinities.owner(stored_id)

    def own(self, stored_id: str, account_id: str) -> None:
        self._affinities.own(stored_id, account_id)

    def choose(self, wish: Wish, *, is_last_try: bool = False) -> Choice | Refusal:
        now = self._clock()
        need = Need(
            wish.model,
            self._unserved(wish.model),
            self._home(wish, now),
            wish.bound,
            wish.exclude,
            is_last_try,
        )
        candidates = [
            self._candidate(live)
            for name, live in self._live.items()
            if not wish.only or name in wish.only
        ]
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
            lease = await self._queue.wait(wish, wait_s)
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
        home = self._home(wish, self._clock())
        return Lease(live.account, choice, choice.account_id in (wish.bound, home), live)

    def _home(self, wish: Wish, now: float) -> str | None:
        return self._affinities.home(wish.affinity, now) or wish.home

    def _release(self, lease: Lease) -> None:
        lease.slot.in_flight -= 1
        self._queue.hand_over()

    def _next_end(self) -> float | None:
        """When the next block ends: that frees an account without a release."""
        now = self._clock()
        ends = [b.until for live in self._live.values() for b in live.account.blocks]
        return min((end - now for end in ends if end > now), default=None)

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

    def _put(self, live: Slot, new: Account) -> None:
        """The account as it is from now on; whoever must know is told."""
        old, live.account = live.account, new
        if new == old:
            return
        urgent = (new.blocks, new.state) != (old.blocks, old.state)
        self.proofs += urgent
        if self._on_change is not None:
            self._on_change(new, urgent=urgent)
        if new.state != old.state and new.state in ("reauth_required", "deactivated"):
            self._note(live, new.state, new.state_reason)
        if new.identity.plan != old.identity.plan:
            self._note(live, "plan_changed", f"from {old.identity.plan} to {new.identity.plan}")
        self._note_limit(live, self._clock())

    def _note_limit(self, live: Slot, now: float) -> None:
        found = obstacles.spent(live.account, now)
        if (found is not None) == live.is_spent:
            return
        live.is_spent = found is not None
        if found is not None:
            self._note(live, "limited", f"{found}: {evidence.cause(live.account, now)}")
        else:
            self._note(live, "recovered", "there is quota again")
            self._queue.hand_over()

    def _note(self, live: Slot, kind: AccountEventKind, detail: str | None) -> None:
        if self._on_event is not None:
            event = AccountEvent(live.account.id, self._clock(), kind, "upstream", detail)
            self._on_event(event)

    def _candidate(self, live: Slot) -> Candidate:
        return Candidate(
            live.account, live.in_flight, self._limit, live.chosen_seq, live.unanswered
        )
