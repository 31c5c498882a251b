"""The operator's account actions, done in the store and noted in the account's timeline.

They are all there is while no server runs; `dashboard/pooled_accounts.py` adds the running pool.
"""

from collections.abc import Mapping
from dataclasses import replace

from codex_lb.core import quota
from codex_lb.core.accounts import Change
from codex_lb.core.identity import local_id
from codex_lb.core.model import (
    Account,
    AccountEvent,
    AccountEventKind,
    Credential,
    Identity,
    Priority,
)
from codex_lb.dashboard.ports import Clock
from codex_lb.store import AccountTotals, Store


class StoredAccounts:
    """An `AccountsPort`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list(self) -> list[Account]:
        return await self._store.accounts()

    async def totals(self) -> dict[str, AccountTotals]:
        return await self._store.request_totals()

    def streams(self) -> Mapping[str, int]:
        return {}

    async def import_(self, identity: Identity, credential: Credential) -> tuple[Account, bool]:
        account, replaced = await self._store.put_account(
            local_id(identity), identity, credential, now=self._clock()
        )
        await self._note(account.id, "signed_in" if replaced else "added")
        return account, replaced

    async def credential(self, account_id: str) -> Credential | None:
        return await self._store.credential(account_id)

    async def change(self, account_id: str, change: Change) -> Account | None:
        account = await self._store.set_state(
            account_id, change.to, reason=None, allowed_from=change.allowed_from
        )
        if account is None:
            return None
        await self._note(account_id, change.wish)
        if change.to != "active":
            return account
        await self._forget_obstacles(account)
        return await self._store.account(account_id)

    async def set_alias(self, account_id: str, alias: str | None) -> Account | None:
        return await self._store.set_alias(account_id, alias)

    async def set_priority(self, account_id: str, priority: Priority) -> Account | None:
        return await self._store.set_priority(account_id, priority)

    async def delete(self, account_id: str, *, delete_history: bool) -> bool:
        return await self._store.delete_account(account_id, delete_history=delete_history)

    async def poll(self, account_id: str) -> int:  # noqa: ARG002  as the port has it
        """Nobody here speaks to upstream."""
        return 0

    async def _note(self, account_id: str, kind: AccountEventKind) -> None:
        event = AccountEvent(account_id, self._clock(), kind, by="operator")
        await self._store.add_account_events([event])

    async def _forget_obstacles(self, account: Account) -> None:
        """The operator says "try now": what was held against the account, windows too, goes.

        If upstream still refuses, the next attempt brings the evidence back.
        """
        await self._store.put_blocks(account.id, ())
        now = self._clock()
        free = tuple(window for window in account.windows if quota.left(window, now) > 0.0)
        if free != account.windows:
            await self._store.put_readings(replace(account, windows=free))
