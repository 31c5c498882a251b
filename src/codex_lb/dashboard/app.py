"""Put the control plane together: `/api` behind its guard, and the pages beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.routing import APIRoute

from codex_lb.core.live import Live
from codex_lb.dashboard import (
    accounts,
    api_keys,
    audit,
    auth,
    bundle,
    catalogue,
    exporting,
    firewall,
    forecast,
    importing,
    oauth,
    overview,
    pages,
    problems,
    request_logs,
    settings,
    timeline,
    ui,
    usage,
)
from codex_lb.dashboard.api_keys import KeysPort
from codex_lb.dashboard.assets import Built
from codex_lb.dashboard.audit import AuditPort, Journal
from codex_lb.dashboard.bundle import HousePort
from codex_lb.dashboard.bus import Bus
from codex_lb.dashboard.edge import Edge
from codex_lb.dashboard.firewall import FirewallPort
from codex_lb.dashboard.flows import Flows
from codex_lb.dashboard.forecast import Forecasts
from codex_lb.dashboard.guard import Guard
from codex_lb.dashboard.log_ports import LogPort, ModelsPort, PeriodPort, PricesPort, ServesPort
from codex_lb.dashboard.ports import AccountsPort, Clock, HistoryPort, SettingsPort
from codex_lb.dashboard.sign_in import SignIn
from codex_lb.dashboard.ui import Installation


@dataclass(frozen=True, slots=True)
class Ports:
    """What the routes work with."""

    accounts: AccountsPort
    history: HistoryPort
    settings: SettingsPort
    log: LogPort
    periods: PeriodPort
    models: ModelsPort
    keys: KeysPort
    sign_in: SignIn
    audit: AuditPort
    firewall: FirewallPort
    flows: Flows
    house: HousePort
    live: Live = field(default_factory=Live)
    in_flight: Callable[[], int] = lambda: 0
    bus: Bus = field(default_factory=Bus)
    list_price: PricesPort = lambda model: None  # noqa: ARG005  nothing is known of prices
    serves: ServesPort = lambda plan, model: None  # noqa: ARG005  nor of plans


def build(
    ports: Ports,
    *,
    installation: Installation,
    clock: Clock,
    built: Built | None = None,
    base: str = "",
    notice: str | None = None,
) -> FastAPI:
    """An ASGI app for every path that is not the proxy's.

    `built`: the dashboard; without it there is a plain page. `base`: what stands before every path
    in a browser. `notice`: a sentence that stands at the top of the pages.
    """
    version = installation.version
    foreseen = Forecasts(ports.accounts, ports.history, clock)
    sources = ui.Sources(
        ports.accounts,
        ports.history,
        ports.log,
        ports.keys,
        ports.models,
        ports.settings,
        ports.sign_in.callers,
        foreseen,
        ports.live,
        ports.in_flight,
        ports.bus,
        ports.list_price,
        ports.serves,
        clock,
    )
    app = FastAPI(
        title="codex-lb",
        version=version,
        openapi_url="/api/openapi.json",
        # FastAPI's own documentation pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problems.EVERYWHERE,
        generate_unique_id_function=_operation_id,
    )
    for routes in (
        importing.routes(ports.accounts, clock),  # before the routes of an account by its id
        accounts.routes(ports.accounts, clock),
        exporting.routes(ports.accounts),
        oauth.routes(ports.flows, ports.accounts, clock),
        timeline.routes(ports.accounts, ports.history, clock),
        usage.routes(ports.accounts, ports.history, clock),
        forecast.routes(foreseen),
        settings.routes(ports.settings, ports.accounts, ports.sign_in),
        request_logs.routes(ports.log),
        overview.routes(ports.accounts, ports.periods, clock),
        catalogue.routes(ports.models),
        api_keys.routes(ports.keys, ports.accounts, clock),
        auth.routes(ports.sign_in),
        audit.routes(ports.audit),
        firewall.routes(ports.firewall, clock),
        bundle.routes(ports.house, clock),
        *ui.routes(sources, installation),
    ):
        app.include_router(routes)
    problems.install(app)
    pages.install(app, ports.sign_in.callers, built, version=version, base=base, notice=notice)
    app.add_middleware(Journal, log=ports.audit, bus=ports.bus, clock=clock)
    app.add_middleware(Guard, callers=ports.sign_in.callers)
    app.add_middleware(Edge, version=version)  # the last one added is the outermost
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
