"""The simulator as its users hold it: start it, give it accounts and scripts, read the record.

    async with Simulator() as sim:
        account = sim.add_account(email="a@example.com")
        sim.script(UsageLimit(), account=account, times=1)

Everything listens on one port: the back end under `/backend-api`, the login host beside it, and
the remote control under `/sim`. It binds a loopback address and has no protection of its own.
"""

import itertools
import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from codex_lb.simulator import backend, control, login
from codex_lb.simulator.accounts import Accounts, SimAccount
from codex_lb.simulator.login import Login
from codex_lb.simulator.record import Received, Recorder
from codex_lb.simulator.scripts import Scripts
from codex_lb.simulator.sentinels import Sentinels
from codex_lb.simulator.site import Site
from codex_lb.simulator.steps import Step

HOST = "127.0.0.1"


class Simulator:
    """A scripted ChatGPT back end and login host on loopback."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,  # noqa: TID251 -- where real time comes in
        port: int = 0,
    ) -> None:
        """`port` 0 takes a free one."""
        self._base_clock = clock
        self._offset_s = 0.0
        self._port = port
        self._site = Site(
            accounts=Accounts(self.now),
            scripts=Scripts(),
            sentinels=Sentinels(),
            record=Recorder(),
            clock=self.now,
            new_id=_id_maker(),
        )
        self.login = Login(self._site)
        self.add_account = self._site.accounts.add
        self.account = self._site.accounts.find
        self.approve_device = self.login.approve
        self.deny_device = self.login.deny
        self.wait_for = self._site.record.wait_for
        self._runner: web.AppRunner | None = None
        self._listener: web.TCPSite | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=0)  # 0: no limit
        app.add_routes(login.routes(self.login))
        app.add_routes(control.routes(self, self.account))
        app.add_routes(backend.routes(self._site))
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,  # a client that leaves is noticed
            auto_decompress=False,  # zstd bodies are for us to decode
            shutdown_timeout=1.0,
            max_field_size=1 << 20,
        )
        await self._runner.setup()
        await self.listen()

    async def stop(self) -> None:
        """Close the port and every connection; hanging answers end now."""
        self._site.closing.set()
        if self._runner is not None:
            self._abort_connections()
            await self._runner.cleanup()
            self._runner = None

    async def listen(self) -> None:
        """Take connections (again), on the same port as before."""
        if self._runner is None:
            raise RuntimeError("the simulator is not started")
        self._site.cut.clear()
        self._listener = web.TCPSite(self._runner, HOST, self._port)
        await self._listener.start()
        self._port = self._runner.addresses[0][1]

    async def refuse(self) -> None:
        """Refuse connections and reset the open ones, until `listen()`."""
        if self._listener is not None:
            await self._listener.stop()
            self._listener = None
        self._abort_connections()

    def _abort_connections(self) -> None:
        server = self._runner.server if self._runner is not None else None
        for connection in server.connections if server is not None else ():
            self._site.cut.add(connection)
            if connection.transport is not None:
                connection.transport.abort()

    # Addresses

    @property
    def base_url(self) -> str:
        return f"{self.auth_url}{backend.BASE}"

    @property
    def auth_url(self) -> str:
        return f"http://{HOST}:{self._port}"

    # The world

    def now(self) -> float:
        """Unix seconds by the simulator's clock."""
        return self._base_clock() + self._offset_s

    def advance(self, seconds: float) -> None:
        """Move the clock on: tokens lapse, windows roll over."""
        self._offset_s += seconds

    @property
    def accounts(self) -> list[SimAccount]:
        return list(self._site.accounts)

    def script(
        self,
        step: Step,
        *,
        account: SimAccount | None = None,
        endpoint: str = "responses",
        times: int | None = None,
    ) -> None:
        """Let the next calls be answered by `step`.

        First in, first out per (account, endpoint); an account's scripts come before those for
        all. Without `times` the step lasts until the next script for the same account and endpoint.
        Raises `ValueError` for an unknown endpoint or a step that does not fit it.
        """
        self._site.scripts.add(step, account.account_id if account else None, endpoint, times)

    def reset(self) -> None:
        """Forget scripts, the record and what `-once` models have done; keep the accounts."""
        self._site.scripts.queues.clear()
        self._site.sentinels.seen.clear()
        self._site.record.requests.clear()

    # The record

    @property
    def requests(self) -> list[Received]:
        """What was received, oldest first; WebSocket frames are requests of the method `WS`."""
        return list(self._site.record.requests)

    def requests_to(self, path: str, *, method: str | None = None) -> list[Received]:
        """Those whose path ends with `path`."""
        return [
            received
            for received in self._site.record.requests
            if received.path.endswith(path) and method in (None, received.method)
        ]

    def refresh_calls(self, account: SimAccount) -> int:
        """How often a refresh token of this account arrived, refusals included."""
        return account.refresh_calls

    @property
    def reuse_count(self) -> int:
        """How often a refresh token arrived that had been used before."""
        return self._site.accounts.reuse_count

    @property
    def live_streams(self) -> int:
        """Model requests and WebSocket turns being answered right now."""
        return self._site.record.live["stream"]

    @property
    def live_sockets(self) -> int:
        """Open WebSockets."""
        return self._site.record.live["socket"]


def _id_maker() -> Callable[[str], str]:
    """Ids that are unique across runs, and count up within one."""
    run = secrets.token_hex(8)
    counter = itertools.count(1)
    return lambda prefix: f"{prefix}_{run}{next(counter):016x}"
