"""Two processes on one PostgreSQL: a refresh token is sent once, whoever needs it, and both serve.

What one process learns of an account's limit need not reach the other while both run: each finds
out by one refused attempt, which its client does not notice. It is there after a restart.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from tests.journeys import wire
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import SlowHead, UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

ROUNDS = 5
CROWD = 8  # requests of each process at a time
OVERLAP_S = 0.4  # an exchange takes so long that the other process comes to it meanwhile
LONG_S = 60.0  # longer than the test waits for that answer
DAY_S = 86_400.0
LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Replicas:
    """Both have the same database and key file; accounts are known to who starts after them."""

    one: Service
    other: Service

    async def start_with(self, pool: Pool, count: int) -> list[Member]:
        """Both run, and know `count` accounts."""
        await self.one.start()
        members = [await pool.add() for _ in range(count)]
        await self.other.start()
        return members

    async def ask_both(self, count: int) -> list[wire.Reply]:
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(wire.ask(service))
                for _ in range(count)
                for service in (self.one, self.other)
            ]
        return [task.result() for task in asked]


@pytest_asyncio.fixture(loop_scope="module")
async def replicas(sim: Simulator, postgres_url: str, tmp_path: Path) -> AsyncIterator[Replicas]:
    settings = {
        "CODEX_LB_DATABASE_URL": postgres_url,
        "CODEX_LB_ENCRYPTION_KEY_FILE": str(tmp_path / "encryption.key"),
        # Only requests and the rounds of renewal use credentials.
        "CODEX_LB_USAGE_REFRESH_ENABLED": "false",
        "CODEX_LB_MODEL_REGISTRY_ENABLED": "false",
    }
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    one, other = (Service(sim, folder, settings) for folder in folders)
    try:
        yield Replicas(one, other)
    finally:
        for service in (one, other):
            with suppress(RuntimeError):  # it was never started
                await service.kill()


@pytest_asyncio.fixture(loop_scope="module")
async def pool(sim: Simulator, replicas: Replicas) -> Pool:
    return await Pool.begin(sim, replicas.one)


async def test_an_account_that_expires_under_both_is_renewed_once_round_after_round(
    replicas: Replicas, pool: Pool
) -> None:
    [member] = await replicas.start_with(pool, 1)
    pool.sim.script(SlowHead(OVERLAP_S), endpoint="refresh")

    for number in range(1, ROUNDS + 1):
        member.upstream.expire()
        replies = await replicas.ask_both(CROWD)
        assert all(reply.is_completed for reply in replies)
        assert pool.sim.refresh_calls(member.upstream) == number

    asked = len(pool.calls())
    assert all(reply.is_completed for reply in await replicas.ask_both(1))
    assert [call.status for call in pool.calls()[asked:]] == [200, 200]
    assert pool.sim.reuse_count == 0
    assert await replicas.one.stop() == 0
    assert (await wire.ask(replicas.other)).is_completed
    assert await replicas.other.stop() == 0
    for service in (replicas.one, replicas.other):
        assert "Traceback" not in service.log()


async def test_a_login_that_is_old_when_both_start_is_renewed_once(
    replicas: Replicas, pool: Pool
) -> None:
    await replicas.one.start()
    account = pool.sim.add_account(email="old-login@example.com")
    account.refreshed_at -= 9 * DAY_S
    pool.members.append(Member(account, await replicas.one.import_account(account)))
    await replicas.one.stop()
    pool.sim.script(SlowHead(OVERLAP_S), endpoint="refresh")

    async with asyncio.TaskGroup() as group:
        for service in (replicas.one, replicas.other):
            group.create_task(service.start())
    await pool.sim.wait_for(lambda: pool.sim.refresh_calls(account) == 1, LIMIT_S)
    newest = account.access_token
    account.access_tokens = {newest: account.access_tokens[newest]}  # who missed it must find it
    replies = await replicas.ask_both(3)

    assert all(reply.is_completed for reply in replies)
    assert pool.sim.refresh_calls(account) == 1
    assert pool.sim.reuse_count == 0


async def test_what_a_killed_process_has_sent_the_other_does_not_send_again(
    replicas: Replicas, pool: Pool
) -> None:
    await replicas.start_with(pool, 2)
    tied, other = await pool.tie("thread-1")
    tied.upstream.expire()
    pool.sim.script(SlowHead(LONG_S), endpoint="refresh", times=1)

    async with asyncio.TaskGroup() as group:
        group.create_task(_ask_in_vain(replicas.one, "thread-1"))
        await pool.sim.wait_for(lambda: pool.sim.refresh_calls(tied.upstream) == 1)
        await replicas.one.kill()
    replies = [await wire.ask(replicas.other, key=f"thread-{n}") for n in range(4)]

    assert all(reply.is_completed for reply in replies)
    assert tied in pool.asked()[2:], "it was tried with the access token it has"
    assert pool.asked()[-1] is other
    assert pool.sim.refresh_calls(tied.upstream) == 1
    assert pool.sim.reuse_count == 0


async def test_a_limit_that_one_process_has_met_is_known_to_the_other_after_a_restart(
    replicas: Replicas, pool: Pool
) -> None:
    await replicas.start_with(pool, 2)
    spent, other = await pool.tie("thread-1")
    pool.sim.script(UsageLimit(resets_in_s=3600), account=spent.upstream)

    diverted = await wire.ask(replicas.one, key="thread-1")
    await replicas.one.stop()  # writes what waits
    await replicas.other.stop()
    await replicas.other.start()
    asked = len(pool.asked())
    after = [await wire.ask(replicas.other, key=f"later-{n}") for n in range(4)]

    assert all(reply.is_completed for reply in (diverted, *after))
    assert pool.asked()[asked:] == [other] * 4
    told = await replicas.other.accounts()
    assert told[spent.id]["status"] == "rate_limited"
    assert told[other.id]["status"] == "active"


async def _ask_in_vain(service: Service, key: str) -> None:
    """The process that is asked ends before it answers."""
    with suppress(aiohttp.ClientError):
        await wire.ask(service, key=key)
