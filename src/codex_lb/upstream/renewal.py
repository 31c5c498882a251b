"""Renew one credential: claim its refresh token, send it, store the answer.

A refresh token is good for one exchange. So it is claimed in the store before it is sent, which
holds off other processes, and given up if the process that claimed it has ended: it may be spent.

An exchange that failed for the moment may be repeated, even if its answer was lost on the way:
most often the token is still good, and no account should need a new sign-in for a bad network.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

import structlog

from codex_lb.core import errors
from codex_lb.core.errors import Signal
from codex_lb.core.failover import Verdict, judge
from codex_lb.core.model import Credential
from codex_lb.core.outcome import Endpoint, Phase
from codex_lb.core.renewal import Claim
from codex_lb.upstream.oauth import Refused

_STORE_RETRIES_S = (0.2, 1.0, 5.0, 15.0)
_POLL_S = 0.25  # for what another process gets

LATE = errors.fault("login_timeout", "The login host did not answer in time.")
_BUSY = errors.fault("login_timeout", "Another process is still renewing the credential.")
_UNCLAIMED = errors.fault("store_failed", "The database fails, so nothing can be renewed.")
_UNSTORED = errors.fault("store_failed", "The last renewal has yet to be stored.")
_GONE = Verdict("next", reason="the account was deleted")
DOUBT = Verdict("next", reason="a renewal was interrupted; sign in again")

_log = structlog.get_logger(__name__)


class CredentialStore(Protocol):
    async def credential(self, account_id: str) -> Credential | None: ...
    async def claim_refresh(self, account_id: str, refresh_token: str, *, now: float) -> Claim: ...
    async def release_refresh(self, account_id: str, refresh_token: str) -> None: ...
    async def replace_credential(
        self, account_id: str, *, expected_refresh_token: str, credential: Credential
    ) -> bool: ...


class Observer(Protocol):
    """Hears what becomes of credentials; must not raise."""

    def renewed(self, account_id: str, credential: Credential) -> None:
        """By this process, and stored."""

    def adopted(self, account_id: str, credential: Credential) -> None:
        """Renewed by another process, or signed in anew, and found in the store."""

    def refused(self, account_id: str, verdict: Verdict) -> None:
        """For good: `verdict.state` is what the account becomes."""


class Nobody:
    """The observer for whom nothing matters."""

    def renewed(self, account_id: str, credential: Credential) -> None: ...
    def adopted(self, account_id: str, credential: Credential) -> None: ...
    def refused(self, account_id: str, verdict: Verdict) -> None: ...


Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
Refresh = Callable[[Credential], Awaitable[Credential | Refused]]


class Renewals:
    """`use` gets every newer credential, `observer` hears why; `spawn` as in `Credentials`."""

    def __init__(
        self,
        store: CredentialStore,
        refresh: Refresh,
        spawn: Spawn,
        clock: Callable[[], float],
        *,
        use: Callable[[str, Credential], None],
        observer: Observer,
        wait_s: float,
        give_up_s: float,
    ) -> None:
        self._store = store
        self._refresh = refresh
        self._spawn = spawn
        self._clock = clock
        self._use = use
        self._observer = observer
        self._wait_s = wait_s
        self._give_up_s = give_up_s
        self._closing = asyncio.Event()
        self._unstored: set[str] = set()

    def close(self) -> None:
        """The process ends: what waits for the database gets its last try now."""
        self._closing.set()

    async def run(self, account_id: str, stale: Credential) -> Credential | Verdict:
        """A newer credential, or what becomes of the account; `DOUBT` if its token may be spent."""
        if account_id in self._unstored:  # what is stored is spent
            return self.verdict(_UNSTORED)
        try:
            claim = await self._claim(account_id, stale)
        except Exception:  # noqa: BLE001  whatever the database says, nothing is spent yet
            _log.exception("credential not renewed", account=account_id)
            return self.verdict(_UNCLAIMED)
        match claim:
            case "claimed":
                return await self._spend(account_id, stale)
            case "busy":
                return self.verdict(_BUSY)
            case "in_doubt":
                return DOUBT
            case "gone":
                return _GONE
            case newer:
                return self._adopt(account_id, newer)

    async def _claim(self, account_id: str, stale: Credential) -> Claim:
        """While another process renews, ask again for as long as a caller would wait."""
        polls = round(self._wait_s / _POLL_S)
        for pause_s in (*itertools.repeat(_POLL_S, polls), None):
            claim = await self._store.claim_refresh(
                account_id, stale.refresh_token, now=self._clock()
            )
            if claim != "busy" or pause_s is None:
                break
            await asyncio.sleep(pause_s)
        return claim

    async def _spend(self, account_id: str, stale: Credential) -> Credential | Verdict:
        try:
            async with asyncio.timeout(self._give_up_s):
                answer = await self._refresh(stale)
        except TimeoutError:
            answer = Refused(LATE)
        if isinstance(answer, Refused):
            return await self._release(account_id, stale, self.verdict(answer.signal))
        try:
            return await self._keep(account_id, stale, answer)
        except Exception:  # noqa: BLE001  whatever the database says, the old token is spent
            _log.exception("credential not stored; trying again", account=account_id)
            self._unstored.add(account_id)
            self._use(account_id, answer)
            self._spawn(self._keep_later(account_id, stale, answer))
            return answer

    async def _release(
        self, account_id: str, stale: Credential, verdict: Verdict
    ) -> Credential | Verdict:
        """The verdict, unless somebody signed in anew while we asked."""
        try:
            await self._store.release_refresh(account_id, stale.refresh_token)
            stored = await self._store.credential(account_id)
        except Exception:  # noqa: BLE001  the login host has said it, with or without a database
            _log.exception("claim not released", account=account_id)
            return verdict
        if stored is None or stored.refresh_token == stale.refresh_token:
            return verdict
        return self._adopt(account_id, stored)

    async def _keep(
        self, account_id: str, stale: Credential, renewed: Credential
    ) -> Credential | Verdict:
        """Store before use. Whoever signed in anew while we asked is right."""
        kept = await self._store.replace_credential(
            account_id, expected_refresh_token=stale.refresh_token, credential=renewed
        )
        if not kept:
            stored = await self._store.credential(account_id)
            return _GONE if stored is None else self._adopt(account_id, stored)
        self._use(account_id, renewed)
        self._observer.renewed(account_id, renewed)
        return renewed

    def _adopt(self, account_id: str, stored: Credential) -> Credential:
        self._use(account_id, stored)
        self._observer.adopted(account_id, stored)
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
                self._unstored.discard(account_id)
                return
            if self._closing.is_set():
                _log.error("credential lost: the account must sign in again", account=account_id)
                return

    def verdict(self, signal: Signal) -> Verdict:
        return judge(Endpoint.REFRESH, signal, Phase.FRESH, now=self._clock())
