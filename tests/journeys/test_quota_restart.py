"""What is known of an account survives a restart, and so does the operator's word."""

import pytest
from tests.journeys import wire
from tests.journeys.patience import eventually
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """What accounts report counts here."""
    return {"CODEX_LB_USAGE_REFRESH_ENABLED": "true"}


async def test_a_block_is_checked_again_after_a_restart_and_falls_if_usage_is_low(
    service: Service, pool: Pool
) -> None:
    member = await _blocked(service, pool)

    await service.stop()
    member.upstream.used_week = 0.05
    await service.start()

    await eventually(lambda: _is_active(pool, member), within_s=10)
    assert (await wire.ask(service)).is_completed


async def test_a_block_stands_after_a_crash_while_upstream_says_the_same(
    service: Service, pool: Pool
) -> None:
    member = await _blocked(service, pool)
    known = (await service.accounts())[member.id]["blockedUntil"]

    await service.kill()
    before = len(pool.sim.requests_to("/wham/usage"))
    await service.start()

    await pool.sim.wait_for(lambda: len(pool.sim.requests_to("/wham/usage")) > before, 10)
    asked = len(pool.calls())
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429
    assert len(pool.calls()) == asked
    assert (await service.accounts())[member.id]["blockedUntil"] == known


@pytest.mark.parametrize("word", ["probe", "reactivate"])
async def test_the_operators_word_frees_an_account_in_memory_and_on_disk(
    word: str, service: Service, pool: Pool
) -> None:
    """Upstream is away meanwhile, so that nothing but the operator's word can have freed it."""
    member = await _blocked(service, pool)
    member.upstream.used_week = 0.05
    await pool.sim.refuse()
    try:
        await service.admin("POST", f"/api/accounts/{member.id}/{word}")
        in_memory = await pool.status(member)
        await service.kill()
        await service.start()
        on_disk = await pool.status(member)
    finally:
        await pool.sim.listen()

    assert (in_memory, on_disk) == ("active", "active")
    assert (await wire.ask(service)).is_completed


async def _blocked(service: Service, pool: Pool) -> Member:
    """The pool's only account, with its week spent; the service has seen the refusal."""
    member = await pool.add(used_week=1.0)
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429
    assert await pool.status(member) == "rate_limited"
    return member


async def _is_active(pool: Pool, member: Member) -> bool:
    return await pool.status(member) == "active"
