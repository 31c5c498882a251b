"""OpenCode as a person runs it: `opencode run`, with a home of its own, against a given service."""

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.journeys import recipes
from tests.journeys.service import REPOSITORY, Service

PROGRAM = REPOSITORY / "tests/clients/node_modules/opencode-linux-x64/bin/opencode"
_LIMIT_S = 100.0  # it takes ten seconds to come up, on a busy machine more


@dataclass(frozen=True, slots=True)
class Run:
    """What a person saw."""

    exit_code: int
    answer: str
    shown: str


async def prepared(service: Service, home: Path, *options: str) -> Path:
    """A home with the configuration that `codex-lb setup opencode` writes."""
    await recipes.setup(service, home, "opencode", "--write", "--model", "gpt-5.5", *options)
    return home


async def run(home: Path, prompt: str) -> Run:
    """One `opencode run` from start to end; cancelled, it ends too. Raises `TimeoutError`."""
    workspace = home / "workspace"
    workspace.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("run", "--title", "a title, so that none is asked for", prompt),
        cwd=workspace,
        env=recipes.environment(home)
        | {"OPENCODE_DISABLE_AUTOUPDATE": "true", "OPENCODE_DISABLE_MODELS_FETCH": "true"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # so that its tools end with it
    )
    try:
        async with asyncio.timeout(_LIMIT_S):
            answer, shown = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert process.returncode is not None
    return Run(process.returncode, answer.decode(), shown.decode(errors="replace"))
