"""The routes of the pool's accounts: list, and what an operator does to one of them."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import StringConstraints

from codex_lb.core import summary
from codex_lb.core.accounts import PAUSE, PROBE, REACTIVATE, Change, why_not
from codex_lb.core.model import Account, Priority
from codex_lb.dashboard.ports import AccountsPort, Clock
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.summaries import AccountsResponse, Shape, StatusResponse, summaries
from codex_lb.store import StateConflict

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"  # it is printed in terminals, and no database takes a NUL


class AliasRequest(Shape):
    alias: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=255, pattern=_ONE_LINE)]
        | None
    ) = None


class AliasResponse(Shape):
    account_id: str
    alias: str | None


class RoutingPolicyRequest(Shape):
    routing_policy: Priority


class RoutingPolicyResponse(Shape):
    account_id: str
    routing_policy: Priority


class AccountUpdate(Shape):
    """Taken for the sake of scripts; no account is kept for security work here."""

    security_work_authorized: bool | None = None


class ProbeResponse(Shape):
    """Percentages are null where upstream has told nothing; `probe_status_code` 0: no answer."""

    status: str
    account_id: str
    probe_status_code: int
    primary_used_percent_before: float | None
    primary_used_percent_after: float | None
    secondary_used_percent_before: float | None
    secondary_used_percent_after: float | None
    account_status_before: summary.Status
    account_status_after: summary.Status


def routes(accounts: AccountsPort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/accounts", tags=["accounts"])

    @router.get("")
    async def list_accounts() -> AccountsResponse:
        known, served = await accounts.list(), await accounts.totals()
        return summaries(known, served, accounts.streams(), clock())

    @router.post("/{account_id}/pause", responses=errors(404, 409))
    async def pause_account(account_id: str) -> StatusResponse:
        """Keep the account out of routing until it is reactivated."""
        await _change(accounts, account_id, PAUSE)
        return StatusResponse(status="paused")

    @router.post("/{account_id}/reactivate", responses=errors(404, 409))
    async def reactivate_account(account_id: str) -> StatusResponse:
        """Let the account serve again, and forget what kept it from it."""
        await _change(accounts, account_id, REACTIVATE)
        return StatusResponse(status="reactivated")

    @router.post("/{account_id}/probe", responses=errors(404, 409))
    async def probe_account(account_id: str) -> ProbeResponse:
        """Try now: forget what stands against the account and ask upstream what it has left."""
        before = await find(accounts, account_id)
        await _change(accounts, account_id, PROBE, code="account_not_probable")
        status = await accounts.poll(account_id)
        return _probed(before, await find(accounts, account_id), status, clock())

    @router.put("/{account_id}/alias", responses=errors(404))
    async def set_account_alias(account_id: str, wish: AliasRequest) -> AliasResponse:
        """Name the account; an empty name takes it away."""
        account = _known(await accounts.set_alias(account_id, wish.alias or None))
        return AliasResponse(account_id=account.id, alias=account.alias)

    @router.put("/{account_id}/routing-policy", responses=errors(404))
    async def set_account_routing_policy(
        account_id: str, wish: RoutingPolicyRequest
    ) -> RoutingPolicyResponse:
        """Use the account up first, like the others, or only when no other can serve."""
        account = _known(await accounts.set_priority(account_id, wish.routing_policy))
        return RoutingPolicyResponse(account_id=account.id, routing_policy=account.priority)

    @router.patch("/{account_id}", responses=errors(404))
    async def update_account(account_id: str, update: AccountUpdate) -> StatusResponse:
        if update.security_work_authorized is None:
            raise Problem(400, "empty_account_update", "Nothing is given that could be changed.")
        await find(accounts, account_id)
        return StatusResponse(status="updated")

    @router.delete("/{account_id}", responses=errors(404))
    async def delete_account(account_id: str, delete_history: bool = False) -> StatusResponse:  # noqa: FBT001, FBT002  a query parameter
        """Forget the account and its tokens, and with `delete_history` its requests too."""
        if not await accounts.delete(account_id, delete_history=delete_history):
            raise _unknown()
        return StatusResponse(status="deleted")

    return router


async def find(accounts: AccountsPort, account_id: str) -> Account:
    """Raises the `Problem` of an unknown account."""
    known = await accounts.list()
    return _known(next((account for account in known if account.id == account_id), None))


async def _change(
    accounts: AccountsPort,
    account_id: str,
    change: Change,
    *,
    code: str = "account_state_transition_invalid",
) -> None:
    try:
        _known(await accounts.change(account_id, change))
    except StateConflict as conflict:
        raise Problem(409, code, why_not(change, conflict.current)) from None


def _known(account: Account | None) -> Account:
    if account is None:
        raise _unknown()
    return account


def _unknown() -> Problem:
    return Problem(404, "account_not_found", "There is no such account.")


def _probed(before: Account, after: Account, status: int, now: float) -> ProbeResponse:
    old, new = summary.windows(before, now), summary.windows(after, now)
    return ProbeResponse(
        status="probed",
        account_id=after.id,
        probe_status_code=status,
        primary_used_percent_before=old.short.used_percent,
        primary_used_percent_after=new.short.used_percent,
        secondary_used_percent_before=old.weekly.used_percent,
        secondary_used_percent_after=new.weekly.used_percent,
        account_status_before=summary.status(before, now),
        account_status_after=summary.status(after, now),
    )
