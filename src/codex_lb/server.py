"""How the process serves: listen, say so, and end without breaking what is under way.

The first SIGTERM or SIGINT drains: `on_drain` lets the application refuse new work while the
listener stays open for a moment, so that a load balancer can notice; then it closes, idle
connections end, and live requests have `drain_s` to finish. What is left then is ended by the
application (`on_deadline`: a terminal event in each stream) within a last moment, and cut.
A second signal cuts at once. `serve` returns in every case; the exit status is the caller's.

uvicorn's own `Server` is not used: it closes listeners and WebSockets at the first signal, has no
deadline that the application hears of, and raises the signal again when done.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

from uvicorn import Config
from uvicorn._types import ASGI3Application

from codex_lb.core.framing import Bounds
from codex_lb.door import Door
from codex_lb.hall import Hall
from codex_lb.logs import Log

try:
    from uvloop import new_event_loop
except ImportError:  # Windows, where it is not built
    from asyncio import new_event_loop  # type: ignore[assignment] # its loop is of a wider type

__all__ = ["Lifecycle", "Stop", "new_event_loop", "serve", "stop_on_signals"]

_BACKLOG = 2_048  # connections the kernel holds while the loop is busy


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What the application is told, and how long each stage of the end may take."""

    on_ready: Callable[[list[tuple[str, int]]], None]  # the addresses listened on
    on_drain: Callable[[], None]
    on_deadline: Callable[[], None]
    drain_s: float
    notice_s: float = 0.5  # the listener stays open; a probe a second finds out, Ctrl-C is bearable
    last_words_s: float = 2.0  # for the terminal events to be written and settled


@dataclass(frozen=True, slots=True)
class Stop:
    """The wish to end: uttered once it drains, twice it cuts."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    insisted: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self) -> None:
        (self.insisted if self.asked.is_set() else self.asked).set()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """A `Stop` that SIGTERM and SIGINT utter, for the main thread's running loop."""
    loop, stop = asyncio.get_running_loop(), Stop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def release() -> None:
        for each in signals:
            loop.remove_signal_handler(each)

    def utter() -> None:
        stop.request()
        if stop.insisted.is_set():
            release()  # so that a third signal does what signals do

    for each in signals:
        loop.add_signal_handler(each, utter)
    try:
        yield stop
    finally:
        release()


async def serve(
    app: ASGI3Application,
    *,
    host: str,
    port: int,
    life: Lifecycle,
    stop: Stop,
    log: Log,
    bounds: Bounds | None = None,
) -> None:
    """Serve `app` until `stop` is uttered. Port 0 takes a free one; `on_ready` says which.

    Raises `OSError` if the address cannot be listened on.
    """
    config = Config(
        app,
        interface="asgi3",
        lifespan="off",  # the composition root owns start and end
        ws="none",
        proxy_headers=False,  # who is trusted to name the client is decided elsewhere
        server_header=False,
        log_config=None,
        log_level="warning",
        access_log=False,  # it would show query strings; one line per exchange is logged instead
    )
    config.load()
    loop = asyncio.get_running_loop()
    hall: Hall  # made with the task group, before the listener takes a connection
    listener = await loop.create_server(
        lambda: Door(hall), host, port, backlog=_BACKLOG, start_serving=False
    )
    with closing(listener):
        async with asyncio.TaskGroup() as tasks:
            hall = Hall(config, tasks, log, bounds or Bounds())
            sweeping = tasks.create_task(hall.sweep())
            try:
                await listener.start_serving()
                life.on_ready([sock.getsockname()[:2] for sock in listener.sockets])
                await stop.asked.wait()
                draining = tasks.create_task(_drain(hall, listener, life))
                insisted = tasks.create_task(stop.insisted.wait())
                await asyncio.wait({draining, insisted}, return_when=asyncio.FIRST_COMPLETED)
                draining.cancel()
                insisted.cancel()
            finally:
                listener.close()
                sweeping.cancel()
                hall.abort()


async def _drain(hall: Hall, listener: asyncio.AbstractServer, life: Lifecycle) -> None:
    log = hall.log
    deadline = asyncio.get_running_loop().time() + life.drain_s
    log.info("drain started", requests=len(hall.running), drain_s=life.drain_s)
    life.on_drain()
    await asyncio.sleep(life.notice_s)
    listener.close()
    hall.drain()
    with suppress(TimeoutError):
        async with asyncio.timeout_at(deadline):
            await hall.empty.wait()
    if hall.empty.is_set():
        log.info("drain finished")
        return
    log.warning("drain ran out of time", requests=len(hall.running))
    life.on_deadline()
    with suppress(TimeoutError):
        async with asyncio.timeout(life.last_words_s):
            await hall.empty.wait()
