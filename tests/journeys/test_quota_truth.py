"""What an account has left is known from upstream: blocks end by proof, each limit bars its own."""

from datetime import datetime

import aiohttp
import pytest
from tests.journeys import wire
from tests.journeys.patience import eventually
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

from codex_lb.simulator.quota import FIVE_HOURS, MONTH, WEEK, Credits, ExtraLimit, Window
from codex_lb.simulator.steps import Status

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

ROUND_S = 1.0  # in which every account is asked what it has left
SEEN_S = 10.0  # by then a busy machine has had its round
SPARK = "gpt-5.3-codex-spark"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CODEX_LB_USAGE_REFRESH_ENABLED": "true",
        "CODEX_LB_USAGE_REFRESH_INTERVAL_SECONDS": str(ROUND_S),
    }


async def test_an_early_reset_frees_an_account_that_was_blocked_for_days(
    service: Service, pool: Pool
) -> None:
    member = await _spent_for_days(service, pool)

    member.upstream.windows = [
        Window(FIVE_HOURS, 0.0, pool.sim.now() + 18_000),
        Window(WEEK, 0.0, pool.sim.now() + 600_000),
    ]

    await eventually(lambda: _is_active(pool, member), within_s=SEEN_S)
    assert (await wire.ask(service)).is_completed


async def test_a_reset_credit_used_in_chatgpt_frees_the_account(
    service: Service, pool: Pool
) -> None:
    member = await _spent_for_days(service, pool, reset_credits=1)

    await _redeem(pool, member)

    await eventually(lambda: _is_active(pool, member), within_s=SEEN_S)
    assert (await wire.ask(service)).is_completed
    assert (await service.accounts())[member.id]["availableResetCredits"] == 0


async def test_credits_keep_a_spent_account_serving_as_long_as_they_last(
    service: Service, pool: Pool
) -> None:
    member = await pool.add()
    member.upstream.credits = Credits(has_credits=True, balance="12.50")
    member.upstream.used_5h = 1.0

    replies = [await wire.ask(service, path=wire.OPENAI) for _ in range(3)]

    assert all(reply.is_completed for reply in replies)
    assert await pool.status(member) == "active"

    member.upstream.credits = Credits()

    await eventually(lambda: _is_limited(pool, member), within_s=SEEN_S)
    asked = len(pool.calls())
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429
    assert len(pool.calls()) == asked, "the report was proof enough"


async def test_the_usage_report_alone_takes_a_spent_account_out_of_routing(
    service: Service, pool: Pool
) -> None:
    spent, other = await pool.add_two()
    spent.upstream.used_week = 1.0

    await eventually(lambda: _is_limited(pool, spent), within_s=SEEN_S)
    replies = [await wire.ask(service) for _ in range(4)]

    assert all(reply.is_completed for reply in replies)
    assert set(pool.asked()) == {other}


async def test_a_429_with_low_usage_rests_the_account_for_seconds_whatever_its_windows_say(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    hurried, other = await pool.tie("thread-9")
    told = {
        "x-codex-primary-used-percent": "30",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-after-seconds": "18000",
        "x-codex-secondary-used-percent": "20",
        "x-codex-secondary-window-minutes": "10080",
        "x-codex-secondary-reset-after-seconds": "400000",
    }
    pool.sim.script(Status(429, headers=told), account=hurried.upstream, times=1)

    diverted = await wire.ask(service, key="thread-9")

    assert diverted.is_completed
    assert pool.asked() == [hurried, hurried, other]
    account = (await service.accounts())[hurried.id]
    assert account["status"] == "rate_limited"
    ends_at = datetime.fromisoformat(account["blockedUntil"]).timestamp()
    assert 0 < ends_at - pool.sim.now() <= 60


async def test_the_limit_of_one_feature_bars_its_model_and_no_other(
    service: Service, pool: Pool
) -> None:
    barred, other = await pool.add(plan="pro"), await pool.add(plan="pro")
    full = Window(FIVE_HOURS, 1.0, pool.sim.now() + 7_200)
    barred.upstream.extras = [ExtraLimit("codex_bengalfox", "GPT-5.3-Codex-Spark", [full])]

    async def is_known() -> bool:
        return bool((await service.accounts())[barred.id]["additionalQuotas"])

    await eventually(is_known, within_s=SEEN_S)
    spark = [await wire.ask(service, key=f"spark-{n}", model=SPARK) for n in range(4)]
    assert set(pool.asked()) == {other}
    rest = [await wire.ask(service, key=f"rest-{n}") for n in range(4)]

    assert all(reply.is_completed for reply in (*spark, *rest))
    assert barred in pool.asked()
    assert await pool.status(barred) == "active"


@pytest.mark.parametrize(
    ("lengths", "shown"),
    [
        pytest.param((WEEK,), {"Secondary"}, id="only a weekly one, in first place"),
        pytest.param((MONTH,), {"Monthly"}, id="only a monthly one"),
        pytest.param((WEEK, FIVE_HOURS), {"Primary", "Secondary"}, id="both, the week first"),
        pytest.param((), set(), id="none"),
    ],
)
async def test_windows_are_told_by_their_length_and_routing_agrees_if_a_free_plan_has(
    lengths: tuple[int, ...], shown: set[str], service: Service, pool: Pool
) -> None:
    member = await pool.add(plan="free")
    reset_at = pool.sim.now() + 3_600
    member.upstream.windows = [Window(minutes, 0.25, reset_at) for minutes in lengths]

    async def are_known() -> bool:
        return await _shown_windows(service, member) == dict.fromkeys(shown, 75.0)

    await eventually(are_known, within_s=SEEN_S)
    assert (await wire.ask(service, path=wire.OPENAI)).is_completed
    if not lengths:
        return

    member.upstream.windows[0].used = 1.0
    await eventually(lambda: _is_limited(pool, member), within_s=SEEN_S)
    refused = await wire.ask(service, path=wire.OPENAI)

    assert refused.status == 429
    assert refused.error["resets_at"] == pytest.approx(reset_at, abs=2)


async def _spent_for_days(service: Service, pool: Pool, *, reset_credits: int = 0) -> Member:
    """The pool's only account, with its week spent; the service has seen the refusal."""
    member = await pool.add(used_week=1.0)
    member.upstream.reset_credits = reset_credits
    refused = await wire.ask(service, path=wire.OPENAI)
    assert refused.status == 429
    assert refused.error["resets_in_seconds"] > 86_400
    return member


async def _redeem(pool: Pool, member: Member) -> None:
    """What the account's owner does in ChatGPT."""
    address = f"{pool.sim.base_url}/wham/rate-limit-reset-credits/consume"
    login = {
        "authorization": f"Bearer {member.upstream.access_token}",
        "chatgpt-account-id": member.upstream.account_id,
    }
    async with (
        aiohttp.ClientSession(headers=login) as session,
        session.post(address, json={}) as reply,
    ):
        assert (await reply.json())["code"] == "reset"


async def _shown_windows(service: Service, member: Member) -> dict[str, float]:
    """Percent left of each window of which the accounts page shows a length."""
    account = (await service.accounts())[member.id]
    return {
        name: account["usage"][f"{name.lower()}RemainingPercent"]
        for name in ("Primary", "Secondary", "Monthly")
        if account[f"windowMinutes{name}"] is not None
    }


async def _is_active(pool: Pool, member: Member) -> bool:
    return await pool.status(member) == "active"


async def _is_limited(pool: Pool, member: Member) -> bool:
    return await pool.status(member) == "rate_limited"
