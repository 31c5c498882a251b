"""`codex-lb demo`: the whole product without any real account.

The simulator stands in for ChatGPT, the data directory is a temporary one that is removed at the
end, and nothing is sent anywhere but to loopback. The pool has six accounts of several plans, a
month of made-up history, and gentle traffic while it runs.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click

from codex_lb import app, logs, server
from codex_lb.core import identity, quota
from codex_lb.core.model import QuotaWindow
from codex_lb.settings import Settings
from codex_lb.simulator import Simulator
from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.history import plausible_history
from codex_lb.simulator.traffic import gentle_traffic
from codex_lb.store import Store

NOTICE = "Demonstration: the accounts, their quota and all requests are made up."

# E-mail, plan, share used of five hours and of the week: from fresh to nearly spent.
_POOL: tuple[tuple[str, str, float, float], ...] = (
    ("ada@example.com", "pro", 0.18, 0.42),
    ("blaise@example.com", "plus", 0.55, 0.31),
    ("charles@example.com", "plus", 0.93, 0.78),
    ("dorothy@example.com", "team", 0.08, 0.64),
    ("edsger@example.com", "business", 0.36, 0.12),
    ("frances@example.com", "free", 0.40, 0.40),
)
_PAUSED = "edsger@example.com"
_HISTORY_DAYS = 30


def run(settings: Settings) -> None:
    """Serve the demonstration on the configured address until a signal ends it."""
    data_dir = Path(tempfile.mkdtemp(prefix="codex-lb-demo-"))
    try:
        with asyncio.Runner(loop_factory=server.new_event_loop) as runner:
            runner.run(_run(settings, data_dir))
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


async def _run(settings: Settings, data_dir: Path) -> None:
    clock = time.time  # noqa: TID251  where real time comes in
    async with Simulator(clock) as simulator:
        ours = replace(
            settings,
            data_dir=data_dir,
            database_url=None,
            encryption_key_file=None,
            upstream_base_url=simulator.base_url,
            auth_base_url=simulator.auth_url,
        )
        accounts = [
            simulator.add_account(email, plan, used_5h=five_hours, used_week=week)
            for email, plan, five_hours, week in _POOL
        ]
        await _furnish(ours, accounts, clock())
        url = f"http://{settings.host}:{settings.port}"
        click.echo(f"{NOTICE}\nOpen {url}, or point a client at {url}/v1. Ctrl-C ends it.")
        async with asyncio.TaskGroup() as group:
            traffic = group.create_task(_traffic(url))
            try:
                log = logs.set_up("text", "info", sys.stderr)
                await app.serve(ours, log, notice=NOTICE)
            finally:
                traffic.cancel()


async def _furnish(settings: Settings, accounts: list[SimAccount], now: float) -> None:
    """Accounts with their quota, and their past."""
    store = await Store.open(None, settings.data_dir, settings.key_file, clock=lambda: now)
    try:
        for account in accounts:
            document = json.dumps(account.auth_json()).encode()
            known, credential = identity.parse(document, now=now)
            account_id = identity.local_id(known)
            added, _ = await store.put_account(account_id, known, credential, now=now)
            await store.put_readings(replace(added, windows=_windows(account, now)))
            if account.email == _PAUSED:
                await store.set_state(account_id, "paused", reason=None, allowed_from={"active"})
        await store.import_history(plausible_history(await store.accounts(), now, _HISTORY_DAYS))
    finally:
        await store.close()


def _windows(account: SimAccount, now: float) -> tuple[QuotaWindow, ...]:
    read = [
        QuotaWindow(window.minutes, window.used, window.resets_at, now, "usage")
        for window in account.windows
    ]
    return quota.merge((), read)


async def _traffic(url: str) -> None:
    await asyncio.sleep(1.0)  # the service listens by then
    await gentle_traffic(url)
