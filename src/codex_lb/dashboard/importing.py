"""The routes by which files of Codex CLI become accounts: what would happen, and that it happens.

One file in a multipart part is answered as it always was. Several of them, or a JSON list of
documents, are answered one by one; each is imported for itself.
"""

from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Request

from codex_lb.core.foreign_json import decode
from codex_lb.core.importing import Invalid, Readable, preview
from codex_lb.dashboard.ports import AccountsPort, Clock
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.summaries import AccountImportResponse, Shape, imported
from codex_lb.dashboard.upload import File, read_body, read_files

PART = "auth_json"
AUTH_JSON_BYTES = 1_048_576  # real files have some kilobytes
MOST_FILES = 100
_MOST_BYTES_OF = 16  # files of the largest size that fit into one request

_ERRORS = errors(400, 413, 422)
_FILE = {"type": "string", "format": "binary"}
_FILES = {"oneOf": [_FILE, {"type": "array", "items": _FILE}]}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": [PART], "properties": {PART: _FILES}}
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["documents"],
                    "properties": {
                        "documents": {
                            "type": "array",
                            "items": {"oneOf": [{"type": "object"}, {"type": "string"}]},
                            "minItems": 1,
                            "maxItems": MOST_FILES,
                        }
                    },
                }
            },
        },
    }
}


class _Documents(msgspec.Struct):
    documents: list[msgspec.Raw]


class ImportPreview(Shape):
    """What would become of one document. `field` and `message`: what is wrong with an invalid one."""

    name: str
    status: Literal["valid", "replaces", "invalid"]
    field: str | None = None
    message: str | None = None
    warning: str | None = None
    account_id: str | None = None
    email: str | None = None
    plan_type: str | None = None
    workspace_label: str | None = None


class ImportPreviewResponse(Shape):
    documents: tuple[ImportPreview, ...]


class ImportResult(Shape):
    """What became of one document; of an invalid one there is no account."""

    name: str
    status: Literal["added", "replaced", "invalid"]
    field: str | None = None
    message: str | None = None
    account: AccountImportResponse | None = None


class ImportResultsResponse(Shape):
    results: tuple[ImportResult, ...]


def routes(accounts: AccountsPort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/accounts/import", tags=["accounts"])

    @router.post("/preview", openapi_extra=_BODY, responses=_ERRORS)
    async def preview_import(request: Request) -> ImportPreviewResponse:
        """What an import of these would do. Nothing is changed."""
        files = await _read(request)
        found = preview((file.content for file in files), await accounts.list(), clock())
        return ImportPreviewResponse(
            documents=tuple(map(_previewed, (file.name for file in files), found))
        )

    @router.post("", openapi_extra=_BODY, responses=_ERRORS)
    async def import_account(request: Request) -> AccountImportResponse | ImportResultsResponse:
        """Add the account of a Codex `auth.json`, or sign a known one in anew."""
        files = await _read(request)
        found = preview((file.content for file in files), await accounts.list(), clock())
        if len(found) == 1 and not _is_json(request):
            if isinstance(found[0], Invalid):
                raise Problem(400, "invalid_auth_json", f"{found[0].message}.")
            account, _ = await accounts.import_(found[0].identity, found[0].credential)
            return imported(account, clock())
        results = [
            await _import(accounts, file.name, each, clock())
            for file, each in zip(files, found, strict=True)
        ]
        return ImportResultsResponse(results=tuple(results))

    return router


async def _import(
    accounts: AccountsPort, name: str, found: Readable | Invalid, now: float
) -> ImportResult:
    if isinstance(found, Invalid):
        message = f"{found.message}."
        return ImportResult(name=name, status="invalid", field=found.field, message=message)
    account, replaced = await accounts.import_(found.identity, found.credential)
    return ImportResult(
        name=name, status="replaced" if replaced else "added", account=imported(account, now)
    )


def _previewed(name: str, found: Readable | Invalid) -> ImportPreview:
    if isinstance(found, Invalid):
        message = f"{found.message}."
        return ImportPreview(name=name, status="invalid", field=found.field, message=message)
    return ImportPreview(
        name=name,
        status="replaces" if found.replaces else "valid",
        warning=found.warning,
        account_id=found.account_id,
        email=found.identity.email,
        plan_type=found.identity.plan,
        workspace_label=found.identity.workspace_label,
    )


async def _read(request: Request) -> list[File]:
    """Raises `Problem`."""
    if not _is_json(request):
        return await read_files(request, PART, limit=AUTH_JSON_BYTES, most=MOST_FILES)
    body = await read_body(request, limit=AUTH_JSON_BYTES, most=_MOST_BYTES_OF)
    sent = decode(body, _Documents)
    if sent is None or not 1 <= len(sent.documents) <= MOST_FILES:
        message = f"body.documents: a list of 1 to {MOST_FILES} documents is needed"
        raise Problem(422, "validation_error", message)
    return [File(f"document {n}", _bytes(each)) for n, each in enumerate(sent.documents, 1)]


def _bytes(document: msgspec.Raw) -> bytes:
    """As it would stand in a file; a text is one that was pasted."""
    pasted = decode(bytes(document), str)
    return bytes(document) if pasted is None else pasted.encode()


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"
