"""The composition root: settings → parts → one ASGI callable.

Each part is made once and handed to whoever needs it. Production, tests, demo and benchmark all
come through `build`. It owns the task group of everything that runs beside the requests.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog

from codex_lb.core.model import Cost, OpenedRequest, Receipt, Usage
from codex_lb.dashboard.pooled_accounts import PooledAccounts
from codex_lb.health import Health
from codex_lb.jobs.keeper import Keeper
from codex_lb.jobs.prune import prune_daily
from codex_lb.proxy.budget import RetryBudget
from codex_lb.proxy.downstream import Receive, Send
from codex_lb.proxy.exchange import Parts
from codex_lb.proxy.models import Models
from codex_lb.proxy.pool import Pool
from codex_lb.proxy.routes import DataPlane, Door, Scope
from codex_lb.settings import Settings
from codex_lb.store import Store
from codex_lb.upstream import side_calls
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.credentials import Credentials, refresher

_log = structlog.get_logger(__name__)

Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


class App:
    """The whole service as one ASGI application, split by the path's beginning."""

    def __init__(self, data_plane: DataPlane, health: Health, control: Application) -> None:
        self.data_plane = data_plane
        self.health = health
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(("/v1/", "/backend-api/")) or path in ("/v1", "/backend-api"):
            await self.data_plane(scope, receive, send)
        elif path == "/health" or path.startswith("/health/"):
            await self.health(scope, receive, send)
        else:
            await self._control(scope, receive, send)

    def drain(self) -> None:
        """Take no new work; what runs may finish."""
        self.health.draining = self.data_plane.draining = True

    def stop(self) -> None:
        """Tell the clients of what still runs that it ends here."""
        self.data_plane.stop_all()


@asynccontextmanager
async def build(
    settings: Settings, *, clock: Callable[[], float] = time.time
) -> AsyncIterator[App]:
    """The running application; leaving the block writes what waits and lets go of everything."""
    store = await Store.open(
        settings.database_url, settings.data_dir, settings.key_file, clock=clock
    )
    upstream = UpstreamClient(
        settings.upstream_base_url,
        settings.auth_base_url,
        connect_timeout_s=settings.upstream_connect_timeout_seconds,
    )
    keeper = Keeper(store)
    try:
        async with asyncio.TaskGroup() as group:
            spawn = partial(_spawn, group)
            pool = Pool(
                clock=clock, limit=settings.proxy_account_stream_limit, on_change=keeper.changed
            )
            pool.load(await store.accounts())
            credentials = Credentials(store, refresher(upstream, clock), spawn, clock)
            parts = Parts(
                pool=pool,
                upstream=upstream,
                credentials=credentials,
                budget=RetryBudget(time.monotonic),
                log=store.requests,
                price=_price,
                on_receipt=_log_receipt,
                clock=clock,
                first_event_s=settings.first_event_timeout_seconds,
                idle_s=settings.stream_idle_timeout_seconds,
            )
            models = Models(pool, partial(side_calls.get, upstream, credentials), clock)
            door = Door(settings.allowed_hosts, settings.proxy_unauthenticated_client_cidrs)
            data_plane = DataPlane(
                parts, models, door, max_responses_body_mb=settings.max_responses_body_mb
            )
            accounts = PooledAccounts(store, pool, credentials, keeper, clock)
            jobs = [
                spawn(keeper.run()),
                spawn(prune_daily(store, settings.request_log_retention_days, clock)),
            ]
            yield App(data_plane, Health(store), _control(accounts, settings, clock))
            for job in jobs:
                job.cancel()
        await keeper.flush()
    finally:
        await upstream.close()
        await store.close()


def _spawn(group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Run `work` beside the requests; its failure is told and ends nothing else."""
    return group.create_task(_guarded(work))


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001  the edge of what runs unattended
        _log.exception("background work failed", work=work.__qualname__)


def _price(model: str, usage: Usage, tier: str | None) -> Cost | None:
    return None


def _log_receipt(row: OpenedRequest, receipt: Receipt) -> None:
    _log.info(
        "exchange closed",
        request=row.id,
        model=row.model,
        status=receipt.status,
        code=receipt.error_code,
        account=receipt.account_id,
        attempts=len(receipt.attempts),
        first_event_ms=receipt.first_event_ms,
        duration_ms=receipt.duration_ms,
    )


def _control(accounts, settings, clock):
    from codex_lb.core import identity

    async def control(scope, receive, send):
        from codex_lb.proxy import body

        data = await body.read(receive, {}, limit=1 << 20)
        i, c = identity.parse(data, now=clock())
        a, _ = await accounts.import_(i, c)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": a.id.encode()})

    return control
