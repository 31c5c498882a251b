"""An account's usage report, from the simulator's wire to our values."""

import asyncio
import json

from tests.proxy.harness import Shelf

from codex_lb.core import identity, usage_report
from codex_lb.core.errors import Signal
from codex_lb.core.model import Account, Credits
from codex_lb.simulator import Simulator
from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.quota import Credits as SimCredits
from codex_lb.simulator.quota import ExtraLimit, Window
from codex_lb.simulator.steps import Refuse
from codex_lb.upstream import side_calls, wire
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.credentials import Credentials, refresher


async def ask(sim: Simulator, account: SimAccount) -> bytes | Signal:
    upstream = UpstreamClient(sim.base_url, sim.auth_url, connect_timeout_s=2.0)
    known, credential = identity.parse(json.dumps(account.auth_json()).encode(), now=sim.now())
    ours = Account("a", known, "active", None, 0.0, 0.0, credential.expires_at)
    try:
        async with asyncio.TaskGroup() as group:
            credentials = Credentials(
                Shelf({"a": credential}), refresher(upstream, sim.now), group.create_task, sim.now
            )
            return await side_calls.get(upstream, credentials, ours, wire.USAGE_PATH)
    finally:
        await upstream.close()


async def test_all_that_the_simulator_tells_is_read() -> None:
    async with Simulator() as sim:
        account = sim.add_account("a@example.com", "pro", used_5h=0.25, used_week=1.0)
        account.credits = SimCredits(has_credits=True, balance="12.5")
        account.reset_credits = 2
        account.extras = [ExtraLimit("codex_x", "X", [Window(300, 0.5, sim.now() + 60)])]
        answer = await ask(sim, account)
        now = sim.now()
    assert isinstance(answer, bytes)
    report = usage_report.read(answer, now)
    assert report is not None
    assert [(w.minutes, w.used) for w in report.windows] == [(300, 0.25), (10_080, 1.0)]
    assert (report.plan, report.limit_reached, report.reset_credits) == ("pro", True, 2)
    assert report.credits == Credits(has=True, unlimited=False, balance=12.5, measured_at=now)
    [extra] = report.extras or ()
    assert (extra.feature, extra.name, extra.windows[0].used) == ("codex_x", "X", 0.5)


async def test_a_refused_report_says_why() -> None:
    async with Simulator() as sim:
        account = sim.add_account("a@example.com")
        sim.script(Refuse("account_deactivated"), account=account, endpoint="usage")
        answer = await ask(sim, account)
    assert isinstance(answer, Signal)
    assert answer.word == "account_deactivated"
