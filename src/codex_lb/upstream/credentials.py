"""Keep every account's credential usable: one renewal at a time, stored before it is used.

A renewal once begun is never abandoned with the request that wanted it (the old refresh token is
spent by then), so it runs as a task of the program's own group and callers wait for it shielded.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from codex_lb.core import errors
from codex_lb.core.errors import Signal
from codex_lb.core.failover import Verdict, judge
from codex_lb.core.model import Credential
from codex_lb.core.outcome import Endpoint, Phase
from codex_lb.upstream import oauth
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.oauth import Refused

EXPIRY_MARGIN_S = 60.0  # a token this near its end may be refused before the request arrives
_STORE_RETRIES_S = (0.2, 1.0, 5.0, 15.0)
_WAIT_S = 4.0  # for the login host; another account serves sooner
# Then the answer is lost. A renewal without an end would lose the account, and hold up the exit.
_GIVE_UP_S = 15.0


_LATE = errors.fault("login_timeout", "The login host did not answer in time.")


_log = structlog.get_logger(__name__)


class LoginLostError(Exception):
    """No usable credential; `verdict` says what becomes of the account."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason or "the credential could not be renewed")
        self.verdict = verdict


class CredentialStore(Protocol):
    async def credential(self, account_id: str) -> Credential | None: ...
    async def replace_credential(
        self, account_id: str, *, expected_refresh_token: str, credential: Credential
    ) -> bool: ...


Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
Refresh = Callable[[Credential], Awaitable[Credential | Refused]]


@dataclass(slots=True)
class _Renewal:
    """A renewal under way; `result` is set before `task` ends."""

    stale: Credential
    task: "asyncio.Task[None]"
    result: Credential | Verdict | None = None


class Credentials:
    """The credentials in use. `spawn` starts a task in the program's group."""

    def __init__(
        self,
        store: CredentialStore,
        refresh: Refresh,
        spawn: Spawn,
        clock: Callable[[], float],
        *,
        wait_s: float = _WAIT_S,
        give_up_s: float = _GIVE_UP_S,
    ) -> None:
        self._store = store
        self._refresh = refresh
        self._spawn = spawn
        self._clock = clock
        self._wait_s = wait_s
        self._give_up_s = give_up_s
        self._closing = asyncio.Event()
        self._known: dict[str, Credential] = {}
        self._renewals: dict[str, _Renewal] = {}

    async def load(self, account_ids: Iterable[str]) -> None:
        """Read them all now, so that serving does not need the database later."""
        for account_id in account_ids:
            credential = await self._store.credential(account_id)
            if credential is not None:
                self._known[account_id] = credential

    def close(self) -> None:
        """The process ends: what waits for the database gets its last try now."""
        self._closing.set()

    def forget(self, account_id: str) -> None:
        """The stored credential has changed or gone."""
        self._known.pop(account_id, None)

    async def fresh(self, account_id: str) -> Credential:
        """A credential that is not about to expire. Raises `LoginLostError`."""
        credential = self._known.get(account_id)
        if credential is None:
            credential = await self._store.credential(account_id)
            if credential is None:
                raise LoginLostError(Verdict("next", reason="the account has no credential"))
            self._known[account_id] = credential
        expires_at = credential.expires_at
        if expires_at is not None and expires_at - EXPIRY_MARGIN_S <= self._clock():
            return await self.renew(account_id, credential)
        return credential

    async def renew(self, account_id: str, stale: Credential) -> Credential:
        """A credential newer than `stale`, renewed at most once for all who ask for it.

        Raises `LoginLostError` when the login host refuses or cannot be reached.
        """
        known = self._known.get(account_id)
        if known is not None and known.refresh_token != stale.refresh_token:
            return known  # somebody renewed it meanwhile
        renewal = self._renewals.get(account_id)
        if renewal is None:
            coroutine = self._run(account_id, stale)
            renewal = _Renewal(stale, self._spawn(coroutine))
            self._renewals[account_id] = renewal
        try:
            async with asyncio.timeout(self._wait_s):
                await asyncio.shield(renewal.task)
        except TimeoutError:
            raise LoginLostError(self._verdict(_LATE)) from None
        if isinstance(renewal.result, Credential):
            return renewal.result
        raise LoginLostError(renewal.result or Verdict("next", reason="the renewal failed"))

    async def _run(self, account_id: str, stale: Credential) -> None:
        result: Credential | Verdict | None = None
        try:
            result = await self._exchange(account_id, stale)
        finally:
            renewal = self._renewals.pop(account_id)
            renewal.result = result

    async def _exchange(self, account_id: str, stale: Credential) -> Credential | Verdict:
        stored = await self._store.credential(account_id)
        if stored is not None and stored.refresh_token != stale.refresh_token:
            self._known[account_id] = stored  # another process was first
            return stored
        try:
            async with asyncio.timeout(self._give_up_s):
                answer = await self._refresh(stale)
        except TimeoutError:
            answer = Refused(_LATE)
        if isinstance(answer, Refused):
            stored = await self._store.credential(account_id)
            if stored is None or stored.refresh_token == stale.refresh_token:
                return self._verdict(answer.signal)
            self._known[account_id] = stored  # signed in anew while we asked
            return stored
        try:
            return await self._keep(account_id, stale, answer)
        except Exception:  # noqa: BLE001  whatever the database says, the old token is spent
            _log.exception("credential not stored; trying again", account=account_id)
            self._spawn(self._keep_later(account_id, stale, answer))
            self._known[account_id] = answer
            return answer

    async def _keep(
        self, account_id: str, stale: Credential, renewed: Credential
    ) -> Credential | Verdict:
        """Store before use. Whoever signed in anew while we asked is right."""
        kept = await self._store.replace_credential(
            account_id, expected_refresh_token=stale.refresh_token, credential=renewed
        )
        stored = renewed if kept else await self._store.credential(account_id)
        if stored is None:
            return Verdict("next", reason="the account was deleted")
        self._known[account_id] = stored
        return stored

    async def _keep_later(self, account_id: str, stale: Credential, renewed: Credential) -> None:
        """Until the database takes it, or the process ends: a lost token cannot be had again."""
        for pause_s in itertools.chain(_STORE_RETRIES_S, itertools.repeat(_STORE_RETRIES_S[-1])):
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._closing.wait()
            try:
                await self._keep(account_id, stale, renewed)
            except Exception:  # noqa: BLE001  as above
                _log.warning("credential still not stored", account=account_id)
            else:
                return
            if self._closing.is_set():
                _log.error("credential lost: the account must sign in again", account=account_id)
                return

    def _verdict(self, signal: Signal) -> Verdict:
        return judge(Endpoint.REFRESH, signal, Phase.FRESH, now=self._clock())


def refresher(upstream: UpstreamClient, clock: Callable[[], float]) -> Refresh:
    """`oauth.refresh` with its parts bound."""

    async def refresh(credential: Credential) -> Credential | Refused:
        return await oauth.refresh(upstream, credential, clock=clock)

    return refresh
