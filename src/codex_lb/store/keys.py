"""API keys and their limits as the rest of the program asks for them."""

import secrets
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from codex_lb.core.keys import RANDOM_BYTES, ApiKey, Secret, Terms, new_secret
from codex_lb.core.limits import Rule, Spend, Verdict
from codex_lb.store import api_keys, limits, rollups
from codex_lb.store.api_keys import Patch
from codex_lb.store.database import Work
from codex_lb.store.instances import is_dead
from codex_lb.store.limits import Estimate
from codex_lb.store.records import AccountTotals

T = TypeVar("T")


class Run(Protocol):
    async def __call__(self, work: Work[T]) -> T:
        """One transaction. Raises `StoreError`."""


class Keys:
    """Each method is one transaction and raises `StoreError` if the database fails.

    `on_change` is awaited after each change made here.
    There is no method that ends a reservation: that comes with the closing of the request's row.
    """

    def __init__(self, read: Run, write: Run, write_log: Run, instance_id: str) -> None:
        self._read = read
        self._write = write
        self._write_log = write_log
        self._instance_id = instance_id
        self.on_change: Callable[[], Awaitable[None]] = _nobody_listens

    async def _change(self, work: Work[T]) -> T:
        changed = await self._write(work)
        await self.on_change()
        return changed

    async def version(self) -> str:
        """Another word whenever a key or rule has changed, in whichever process."""
        return await self._read(api_keys.version)

    async def every(self) -> tuple[str, list[ApiKey]]:
        """The version, and the keys in the order in which they were created."""
        return await self._read(lambda c: (api_keys.version(c), api_keys.every(c)))

    async def one(self, key_id: str) -> ApiKey | None:
        return await self._read(lambda c: api_keys.one(c, key_id))

    async def totals(self) -> dict[str, AccountTotals]:
        """By key id, from the roll-ups. A key that has served nothing is not in it."""
        return await self._read(rollups.key_totals)

    async def create(
        self, terms: Terms, rules: Sequence[Rule], *, now: float
    ) -> tuple[ApiKey, Secret]:
        """The secret is nowhere to be had again."""
        secret, key_id = _new_secret(), str(uuid.uuid4())
        key = await self._change(
            lambda c: api_keys.create(c, secret, key_id, terms, rules, now=now)
        )
        return key, secret

    async def patch(self, key_id: str, wanted: Patch, *, now: float) -> ApiKey | None:
        """None if there is no such key. Raises what `wanted.change` does, with nothing changed."""
        return await self._change(lambda c: api_keys.patch(c, key_id, wanted, now=now))

    async def regenerate(self, key_id: str) -> tuple[ApiKey, Secret] | None:
        secret = _new_secret()
        key = await self._change(lambda c: api_keys.regenerate(c, key_id, secret))
        return (key, secret) if key else None

    async def delete(self, key_id: str) -> bool:
        """False if there is no such key."""
        return await self._change(lambda c: api_keys.remove(c, key_id))

    async def reserve(
        self, key_id: str, request_id: str, *, model: str, estimate: Estimate, now: float
    ) -> Verdict:
        """To be asked once the request's row is open, and again after a while if it is "wait"."""

        def work(connection: Connection) -> Verdict:
            def asked() -> Verdict:
                return limits.reserve(
                    connection,
                    key_id,
                    request_id,
                    instance_id=self._instance_id,
                    model=model,
                    estimate=estimate,
                    now=now,
                )

            verdict = asked()
            if verdict == "wait" and self._bury_holders(connection, key_id):
                verdict = asked()
            return verdict

        return await self._write_log(work)

    async def top_up(self, key_id: str, request_id: str, need: Spend) -> None:
        """For a request that turns out to take more than it holds."""
        await self._write_log(lambda c: limits.top_up(c, key_id, request_id, need))

    def _bury_holders(self, connection: Connection, key_id: str) -> bool:
        """Nobody waits for what a dead process holds until somebody finds it dead."""
        others = limits.holders(connection, key_id) - {self._instance_id}
        dead = [other for other in sorted(others) if is_dead(connection, other)]
        for other in dead:
            limits.release(connection, key_id, other)
        return bool(dead)


async def _nobody_listens() -> None:
    pass


def _new_secret() -> Secret:
    return new_secret(secrets.token_bytes(RANDOM_BYTES))
