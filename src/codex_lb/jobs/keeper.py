"""Write down what the pool learns of its accounts, soon but not at once.

A proven block or a lost login must survive a crash, so it is written within moments; quota
readings come with every reply and may be a few seconds old on disk. Those that are worth keeping
also go into the history.
"""

import asyncio
from contextlib import suppress

import structlog

from codex_lb.core.model import Account, QuotaSample
from codex_lb.core.sampling import worth_keeping
from codex_lb.store import StateConflict, Store, StoreError

URGENT_S = 0.05
ROUTINE_S = 5.0
SAMPLES = 2_000  # waiting, should the database be down
_RETRY_S = 2.0

_log = structlog.get_logger(__name__)


class Keeper:
    """`changed` never waits; `run` writes until cancelled."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, Account] = {}
        self._written: dict[str, Account] = {}
        self._sampled: dict[tuple[str, int], QuotaSample] = {}  # the last, by account and minutes
        self._samples: dict[QuotaSample, None] = {}  # oldest first; stay until they are on disk
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._turn = asyncio.Lock()  # who has waited for it knows that nothing older comes after

    def changed(self, account: Account, *, urgent: bool) -> None:
        self._waiting[account.id] = account
        self._sample(account)
        self._wake.set()
        if urgent:
            self._hurry.set()

    def forget(self, account_id: str) -> None:
        """The account's row was changed by somebody else, or deleted."""
        self._waiting.pop(account_id, None)
        self._written.pop(account_id, None)

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            try:
                async with asyncio.timeout(ROUTINE_S):
                    await self._hurry.wait()
                await asyncio.sleep(URGENT_S)  # several proofs often come together
            except TimeoutError:
                pass
            if not await self.flush():
                await asyncio.sleep(_RETRY_S)

    async def flush(self) -> bool:
        """Write what waits. False if the store does not take it all; it stays for the next time."""
        async with self._turn:
            return await self._flush()

    async def _flush(self) -> bool:
        self._wake.clear()
        self._hurry.clear()
        try:
            for account in list(self._waiting.values()):
                await self._write_or_give_up(account)
            await self._write_samples()
        except Exception as error:  # noqa: BLE001  whatever the database says, serving goes on
            is_ours = not isinstance(error, StoreError)
            waiting = len(self._waiting)
            _log.error("accounts not written", waiting=waiting, error=str(error), exc_info=is_ours)
            self._wake.set()
            return False
        return True

    def _sample(self, account: Account) -> None:
        for window in account.windows:
            place = (account.id, window.minutes)
            if not worth_keeping(self._sampled.get(place), window):
                continue
            sample = QuotaSample(*place, window.measured_at, window.used, window.resets_at)
            self._sampled[place] = sample
            self._samples[sample] = None
        while len(self._samples) > SAMPLES:
            del self._samples[next(iter(self._samples))]

    async def _write_samples(self) -> None:
        if batch := list(self._samples):
            await self._store.add_samples(batch)
        for sample in batch:
            self._samples.pop(sample, None)

    async def _write_or_give_up(self, account: Account) -> None:
        """What no row can hold must not keep the other accounts from the disk."""
        try:
            await self._write(account)
        except StoreError:  # it may take the same later
            raise
        except Exception:  # noqa: BLE001  the database is well, so it is what we give it
            _log.exception("account cannot be written", account=account.id)
        if self._waiting.get(account.id) is account:
            del self._waiting[account.id]

    async def _write(self, account: Account) -> None:
        known = self._written.get(account.id)
        if known is None or _readings(known) != _readings(account):
            await self._store.put_readings(account)
        if known is None or known.blocks != account.blocks:
            await self._store.put_blocks(account.id, account.blocks)
        lost_login = account.state == "reauth_required"
        if lost_login or account.state == "deactivated":
            with suppress(StateConflict):  # the operator was faster, and is right
                await self._store.set_state(
                    account.id,
                    account.state,
                    reason=account.state_reason,
                    allowed_from={"active"},
                    login_at=account.refreshed_at if lost_login else None,
                )
        self._written[account.id] = account


def _readings(account: Account) -> tuple[object, ...]:
    """What upstream says of an account with every reply."""
    return (
        account.windows,
        account.credits,
        account.extras,
        account.reset_credits,
        account.identity.plan,
    )
