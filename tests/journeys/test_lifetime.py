"""Stop, restart and crash: streams end well, rows tell the truth, nothing is stuck."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from tests.journeys import wire
from tests.journeys.patience import eventually
from tests.journeys.pool import Pool
from tests.journeys.service import REPOSITORY, Service, free_port

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import Text

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

DRAIN_S = 2
SHORT = Text("word " * 20, deltas=20, delay_s=0.05)
ENDLESS = Text("word " * 2_000, deltas=2_000, delay_s=0.05)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_SHUTDOWN_DRAIN_TIMEOUT_SECONDS": str(DRAIN_S)}


@pytest_asyncio.fixture(loop_scope="module")
async def service(
    sim: Simulator, settings: dict[str, str], tmp_path: Path
) -> AsyncIterator[Service]:
    """A service of the test's own, because its end is what is tested."""
    own = Service(sim, tmp_path, settings)
    await own.start()
    try:
        yield own
    finally:
        await own.kill()


@pytest_asyncio.fixture(loop_scope="module")
async def pool(sim: Simulator, service: Service) -> Pool:
    return await Pool.begin(sim, service)


async def test_streams_that_run_at_sigterm_are_finished_and_new_requests_refused(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(SHORT)

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(wire.ask(service)) for _ in range(6)]
        await pool.sim.wait_for(lambda: len(pool.calls()) == 6)
        service.terminate()
        exit_code = await service.ended()

    assert all(task.result().is_completed for task in running)
    assert exit_code == 0
    assert [row["status"] for row in await pool.rows(6)] == ["success"] * 6


async def test_streams_longer_than_the_drain_end_in_a_failure_the_client_can_read(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(ENDLESS)

    async with asyncio.TaskGroup() as group:
        paths = (wire.CODEX, wire.OPENAI) * 2
        running = [group.create_task(wire.ask(service, path=path)) for path in paths]
        await pool.sim.wait_for(lambda: len(pool.calls()) == 4)
        service.terminate()
        exit_code = await service.ended()

    for task in running:
        assert not task.result().is_broken
        assert [end["type"] for end in task.result().ends] == ["response.failed"]
    assert exit_code == 0
    assert all(row["status"] != "in_progress" for row in await pool.rows(4))


async def test_a_draining_service_says_so_and_takes_no_new_work(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(ENDLESS, times=1)

    async with wire.opened(service, json.dumps(wire.request()).encode()) as stream:
        await stream.until("response.output_text.delta")
        service.terminate()
        await eventually(lambda: _is_not_ready(service), within_s=DRAIN_S)
        refused = await wire.ask(service, path=wire.OPENAI)
        await stream.until("response.failed")

    assert refused.status == 503
    assert refused.error["code"] == "server_shutting_down"
    assert int(refused.headers["retry-after"]) > 0
    assert await service.ended() == 0
    assert len(pool.calls()) == 1


async def test_a_restart_serves_again_at_once_with_the_same_accounts(
    service: Service, pool: Pool
) -> None:
    member = await pool.add()
    assert (await wire.ask(service)).is_completed

    assert await service.stop() == 0
    await service.start()

    assert await pool.status(member) == "active"
    assert (await wire.ask(service)).is_completed
    assert len(pool.sim.requests_to("/oauth/token")) == 0


async def test_a_spent_account_stays_spent_over_a_restart(service: Service, pool: Pool) -> None:
    await pool.add(used_5h=1.0)
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429

    await service.stop()
    await service.start()

    asked = len(pool.calls())
    assert (await wire.ask(service, path=wire.OPENAI)).status == 429
    assert len(pool.calls()) == asked, "the block was kept"


async def test_a_crash_leaves_interrupted_rows_and_nothing_stuck(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(ENDLESS, times=3)
    body = json.dumps(wire.request()).encode()

    async with (
        wire.opened(service, body) as one,
        wire.opened(service, body) as two,
        wire.opened(service, body) as three,
    ):
        for stream in (one, two, three):
            await stream.until("response.output_text.delta")
        await _opened_rows(service, 3)
        await service.kill()
    await service.start()

    rows = await pool.rows(3)
    assert {(row["status"], row["error_code"]) for row in rows} == {("error", "interrupted")}
    assert (await wire.ask(service)).is_completed


async def test_a_second_process_on_the_same_data_directory_is_refused(service: Service) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "codex_lb", "serve", "--port", str(free_port())),
        cwd=service.folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(service.folder),
            "PYTHONPATH": str(REPOSITORY / "src"),
            "CODEX_LB_DATA_DIR": str(service.data_dir),
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(20):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode not in (0, None)
    assert str(service.process.pid) in said.decode(), "it names who holds the directory"
    assert b"Traceback" not in said


async def test_the_data_directory_is_closed_to_others(service: Service) -> None:
    modes = {
        str(path.relative_to(service.data_dir.parent)): path.stat().st_mode & 0o777
        for path in [service.data_dir, *service.data_dir.rglob("*")]
    }

    assert modes.pop("data") == 0o700
    assert set(modes.values()) == {0o600}


async def _is_not_ready(service: Service) -> bool:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{service.url}/health/ready") as reply,
    ):
        return reply.status == 503


async def _opened_rows(service: Service, count: int) -> None:
    """Until that many rows are on the disk; the writer batches them for 50 ms."""
    async with asyncio.timeout(5):
        while len(service.rows()) < count:  # noqa: ASYNC110 -- asks a file, which sends no events
            await asyncio.sleep(0.02)
