"""The whole program in this process, on the simulator's clock, so that a test can move time.

A test that needs days uses this; everything that a process alone can show uses `Service`.
"""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import structlog
from tests.journeys.service import Service
from uvicorn._types import ASGI3Application

from codex_lb import server
from codex_lb.app import build
from codex_lb.settings import load

_START_LIMIT_S = 10.0


@dataclass(slots=True)
class ClockedService(Service):
    """Only `process` and what needs one is missing."""

    _asked: server.Stop = field(default_factory=server.Stop)
    _running: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        self._asked = server.Stop()
        listening = asyncio.get_running_loop().create_future()
        self._running = asyncio.create_task(self._run(listening))  # noqa: TID251  `stop` awaits it
        done, _ = await asyncio.wait(
            (self._running, listening),
            timeout=_START_LIMIT_S,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self._running in done:
            self._running.result()
        self.port = await listening

    async def stop(self) -> int:
        """Whatever ended it badly is raised."""
        if self._running is not None:
            self._asked.request()
            await self._running
            self._running = None
        return 0

    async def _run(self, listening: "asyncio.Future[int]") -> None:
        settings, _ = load(self.environment())
        async with build(settings, clock=self.sim.now) as app:
            await server.serve(
                cast("ASGI3Application", app),
                host="127.0.0.1",
                port=self.port,
                life=server.Lifecycle(
                    on_ready=lambda addresses: listening.set_result(addresses[0][1]),
                    on_drain=app.drain,
                    on_deadline=app.stop,
                    drain_s=5.0,
                    notice_s=0.0,
                ),
                stop=self._asked,
                log=structlog.get_logger(),
            )
