"""The composition root: settings → parts → one ASGI callable.

Each part is made once and handed to whoever needs it. Production, tests, demo and benchmark all
come through `build`. It owns the task group of everything that runs beside the requests.
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import structlog
from uvicorn._types import ASGI3Application

from codex_lb import __version__, container, logs, price_list, server
from codex_lb.asgi import Application, Receive, Scope, Send
from codex_lb.core import catalogue, key_usage, pricing
from codex_lb.core.keys import ApiKey
from codex_lb.core.live import filled
from codex_lb.core.model import Account, AccountEvent, OpenedRequest, Receipt
from codex_lb.core.move_plan import Plan
from codex_lb.core.operator_settings import Amounts
from codex_lb.dashboard import app as dashboard
from codex_lb.dashboard import assets
from codex_lb.dashboard.bus import Bus
from codex_lb.dashboard.callback import CallbackListener
from codex_lb.dashboard.callers import Callers
from codex_lb.dashboard.flows import Flows
from codex_lb.dashboard.house import House
from codex_lb.dashboard.passwords import Passwords
from codex_lb.dashboard.pooled_accounts import PooledAccounts
from codex_lb.dashboard.sign_in import SignIn
from codex_lb.dashboard.stored_firewall import StoredFirewall
from codex_lb.dashboard.stored_settings import StoredSettings
from codex_lb.dashboard.telling import Telling
from codex_lb.dashboard.ui import Installation
from codex_lb.health import Health
from codex_lb.jobs.affinities import AffinityKeeper
from codex_lb.jobs.credentials import AheadOfNeed
from codex_lb.jobs.following import follow
from codex_lb.jobs.keeper import Keeper
from codex_lb.jobs.logins import Logins, LoginWatch, log_change
from codex_lb.jobs.models import ModelSync
from codex_lb.jobs.prune import prune_hourly
from codex_lb.jobs.timeline import Timeline
from codex_lb.jobs.usage import UsagePoller
from codex_lb.proxy.budget import RetryBudget
from codex_lb.proxy.gate import Gate, KeylessCallers
from codex_lb.proxy.holding import Limits
from codex_lb.proxy.key_ring import KeyRing
from codex_lb.proxy.limit_line import LimitLine
from codex_lb.proxy.models import Models
from codex_lb.proxy.parts import Parts
from codex_lb.proxy.pool import Pool
from codex_lb.proxy.routes import USAGE_PATH, DataPlane
from codex_lb.proxy.told import Told
from codex_lb.rules import Rules
from codex_lb.settings import Settings
from codex_lb.store import AccountTotals, Store, StoreError
from codex_lb.upstream import side_calls, wire
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.credentials import Credentials, refresher
from codex_lb.upstream.oauth import LoginHost

_log = structlog.get_logger(__name__)

_DAY_S = 86_400.0
_REMEMBERED = 2_000  # requests whose figures the overview has from before the start

Work = Coroutine[Any, Any, None]


class App:
    """The whole service as one ASGI application, split by the path's beginning."""

    def __init__(
        self, data_plane: DataPlane, health: Health, control: Application, base: str = ""
    ) -> None:
        self.data_plane = data_plane
        self.health = health
        self._control = control
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _below(self._base, scope["path"])
        if path != scope["path"]:
            scope = {**scope, "path": path}
        if _is_proxied(path):
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
        self.data_plane.serving.stop_all()


def _below(base: str, path: str) -> str:
    """A reverse proxy may take our prefix off or leave it on; both are the same address."""
    return path[len(base) :] or "/" if f"{path}/".startswith(f"{base}/") else path


def _is_proxied(path: str) -> bool:
    roots = ("/v1", "/backend-api")
    return path.startswith(("/v1/", "/backend-api/")) or path.rstrip("/") in (*roots, USAGE_PATH)


