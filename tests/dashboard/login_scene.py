"""A control plane, the simulator's login host, and the browser of the person who signs in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from tests.dashboard.builders import FakeAccounts, FakeOperators, Time, caller, jwt

from codex_lb.core.oauth import CALLBACK_PATH
from codex_lb.dashboard.callback import Take
from codex_lb.dashboard.flows import Flows
from codex_lb.simulator import SimAccount, Simulator
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.oauth import LoginHost

__all__ = ["FakeListener", "Scene", "caller", "jwt", "scene"]


@dataclass
class FakeListener:
    """Holds a port that is none; `trouble` is why it could not."""

    trouble: str | None = None
    take: Take | None = None
    opened: int = 0

    @property
    def address(self) -> str:
        return f"http://localhost:1455{CALLBACK_PATH}"

    @property
    def is_open(self) -> bool:
        return self.take is not None

    async def open(self, take: Take) -> str | None:
        if self.trouble is None:
            self.take = take
            self.opened += 1
        return self.trouble

    def close(self) -> None:
        self.take = None


@dataclass
class Scene:
    sim: Simulator
    clock: Time
    host: LoginHost
    accounts: FakeAccounts
    listener: FakeListener
    flows: Flows
    alice: SimAccount
    operators: FakeOperators = field(default_factory=FakeOperators)

    async def consent(self, authorization_url: str, who: str) -> str:
        """The address at which the browser ends after signing in as `who`."""
        async with (
            aiohttp.ClientSession() as browser,
            browser.get(f"{authorization_url}&login_hint={who}", allow_redirects=False) as page,
        ):
            assert page.status == 302, await page.text()
            return page.headers["location"]


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    clock = Time()
    async with Simulator(clock) as sim:
        upstream = UpstreamClient(sim.base_url, sim.auth_url, connect_timeout_s=5)
        accounts, listener, host = FakeAccounts(), FakeListener(), LoginHost(upstream, clock)
        flows = Flows(host, accounts, listener, clock)
        alice = sim.add_account("alice@example.com")
        try:
            yield Scene(sim, clock, host, accounts, listener, flows, alice)
        finally:
            flows.close()
            await upstream.close()
