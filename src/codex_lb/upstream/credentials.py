"""Keep every account's credential usable: one renewal at a time, stored before it is used.

A renewal once begun is never abandoned with the request that wanted it (the old refresh token is
spent by then), so it runs as a task of the program's own group and callers wait for it shielded.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from codex_lb.core import errors
from codex_lb.core.errors import Signal
from codex_lb.core.failover import Verdict, judge
from codex_lb.core.model import Credential
from codex_lb.core.outcome import Endpoint, Phase
from codex_lb.upstream import oauth
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.oauth import Refused

EXPIRY_MARGIN_S = 60.0  # a token this near its end may be refused before the request arrives
_WAIT_S = 4.0  # for the login host; another account serves sooner
# Then the answer is lost. A renewal without an end would lose the account, and hold up the exit.
_GIVE_UP_S = 15.0


_LATE = errors.fault("login_timeout", "The login host did not answer in time.")


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
        self._known: dict[str, Credential] = {}
        self._renewals: dict[str, _Renewal] = {}

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
        kept = await self._store.replace_credential(
            account_id, expected_refresh_token=stale.refresh_token, credential=answer
        )
        if not kept:  # signed in anew or deleted while we asked
            stored = await self._store.credential(account_id)
            if stored is None:
                return Verdict("next", reason="the account was deleted")
            answer = stored
        self._known[account_id] = answer
        return answer

    def _verdict(self, signal: Signal) -> Verdict:
        return judge(Endpoint.REFRESH, signal, Phase.FRESH, now=self._clock())


def refresher(upstream: UpstreamClient, clock: Callable[[], float]) -> Refresh:
    """`oauth.refresh` with its parts bound."""

    async def refresh(credential: Credential) -> Credential | Refused:
        return await oauth.refresh(upstream, credential, clock=clock)

    return refresh