@asynccontextmanager
async def build(
    settings: Settings, *, clock: Callable[[], float], notice: str | None = None
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
        bus = Bus()
        newest = await store.recent_requests(limit=_REMEMBERED, before=None)
        live = filled(row.receipt for row in reversed(newest) if row.receipt)
        telling = Telling(store.requests, bus, live, clock)

        async def write_down(events: Sequence[AccountEvent]) -> None:
            await store.add_account_events(events)
            for event in events:
                telling.account_changed(event.account_id)

        timeline = Timeline(write_down)
        async with asyncio.TaskGroup() as group:
            spawn = partial(_spawn, group)

            def saw(account: Account) -> None:
                telling.account_changed(account.id)
                watch.see(account)

            def changed(account: Account, *, urgent: bool) -> None:
                keeper.changed(account, urgent=urgent)
                saw(account)

            pool = Pool(
                clock=clock,
                limit=settings.proxy_account_stream_limit,
                serves=lambda plan, model: models.serves(plan, model),  # noqa: PLW0108  made after its pool
                on_change=changed,
                on_event=timeline.note,
            )
            environment = Amounts(
                settings.proxy_account_stream_limit, settings.request_log_retention_days
            )
            rules = Rules(pool, environment, price_list.shipped())
            operator = StoredSettings(store, environment, rules.take)
            await operator.look()
            ring = KeyRing(store.keys, clock)
            await ring.load()
            stored = await store.accounts()
            watch = LoginWatch(log_change, stored)
            pool.load(stored)
            pool.load_affinities(await store.affinities(now=clock()))
            logins = Logins(pool, store, timeline.note, spawn, clock, watch)
            credentials = Credentials(
                store, refresher(upstream, clock), spawn, clock, observer=logins
            )
            ahead = AheadOfNeed(
                pool.accounts,
                credentials,
                clock,
                interval_s=settings.token_refresh_interval_days * _DAY_S,
            )
            await credentials.load(account.id for account in pool.accounts())
            parts = Parts(
                pool=pool,
                told=Told(pool, clock, lambda: rules.now.hides_quota),
                upstream=upstream,
                credentials=credentials,
                budget=RetryBudget(time.monotonic),
                log=telling,
                limits=Limits(LimitLine(store.keys, clock), store.keys.top_up, spawn),
                owner_of=partial(_owner_of, store),
                note=timeline.note,
                price=lambda model, usage, tier: pricing.price(
                    model, usage, tier=tier, catalogue=rules.prices
                ),
                on_receipt=_log_receipt,
                clock=clock,
                first_event_s=settings.first_event_timeout_seconds,
                idle_s=settings.stream_idle_timeout_seconds,
                forbids_fast=lambda: rules.now.forbids_fast,
                on_refused=telling.refused,
            )
            models = Models(pool, partial(side_calls.get, upstream, credentials), clock)
            model_sync = ModelSync(models, store)
            await model_sync.load()
            affinities = AffinityKeeper(store, pool.changed_affinities, clock)
            keyless = KeylessCallers(
                settings.allowed_hosts,
                settings.proxy_unauthenticated_client_cidrs,
                container.host_address(),
                settings.trusted_proxies,
            )
            gate = Gate(ring, keyless, lambda: rules.now.needs_api_key, clock)
            firewall = StoredFirewall(store, gate.list_only)
            await firewall.load()
            callers = Callers(
                store.operators,
                keyless.trust,
                settings.admin_api_token,
                clock,
                lambda: rules.now.session_s,
            )
            sign_in = SignIn(callers, Passwords(), clock)
            await sign_in.announce()
            data_plane = DataPlane(
                parts,
                models,
                gate,
                partial(_own_usage, store, pool, rules, clock),
                max_responses_body_mb=settings.max_responses_body_mb,
            )
            store.keys.on_change = ring.look
            ring.on_round = lambda: data_plane.serving.stop_revoked(ring.is_good)
            usage = UsagePoller(
                pool,
                partial(side_calls.get, upstream, credentials, path=wire.USAGE_PATH),
                clock,
                interval_s=settings.usage_refresh_interval_seconds,
            )
            accounts = PooledAccounts(store, pool, credentials, keeper, clock, usage, saw)
            listener = CallbackListener(settings.oauth_callback_host, settings.oauth_callback_port)
            flows = Flows(LoginHost(upstream, clock), accounts, listener, clock)

            async def moved_in(plan: Plan) -> None:
                for member in plan.members:
                    await accounts.signed_in(member.account.id)
                await firewall.load()
                await operator.look()
                await ring.load()

            jobs = [
                spawn(keeper.run()),
                spawn(timeline.run()),
                spawn(telling.run()),
                spawn(affinities.run()),
                spawn(ahead.run()),
                spawn(ring.run()),
                spawn(prune_hourly(store, lambda: rules.amounts, clock)),
                spawn(flows.run()),
            ]
            if settings.database_url is not None:  # there may be other replicas
                jobs.append(spawn(follow(operator.look, firewall.load)))
            if settings.usage_refresh_enabled:
                jobs.append(spawn(usage.run()))
            if settings.model_registry_enabled:
                jobs.append(spawn(model_sync.run()))
            control = dashboard.build(
                dashboard.Ports(
                    accounts,
                    store,
                    operator,
                    store.log,
                    store.log,
                    lambda: catalogue.for_dashboard(models.known()),
                    store.keys,
                    sign_in,
                    store.operators,
                    firewall,
                    flows,
                    House(store.moves, clock, keeper.flush, moved_in),
                    live,
                    lambda: telling.in_flight,
                    bus,
                    lambda model: pricing.list_price(model, rules.prices),
                    models.serves,
                ),
                installation=Installation.of(settings, __version__),
                clock=clock,
                built=assets.shipped(),
                base=settings.base_path,
                notice=notice,
            )
            yield App(data_plane, Health(store), control, settings.base_path)
            credentials.close()
            flows.close()
            for job in jobs:
                job.cancel()
        for writer in (keeper, timeline, affinities):
            await writer.flush()
    finally:
        await upstream.close()
        await store.close()


def _spawn(group: asyncio.TaskGroup, work: Work) -> "asyncio.Task[None]":
    """Run `work` beside the requests; its failure is told and ends nothing else."""
    return group.create_task(_guarded(work))


async def _guarded(work: Work) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001  the edge of what runs unattended
        _log.exception("background work failed", work=getattr(work, "__qualname__", "?"))


async def _own_usage(
    store: Store, pool: Pool, rules: Rules, clock: Callable[[], float], key: ApiKey
) -> bytes:
    """Raises `StoreError`."""
    known = await store.keys.one(key.id) or key
    served = (await store.keys.totals()).get(key.id, AccountTotals())
    only = key.terms.assigned_accounts
    usable = [a for a in pool.accounts() if not only or a.id in only]
    return key_usage.document(
        known,
        requests=served.requests,
        total_tokens=served.total_tokens,
        cached_tokens=served.cached_tokens,
        cost_micros=served.cost_micros,
        accounts=None if rules.now.hides_quota else usable,
        now=clock(),
    )


async def _owner_of(store: Store, response_id: str) -> str | None:
    """None also while the database does not answer: upstream then judges the id."""
    try:
        return await store.response_owner(response_id)
    except StoreError as error:
        _log.warning("owner of a response not found", error=str(error))
        return None


def _log_receipt(row: OpenedRequest, receipt: Receipt) -> None:
    """One line per exchange, with what an operator greps for."""
    _log.info(
        "exchange closed",
        request=row.id,
        endpoint=row.endpoint,
        model=row.model,
        status=receipt.status,
        http=receipt.http_status,
        code=receipt.error_code,
        account=receipt.account_id,
        attempts=len(receipt.attempts),
        queue_ms=receipt.queue_ms,
        first_event_ms=receipt.first_event_ms,
        duration_ms=receipt.duration_ms,
        input_tokens=receipt.usage.input_tokens if receipt.usage else None,
        output_tokens=receipt.usage.output_tokens if receipt.usage else None,
    )


def run(settings: Settings) -> None:
    """Serve until a signal ends it. Raises `StoreError` and its kind, and `OSError`."""
    log = logs.set_up(cast("logs.Form", settings.log_format), "info", sys.stdout)
    with asyncio.Runner(loop_factory=server.new_event_loop) as runner:
        runner.run(serve(settings, log))


async def serve(settings: Settings, log: logs.Log, *, notice: str | None = None) -> None:
    """Serve until a signal ends it. `notice` stands on the pages. Raises as `run` does."""

    def ready(addresses: list[tuple[str, int]]) -> None:
        for host, port in addresses:
            log.info("serving", address=f"http://{host}:{port}", data=str(settings.data_dir))

    clock = time.time  # noqa: TID251  where real time comes in
    async with build(settings, clock=clock, notice=notice) as app:
        gc.freeze()  # what is loaded by now stays; looking through it again would cost each request
        with server.stop_on_signals() as stop:
            await server.serve(
                cast("ASGI3Application", app),  # the same calls, in uvicorn's narrower words
                host=settings.host,
                port=settings.port,
                life=server.Lifecycle(
                    on_ready=ready,
                    on_drain=app.drain,
                    on_deadline=app.stop,
                    drain_s=settings.shutdown_drain_timeout_seconds,
                ),
                stop=stop,
                log=log,
            )
