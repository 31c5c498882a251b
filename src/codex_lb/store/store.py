"""The store as the rest of the program sees it: open it once, ask it for values, close it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from codex_lb.core.model import (
    Account,
    AccountEvent,
    AccountState,
    Block,
    Credential,
    Identity,
    OpenedRequest,
    Priority,
    QuotaSample,
    Receipt,
)
from codex_lb.core.renewal import Claim
from codex_lb.store import (
    accounts,
    affinities,
    operators,
    preferences,
    pruning,
    quota_samples,
    refresh_claims,
    requests,
    rollups,
    rotation,
    timeline,
)
from codex_lb.store.addresses import connect, parse_url
from codex_lb.store.backups import back_up_before_migration
from codex_lb.store.database import Database, Work
from codex_lb.store.errors import StoreError
from codex_lb.store.faults import plain
from codex_lb.store.files import held, make_private_directory, make_private_file
from codex_lb.store.instances import Presence, this_process
from codex_lb.store.keys import Keys
from codex_lb.store.log_reader import LogReader
from codex_lb.store.moving import Moves
from codex_lb.store.opening import inspect_file, prepare
from codex_lb.store.records import (
    AccountTotals,
    Affinity,
    Cursor,
    DailySums,
    Dimension,
    EventRecord,
    HourlySums,
    RequestRecord,
)
from codex_lb.store.secrets import Keyring, read_key_file
from codex_lb.store.writer import RequestWriter

CLOSE_WAIT_S = 10.0  # for the last rows, should the database be down just then
_BATCH = 500

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Store:
    """All state that outlives the process. One per process; safe to use from all its coroutines.

    Every method is one transaction (long deletions are several) and raises `StoreError` if the
    database fails. What a method writes is on disk when it returns; only a power cut may undo the
    last samples, events, affinities, imports and deletions of rows.
    """

    def __init__(
        self,
        database: Database,
        keys: Keyring,
        instance_id: str,
        stack: AsyncExitStack,
    ) -> None:
        self._database = database
        self._keys = keys
        self._stack = stack
        self.instance_id = instance_id
        self.requests = RequestWriter(database, instance_id)
        self.log = LogReader(self._read)
        self.keys = Keys(self._read, self._write, self._write_log, instance_id)
        self.operators = operators.Operators(self._read, self._write, self._write_log, keys)
        self.moves = Moves(self._read, self._write, keys, instance_id)

    @classmethod
    async def open(
        cls,
        database_url: str | None,
        data_dir: Path,
        key_file: Path,
        *,
        clock: Callable[[], float],
    ) -> "Store":
        """Open the store, creating or migrating it if need be, and start writing the request log.

        `database_url` None means SQLite in `data_dir`. `clock` tells Unix seconds. Raises
        `StoreInUseError`, `KeyFileError` (nothing has been written then) or `StoreError`.
        """
        url = parse_url(database_url, data_dir / "store.db")
        with _failures("the database cannot be opened"):
            async with AsyncExitStack() as stack:
                keys = read_key_file(key_file)
                if url.get_backend_name() == "sqlite":
                    file = Path(url.database or "")
                    _own_file(file, keys, key_file, stack)
                    back_up_before_migration(file, clock())
                database = connect(url)
                stack.push_async_callback(database.dispose)
                keys = await database.write(partial(prepare, keys=keys, key_file=key_file))
                if key_file.parent == data_dir:
                    make_private_file(key_file)
                me = this_process(clock())
                presence = Presence(database, me, clock)
                stack.push_async_callback(_left, presence)
                await presence.announce()
                store = cls(database, keys, me.id, stack)
                group = await stack.enter_async_context(asyncio.TaskGroup())
                for work in (store.requests.run(), presence.run()):
                    stack.callback(group.create_task(work).cancel)
                store._stack = stack.pop_all()
                return store

    async def close(self) -> None:
        """Write what waits (for at most `CLOSE_WAIT_S`), then let go of everything.

        Requests still open become `interrupted`, so close the store last.
        """
        try:
            async with asyncio.timeout(CLOSE_WAIT_S):
                await self.requests.flushed()
        except TimeoutError:
            log.error("request rows given up", rows=self.requests.waiting)  # noqa: TRY400  it says all
        await self._stack.aclose()

    async def accounts(self) -> list[Account]:
        """In the order in which they were added."""
        return await self._read(accounts.all_accounts)

    async def account(self, account_id: str) -> Account | None:
        return await self._read(lambda c: accounts.one(c, account_id))

    async def credential(self, account_id: str) -> Credential | None:
        return await self._read(lambda c: accounts.credential(c, self._keys, account_id))

    async def put_account(
        self, account_id: str, identity: Identity, credential: Credential, *, now: float
    ) -> tuple[Account, bool]:
        """The account as it is now, and whether it replaced one of the same id.

        A replaced account is active again unless it was paused, and loses its `login` blocks.
        """
        return await self._write(
            lambda c: accounts.put(c, self._keys, account_id, identity, credential, now=now)
        )

    async def replace_credential(
        self, account_id: str, *, expected_refresh_token: str, credential: Credential
    ) -> bool:
        """False, with nothing changed, if another has replaced the credential or it is gone."""
        return await self._write(
            lambda c: accounts.replace_credential(
                c,
                self._keys,
                account_id,
                expected_refresh_token=expected_refresh_token,
                new=credential,
            )
        )

    async def claim_refresh(self, account_id: str, refresh_token: str, *, now: float) -> Claim:
        """Ask before the refresh token leaves the process; send it only if it was "claimed".

        The claim ends with the credential's replacement, or by `release_refresh`.
        """
        return await self._write(
            lambda c: refresh_claims.claim(
                c, self._keys, account_id, refresh_token, instance_id=self.instance_id, now=now
            )
        )

    async def release_refresh(self, account_id: str, refresh_token: str) -> None:
        """Our exchange did not happen: whoever wants may try again."""
        await self._write(
            lambda c: refresh_claims.release(
                c, account_id, refresh_token, instance_id=self.instance_id
            )
        )

    async def set_state(
        self,
        account_id: str,
        state: AccountState,
        *,
        reason: str | None,
        allowed_from: Collection[AccountState],
        login_at: float | None = None,
    ) -> Account | None:
        """The account in its new state; None if there is none. Raises `StateConflict`.

        With `login_at` it is said of the login of that time: another one stays as it is.
        """
        return await self._write(
            lambda c: accounts.set_state(
                c, account_id, state, reason=reason, allowed_from=allowed_from, login_at=login_at
            )
        )

    async def delete_account(self, account_id: str, *, delete_history: bool) -> bool:
        """Delete the account with its credential; with `delete_history` its request rows too.

        False if there is none. Sums by model and API key keep what the account served.
        """
        found = await self._write(lambda c: accounts.remove(c, account_id))
        if delete_history:
            await self._write(lambda c: rollups.forget_account(c, account_id))
            await self._delete_requests(_BATCH, account_id=account_id)
        return found

    async def put_blocks(self, account_id: str, blocks: Sequence[Block]) -> None:
        """From now on exactly `blocks` hold for the account; nothing happens if it is gone."""
        await self._write(lambda c: accounts.put_blocks(c, account_id, blocks))

    async def put_readings(self, account: Account) -> None:
        """From now on exactly its windows, credits, extras, reset credits and plan hold.

        Nothing happens if the account is gone.
        """
        await self._write(lambda c: accounts.put_readings(c, account))

    async def set_alias(self, account_id: str, alias: str | None) -> Account | None:
        """The account under its new name; None if there is none."""
        return await self._write(lambda c: accounts.adjust(c, account_id, alias=alias))

    async def set_priority(self, account_id: str, priority: Priority) -> Account | None:
        """The account with its new priority; None if there is none."""
        return await self._write(lambda c: accounts.adjust(c, account_id, priority=priority))

    async def add_samples(self, samples: Sequence[QuotaSample]) -> None:
        """Keep them. Known ones and those of accounts that are gone change nothing."""
        await self._write_log(lambda c: quota_samples.add(c, samples))

    async def samples(self, *, since: float, account_id: str | None = None) -> list[QuotaSample]:
        """Measured at `since` or later, by account, minutes and time; by default of all accounts."""
        return await self._read(lambda c: quota_samples.since(c, since, account_id))

    async def add_account_events(self, events: Sequence[AccountEvent]) -> None:
        """Keep them. Known ones and those of accounts that are gone change nothing."""
        await self._write_log(lambda c: timeline.add(c, events))

    async def account_events(
        self, account_id: str, *, limit: int, before_id: int | None = None
    ) -> list[EventRecord]:
        """Newest first. For the next page, `before_id` is the `id` of the last record."""
        return await self._read(
            lambda c: timeline.newest(c, account_id, limit=limit, before_id=before_id)
        )

    async def request_totals(self) -> dict[str, AccountTotals]:
        """By account id, from the roll-ups. An account that has served nothing is not in it."""
        return await self._read(rollups.account_totals)

    async def hourly(
        self, dimension: Dimension, *, start_at: float, end_at: float
    ) -> list[HourlySums]:
        """Roll-ups of the hours that begin in `start_at` <= hour < `end_at`, by hour and key."""
        return await self._read(
            lambda c: rollups.hourly(c, dimension, start_at=start_at, end_at=end_at)
        )

    async def daily(
        self, dimension: Dimension, *, start_at: float, end_at: float, offset_s: int = 0
    ) -> list[DailySums]:
        """As `hourly`, by day and key. A day begins at midnight `offset_s` east of UTC."""
        return await self._read(
            lambda c: rollups.daily(
                c, dimension, start_at=start_at, end_at=end_at, offset_s=offset_s
            )
        )

    async def response_owner(self, response_id: str) -> str | None:
        """The account that gave the response, as far as the request log reaches back."""
        return await self._read(lambda c: c.scalar(requests.response_owner(response_id)))

    async def recent_requests(self, *, limit: int, before: Cursor | None) -> list[RequestRecord]:
        """Newest first. For the next page, `before` is the `cursor` of the last record."""
        return await self._read(lambda c: requests.records(c, requests.newest(limit, before)))

    async def request(self, request_id: str) -> RequestRecord | None:
        found = await self._read(lambda c: requests.records(c, requests.by_id(request_id)))
        return found[0] if found else None

    async def prune(self, older_than: float, *, batch: int = 5_000) -> int:
        """Delete closed rows opened before the Unix second `older_than`; how many it were.

        The roll-ups by conversation go with them. Each `batch` is a transaction of its own, so
        that nothing else waits long.
        """
        await self._delete(pruning.conversations(older_than), batch)
        return await self._delete_requests(batch, opened_before_ms=int(older_than * 1000))

    async def prune_history(
        self, *, samples_before: float, events_before: float, batch: int = 5_000
    ) -> None:
        """Delete samples and events of accounts from before these Unix seconds, as `prune` does."""
        await self._delete(pruning.samples(samples_before), batch)
        await self._delete(pruning.events(events_before), batch)

    async def import_history(self, pairs: Iterable[tuple[OpenedRequest, Receipt]]) -> None:
        """Add requests that are over already, roll-ups included. Known ids stay as they are."""
        left = iter(pairs)
        while batch := list(islice(left, _BATCH)):
            closing = partial(requests.close, instance_id=self.instance_id, pairs=batch)
            await self._write_log(closing)

    async def setting(self, name: str) -> object:
        """The JSON value of an operator setting, or None if it was never written."""
        return await self._read(lambda c: preferences.read(c, name))

    async def put_setting(self, name: str, value: object) -> None:
        """`value` is anything JSON can say."""
        await self._write(lambda c: preferences.write(c, name, value))

    async def affinities(self, *, now: float) -> list[Affinity]:
        """Those that have not expired at `now`."""
        return await self._read(lambda c: affinities.read(c, now=now))

    async def put_affinities(self, given: Sequence[Affinity], *, now: float) -> None:
        """Add or renew those `given`; all that have expired at `now` are dropped."""
        await self._write_log(lambda c: affinities.put(c, given, now=now))

    async def rotate_key(self, key_file: Path) -> int:
        """As `rotation.rotate`. Only to be closed afterwards: it still seals with the old key."""
        return await rotation.rotate(self._write, key_file, self.instance_id)

    async def _read(self, work: Work[T]) -> T:
        with _failures("the database failed"):
            return await self._database.read(work)

    async def _write(self, work: Work[T]) -> T:
        with _failures("the database failed"):
            return await self._database.write(work)

    async def _write_log(self, work: Work[T]) -> T:
        with _failures("the database failed"):
            return await self._database.write_log(work)

    async def _delete_requests(
        self, batch: int, *, opened_before_ms: int | None = None, account_id: str | None = None
    ) -> int:
        deletion = partial(
            requests.delete_some, opened_before_ms=opened_before_ms, account_id=account_id
        )
        return await self._delete(deletion, batch)

    async def _delete(self, deletion: pruning.Deletion, batch: int) -> int:
        total, deleted = 0, batch
        while deleted == batch:
            deleted = await self._write_log(lambda c: deletion(c, batch))
            total += deleted
        return total


@contextmanager
def _failures(what: str) -> Iterator[None]:
    """What drivers and files raise becomes `StoreError`; nobody else needs to know of drivers."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"{what}: {plain(error)}") from error


def _own_file(path: Path, keys: Keyring | None, key_file: Path, stack: AsyncExitStack) -> None:
    """Judge the SQLite file, lock its directory until `stack` unwinds, and make both private."""
    inspect_file(path, keys, key_file)
    make_private_directory(path.parent, ours_if_holds=path.name)
    stack.enter_context(held(path.with_suffix(".lock")))
    make_private_file(path)


async def _left(presence: Presence) -> None:
    """Leave, if the database lets us in time; else the next start finds out by the lock."""
    try:
        async with asyncio.timeout(CLOSE_WAIT_S):
            await presence.leave()
    except (SQLAlchemyError, OSError) as error:
        log.warning("open requests left to the next start", error=plain(error))
