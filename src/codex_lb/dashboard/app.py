"""Put the control plane together: `/api` behind its guard, and the pages beside it."""

from collections.abc import Collection

from fastapi import FastAPI
from fastapi.routing import APIRoute

from codex_lb.dashboard import accounts as account_routes
from codex_lb.dashboard import pages, problems, timeline, usage
from codex_lb.dashboard import settings as settings_routes
from codex_lb.dashboard.edge import Edge
from codex_lb.dashboard.guard import Guard
from codex_lb.dashboard.ports import AccountsPort, Clock, HistoryPort, SettingsPort


def build(
    accounts: AccountsPort,
    history: HistoryPort,
    settings: SettingsPort,
    *,
    allowed_hosts: Collection[str],
    version: str,
    clock: Clock,
    notice: str | None = None,
) -> FastAPI:
    """An ASGI app for every path that is not the proxy's. `allowed_hosts` as in the settings.

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
    app.include_router(account_routes.routes(accounts, clock))
    app.include_router(timeline.routes(accounts, history, clock))
    app.include_router(usage.routes(accounts, history, clock))
    app.include_router(settings_routes.routes(settings, accounts))
    problems.install(app)
    pages.install(app, version=version, notice=notice)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts)
    app.add_middleware(Edge, version=version)  # the last one added is the outermost
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
