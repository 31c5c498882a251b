"""The routes by which accounts, keys and settings move house, as one sealed file.

Sealing and opening take half a second and 64 MiB for the passphrase alone, so they are done beside
the event loop and one at a time.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from codex_lb.core.bundle import Bundle, BundleError, Fate, Kind
from codex_lb.core.move_plan import Plan
from codex_lb.dashboard import audit
from codex_lb.dashboard.ports import Clock
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.summaries import Shape
from codex_lb.dashboard.upload import read_form
from codex_lb.store.bundle_file import LARGEST, seal, unseal

T = TypeVar("T")

_FILE = "application/octet-stream"
_TEXT = {"type": "string"}
_FLAG = {"type": "boolean", "default": False}
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "passphrase"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "passphrase": _TEXT,
                        "dry_run": _FLAG,
                        "skip_invalid": _FLAG,
                    },
                }
            }
        },
    }
}


class HousePort(Protocol):
    """All that moves, as stored and as it is running."""

    async def pack(self, *, with_history: bool) -> Bundle: ...

    async def foresee(self, bundle: Bundle) -> Plan:
        """What `unpack` would do."""

    async def unpack(self, bundle: Bundle, *, skip_invalid: bool) -> Plan:
        """In force when it returns. Raises `BundleError`, and changes nothing."""


class BundleExportRequest(Shape):
    passphrase: Annotated[str, Field(max_length=1_024)]
    with_history: bool = False


class BundleRecord(Shape):
    kind: Kind
    name: str
    status: Fate
    detail: str


class BundleImportResponse(Shape):
    dry_run: bool
    records: list[BundleRecord]


def routes(house: HousePort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/bundle", tags=["bundle"])
    turn = asyncio.Lock()

    async def beside(work: Callable[[], T], request: Request) -> T:
        try:
            async with turn:
                return await asyncio.to_thread(work)
        except BundleError as refusal:
            audit.tell(request, failed=True)
            raise _problem(refusal) from None

    @router.post(
        "/export",
        response_class=Response,
        responses={
            200: {"content": {_FILE: {"schema": _TEXT | {"format": "binary"}}}},
            **errors(400),
        },
    )
    async def export_bundle(request: Request, wanted: BundleExportRequest) -> Response:
        """Everything that is needed to serve elsewhere. This service must stop before that begins."""
        packed = await house.pack(with_history=wanted.with_history)
        content = await beside(lambda: seal(packed, wanted.passphrase), request)
        name = datetime.fromtimestamp(clock(), UTC).strftime("codex-lb-%Y%m%d.bundle")
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=_FILE, headers=headers)

    @router.post("/import", openapi_extra=_UPLOAD, responses=errors(400, 413, 422))
    async def import_bundle(request: Request) -> BundleImportResponse:
        """Take in what an export gave, or say of each record what would become of it."""
        file, texts = await read_form(request, "file", limit=LARGEST)
        dry_run, skip = _flag(texts, "dry_run"), _flag(texts, "skip_invalid")
        bundle = await beside(lambda: unseal(file, texts.get("passphrase", "")), request)
        try:
            plan = await (
                house.foresee(bundle) if dry_run else house.unpack(bundle, skip_invalid=skip)
            )
        except BundleError as refusal:
            raise _problem(refusal) from None
        counts = dict(Counter(line.fate for line in plan.lines))
        audit.tell(request, detail={"dryRun": dry_run, "records": counts})
        return BundleImportResponse(dry_run=dry_run, records=_told(plan))

    return router


def _problem(refusal: BundleError) -> Problem:
    return Problem(400, "invalid_bundle", str(refusal))


def _flag(texts: Mapping[str, str], name: str) -> bool:
    given = texts.get(name, "false")
    if given not in ("true", "false"):
        raise Problem(422, "validation_error", f"body.{name}: true or false")
    return given == "true"


def _told(plan: Plan) -> list[BundleRecord]:
    return [
        BundleRecord(kind=line.kind, name=line.name, status=line.fate, detail=line.detail)
        for line in plan.lines
    ]
