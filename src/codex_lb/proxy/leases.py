"""A request's slot on an account, and the queue of those who wait for one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from codex_lb.core.model import Account, Skipped
from codex_lb.core.routing import Choice, Refusal

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
    only: tuple[str, ...] = ()  # the accounts that may serve it; empty: all
    home: str | None = None  # where a conversation stays that has no affinity yet


@dataclass(slots=True)
class Slot:
    """An account of the pool, and what only this process knows of it."""

    account: Account
    in_flight: int = 0
    unanswered: int = 0  # calls upstream without a word so far
    faults: int = 0  # in a row
    chosen_seq: int = 0
    is_spent: bool = False  # as last said in its timeline


@dataclass(frozen=True, slots=True)
class Lease:
    """One request's slot on one account."""

    account: Account
    choice: Choice
    kept: bool  # the conversation stays where it was
    slot: Slot = field(repr=False)  # gets the slot back, even if the account left meanwhile

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


class Try(Protocol):
    def __call__(self, wish: Wish, /, *, is_last_try: bool = False) -> Lease | Refusal: ...


class Queue:
    """In order of arrival. `next_end`: seconds until a block ends, which needs no release."""

    def __init__(
        self,
        try_: Try,
        release: Callable[[Lease], None],
        next_end: Callable[[], float | None],
    ) -> None:
        self._try = try_
        self._release = release
        self._next_end = next_end
        self._waiters: list[_Waiter] = []
        self._alarm: asyncio.TimerHandle | None = None  # while anybody waits

    def __len__(self) -> int:
        return len(self._waiters)

    async def wait(self, wish: Wish, wait_s: float) -> Lease:
        """Raises `NoAccountError`."""
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

    def hand_over(self) -> None:
        """Something came free, or changed."""
        if not self._waiters:
            return
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
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        coming = self._next_end() if self._waiters else None
        if coming is not None:
            self._alarm = asyncio.get_running_loop().call_later(coming, self.hand_over)


def _granted(waiter: _Waiter) -> bool:
    """Whether a lease has been handed over; a refusal raises where it is awaited."""
    future = waiter.granted
    return future.done() and not future.cancelled() and future.exception() is None
