"""The operator's account actions, done in the store and in the running pool alike."""

from collections.abc import Callable, Collection

from codex_lb.core import identity as identities
from codex_lb.core.model import Account, AccountState, Credential, Identity
from codex_lb.dashboard.stored_accounts import forget_obstacles
from codex_lb.jobs.keeper import Keeper
from codex_lb.proxy.pool import Pool
from codex_lb.store import AccountTotals, Store
from codex_lb.upstream.credentials import Credentials


class PooledAccounts:
    """Each action is on disk when it returns, and the next request sees it."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        credentials: Credentials,
        keeper: Keeper,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._pool = pool
        self._credentials = credentials
        self._keeper = keeper
        self._clock = clock

    async def list(self) -> list[Account]:
        """As the pool knows them: its readings are newer than the store's."""
        return self._pool.accounts()

    async def totals(self) -> dict[str, AccountTotals]:
        return await self._store.request_totals()

    async def import_(self, identity: Identity, credential: Credential) -> tuple[Account, bool]:
        """The account, and whether it replaced one of the same identity."""
        account_id = identities.local_id(identity)
        await self._keeper.flush()
        stored = await self._store.put_account(account_id, identity, credential, now=self._clock())
        self._credentials.forget(account_id)
        await self.reload(account_id)
        return stored

    async def set_state(
        self, account_id: str, state: AccountState, *, allowed_from: Collection[AccountState]
    ) -> Account | None:
        """None: unknown id. Raises `StateConflict`."""
        await self._keeper.flush()
        account = await self._store.set_state(
            account_id, state, reason=None, allowed_from=allowed_from
        )
        if account is not None and state == "active":
            await forget_obstacles(self._store, account, self._clock())
        await self.reload(account_id)
        return await self._store.account(account_id) if account else None

    async def delete(self, account_id: str, *, delete_history: bool) -> bool:
        await self._keeper.flush()
        found = await self._store.delete_account(account_id, delete_history=delete_history)
        self._credentials.forget(account_id)
        await self.reload(account_id)
        return found

    async def reload(self, account_id: str) -> None:
        """The store's word replaces the pool's."""
        self._keeper.forget(account_id)
        self._pool.load(await self._store.accounts())
