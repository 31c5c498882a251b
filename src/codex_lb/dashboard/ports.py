"""What the control plane needs from the rest of the program."""

from collections.abc import Callable, Collection
from typing import Protocol

from codex_lb.core.model import Account, AccountState, Credential, Identity
from codex_lb.store import AccountTotals

Clock = Callable[[], float]  # Unix seconds


class AccountsPort(Protocol):
    """The pool's accounts, as stored and as they are running."""

    async def list(self) -> list[Account]:
        """In the order in which they were added."""

    async def totals(self) -> dict[str, AccountTotals]:
        """What each account has served; one that has served nothing may be missing."""

    async def import_(self, identity: Identity, credential: Credential) -> tuple[Account, bool]:
        """Add the account, or replace the credential of the same identity; which of the two."""

    async def set_state(
        self, account_id: str, state: AccountState, *, allowed_from: Collection[AccountState]
    ) -> Account | None:
        """To `active` also forgets every block. None if there is no such account.

        Raises `StateConflict`, and changes nothing, when its state is not in `allowed_from`.
        """

    async def delete(self, account_id: str, *, delete_history: bool) -> bool:
        """Wipe the credential too. False if there is no such account."""
