"""Days pass: an account runs dry and comes back when its own window begins anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.journeys import wire
from tests.journeys.clocked import ClockedService
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import Text, UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

HOUR_S, DAY_S = 3_600.0, 86_400.0
WORK = Text("Done.", input_tokens=1_000_000)  # 100 credits of the 225 that Plus holds in 5 hours


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """No polling: what the account's own replies told must be enough."""
    return {"CODEX_LB_USAGE_REFRESH_ENABLED": "false"}


@pytest_asyncio.fixture(loop_scope="module")
async def service(
    sim: Simulator, settings: dict[str, str], tmp_path: Path
) -> AsyncIterator[Service]:
    """In this process, by the simulator's clock."""
    own = ClockedService(sim, tmp_path, settings)
    await own.start()
    try:
        yield own
    finally:
        await own.stop()


async def test_an_account_runs_dry_by_its_own_work_and_comes_back_at_its_own_reset(
    service: Service, pool: Pool
) -> None:
    member = await pool.add(used_5h=0.0)
    pool.sim.script(WORK, times=3)
    answered = [await wire.ask(service, path=wire.OPENAI) for _ in range(3)]
    assert all(reply.is_completed for reply in answered)

    dry = await wire.ask(service, path=wire.OPENAI)
    assert (dry.status, dry.error["code"]) == (429, "usage_limit_reached")
    reset_at = dry.error["resets_at"]
    assert reset_at == pytest.approx(member.upstream.windows[0].resets_at, abs=2)

    asked = len(pool.calls())
    pool.sim.advance(reset_at - pool.sim.now() - 60)
    early = await wire.ask(service, path=wire.OPENAI)
    assert early.status == 429
    assert early.error["resets_in_seconds"] == pytest.approx(60, abs=10)
    assert len(pool.calls()) == asked, "nobody is asked before its time"

    pool.sim.advance(61)
    assert await pool.status(member) == "active"
    assert (await wire.ask(service, path=wire.OPENAI)).is_completed


async def test_of_two_spent_windows_the_later_reset_counts(service: Service, pool: Pool) -> None:
    member = await pool.add(used_5h=1.0, used_week=1.0)
    refused = await wire.ask(service, path=wire.OPENAI)
    assert refused.error["resets_in_seconds"] > 3 * DAY_S

    pool.sim.advance(6 * HOUR_S)
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429
    assert await pool.status(member) == "rate_limited"

    pool.sim.advance(4 * DAY_S)
    assert (await wire.ask(service, path=wire.OPENAI)).is_completed


async def test_a_limit_without_a_told_end_is_tried_again_after_minutes_and_not_days(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(UsageLimit(resets_at=pool.sim.now() - HOUR_S), times=1)
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429

    pool.sim.advance(10 * 60)

    assert (await wire.ask(service, path=wire.OPENAI)).is_completed


async def test_the_pool_refuses_until_the_promised_time_and_serves_from_then_on(
    service: Service, pool: Pool
) -> None:
    """Two accounts whose windows begin anew at different times."""
    late, soon = await pool.add(used_5h=1.0), await pool.add(used_5h=1.0)
    late.upstream.windows[0].resets_at = pool.sim.now() + 4 * HOUR_S
    soon.upstream.windows[0].resets_at = pool.sim.now() + HOUR_S

    refused = await wire.ask(service, path=wire.OPENAI)
    assert refused.error["resets_in_seconds"] == pytest.approx(HOUR_S, abs=10)

    pool.sim.advance(refused.error["resets_in_seconds"])
    assert (await wire.ask(service, path=wire.OPENAI)).is_completed
    assert pool.asked()[-1] is soon
    assert await pool.status(late) == "rate_limited"
