"""What the connections of one server share: the bounds, the requests under way, and who is there.

`door.py` guards one connection and tells the hall when it comes and goes; `server.py` makes the
hall, sweeps it, and empties it at the end.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Protocol

from uvicorn import Config
from uvicorn.server import ServerState

from codex_lb.core.framing import Bounds
from codex_lb.logs import Log


class Guarded(Protocol):
    """A connection, as the hall sees it."""

    def check(self, now: float, /) -> None: ...
    def shutdown(self) -> None: ...
    def abort(self) -> None: ...


@dataclass(slots=True)
class Hall:
    config: Config
    tasks: asyncio.TaskGroup
    log: Log
    bounds: Bounds
    state: ServerState = field(default_factory=ServerState)
    doors: set[Guarded] = field(default_factory=set)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    peers: Counter[str] = field(default_factory=Counter)
    turned_away: Counter[str] = field(default_factory=Counter)  # since the last sweep
    empty: asyncio.Event = field(default_factory=asyncio.Event)  # no connection, no request
    draining: bool = False
    # Where the loop reads into, one connection after another. Its size is the most that is read of
    # a body before the application has seen the head.
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(65_536)))

    def enter(self, door: Guarded, peer: str) -> bool:
        """Count a connection in, and say whether `peer` may have one more."""
        self.doors.add(door)
        self.peers[peer] += 1
        self._recount()
        if self.peers[peer] <= self.bounds.connections_per_peer:
            return True
        self.turned_away[peer] += 1
        return False

    def leave(self, door: Guarded, peer: str) -> None:
        self.doors.discard(door)
        self.peers[peer] -= 1
        if not self.peers[peer]:
            del self.peers[peer]
        self._recount()

    def run(self, request: Coroutine[object, object, None]) -> None:
        task = self.tasks.create_task(request)
        self.running.add(task)
        task.add_done_callback(self._finished)

    async def sweep(self) -> None:
        """Enforce the time limits and keep the `date` header right, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self.state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
            for door in list(self.doors):
                self._check(door, loop.time())
            if self.turned_away:  # one line for all, because a flood must not flood the log
                self.log.warning("connections refused", count_by_peer=dict(self.turned_away))
                self.turned_away.clear()
            await asyncio.sleep(self.bounds.sweep_s)

    def _check(self, door: Guarded, now: float) -> None:
        try:
            door.check(now)
        except Exception:  # a fault in one connection must not end the sweep, and so the server
            self.log.exception("connection check failed")
            door.abort()

    def drain(self) -> None:
        """End idle connections now and every other one with the answer it waits for."""
        self.draining = True
        self._recount()
        for door in list(self.doors):
            door.shutdown()

    def abort(self) -> None:
        """Cut every connection and cancel every request."""
        for door in list(self.doors):
            door.abort()
        for task in self.running:
            task.cancel()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        self._recount()

    def _recount(self) -> None:
        if self.doors or self.running:
            self.empty.clear()
        else:
            self.empty.set()
