"""The operator's account actions, done in the store and in the running pool alike."""

from collections.abc import Callable, Mapping
from typing import Protocol

from codex_lb.core.accounts import Change
from codex_lb.core.model import Account, Credential, Identity, Priority
from codex_lb.dashboard.stored_accounts import StoredAccounts
from codex_lb.jobs.keeper import Keeper
from codex_lb.proxy.pool import Pool
from codex_lb.store import AccountTotals, Store
from codex_lb.upstream.credentials import Credentials


class AsksUsage(Protocol):
    """Asks upstream what one account has left, beside the regular rounds."""

    def poll_soon(self, account_id: str) -> None: ...

    async def poll(self, account_id: str) -> int:
        """The pool knows the answer when this returns: its HTTP status, 0 if there was none."""


class PooledAccounts:
    """An `AccountsPort`. Each action is on disk when it returns; the next request sees it."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        credentials: Credentials,
        keeper: Keeper,
        clock: Callable[[], float],
        usage: AsksUsage,
        saw: Callable[[Account], None],
    ) -> None:
        """`saw` is told of every account that was changed here."""
        self._store = store
        self._stored = StoredAccounts(store, clock)
        self._pool = pool
        self._credentials = credentials
        self._keeper = keeper
        self._usage = usage
        self._saw = saw

    async def list(self) -> list[Account]:
        """As the pool knows them: its readings are newer than the store's."""
        return self._pool.accounts()

    async def totals(self) -> dict[str, AccountTotals]:
        return await self._stored.totals()

    def streams(self) -> Mapping[str, int]:
        return self._pool.streams()

    async def import_(self, identity: Identity, credential: Credential) -> tuple[Account, bool]:
        await self._keeper.flush()
        account, replaced = await self._stored.import_(identity, credential)
        await self.signed_in(account.id)
        return account, replaced

    async def credential(self, account_id: str) -> Credential | None:
        return await self._credentials.current(account_id)

    async def signed_in(self, account_id: str) -> None:
        """The store has a credential of the account that nobody here has seen."""
        self._credentials.forget(account_id)
        await self.reload(account_id)
        self._usage.poll_soon(account_id)

    async def change(self, account_id: str, change: Change) -> Account | None:
        await self._keeper.flush()
        account = await self._stored.change(account_id, change)
        await self.reload(account_id)
        if account is not None and change.to == "active":
            self._usage.poll_soon(account_id)
        return account

    async def set_alias(self, account_id: str, alias: str | None) -> Account | None:
        await self._keeper.flush()
        account = await self._stored.set_alias(account_id, alias)
        await self.reload(account_id)
        return account

    async def set_priority(self, account_id: str, priority: Priority) -> Account | None:
        await self._keeper.flush()
        account = await self._stored.set_priority(account_id, priority)
        await self.reload(account_id)
        return account

    async def delete(self, account_id: str, *, delete_history: bool) -> bool:
        await self._keeper.flush()
        found = await self._stored.delete(account_id, delete_history=delete_history)
        self._credentials.forget(account_id)
        await self.reload(account_id)
        return found

    async def poll(self, account_id: str) -> int:
        return await self._usage.poll(account_id)

    async def reload(self, account_id: str) -> None:
        """The store's word replaces the pool's, on this account: of others the pool knows more."""
        account = await self._store.account(account_id)
        self._keeper.forget(account_id)
        known = {each.id: each for each in self._pool.accounts()}
        if account is None:
            known.pop(account_id, None)
        else:
            known[account_id] = account
            self._saw(account)
        self._pool.load(known.values())
