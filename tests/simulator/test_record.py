"""The record, the remote control, and the program by itself."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession
from tests.simulator.calls import START, Answer, body, get, post, raw_call

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.record import KEEP, Recorder
from codex_lb.simulator.steps import BlackHole, Silence, Text

SRC = Path(__file__).parents[2] / "src"


async def remote(sim: Simulator, path: str, request: object = None) -> Answer:
    async with (
        ClientSession() as session,
        session.post(f"{sim.auth_url}/sim/{path}", json=request or {}) as reply,
    ):
        return Answer(reply.status, reply.headers, await reply.read())


async def test_all_of_a_request_is_on_record(sim: Simulator, account: SimAccount) -> None:
    await post(sim, account, body(model="gpt-5.5"), path="/codex/responses?a=1")
    [received] = sim.requests_to("/codex/responses")
    assert (received.method, received.query, received.at) == ("POST", {"a": "1"}, START)
    assert received.json["model"] == "gpt-5.5"
    assert received.headers["ChatGPT-Account-Id"] == account.account_id
    assert received.account is account
    assert (received.status, received.step, received.finished) == (200, "Auto", True)
    assert (received.events_sent, received.left_at) == (14, None)


async def test_requests_are_found_by_path_and_method(sim: Simulator, account: SimAccount) -> None:
    await post(sim, account)
    await get(sim, account, "/wham/usage")
    assert [r.path for r in sim.requests] == [
        "/backend-api/codex/responses",
        "/backend-api/wham/usage",
    ]
    assert len(sim.requests_to("/wham/usage")) == 1
    assert sim.requests_to("/wham/usage", method="POST") == []


@pytest.mark.parametrize("step", [BlackHole(), Silence(), Text(deltas=2, delay_s=60)])
async def test_a_client_that_leaves_early_is_noticed_at_once(
    sim: Simulator, account: SimAccount, step: BlackHole | Silence | Text
) -> None:
    sim.script(step)
    async with raw_call(sim, account):
        await sim.wait_for(lambda: sim.live_streams == 1)
        sim.advance(7)
    await sim.wait_for(lambda: sim.live_streams == 0)
    [received] = sim.requests
    assert (received.left_at, received.finished) == (START + 7, False)


async def test_connections_are_told_apart(sim: Simulator, account: SimAccount) -> None:
    async with ClientSession() as session:
        headers = {"authorization": f"Bearer {account.access_token}"}
        for _ in range(2):
            async with session.get(f"{sim.base_url}/wham/usage", headers=headers) as reply:
                await reply.read()
    await get(sim, account, "/wham/usage")
    first, second, third = (received.connection_id for received in sim.requests)
    assert first == second != third


async def test_the_record_keeps_the_last_requests_only(sim: Simulator, account: SimAccount) -> None:
    await get(sim, account, "/wham/usage")
    [one] = sim.requests
    record = Recorder()
    for number in range(KEEP + 1):
        record.add(replace(one, at=number))
    assert [record.requests[0].at, record.requests[-1].at] == [1, KEEP]


async def test_waiting_ends_in_time(sim: Simulator) -> None:
    await sim.wait_for(lambda: True, timeout=0.01)
    with pytest.raises(TimeoutError):
        await sim.wait_for(lambda: False, timeout=0.01)


async def test_another_process_can_do_it_all(sim: Simulator) -> None:
    made = await remote(
        sim, "add_account", {"email": "r@example.com", "plan": "pro", "used_5h": 0.3}
    )
    account = sim.account("r@example.com")
    assert made.json == account.auth_json()
    assert (account.plan, account.used_5h) == ("pro", 0.3)

    script = {
        "step": {"step": "usage_limit", "resets_in_s": 5},
        "account": "r@example.com",
        "times": 1,
    }
    assert (await remote(sim, "script", script)).status == 200
    assert (await post(sim, account)).json["error"]["resets_in_seconds"] == 5

    await remote(sim, "advance", {"seconds": 60})
    assert sim.now() == START + 60
    await remote(sim, "reset")
    assert sim.requests == []


@pytest.mark.parametrize(
    ("call", "request_", "problem"),
    [
        pytest.param("script", {"step": {"step": "explode"}}, "explode", id="an unknown step"),
        pytest.param(
            "script", {"step": {"step": "text"}, "endpoint": "usage"}, "stream", id="a wrong place"
        ),
        pytest.param(
            "script", {"step": {"step": "auto"}, "account": "x"}, "no account", id="no such account"
        ),
        pytest.param("add_account", {"plan": "plus"}, "email", id="an account without a name"),
        pytest.param("advance", {"second": 1}, "second", id="a misspelt field"),
        pytest.param("advance", [1], "object", id="a list for a body"),
    ],
)
async def test_remote_mistakes_are_explained(
    sim: Simulator, call: str, request_: object, problem: str
) -> None:
    answer = await remote(sim, call, request_)
    assert answer.status == 400
    assert problem in answer.json["error"]


async def test_the_program_writes_its_accounts_and_ends_when_told(tmp_path: Path) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "codex_lb.simulator", "--port", "0", "--accounts", "2", "--out", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )
    assert program.stdout is not None
    try:
        async with asyncio.timeout(20):
            line = (await program.stdout.readline()).decode()
            url = re.fullmatch(
                r"CODEX_LB_UPSTREAM_BASE_URL=(http://127\.0\.0\.1:\d+/backend-api)\n", line
            )
            assert url is not None
            tokens = json.loads((tmp_path / "auth-2.json").read_text())["tokens"]
            headers = {
                "authorization": f"Bearer {tokens['access_token']}",
                "chatgpt-account-id": tokens["account_id"],
            }
            async with (
                ClientSession() as session,
                session.get(f"{url[1]}/wham/usage", headers=headers) as reply,
            ):
                assert (await reply.json())["email"] == "user2@example.com"
            program.send_signal(signal.SIGTERM)
            await program.stdout.read()
            assert await program.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            program.kill()
    assert (tmp_path / "auth-1.json").stat().st_mode & 0o777 == 0o600
