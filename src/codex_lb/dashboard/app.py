"""Put the control plane together: `/api` behind its guard, and the pages beside it."""

from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute

from codex_lb.dashboard import (
    accounts,
    api_keys,
    audit,
    auth,
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
    usage,
)
from codex_lb.dashboard.api_keys import KeysPort
from codex_lb.dashboard.audit import AuditPort, Journal
from codex_lb.dashboard.edge import Edge
from codex_lb.dashboard.firewall import FirewallPort
from codex_lb.dashboard.flows import Flows
from codex_lb.dashboard.guard import Guard
from codex_lb.dashboard.log_ports import LogPort, ModelsPort, PeriodPort
from codex_lb.dashboard.ports import AccountsPort, Clock, HistoryPort, SettingsPort
from codex_lb.dashboard.sign_in import SignIn


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


def build(
    ports: Ports,
    *,
    version: str,
    clock: Clock,
    notice: str | None = None,
) -> FastAPI:
    """An ASGI app for every path that is not the proxy's.

    `notice`: a sentence that stands at the top of the pages.
    """
    app = FastAPI(
        title="codex-lb",
        version=version,
        openapi_url="/api/openapi.json",
        # FastAPI's own documentation pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    for routes in (
        importing.routes(ports.accounts, clock),  # before the routes of an account by its id
        accounts.routes(ports.accounts, clock),
        exporting.routes(ports.accounts),
        oauth.routes(ports.flows, ports.accounts, clock),
        timeline.routes(ports.accounts, ports.history, clock),
        usage.routes(ports.accounts, ports.history, clock),
        forecast.routes(ports.accounts, ports.history, clock),
        settings.routes(ports.settings, ports.accounts, ports.sign_in),
        request_logs.routes(ports.log),
        overview.routes(ports.accounts, ports.periods, clock),
        catalogue.routes(ports.models),
        api_keys.routes(ports.keys, ports.accounts, clock),
        auth.routes(ports.sign_in),
        audit.routes(ports.audit),
        firewall.routes(ports.firewall, clock),
    ):
        app.include_router(routes)
    problems.install(app)
    pages.install(app, version=version, notice=notice)
    app.add_middleware(Journal, log=ports.audit, clock=clock)
    app.add_middleware(Guard, callers=ports.sign_in.callers)
    app.add_middleware(Edge, version=version)  # the last one added is the outermost
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
