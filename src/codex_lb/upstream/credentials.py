"""Keep every account's credential usable: one renewal for all who ask.

A renewal once begun is never abandoned with the request that wanted it (the old refresh token is
spent by then), so it runs as a task of the program's own group and callers wait for it shielded.
`upstream/renewal.py` is how it is done.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from codex_lb.core.failover import Verdict
from codex_lb.core.model import Credential
from codex_lb.upstream import oauth
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.oauth import Refused
from codex_lb.upstream.renewal import (
    DOUBT,
    LATE,
    CredentialStore,
    Nobody,
    Observer,
    Refresh,
    Renewals,
    Spawn,
)

EXPIRY_MARGIN_S = 60.0  # a token this near its end may be refused before the request arrives
_WAIT_S = 4.0  # for the login host; another account serves sooner
# Then the answer is lost. A renewal without an end would lose the account, and hold up the exit.
_GIVE_UP_S = 15.0


class LoginLostError(Exception):
    """No usable credential; `verdict` says what becomes of the account."""

    def __init__(self, verdict: Verdict) -> None:
        why = verdict.reason or (verdict.block and verdict.block.reason)
        super().__init__(f"The account's sign-in could not be renewed: {why or 'no reason told'}")
        self.verdict = verdict


@dataclass(slots=True)
class _Renewal:
    """A renewal under way; `result` is set before `task` ends."""

    task: "asyncio.Task[None]"
    is_needed: bool  # somebody cannot go on with the credential as it is
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
        observer: Observer | None = None,
        wait_s: float = _WAIT_S,
        give_up_s: float = _GIVE_UP_S,
    ) -> None:
        self._store = store
        self._spawn = spawn
        self._clock = clock
        self._observer = observer or Nobody()
        self._wait_s = wait_s
        self._known: dict[str, Credential] = {}
        self._running: dict[str, _Renewal] = {}
        self._renewals = Renewals(
            store,
            refresh,
            spawn,
            clock,
            use=self._known.__setitem__,
            observer=self._observer,
            wait_s=wait_s,
            give_up_s=give_up_s,
        )

    async def load(self, account_ids: Iterable[str]) -> None:
        """Read them all now, so that serving does not need the database later."""
        for account_id in account_ids:
            credential = await self._store.credential(account_id)
            if credential is not None:
                self._known[account_id] = credential

    def close(self) -> None:
        """The process ends: what waits for the database gets its last try now."""
        self._renewals.close()

    def forget(self, account_id: str) -> None:
        """The stored credential has changed or gone."""
        self._known.pop(account_id, None)

    async def current(self, account_id: str) -> Credential | None:
        """The one in use, as it is; None if the account has none."""
        credential = self._known.get(account_id)
        if credential is None:
            credential = await self._store.credential(account_id)
            if credential is not None:
                self._known[account_id] = credential
        return credential

    async def fresh(self, account_id: str) -> Credential:
        """A credential that is not about to expire. Raises `LoginLostError`."""
        credential = await self.current(account_id)
        if credential is None:
            raise LoginLostError(Verdict("next", reason="the account has no credential"))
        if self._is_ending(credential):
            return await self.renew(account_id, credential)
        return credential

    async def renew(self, account_id: str, stale: Credential) -> Credential:
        """A credential newer than `stale`, renewed at most once for all who ask for it.

        Raises `LoginLostError` when the login host refuses or cannot be reached.
        """
        return await self._newer(account_id, stale, is_needed=True)

    async def renew_ahead(self, account_id: str, stale: Credential) -> Credential:
        """Like `renew`, but a renewal in doubt costs the account nothing while `stale` is good."""
        return await self._newer(account_id, stale, is_needed=self._is_ending(stale))

    def _is_ending(self, credential: Credential) -> bool:
        expires_at = credential.expires_at
        return expires_at is not None and expires_at - EXPIRY_MARGIN_S <= self._clock()

    async def _newer(self, account_id: str, stale: Credential, *, is_needed: bool) -> Credential:
        known = self._known.get(account_id)
        if known is not None and known.access_token != stale.access_token:
            return known  # somebody renewed it meanwhile
        renewal = self._running.get(account_id)
        if renewal is None:
            renewal = _Renewal(self._spawn(self._run(account_id, stale)), is_needed)
            self._running[account_id] = renewal
        renewal.is_needed |= is_needed
        try:
            async with asyncio.timeout(self._wait_s):
                await asyncio.shield(renewal.task)
        except TimeoutError:
            raise LoginLostError(self._renewals.verdict(LATE)) from None
        if isinstance(renewal.result, Credential):
            return renewal.result
        raise LoginLostError(renewal.result or Verdict("next", reason="the renewal failed"))

    async def _run(self, account_id: str, stale: Credential) -> None:
        result: Credential | Verdict | None = None
        try:
            result = await self._renewals.run(account_id, stale)
        finally:
            renewal = self._running.pop(account_id)
            if result is DOUBT and renewal.is_needed:
                result = replace(DOUBT, state="reauth_required")
            renewal.result = result
        if isinstance(result, Verdict) and result.state is not None:
            self._observer.refused(account_id, result)


def refresher(upstream: UpstreamClient, clock: Callable[[], float]) -> Refresh:
    """`oauth.refresh` with its parts bound."""

    async def refresh(credential: Credential) -> Credential | Refused:
        return await oauth.refresh(upstream, credential, clock=clock)

    return refresh
