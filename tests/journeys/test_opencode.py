"""OpenCode, with both of its ways to speak to us."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.journeys import opencode
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import CutAfter, Text, Tool

pytestmark = [
    pytest.mark.journey,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        not opencode.PROGRAM.exists(), reason="OpenCode is there for Linux on x64 only"
    ),
]
both_ways = pytest.mark.parametrize("options", [(), ("--chat",)], ids=["responses", "chat"])

_COMES_UP_S = 60.0
_SLEEPS_S = 8.0  # without a time to wait it would ask again after two seconds, and after four


@both_ways
async def test_it_calls_a_tool_and_answers(
    service: Service, pool: Pool, tmp_path: Path, options: tuple[str, ...]
) -> None:
    await pool.add_two()
    pool.sim.script(Tool("bash", {"command": "echo $((40+2))", "description": "adds"}), times=1)
    pool.sim.script(Text("It is done."))
    home = await opencode.prepared(service, tmp_path, *options)

    run = await opencode.run(home, "add up")

    assert (run.exit_code, run.answer) == (0, "It is done.\n")
    first, second = pool.calls()
    assert [item["output"] for item in second.json["input"] if "output" in item] == ["42\n"]
    assert first.account == second.account
    assert first.json["prompt_cache_key"] == second.json["prompt_cache_key"]
    assert first.json["prompt_cache_key"].startswith("ses_")
    assert {row["status"] for row in await pool.rows(2)} == {"success"}


@both_ways
async def test_an_answer_that_breaks_off_is_asked_for_once_more(
    service: Service, pool: Pool, tmp_path: Path, options: tuple[str, ...]
) -> None:
    await pool.add()
    pool.sim.script(CutAfter(8, then=Text("one two three four", deltas=4)), times=1)
    pool.sim.script(Text("All of it."))
    home = await opencode.prepared(service, tmp_path, *options)

    run = await opencode.run(home, "count")

    assert run.exit_code == 0
    assert "All of it." in run.answer
    cut, whole = pool.calls()
    assert whole.json["input"] == cut.json["input"], "the half answer does not count as one"


async def test_a_key_that_is_not_accepted_is_told_at_once(
    service: Service, pool: Pool, tmp_path: Path
) -> None:
    await pool.add()
    home = await opencode.prepared(service, tmp_path, "--chat")

    async with service.keys_needed():
        run = await opencode.run(home, "hello")

    assert run.exit_code == 1
    assert "Invalid API key" in run.shown
    assert pool.calls() == []


async def test_an_exhausted_pool_is_asked_once_and_waited_for(
    service: Service, pool: Pool, tmp_path: Path
) -> None:
    await pool.add(used_5h=1.0)
    home = await opencode.prepared(service, tmp_path, "--chat")

    task = asyncio.ensure_future(opencode.run(home, "hello"))
    try:
        await until(lambda: bool(service.rows(since=pool.began_at)))
        await asyncio.sleep(_SLEEPS_S)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])

    [row] = await pool.rows(1)
    assert (row["http_status"], row["error_code"]) == (429, "usage_limit_reached")


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_COMES_UP_S):
        while not is_so():  # noqa: ASYNC110  the row is another process's
            await asyncio.sleep(0.1)
