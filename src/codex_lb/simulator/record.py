"""What the simulator received, and what became of it."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from codex_lb.simulator.accounts import SimAccount

KEEP = 5_000  # requests on record; the oldest go first
Live = Literal["stream", "socket"]  # a model request or turn being answered; an open WebSocket


@dataclass(slots=True, eq=False)
class Received:
    """One request, or one frame of a WebSocket (`method` is then `WS`)."""

    method: str
    path: str  # without the query
    query: dict[str, str]
    headers: Mapping[str, str]  # case does not matter; aiohttp's own type
    body: bytes  # decompressed
    at: float  # the simulator's clock
    connection_id: int
    endpoint: str = ""
    account: SimAccount | None = None
    step: str = ""  # name of the step that answered
    status: int | None = None  # sent; None if none was
    response_id: str | None = None
    events_sent: int = 0
    finished: bool = False  # the outcome was carried out to its end
    left_at: float | None = None  # when the client went away before that

    @property
    def json(self) -> Any:
        """The body, decoded. Raises `msgspec.DecodeError` if it is no JSON."""
        return msgspec.json.decode(self.body)


@dataclass(slots=True)
class Recorder:
    """The last requests, and a way to wait until something has happened."""

    requests: deque[Received] = field(default_factory=lambda: deque(maxlen=KEEP))
    live: Counter[Live] = field(default_factory=Counter)
    _waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = field(default_factory=list)

    def add(self, received: Received) -> None:
        self.requests.append(received)
        self.changed()

    def changed(self) -> None:
        """Wake those whose condition holds now."""
        for predicate, future in self._waiters:
            if not future.done() and predicate():
                future.set_result(None)

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 5.0) -> None:  # noqa: ASYNC109 -- the name tests use
        """Until `predicate()` holds; asked again whenever something happens. Raises `TimeoutError`."""
        if predicate():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (predicate, future)
        self._waiters.append(entry)
        try:
            async with asyncio.timeout(timeout):
                await future
        finally:
            self._waiters.remove(entry)

    @contextmanager
    def living(self, kind: Live) -> Iterator[None]:
        """Count one of `kind` as live."""
        self.live[kind] += 1
        self.changed()
        try:
            yield
        finally:
            self.live[kind] -= 1
            self.changed()
