"""What the control plane needs from the rest of the program."""

from collections.abc import Callable, Mapping
from typing import Protocol

from codex_lb.core.accounts import Change
from codex_lb.core.model import Account, Credential, Identity, Priority, QuotaSample
from codex_lb.core.operator_settings import Amounts, OperatorSettings
from codex_lb.store import AccountTotals, DailySums, EventRecord, HourlySums
from codex_lb.store.records import Dimension

Clock = Callable[[], float]  # Unix seconds


class AccountsPort(Protocol):
    """The pool's accounts, as stored and as they are running."""

    async def list(self) -> list[Account]:
        """In the order in which they were added."""

    async def totals(self) -> dict[str, AccountTotals]:
        """What each account has served; one that has served nothing may be missing."""

    def streams(self) -> Mapping[str, int]:
        """How many requests run on each account now; one without any may be missing."""

    async def import_(self, identity: Identity, credential: Credential) -> tuple[Account, bool]:
        """Add the account, or replace the credential of the same identity; which of the two."""

    async def credential(self, account_id: str) -> Credential | None:
        """The one in use. None if there is no such account."""

    async def change(self, account_id: str, change: Change) -> Account | None:
        """To `active` also forgets every block. None if there is no such account.

        Raises `StateConflict`, and changes nothing, when it is not allowed from its state.
        """

    async def set_alias(self, account_id: str, alias: str | None) -> Account | None:
        """None if there is no such account."""

    async def set_priority(self, account_id: str, priority: Priority) -> Account | None:
        """None if there is no such account."""

    async def delete(self, account_id: str, *, delete_history: bool) -> bool:
        """Wipe the credential too. False if there is no such account."""

    async def poll(self, account_id: str) -> int:
        """Ask upstream what the account has left; the status of its answer, 0 without one."""


class HistoryPort(Protocol):
    """What has been, from the store."""

    async def samples(self, *, since: float, account_id: str | None = None) -> list[QuotaSample]:
        """Measured at `since` or later, by account, minutes and time."""

    async def account_events(
        self, account_id: str, *, limit: int, before_id: int | None = None
    ) -> list[EventRecord]:
        """Newest first."""

    async def hourly(
        self, dimension: Dimension, *, start_at: float, end_at: float
    ) -> list[HourlySums]:
        """Sums of the hours that begin in `start_at` <= hour < `end_at`."""

    async def daily(
        self, dimension: Dimension, *, start_at: float, end_at: float, offset_s: int = 0
    ) -> list[DailySums]:
        """Sums by day and key; days begin at midnight of a clock `offset_s` east of UTC."""


class SettingsPort(Protocol):
    """What the operator sets while the program runs."""

    @property
    def environment(self) -> Amounts:
        """What holds where the operator says nothing."""

    async def read(self) -> OperatorSettings: ...

    async def write(self, settings: OperatorSettings) -> None:
        """Kept, and in force for the next request."""
