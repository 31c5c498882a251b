"""What `codex-lb setup` writes and shows works, with the clients themselves."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.journeys import codex, recipes
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import Text

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def test_codex_answers_with_what_setup_writes(
    service: Service, pool: Pool, tmp_path: Path
) -> None:
    await pool.add()
    pool.sim.script(Text("Hello from afar."))
    named = ("--key-env", "POOL_API_KEY")  # the one that this driver of Codex sets
    await recipes.setup(service, tmp_path, "codex", "--write", "--model", "gpt-5.5", *named)

    run = await codex.run(tmp_path, "say hello")

    assert run.is_undisturbed, run.shown
    assert run.answer.strip() == "Hello from afar."
    assert "POOL_API_KEY" in (tmp_path / "config.toml").read_text()


@pytest.mark.parametrize("options", [(), ("--chat",)], ids=["responses", "chat"])
async def test_the_code_for_the_sdk_runs(
    service: Service, pool: Pool, tmp_path: Path, options: tuple[str, ...]
) -> None:
    await pool.add()
    pool.sim.script(Text("Hello from afar."))
    code = await recipes.setup(service, tmp_path, "sdk", "--model", "gpt-5.5", *options)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        env=recipes.environment(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()

    assert (process.returncode, said.decode()) == (0, "Hello from afar.\n")


@pytest.mark.parametrize("client", ["codex", "opencode", "openclaw", "sdk"])
async def test_the_check_finds_that_it_works(
    service: Service, pool: Pool, tmp_path: Path, client: str
) -> None:
    await pool.add()
    said = await recipes.setup(service, tmp_path, client, "--check", "--model", "gpt-5.5")
    assert "It works: gpt-5.5 answered" in said
    assert len(await pool.rows(1)) == 1
