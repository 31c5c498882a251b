"""What becomes of an account when its login is renewed or refused, and who is told of it."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from codex_lb.core import login_state
from codex_lb.core.failover import Verdict
from codex_lb.core.model import Account, AccountEvent, Credential
from codex_lb.proxy.pool import Pool
from codex_lb.store import Store

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LoginChange:
    """An account has lost its login, or has it again. `reason` is a sentence for the operator."""

    account_id: str
    is_signed_in: bool
    reason: str | None = None


Tell = Callable[[LoginChange], None]


def log_change(change: LoginChange) -> None:
    """The only channel so far."""
    if change.is_signed_in:
        _log.info("account signed in again", account=change.account_id)
    else:
        _log.warning("account must sign in", account=change.account_id, reason=change.reason)


class LoginWatch:
    """Sees every change of an account, and tells once when its login is lost, once when it is back.

    `tell` must neither wait nor raise.
    """

    def __init__(self, tell: Tell, known: Iterable[Account]) -> None:
        self._tell = tell
        self._lost = {account.id for account in known if _is_lost(account)}

    def see(self, account: Account) -> None:
        if _is_lost(account) == (account.id in self._lost):
            return
        if _is_lost(account):
            self._lost.add(account.id)
        else:
            self._lost.remove(account.id)
        is_signed_in = account.id not in self._lost
        self._tell(LoginChange(account.id, is_signed_in, account.state_reason))


def _is_lost(account: Account) -> bool:
    return account.state == "deactivated" or login_state.needs_sign_in(account)


class Logins:
    """The observer of `Credentials`: tells the pool, the timeline and, of a paused account, the store."""

    def __init__(
        self,
        pool: Pool,
        store: Store,
        note: Callable[[AccountEvent], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        clock: Callable[[], float],
        watch: LoginWatch,
    ) -> None:
        self._watch = watch
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
        known = {account.id: account for account in self._pool.accounts()}
        account = known.get(account_id)
        if account is not None and account.state == "paused":
            await self._store.set_state(
                account_id, "paused", reason=reason, allowed_from={"paused"}
            )
            self._pool.explain_pause(account_id, reason)
            self._watch.see(replace(account, state_reason=reason))
