"""The routes of the pool's accounts: list, import, pause, reactivate, delete."""

from typing import Any

from fastapi import APIRouter, Request

from codex_lb.core import identity
from codex_lb.core.accounts import PAUSE, REACTIVATE, Change, why_not
from codex_lb.core.identity import InvalidAuthJson
from codex_lb.dashboard.ports import AccountsPort, Clock
from codex_lb.dashboard.problems import ErrorBody, Problem
from codex_lb.dashboard.summaries import (
    AccountImportResponse,
    AccountsResponse,
    StatusResponse,
    imported,
    summaries,
)
from codex_lb.dashboard.upload import read_file
from codex_lb.store import StateConflict

AUTH_JSON_BYTES = 1_048_576  # real files have some kilobytes

_ERROR: dict[str, Any] = {"model": ErrorBody}
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["auth_json"],
                    "properties": {"auth_json": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


def routes(accounts: AccountsPort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/accounts", tags=["accounts"])

    @router.get("")
    async def list_accounts() -> AccountsResponse:
        return summaries(await accounts.list(), await accounts.totals(), clock())

    @router.post(
        "/import",
        openapi_extra=_UPLOAD,
        responses={400: _ERROR, 413: _ERROR, 422: _ERROR},
    )
    async def import_account(request: Request) -> AccountImportResponse:
        """Add the account of a Codex `auth.json`, or sign a known one in anew."""
        document = await read_file(request, "auth_json", limit=AUTH_JSON_BYTES)
        try:
            who, credential = identity.parse(document, now=clock())
        except InvalidAuthJson as refusal:
            raise Problem(400, "invalid_auth_json", f"{refusal.message}.") from None
        account, _replaced = await accounts.import_(who, credential)
        return imported(account, clock())

    @router.post("/{account_id}/pause", responses={404: _ERROR, 409: _ERROR})
    async def pause_account(account_id: str) -> StatusResponse:
        """Keep the account out of routing until it is reactivated."""
        await _change(accounts, account_id, PAUSE)
        return StatusResponse(status="paused")

    @router.post("/{account_id}/reactivate", responses={404: _ERROR, 409: _ERROR})
    async def reactivate_account(account_id: str) -> StatusResponse:
        """Let the account serve again, and forget what kept it from it."""
        await _change(accounts, account_id, REACTIVATE)
        return StatusResponse(status="reactivated")

    @router.delete("/{account_id}", responses={404: _ERROR})
    async def delete_account(account_id: str, delete_history: bool = False) -> StatusResponse:  # noqa: FBT001, FBT002  a query parameter
        """Forget the account and its tokens, and with `delete_history` its requests too."""
        if not await accounts.delete(account_id, delete_history=delete_history):
            raise _unknown()
        return StatusResponse(status="deleted")

    return router


async def _change(accounts: AccountsPort, account_id: str, change: Change) -> None:
    try:
        account = await accounts.set_state(account_id, change.to, allowed_from=change.allowed_from)
    except StateConflict as conflict:
        message = why_not(change, conflict.current)
        raise Problem(409, "account_state_transition_invalid", message) from None
    if account is None:
        raise _unknown()


def _unknown() -> Problem:
    return Problem(404, "account_not_found", "There is no such account.")
