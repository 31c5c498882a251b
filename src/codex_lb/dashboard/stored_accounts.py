"""The operator's account actions while no server runs: done in the store alone."""

from collections.abc import Collection
from dataclasses import replace

from codex_lb.core import quota
from codex_lb.core.identity import local_id
from codex_lb.core.model import Account, AccountState, Credential, Identity
from codex_lb.dashboard.ports import Clock
from codex_lb.store import AccountTotals, Store


class StoredAccounts:
    """An `AccountsPort`. `dashboard/pooled_accounts.py` does the same for a running pool."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list(self) -> list[Account]:
        return await self._store.accounts()

    async def totals(self) -> dict[str, AccountTotals]:
        return await self._store.request_totals()

    async def import_(self, identity: Identity, credential: Credential) -> tuple[Account, bool]:
        return await self._store.put_account(
            local_id(identity), identity, credential, now=self._clock()
        )

    async def set_state(
        self, account_id: str, state: AccountState, *, allowed_from: Collection[AccountState]
    ) -> Account | None:
        account = await self._store.set_state(
            account_id, state, reason=None, allowed_from=allowed_from
        )
        if account is None or state != "active":
            return account
        await forget_obstacles(self._store, account, self._clock())
        return await self._store.account(account_id)

    async def delete(self, account_id: str, *, delete_history: bool) -> bool:
        return await self._store.delete_account(account_id, delete_history=delete_history)


async def forget_obstacles(store: Store, account: Account, now: float) -> None:
    """The operator says "try now": what was held against the account, windows too, is forgotten.

    If upstream still refuses, the next attempt brings the evidence back.
    """
    await store.put_blocks(account.id, ())
    free = tuple(window for window in account.windows if quota.left(window, now) > 0.0)
    if free != account.windows:
        await store.put_readings(replace(account, windows=free))
