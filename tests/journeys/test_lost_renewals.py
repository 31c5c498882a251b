"""A kill in the middle of a renewal: no refresh token is sent twice, and the account comes back."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from tests.journeys import wire
from tests.journeys.patience import eventually
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.record import Received
from codex_lb.simulator.steps import Refuse, SlowHead

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

LONG_S = 60.0  # longer than the test waits for that answer
SHORT_S = 2.0  # long enough to lock the database meanwhile
DAY_S = 86_400.0
LIMIT_S = 15.0


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Nothing but requests and the rounds of renewal uses a credential."""
    return {
        "CODEX_LB_USAGE_REFRESH_ENABLED": "false",
        "CODEX_LB_MODEL_REGISTRY_ENABLED": "false",
    }


@pytest_asyncio.fixture(loop_scope="module")
async def service(
    sim: Simulator, settings: dict[str, str], tmp_path: Path
) -> AsyncIterator[Service]:
    """A service of the test's own, because it is killed."""
    own = Service(sim, tmp_path, settings)
    await own.start()
    try:
        yield own
    finally:
        await own.kill()


@pytest_asyncio.fixture(loop_scope="module")
async def pool(sim: Simulator, service: Service) -> Pool:
    return await Pool.begin(sim, service)


async def test_a_kill_while_the_answer_is_on_its_way_never_sends_the_token_again(
    service: Service, pool: Pool
) -> None:
    """The login host has taken the old token by then: its answer is what is late."""
    member = await pool.add()
    pool.sim.script(SlowHead(LONG_S), endpoint="refresh", times=1)
    pool.sim.script(Refuse("token_expired"), times=1)

    async with _asking(service):
        await pool.sim.wait_for(lambda: len(_exchanges(pool.sim)) == 1)
        await service.kill()
    await service.start()

    await _serves_until_its_access_token_ends_and_comes_back_by_a_sign_in(service, pool, member)


async def test_a_kill_between_the_answer_and_the_store_never_sends_the_token_again(
    service: Service, pool: Pool
) -> None:
    """The answer has come, and waits for a database that another program has locked."""
    member = await pool.add()
    pool.sim.script(SlowHead(SHORT_S), endpoint="refresh", times=1)
    pool.sim.script(Refuse("token_expired"), times=1)

    async with _asking(service):
        await pool.sim.wait_for(lambda: len(_exchanges(pool.sim)) == 1)
        with _locked(service):
            await pool.sim.wait_for(lambda: _exchanges(pool.sim)[0].finished)
            await service.kill()
    await service.start()

    await _serves_until_its_access_token_ends_and_comes_back_by_a_sign_in(service, pool, member)


async def test_a_kill_in_a_renewal_ahead_of_need_costs_the_account_nothing_yet(
    service: Service, pool: Pool
) -> None:
    account = pool.sim.add_account(email="idle@example.com")
    account.refreshed_at -= 9 * DAY_S
    member = Member(account, await service.import_account(account))
    pool.members.append(member)
    pool.sim.script(SlowHead(LONG_S), endpoint="refresh", times=1)

    await service.stop()
    await service.start()  # with a round of renewals
    await pool.sim.wait_for(lambda: len(_exchanges(pool.sim)) == 1, LIMIT_S)
    await service.kill()
    await service.start()  # with another round
    await eventually(lambda: _has_logged(service, "credential not renewed"), within_s=LIMIT_S)

    await _serves_until_its_access_token_ends_and_comes_back_by_a_sign_in(service, pool, member)


async def test_a_kill_right_after_a_renewal_loses_nothing_because_it_was_stored_before_use(
    service: Service, pool: Pool
) -> None:
    member = await pool.add()
    member.upstream.expire()

    served = await wire.ask(service)
    await service.kill()
    await service.start()
    again = await wire.ask(service)

    assert served.is_completed
    assert again.is_completed
    assert [call.status for call in pool.calls()] == [401, 200, 200]
    assert pool.sim.refresh_calls(member.upstream) == 1


async def _serves_until_its_access_token_ends_and_comes_back_by_a_sign_in(
    service: Service, pool: Pool, member: Member
) -> None:
    """What must be seen of an account whose refresh token may be spent."""
    meanwhile = [await wire.ask(service) for _ in range(3)]
    status = await pool.status(member)
    member.upstream.expire()
    refused = await wire.ask(service, path=wire.OPENAI)
    told = (await service.accounts())[member.id]

    assert all(reply.is_completed for reply in meanwhile)
    assert status == "active"
    assert (refused.status, refused.error["code"]) == (503, "no_accounts")
    assert told["status"] == "reauth_required"
    assert told["statusReason"] == ("needs a new sign-in: a renewal was interrupted; sign in again")
    assert len(_exchanges(pool.sim)) == 1, "the token in doubt was never sent again"
    assert pool.sim.reuse_count == 0

    member.upstream.sign_in()
    assert await service.import_account(member.upstream) == member.id
    assert (await wire.ask(service)).is_completed
    assert await pool.status(member) == "active"
    member.upstream.expire()
    assert (await wire.ask(service)).is_completed, "it renews again"
    sent = [exchange.json["refresh_token"] for exchange in _exchanges(pool.sim)]
    assert len(sent) == len(set(sent)) == 2


def _exchanges(sim: Simulator) -> list[Received]:
    """The refresh tokens that came to the login host since the test began."""
    return sim.requests_to("/oauth/token", method="POST")


@asynccontextmanager
async def _asking(service: Service) -> AsyncIterator[None]:
    """A request is under way; that its connection breaks is expected."""

    async def ask() -> None:
        with suppress(aiohttp.ClientError):
            await wire.ask(service)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask())
        yield


@contextmanager
def _locked(service: Service) -> Iterator[None]:
    """The database can be read, and not written."""
    with closing(sqlite3.connect(service.data_dir / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def _has_logged(service: Service, words: str) -> bool:
    return words in service.log()
