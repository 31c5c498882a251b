"""What becomes of an account when its login is renewed or refused."""

from collections.abc import Callable, Coroutine
from typing import Any

from codex_lb.core.failover import Verdict
from codex_lb.core.model import AccountEvent, Credential
from codex_lb.proxy.pool import Pool
from codex_lb.store import Store


class Logins:
    """The observer of `Credentials`: tells the pool, the timeline and, of a paused account, the store."""

    def __init__(
        self,
        pool: Pool,
        store: Store,
        note: Callable[[AccountEvent], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        clock: Callable[[], float],
    ) -> None:
        self._pool = pool
        self._store = store
        self._note = note
        self._spawn = spawn
        self._clock = clock

    def renewed(self, account_id: str, credential: Credential) -> None:
        self._pool.signed_in(account_id, credential)
        self._note(AccountEvent(account_id, self._clock(), "refreshed", "codex-lb"))

    def adopted(self, account_id: str, credential: Credential) -> None:
        self._pool.signed_in(account_id, credential)

    def refused(self, account_id: str, verdict: Verdict) -> None:
        """A paused account stays paused, because a new sign-in must not undo the pause."""
        if verdict.state is not None:
            self._pool.set_state(account_id, verdict.state, verdict.reason)
        self._note(
            AccountEvent(account_id, self._clock(), "refresh_failed", "upstream", verdict.reason)
        )
        self._spawn(self._explain_pause(account_id, verdict.reason))

    async def _explain_pause(self, account_id: str, reason: str | None) -> None:
        paused = any(a.id == account_id and a.state == "paused" for a in self._pool.accounts())
        if paused:
            await self._store.set_state(
                account_id, "paused", reason=reason, allowed_from={"paused"}
            )
            self._pool.explain_pause(account_id, reason)
