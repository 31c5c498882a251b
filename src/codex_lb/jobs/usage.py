"""Ask upstream how much each account has left, one after the other.

A limited account is asked too: that is how an early reset is seen. Accounts take turns, evenly over
the interval, and each poll is a task of its own, so that one that hangs holds up nobody. What
could not be asked proves nothing of serving; only a closed account is reported to the pool.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import structlog

from codex_lb.core import errors, failover, usage_report
from codex_lb.core.errors import UNREACHABLE, Signal
from codex_lb.core.model import Account, AccountState
from codex_lb.core.outcome import Endpoint, Phase, outcome
from codex_lb.core.usage_report import UsageReport

_PATIENCE_S = 10.0  # a report is small; the next round asks again
_PAUSES_S = (0.5, 2.0)
_REFUSED_S = 300.0  # a login refused here is rarely accepted a minute later
_PASSING = frozenset({UNREACHABLE, 408, 429, *range(500, 600)})
_LOGIN_REFUSED = frozenset({401, 403})
_LOGIN_LOST = "login_lost"  # see `upstream/side_calls.py`

_log = structlog.get_logger(__name__)

Fetch = Callable[[Account], Awaitable[bytes | Signal]]


class Pool(Protocol):
    def accounts(self) -> list[Account]: ...
    def reported(self, account_id: str, report: UsageReport) -> None: ...
    def set_state(self, account_id: str, state: AccountState, reason: str | None) -> None: ...


@dataclass(slots=True)
class _Turn:
    """Where the polling of one account stands."""

    asked_seq: int = 0  # of its latest poll
    asked_at: float = 0.0  # what comes back was true then, and proves nothing of what came since
    not_before: float = 0.0
    is_under_way: bool = False
    is_wanted_again: bool = False
    trouble: str | None = None  # as last logged


class UsagePoller:
    """`run` polls until cancelled, and ends its polls with it."""

    def __init__(
        self,
        pool: Pool,
        fetch: Fetch,
        clock: Callable[[], float],
        *,
        interval_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._pool = pool
        self._fetch = fetch
        self._clock = clock
        self._interval_s = interval_s
        self._sleep = sleep
        self._patience_s = patience_s
        self._turns: defaultdict[str, _Turn] = defaultdict(_Turn)
        self._polls = 0
        self._group: asyncio.TaskGroup | None = None  # while `run` runs

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await self._take_turns()
            finally:
                self._group = None

    async def _take_turns(self) -> None:
        while True:
            now = self._clock()
            due = [a for a in self._active() if self._turns[a.id].not_before <= now]
            free = [account for account in due if not self._turns[account.id].is_under_way]
            if free:
                self._start(min(free, key=lambda account: self._turns[account.id].asked_seq))
            await self._sleep(self._interval_s / max(1, len(due)))

    def poll_soon(self, account_id: str) -> None:
        """At once, or once more after the poll under way: its login may be the old one."""
        turn = self._turns[account_id]
        turn.not_before = 0.0
        if turn.is_under_way:
            turn.is_wanted_again = True
            return
        for account in self._active():
            if account.id == account_id:
                self._start(account)

    async def poll(self, account_id: str) -> int:
        """At once; the pool knows the answer when this returns. Its status, 0 if there was none."""
        account = next((a for a in self._pool.accounts() if a.id == account_id), None)
        if account is None:
            return 0
        turn = self._turns[account_id]
        answer = await self._once(account, turn)
        self._take(account_id, turn, answer)
        return answer.status if isinstance(answer, Signal) else HTTPStatus.OK

    def _active(self) -> list[Account]:
        return [account for account in self._pool.accounts() if account.state == "active"]

    def _start(self, account: Account) -> None:
        if self._group is None:
            return
        turn = self._turns[account.id]
        self._polls += 1
        turn.asked_seq = self._polls
        turn.is_under_way, turn.is_wanted_again = True, False
        self._group.create_task(self._poll(account, turn))

    async def _poll(self, account: Account, turn: _Turn) -> None:
        try:
            self._take(account.id, turn, await self._answer(account, turn))
        except Exception:  # noqa: BLE001  one account's trouble must not end the polling of all
            _log.exception("usage poll failed", account=account.id)
        finally:
            turn.is_under_way = False
        if turn.is_wanted_again:
            self.poll_soon(account.id)

    async def _answer(self, account: Account, turn: _Turn) -> bytes | Signal:
        for pause_s in _PAUSES_S:
            answer = await self._once(account, turn)
            if not isinstance(answer, Signal) or not _may_pass(answer):
                return answer
            await self._sleep(pause_s)
        return await self._once(account, turn)

    async def _once(self, account: Account, turn: _Turn) -> bytes | Signal:
        turn.asked_at = self._clock()
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._fetch(account)
        except TimeoutError:
            return errors.fault("first_event_timeout", "Upstream did not answer in time.")

    def _take(self, account_id: str, turn: _Turn, answer: bytes | Signal) -> None:
        now = self._clock()
        if isinstance(answer, Signal):
            self._refused(account_id, turn, answer, now)
            return
        report = usage_report.read(answer, turn.asked_at)
        if report is None:
            _note(account_id, turn, "not a usage report")
            return
        _note(account_id, turn, None)
        self._pool.reported(account_id, report)

    def _refused(self, account_id: str, turn: _Turn, signal: Signal, now: float) -> None:
        _note(account_id, turn, failover.describe(signal))
        if signal.status in _LOGIN_REFUSED or signal.word == _LOGIN_LOST:
            turn.not_before = now + _REFUSED_S
        if outcome(Endpoint.SUPPORT, signal, Phase.RENEWED).state == "deactivated":
            self._pool.set_state(account_id, "deactivated", failover.describe(signal))


def _may_pass(signal: Signal) -> bool:
    return signal.status in _PASSING and signal.word != _LOGIN_LOST


def _note(account_id: str, turn: _Turn, trouble: str | None) -> None:
    """A line for each change: an upstream that is down for hours is said once."""
    if trouble == turn.trouble:
        return
    turn.trouble = trouble
    if trouble is None:
        _log.info("usage read again", account=account_id)
    else:
        _log.warning("usage not read", account=account_id, answer=trouble)
