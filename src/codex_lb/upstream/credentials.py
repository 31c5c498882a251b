"""Keep every account's credential usable: one renewal at a time, stored before it is used.

A renewal once begun is never abandoned with the request that wanted it (the old refresh token is
spent by then), so it runs as a task of the program's own group and callers wait for it shielded.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from codex_lb.core.failover import Verdict, judge
from codex_lb.core.model import Credential
from codex_lb.core.outcome import Endpoint, Phase
from codex_lb.upstream import oauth
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.oauth import Refused

EXPIRY_MARGIN_S = 60.0  # a token this near its end may be refused before the request arrives
_STORE_RETRIES_S = (0.2, 1.0, 5.0, 15.0)
_RENEWAL_TIMEOUT_S = 20.0  # waiting longer for the login host costs more than another account


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
        self, store: CredentialStore, refresh: Refresh, spawn: Spawn, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._refresh = refresh
        self._spawn = spawn
        self._clock = clock
        self._known: dict[str, Credential] = {}
        self._renewals: dict[str, _Renewal] = {}

    async def load(self, account_ids: Iterable[str]) -> None:
        """Read them all now, so that serving does not need the database later."""
        for account_id in account_ids:
            credential = await self._store.credential(account_id)
            if credential is not None:
                self._known[account_id] = credential

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
            async with asyncio.timeout(_RENEWAL_TIMEOUT_S):
                await asyncio.shield(renewal.task)
        except TimeoutError:
            reason = "the login host did not answer in time"
            raise LoginLostError(Verdict("next", reason=reason, transient=True)) from None
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
        answer = await self._refresh(stale)
        if isinstance(answer, Refused):
            return judge(Endpoint.REFRESH, answer.signal, Phase.FRESH, now=self._clock())
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
        """Until the database takes it: a renewed token that is lost cannot be had again."""
        for pause_s in itertools.chain(_STORE_RETRIES_S, itertools.repeat(_STORE_RETRIES_S[-1])):
            await asyncio.sleep(pause_s)
            try:
                await self._keep(account_id, stale, renewed)
            except Exception:  # noqa: BLE001  as above
                _log.warning("credential still not stored", account=account_id)
            else:
                return


def refresher(upstream: UpstreamClient, clock: Callable[[], float]) -> Refresh:
    """`oauth.refresh` with its parts bound."""

    async def refresh(credential: Credential) -> Credential | Refused:
        return await oauth.refresh(upstream, credential, clock=clock)

    return refresh
