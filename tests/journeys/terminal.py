"""The command line as its own process: what it says while it runs, and how it ends."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.journeys.service import Service

_LIMIT_S = 45.0


@dataclass(slots=True)
class Terminal:
    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def says(self, words: str) -> str:
        """The first line with these words, from now on."""
        assert self.process.stdout is not None
        async with asyncio.timeout(_LIMIT_S):
            while line := (await self.process.stdout.readline()).decode():
                self.lines.append(line)
                if words in line:
                    return line.strip()
        raise AssertionError(f"{words!r} is not in {''.join(self.lines)}")

    def types(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    async def ended(self) -> tuple[int, str]:
        """Exit code, and all that it said."""
        assert self.process.stdout is not None
        async with asyncio.timeout(_LIMIT_S):
            self.lines.append((await self.process.stdout.read()).decode())
            return await self.process.wait(), "".join(self.lines)


def _hears_interrupts() -> None:
    """As in a terminal; who runs the tests in the background may have them ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@asynccontextmanager
async def terminal(service: Service, *arguments: str) -> AsyncIterator[Terminal]:
    """`codex-lb ARGUMENTS` beside `service`, or on its data directory while it does not run."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "codex_lb", "--port", str(service.port), *arguments),
        cwd=service.folder,
        env=service.environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=_hears_interrupts,
    )
    try:
        yield Terminal(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
