"""Codex CLI 0.169: what its user sees when all is well, and when the pool is in trouble."""

from pathlib import Path

import pytest
from tests.journeys import codex
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import (
    Auto,
    Burst,
    Close,
    FailedEvent,
    Html,
    Reasoning,
    Refuse,
    Reset,
    Status,
    Step,
    Text,
    Tool,
    UsageLimit,
)

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture
def home(service: Service, tmp_path: Path) -> Path:
    return codex.with_key(service, tmp_path / "codex")


async def test_hello_with_an_api_key(home: Path, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("Hello from the pool."))

    run = await codex.run(home, "say hello")

    assert run.is_undisturbed, run
    assert "Hello from the pool." in run.answer
    [row] = await pool.rows(1)
    assert row["status"] == "success"
    assert row["user_agent"].startswith("codex_exec/0.169.0")


async def test_hello_with_a_chatgpt_login_of_ones_own(
    service: Service, pool: Pool, tmp_path: Path
) -> None:
    member = await pool.add()
    own = pool.sim.add_account("the-user@example.com")
    home = codex.with_login(service, tmp_path / "codex", own)
    pool.sim.script(Text("Hello from the pool."))

    run = await codex.run(home, "say hello")

    assert run.is_undisturbed, run
    assert "Hello from the pool." in run.answer
    assert pool.asked() == [member], "the user's own account must not serve"
    await pool.rows(1)


async def test_a_tool_runs_and_its_result_comes_back(home: Path, pool: Pool) -> None:
    await pool.add_two()
    pool.sim.script(Tool("exec_command", {"cmd": "echo tool-ran-$((40+2))"}), times=1)
    pool.sim.script(Text("The tool has run."), times=1)

    run = await codex.run(home, "run the tool")

    assert run.is_undisturbed, run
    assert "The tool has run." in run.answer
    first, second = pool.calls()
    assert first.account is second.account, "the conversation stays on its account"
    results = [
        item["output"] for item in second.json["input"] if item["type"] == "function_call_output"
    ]
    assert "tool-ran-42" in str(results)
    assert len(await pool.rows(2)) == 2


async def test_reasoning_passes_through(home: Path, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Reasoning("Thought through."))

    run = await codex.run(home, "think")

    assert run.is_undisturbed, run
    assert "Thought through." in run.answer


@pytest.mark.parametrize(
    "trouble", [None, UsageLimit(resets_in_s=3600)], ids=["all is well", "its account is spent"]
)
async def test_a_long_conversation_is_compacted_on_the_way(
    trouble: Step | None, service: Service, pool: Pool, tmp_path: Path
) -> None:
    await pool.add_two()
    pool.sim.script(Tool("exec_command", {"cmd": "echo tool-ran"}), times=1)
    if trouble is not None:
        pool.sim.script(trouble, times=1)
    pool.sim.script(Auto(), times=1)
    pool.sim.script(Text("Compacted and gone on."))
    home = codex.compacting(service, tmp_path / "codex", at_tokens=1_000)

    run = await codex.run(home, "run the tool")

    assert run.is_undisturbed, run
    assert "Compacted and gone on." in run.answer
    *_, compacting, last = pool.calls()
    assert compacting.json["input"][-1] == {"type": "compaction_trigger"}
    [item] = [item for item in last.json["input"] if item["type"] == "compaction"]
    assert item["encrypted_content"]
    assert compacting.account is last.account
    assert not [item for item in last.json["input"] if item["type"] == "function_call"]
    assert len(await pool.rows(3)) == 3


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(UsageLimit(resets_in_s=3600), id="it has reached its usage limit"),
        pytest.param(Burst(retry_after_s=30), id="it is rate limited"),
        pytest.param(Refuse("account_deactivated"), id="it is deactivated"),
        pytest.param(Refuse("firewall"), id="the firewall blocks it"),
        pytest.param(Status(500), id="it answers 500"),
        pytest.param(Refuse("bad_gateway"), id="it answers 502 with a page"),
        pytest.param(Refuse("overloaded"), id="it is overloaded"),
        pytest.param(Reset(), id="its connection is reset"),
        pytest.param(Close(), id="its connection ends without a word"),
        pytest.param(Html(), id="it answers a page instead of a stream"),
        pytest.param(FailedEvent("usage_limit_reached"), id="its stream begins with the limit"),
    ],
)
async def test_the_user_sees_nothing_of_one_account_in_trouble_when(
    trouble: Step, home: Path, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(trouble, times=1)
    pool.sim.script(Text("Served all the same."))

    run = await codex.run(home, "say hello")

    assert run.is_undisturbed, run
    assert "Served all the same." in run.answer
    assert len(await pool.rows(1)) == 1
    assert len(pool.spread()) == 2


async def test_an_account_spent_between_two_steps_of_a_turn_is_not_noticed(
    home: Path, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(Tool("exec_command", {"cmd": "echo tool-ran"}), times=1)
    pool.sim.script(UsageLimit(resets_in_s=3600), times=1)
    pool.sim.script(Text("The tool has run."))

    run = await codex.run(home, "run the tool")

    assert run.is_undisturbed, run
    assert "The tool has run." in run.answer
    spent, again, other = pool.asked()
    assert (spent is again, spent is other) == (True, False)
    assert len(await pool.rows(2)) == 2


async def test_the_user_sees_nothing_of_a_login_that_is_renewed(home: Path, pool: Pool) -> None:
    member = await pool.add()
    pool.sim.script(Refuse("token_expired"), times=1)
    pool.sim.script(Text("Served all the same."))

    run = await codex.run(home, "say hello")

    assert run.is_undisturbed, run
    assert pool.asked() == [member, member]
    assert pool.sim.refresh_calls(member.upstream) == 1
    await pool.rows(1)


async def test_an_exhausted_pool_is_told_once_as_a_usage_limit(home: Path, pool: Pool) -> None:
    await pool.add(used_5h=1.0)
    await pool.add(used_5h=1.0)

    run = await codex.run(home, "say hello")

    assert run.exit_code == 1
    assert "usage limit" in run.shown
    assert "Reconnecting" not in run.shown
    assert len(await pool.rows(1)) == 1


async def test_a_pool_without_any_account_is_told_once(home: Path, pool: Pool) -> None:
    run = await codex.run(home, "say hello")

    assert run.exit_code == 1
    assert "no account" in run.shown.lower()
    assert len(await pool.rows(1)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Status(500), id="answers 500"),
        pytest.param(Refuse("bad_gateway"), id="answers 502"),
        pytest.param(Refuse("overloaded"), id="is overloaded"),
        pytest.param(Refuse("unauthorized"), id="refuses every login"),
        pytest.param(Reset(), id="resets every connection"),
        pytest.param(Burst(retry_after_s=1), id="is rate limited"),
    ],
)
async def test_there_is_no_storm_of_requests_when_every_account(
    trouble: Step, home: Path, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(trouble)

    run = await codex.run(home, "say hello")

    assert run.exit_code == 1
    assert 1 <= pool.client_requests() <= 6
    assert len(pool.calls()) <= 3 * pool.client_requests()
