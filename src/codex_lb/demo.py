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
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import click

from codex_lb import app, logs, server
from codex_lb.core import identity, quota
from codex_lb.core.model import QuotaSample, QuotaWindow
from codex_lb.settings import Settings
from codex_lb.simulator import Simulator
from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.history import plausible_history, plausible_samples
from codex_lb.simulator.traffic import gentle_traffic
from codex_lb.store import Store

NOTICE = "Demonstration: the accounts, their quota and all requests are made up."

_POOL = (
    ("ada@example.com", "pro"),
    ("blaise@example.com", "plus"),
    ("charles@example.com", "plus"),
    ("dorothy@example.com", "team"),
    ("edsger@example.com", "business"),
    ("frances@example.com", "free"),
)
_PAUSED = "edsger@example.com"
_HISTORY_DAYS, _REQUESTS_PER_DAY = 30, 800.0


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
        accounts = [simulator.add_account(email, plan) for email, plan in _POOL]
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
    """Accounts, their past, and the quota that it left them with."""
    store = await Store.open(None, settings.data_dir, settings.key_file, clock=lambda: now)
    try:
        added = {}
        for account in accounts:
            document = json.dumps(account.auth_json()).encode()
            known, credential = identity.parse(document, now=now)
            account_id = identity.local_id(known)
            await store.put_account(account_id, known, credential, now=now)
            added[account_id] = account
            if account.email == _PAUSED:
                await store.set_state(account_id, "paused", reason=None, allowed_from={"active"})
        pool = await store.accounts()
        past = list(plausible_history(pool, now, _HISTORY_DAYS, per_day=_REQUESTS_PER_DAY))
        samples = list(plausible_samples(pool, past, now, _HISTORY_DAYS, per_day=_REQUESTS_PER_DAY))
        await store.import_history(past)
        await store.add_samples(samples)
        _go_on([sample for sample in samples if sample.measured_at == now], added)
        for stored in pool:
            await store.put_readings(replace(stored, windows=_windows(added[stored.id], now)))
    finally:
        await store.close()


def _go_on(latest: Iterable[QuotaSample], accounts: Mapping[str, SimAccount]) -> None:
    """Let the simulated windows be where their past ended; those not begun begin at once."""
    for sample in latest:
        window = accounts[sample.account_id].window(sample.minutes)
        window.used, window.resets_at = sample.used, sample.resets_at or sample.measured_at


def _windows(account: SimAccount, now: float) -> tuple[QuotaWindow, ...]:
    account.roll()
    read = [
        QuotaWindow(window.minutes, window.used, window.resets_at, now, "usage")
        for window in account.windows
    ]
    return quota.merge((), read)


async def _traffic(url: str) -> None:
    await asyncio.sleep(1.0)  # the service listens by then
    await gentle_traffic(url)
