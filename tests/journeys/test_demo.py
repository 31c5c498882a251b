"""The demonstration: a whole pool without a real account, and nothing left behind."""

import asyncio
import json
import os
import signal
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.journey


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str, body: dict[str, Any] | None = None) -> str:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  our own address
        text: str = answer.read().decode()
        return text


async def until_it_answers(url: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await asyncio.to_thread(fetch, url)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return


async def test_the_demo_answers_says_what_it_is_and_leaves_nothing_behind(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {k: v for k, v in os.environ.items() if not k.startswith("CODEX_LB_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "codex_lb", "demo", "--port", str(port),
        env=environ | {"HOME": str(home), "TMPDIR": str(temporary)}, cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until_it_answers(f"{url}/health/ready")
        page = await asyncio.to_thread(fetch, f"{url}/")
        listed = json.loads(await asyncio.to_thread(fetch, f"{url}/api/accounts"))["accounts"]
        ask = {"model": "gpt-5.5", "input": "hello"}
        reply = json.loads(await asyncio.to_thread(fetch, f"{url}/v1/responses", ask))
        folders = list(temporary.iterdir())
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = await asyncio.wait_for(process.communicate(), 30)

    assert "Demonstration" in page
    assert len(listed) == 6
    assert len({account["planType"] for account in listed}) >= 4
    served = [account for account in listed if account["requestUsage"]]
    assert sum(account["requestUsage"]["requestCount"] for account in served) > 3_000
    assert all(account["resetAtSecondary"] or account["resetAtMonthly"] for account in listed)
    assert reply["status"] == "completed"
    assert b"Demonstration" in said
    assert process.returncode == 0
    assert len(folders) == 1, "one temporary data directory"
    assert list(temporary.iterdir()) == [], "which is gone"
    assert list(home.iterdir()) == [], "and nothing in the real one"
