"""Two processes on one database renew an account once, and never send its token twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codex_lb.core.errors import read_reply
from codex_lb.core.model import Credential, Identity
from codex_lb.store import Store
from codex_lb.store.refresh_claims import SURE_AFTER_S
from codex_lb.upstream.credentials import Credentials, LoginLostError
from codex_lb.upstream.oauth import Refused

NOW = 1_800_000_000.0
ALICE = Identity("acc-1", "user-1", "alice@example.com", "plus")


def credential(number: int) -> Credential:
    return Credential(f"access-{number}", f"refresh-{number}", "id", NOW + 3600, NOW)


OLD = credential(1)


@dataclass
class LoginHost:
    """Takes every refresh token once, and answers when the gate opens."""

    asked: list[str] = field(default_factory=list)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh(self, stale: Credential) -> Credential | Refused:
        is_spent = stale.refresh_token in self.asked
        self.asked.append(stale.refresh_token)
        self.is_asked.set()
        await self.gate.wait()
        if is_spent:
            return Refused(read_reply(400, b'{"error":{"code":"refresh_token_reused"}}'))
        return credential(len(self.asked) + 1)


@asynccontextmanager
async def process(
    url: str, data_dir: Path, host: LoginHost, *, now: float = NOW
) -> AsyncIterator[tuple[Store, Credentials]]:
    store = await Store.open(url, data_dir, data_dir / "encryption.key", clock=lambda: now)
    try:
        async with asyncio.TaskGroup() as group:
            yield store, Credentials(store, host.refresh, group.create_task, lambda: now, wait_s=60)
    finally:
        await store.close()


async def test_fifty_who_ask_in_each_of_two_processes_are_one_renewal(
    postgres_url: str, data_dir: Path
) -> None:
    host = LoginHost()
    async with (
        process(postgres_url, data_dir, host) as (store, one),
        process(postgres_url, data_dir, host) as (_, other),
    ):
        await store.put_account("a", ALICE, OLD, now=NOW)
        async with asyncio.TaskGroup() as group:
            asking = [
                group.create_task(credentials.renew("a", OLD))
                for credentials in (one, other)
                for _ in range(50)
            ]
            await host.is_asked.wait()
            host.gate.set()
        assert {task.result() for task in asking} == {credential(2)}
        assert host.asked == ["refresh-1"]
        assert await store.credential("a") == credential(2)


async def test_a_process_that_missed_a_renewal_learns_of_it_when_it_needs_one(
    postgres_url: str, data_dir: Path
) -> None:
    host = LoginHost()
    host.gate.set()
    async with (
        process(postgres_url, data_dir, host) as (store, one),
        process(postgres_url, data_dir, host) as (_, other),
    ):
        await store.put_account("a", ALICE, OLD, now=NOW)
        await other.load(["a"])
        await one.renew("a", OLD)
        assert await other.fresh("a") == OLD  # which is still good
        assert await other.renew("a", OLD) == credential(2)
        assert host.asked == ["refresh-1"]


async def test_a_token_that_a_process_took_with_it_is_never_sent_again(
    postgres_url: str, data_dir: Path
) -> None:
    """It ended after the login host had answered, and before that was stored."""
    host = LoginHost()
    host.gate.set()
    async with process(postgres_url, data_dir, host) as (store, _):
        await store.put_account("a", ALICE, OLD, now=NOW)
        assert await store.claim_refresh("a", OLD.refresh_token, now=NOW) == "claimed"
        await host.refresh(OLD)

    later = NOW + SURE_AFTER_S
    async with process(postgres_url, data_dir, host, now=later) as (store, credentials):
        assert await credentials.fresh("a") == OLD
        with pytest.raises(LoginLostError):
            await credentials.renew_ahead("a", OLD)
        assert await credentials.fresh("a") == OLD
        with pytest.raises(LoginLostError) as caught:  # the access token is refused
            await credentials.renew("a", OLD)
        assert caught.value.verdict.state == "reauth_required"
        assert host.asked == ["refresh-1"]

        await store.put_account("a", ALICE, credential(9), now=later)
        credentials.forget("a")
        assert (await credentials.renew("a", credential(9))).refresh_token == "refresh-3"
