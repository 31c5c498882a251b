"""Renew credentials ahead of need, those of idle and paused accounts too.

A few in each round, the longest due first. Replicas may all run this: claims keep them apart. What
follows from a login that is lost, the observer of `Credentials` decides.
"""

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from codex_lb.core.model import Account, Credential
from codex_lb.core.renewal import RENEWED_STATES, due_at, retry_s
from codex_lb.upstream.credentials import Credentials, LoginLostError

AT_ONCE = 3  # and no more in a round, because bursts of renewals have cost logins
_ROUND_S = 60.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Counts for the credential that it befell, and for no newer one."""

    credential: Credential
    in_a_row: int
    retry_at: float  # infinite: it was refused for good


class AheadOfNeed:
    """`interval_s` is the age that no credential is to reach."""

    def __init__(
        self,
        accounts: Callable[[], Iterable[Account]],
        credentials: Credentials,
        clock: Callable[[], float],
        *,
        interval_s: float,
    ) -> None:
        self._accounts = accounts
        self._credentials = credentials
        self._clock = clock
        self._interval_s = interval_s
        self._failures: dict[str, _Failure] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.round()
            except Exception:  # noqa: BLE001  the database may be back by the next one
                _log.exception("no credential renewed")
            await asyncio.sleep(_ROUND_S)

    async def round(self) -> None:
        """Renew those that are due, `AT_ONCE` at most."""
        now = self._clock()
        due: list[tuple[float, str, Credential]] = []
        for account in self._accounts():
            if account.state in RENEWED_STATES:
                credential = await self._credentials.current(account.id)
                if credential is not None and (at := self._due_at(account.id, credential)) <= now:
                    due.append((at, account.id, credential))
        async with asyncio.TaskGroup() as group:
            for _, account_id, credential in sorted(due)[:AT_ONCE]:
                group.create_task(self._renew(account_id, credential))

    def _due_at(self, account_id: str, credential: Credential) -> float:
        failure = self._failure(account_id, credential)
        if failure is not None:
            return failure.retry_at
        return due_at(account_id, credential, interval_s=self._interval_s)

    async def _renew(self, account_id: str, credential: Credential) -> None:
        try:
            await self._credentials.renew_ahead(account_id, credential)
        except LoginLostError as error:
            before = self._failure(account_id, credential)
            in_a_row = before.in_a_row + 1 if before else 1
            is_final = error.verdict.state is not None
            retry_at = math.inf if is_final else self._clock() + retry_s(in_a_row)
            self._failures[account_id] = _Failure(credential, in_a_row, retry_at)
            _log.warning("credential not renewed", account=account_id, reason=str(error))

    def _failure(self, account_id: str, credential: Credential) -> _Failure | None:
        """The last one, if it was with this credential."""
        failure = self._failures.get(account_id)
        return failure if failure is not None and failure.credential == credential else None
