"""What operators did: one entry for each request that changed something or took a secret out.

The entry is written before the answer begins, so what was answered is in it, and the open pages
are told that something has changed. A route's name is the
action and the first parameter of its path the target; a route that knows better says so by `tell`.
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Protocol

import structlog
from fastapi import APIRouter, Query, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codex_lb.core.access import SAFE_METHODS
from codex_lb.core.operator import Caller
from codex_lb.dashboard.bus import Bus
from codex_lb.dashboard.callers import CALLER
from codex_lb.dashboard.edge import REQUEST_ID
from codex_lb.dashboard.ports import Clock
from codex_lb.dashboard.summaries import Shape, moment
from codex_lb.store import StoreError
from codex_lb.store.operators import AuditEntry, AuditRecord

_TOLD = "codex_lb.audit"  # in a scope
_EXPORT = "export_"  # how the names of routes begin that only read, but secrets
_ONLY_READ = frozenset({"complete_oauth", "preview_import"})  # though they are POST

_log = structlog.get_logger(__name__)


class AuditPort(Protocol):
    async def note(self, entry: AuditEntry) -> None: ...
    async def notes(
        self, *, limit: int, offset: int = 0, action: str | None = None
    ) -> list[AuditRecord]:
        """Newest first."""


class AuditLogResponse(Shape):
    """`actor`: session, token, local, command line or anonymous."""

    id: int
    timestamp: datetime
    action: str
    actor: str
    actor_ip: str | None
    target: str | None
    details: dict[str, Any] | None
    request_id: str | None


def tell(
    request: Request,
    *,
    target: str | None = None,
    failed: bool = False,
    detail: Mapping[str, object] | None = None,
) -> None:
    """What the audit log is to say of this request. `failed`: it is to be there though refused."""
    request.scope[_TOLD] = (target, failed, dict(detail or {}))


class Journal:
    """ASGI middleware within the guard."""

    def __init__(self, app: ASGIApp, *, log: AuditPort, bus: Bus, clock: Clock) -> None:
        self._app = app
        self._log = log
        self._bus = bus
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if CALLER not in scope:
            await self._app(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, noting)

    async def _note(self, scope: Scope, status: int) -> None:
        action = getattr(scope.get("route"), "name", "")
        target, failed, detail = scope.get(_TOLD, (None, False, {}))
        is_change = scope["method"] not in SAFE_METHODS and action not in _ONLY_READ
        caller: Caller = scope[CALLER]
        counts = failed or (
            status < HTTPStatus.BAD_REQUEST and (is_change or action.startswith(_EXPORT))
        )
        if not action or not counts or (caller.kind == "anonymous" and _TOLD not in scope):
            return  # above all what anybody could fill the log with
        if status < HTTPStatus.BAD_REQUEST:
            self._bus.tell(
                "operator.acted", {"action": action, "what": scope["path"].split("/")[2]}
            )
        in_path = next(iter(scope.get("path_params", {}).values()), None)
        entry = AuditEntry(
            self._clock(),
            caller.kind,
            caller.place.address,
            f"{action}_failed" if failed else action,
            target or in_path,
            {**detail, "requestId": scope.get(REQUEST_ID)},
        )
        try:
            await self._log.note(entry)
        except StoreError as error:  # what was done is done
            _log.warning("audit entry lost", action=action, error=str(error))


def routes(log: AuditPort) -> APIRouter:
    router = APIRouter(prefix="/api/audit-logs", tags=["audit"])

    @router.get("")
    async def list_audit_logs(
        action: Annotated[str, Query(pattern=r"^[a-z_]+$")] | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> list[AuditLogResponse]:
        """Newest first."""
        return [
            _told(record) for record in await log.notes(limit=limit, offset=offset, action=action)
        ]

    return router


def _told(record: AuditRecord) -> AuditLogResponse:
    entry = record.entry
    detail = dict(entry.detail or {})
    request_id = detail.pop("requestId", None)
    return AuditLogResponse(
        id=record.id,
        timestamp=moment(entry.at),
        action=entry.action,
        actor=entry.actor,
        actor_ip=entry.client_ip,
        target=entry.target,
        details=detail or None,
        request_id=str(request_id) if request_id else None,
    )
