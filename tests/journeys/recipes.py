"""The clients' configurations as `codex-lb setup` writes them, so that recipe and test are one."""

import asyncio
import os
import sys
from pathlib import Path

from tests.journeys.service import REPOSITORY, Service

KEY = {"CODEX_LB_API_KEY": "sk-unused"}
NOBODY = "http://127.0.0.1:9"  # the discard port: whatever leaves loopback fails at once


def environment(home: Path) -> dict[str, str]:
    """Of a client: its own home, a key, and no way out but loopback."""
    return KEY | {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "LANG": "C.UTF-8",
        "HTTPS_PROXY": NOBODY,
        "HTTP_PROXY": NOBODY,
        "NO_PROXY": "127.0.0.1",
    }


async def setup(service: Service, home: Path, client: str, *options: str) -> str:
    """What `codex-lb setup` says for this service, in the client's home, which exists. It must succeed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "codex_lb", "setup", client, "--url", service.url, *options),
        cwd=home,
        env=environment(home) | {"PYTHONPATH": str(REPOSITORY / "src")},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return said.decode()
