"""The routes of signing an account in: begin, see how it stands, paste, give up."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from codex_lb.core import oauth
from codex_lb.core.access import Standing
from codex_lb.core.failover import describe
from codex_lb.core.oauth import Flow, Method, Stage
from codex_lb.dashboard import audit
from codex_lb.dashboard.accounts import find
from codex_lb.dashboard.callers import CALLER
from codex_lb.dashboard.flows import Flows
from codex_lb.dashboard.ports import AccountsPort, Clock
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.summaries import Shape
from codex_lb.upstream.oauth import Refused

Status = Literal["pending", "success", "error"]

_LONGEST_ID = 256
_LONGEST_URL = 16_384
_LONGEST_WAIT_S = 5.0  # short enough not to hold up the exit
_STATUS: dict[Stage, Status] = {
    "pending": "pending",
    "exchanging": "pending",
    "success": "success",
    "error": "error",
}

FlowId = Annotated[str, Field(max_length=_LONGEST_ID)]


class OauthStartRequest(Shape):
    """`force_method`: without one, the browser for who sits at this machine, else a device code.

    `account_id`: the only account that may be signed in.
    """

    force_method: Method | None = None
    account_id: FlowId | None = None


class OauthStartResponse(Shape):
    """The first three are of the browser, the others of a device code.

    `warning`: why the browser will not find its way back, and what to do instead.
    """

    flow_id: str
    method: Method
    authorization_url: str | None = None
    callback_url: str | None = None
    verification_url: str | None = None
    user_code: str | None = None
    device_auth_id: str | None = None
    interval_seconds: int | None = None
    expires_in_seconds: int | None = None
    warning: str | None = None


class OauthStatusResponse(Shape):
    """`error_message` beside `pending`: no such flow is known here. `account_id`: who signed in."""

    status: Status
    error_message: str | None = None
    account_id: str | None = None


class OauthCompleteRequest(Shape):
    flow_id: FlowId | None = None
    device_auth_id: str | None = None
    user_code: str | None = None


class OauthCompleteResponse(Shape):
    status: Status


class OauthManualCallbackRequest(Shape):
    callback_url: str = Field(max_length=_LONGEST_URL)
    flow_id: FlowId | None = None


class OauthManualCallbackResponse(Shape):
    status: Literal["success", "error"]
    error_message: str | None = None
    account_id: str | None = None


class OauthCancelRequest(Shape):
    flow_id: FlowId


def routes(flows: Flows, accounts: AccountsPort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/oauth", tags=["accounts"])

    @router.post("/start", responses=errors(404, 422, 502))
    async def start_oauth(
        request: Request, wish: OauthStartRequest | None = None
    ) -> OauthStartResponse:
        """Begin to sign an account in: a new one, or with `accountId` that one anew."""
        wish = wish or OauthStartRequest()
        if wish.account_id is not None:
            await find(accounts, wish.account_id)
        audit.tell(request, target=wish.account_id)
        is_here = request.scope[CALLER].place.standing is Standing.LOCAL
        method = wish.force_method or ("browser" if is_here else "device")
        if method == "browser":
            return await _in_browser(flows, wish.account_id)
        return await _by_device(flows, wish.account_id, clock)

    @router.get("/status")
    async def oauth_status(
        flow_id: Annotated[FlowId | None, Query(alias="flowId")] = None,
        wait: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 0.0,
    ) -> OauthStatusResponse:
        """How a flow stands, or the latest one; after at most `wait` seconds if it is pending."""
        return _status(await flows.find(flow_id, wait_s=wait))

    @router.post("/complete")
    async def complete_oauth(wish: OauthCompleteRequest | None = None) -> OauthCompleteResponse:
        """How a flow stands; nothing needs to be completed by hand."""
        return OauthCompleteResponse(
            status=_status(await flows.find(wish.flow_id if wish else None)).status
        )

    @router.post("/manual-callback", responses=errors(422))
    async def paste_oauth_callback(
        pasted: OauthManualCallbackRequest,
    ) -> OauthManualCallbackResponse:
        """Take the address that the browser ended at, where it could not come back by itself."""
        taken = await flows.take(pasted.callback_url, pasted.flow_id)
        if isinstance(taken, str):
            return OauthManualCallbackResponse(status="error", error_message=taken)
        return OauthManualCallbackResponse(
            status="success" if taken.stage == "success" else "error",
            error_message=taken.message,
            account_id=taken.signed_in,
        )

    @router.post("/cancel", responses=errors(404, 422))
    async def cancel_oauth(wish: OauthCancelRequest) -> OauthStatusResponse:
        """Give a flow up. One that has ended stays as it is."""
        flow = flows.cancel(wish.flow_id)
        if flow is None:
            raise Problem(404, "flow_not_found", oauth.UNKNOWN)
        return _status(flow)

    return router


async def _in_browser(flows: Flows, account_id: str | None) -> OauthStartResponse:
    begun = await flows.in_browser(account_id)
    warning = begun.warning and (
        f"{begun.warning} Or sign in, and paste the address that the browser ends at; or use a"
        " device code."
    )
    return OauthStartResponse(
        flow_id=begun.flow.id,
        method="browser",
        authorization_url=begun.authorization_url,
        callback_url=begun.callback_url,
        warning=warning,
    )


async def _by_device(flows: Flows, account_id: str | None, clock: Clock) -> OauthStartResponse:
    begun = await flows.by_device(account_id)
    if isinstance(begun, Refused):
        raise _not_begun(begun)
    flow, code = begun
    return OauthStartResponse(
        flow_id=flow.id,
        method="device",
        verification_url=flows.device_page,
        user_code=code.user_code,
        device_auth_id=code.device_auth_id,
        interval_seconds=round(code.interval_s),
        expires_in_seconds=max(0, round(flow.expires_at - clock())),
    )


def _not_begun(refused: Refused) -> Problem:
    signal = refused.signal
    if signal.status == HTTPStatus.NOT_FOUND:
        return Problem(502, "device_auth_disabled", oauth.DEVICE_DISABLED)
    code = (signal.word or "").lower()
    known = code if code.isascii() and code.isidentifier() else "login_host_failed"
    why = describe(signal).removesuffix(".")
    return Problem(502, known, f"The login host gives no device code: {why}.")


def _status(flow: Flow | None) -> OauthStatusResponse:
    """An unknown flow is `pending`, as in earlier versions, but says so."""
    if flow is None:
        return OauthStatusResponse(status="pending", error_message=oauth.UNKNOWN)
    return OauthStatusResponse(
        status=_STATUS[flow.stage], error_message=flow.message, account_id=flow.signed_in
    )
