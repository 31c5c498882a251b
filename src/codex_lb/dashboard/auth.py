"""The routes of signing in: who is signed in, password, one-time codes, sessions.

Anybody gets here, so each route asks for what it needs. Answers never tell more than that a
password is needed and whether a code is due.
"""

import io
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from codex_lb.core import one_time_codes, operator
from codex_lb.core.operator import Caller, Kind, Login, Session
from codex_lb.dashboard import audit
from codex_lb.dashboard.callers import CALLER, COOKIE
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.sign_in import Opened, SignIn
from codex_lb.dashboard.summaries import Shape, StatusResponse, moment

_LONGEST = 1_024  # characters of a secret that is looked at at all


class SessionResponse(Shape):
    """`totp_required_on_login`: this session still owes a code."""

    authenticated: bool
    password_required: bool
    totp_required_on_login: bool
    totp_configured: bool
    bootstrap_required: bool
    bootstrap_token_configured: bool
    auth_mode: Literal["standard"] = "standard"
    password_management_enabled: bool = True
    password_session_active: bool
    role: Literal["admin"] = "admin"
    permissions: list[Literal["read", "write"]]
    guest_access_enabled: bool = False
    guest_password_required: bool = False


class OpenSession(Shape):
    id: str
    created_at: datetime
    last_seen_at: datetime
    ip_address: str | None
    user_agent: str | None
    is_current: bool


class TotpSetupStartResponse(Shape):
    secret: str
    otpauth_uri: str
    qr_svg_data_uri: str


class TotpSetupConfirmResponse(Shape):
    """`recovery_codes`: each is good once in place of a code; they are not told again."""

    status: Literal["ok"] = "ok"
    recovery_codes: list[str]


class PasswordSetupRequest(Shape):
    password: str = Field(max_length=_LONGEST)
    bootstrap_token: str | None = Field(None, max_length=_LONGEST)


class PasswordRequest(Shape):
    password: str = Field(max_length=_LONGEST)


class PasswordChangeRequest(Shape):
    current_password: str = Field(max_length=_LONGEST)
    new_password: str = Field(max_length=_LONGEST)


class TotpSetupConfirmRequest(Shape):
    secret: str = Field(max_length=_LONGEST)
    code: str = Field(max_length=_LONGEST)


class CodeRequest(Shape):
    code: str = Field(max_length=_LONGEST)


def routes(sign_in: SignIn) -> APIRouter:
    callers = sign_in.callers
    router = APIRouter(prefix="/api/dashboard-auth", tags=["sign-in"])

    def told(login: Login, kind: Kind, session: Session | None) -> SessionResponse:
        is_in, has_password = kind != "anonymous", login.password_hash is not None
        return SessionResponse(
            authenticated=is_in,
            password_required=has_password,
            totp_required_on_login=session is not None and session.owes_code and login.asks_code,
            totp_configured=login.totp_secret is not None,
            bootstrap_required=not is_in and not has_password,
            bootstrap_token_configured=sign_in.has_bootstrap,
            password_session_active=session is not None,
            permissions=["read", "write"] if is_in else [],
        )

    def keep(request: Request, response: Response, opened: Opened) -> None:
        response.set_cookie(
            COOKIE,
            opened.cookie,
            max_age=int(callers.session_s()),
            path="/",
            secure=_caller(request).place.is_https,
            httponly=True,
            samesite="lax",
        )

    async def entered(request: Request, response: Response, opened: Opened) -> SessionResponse:
        audit.tell(request)
        keep(request, response, opened)
        login = await callers.login()
        owes = login.asks_code and opened.session.owes_code
        return told(login, "anonymous" if owes else "session", opened.session)

    @router.get("/session")
    async def get_session(request: Request) -> SessionResponse:
        caller = _caller(request)
        return told(await callers.login(), caller.kind, caller.session)

    @router.post("/password/setup", responses=errors(409))
    async def set_password(
        request: Request, response: Response, wanted: PasswordSetupRequest
    ) -> SessionResponse:
        """Set the first password. From elsewhere it takes the token that the log shows."""
        opened = await sign_in.set_up(
            _caller(request), wanted.password, wanted.bootstrap_token, _agent(request)
        )
        return await entered(request, response, opened)

    @router.post("/password/login")
    async def log_in(
        request: Request, response: Response, given: PasswordRequest
    ) -> SessionResponse:
        with _told_if_wrong(request):
            opened = await sign_in.sign_in(_caller(request), given.password, _agent(request))
        return await entered(request, response, opened)

    @router.post("/password/change")
    async def change_password(
        request: Request, response: Response, given: PasswordChangeRequest
    ) -> StatusResponse:
        """Every session ends; the answer has a new cookie."""
        with _told_if_wrong(request):
            opened = await sign_in.change_password(
                _caller(request), given.current_password, given.new_password, _agent(request)
            )
        keep(request, response, opened)
        return StatusResponse(status="ok")

    @router.delete("/password")
    async def remove_password(
        request: Request, response: Response, given: PasswordRequest
    ) -> StatusResponse:
        """One-time codes and every session go with it."""
        with _told_if_wrong(request):
            await sign_in.remove_password(_caller(request), given.password)
        return _left(response)

    @router.post("/password/reset", include_in_schema=False)
    async def reset_password(request: Request, given: PasswordRequest) -> StatusResponse:
        """For `codex-lb operator reset-password`, in a process that has the store open."""
        if _caller(request).kind != "command line":
            raise Problem.of(operator.NOT_SIGNED_IN)
        await sign_in.reset(given.password)
        return StatusResponse(status="ok")

    @router.post("/totp/setup/start")
    async def start_totp_setup(request: Request) -> TotpSetupStartResponse:
        """A secret that counts once `confirm` has it back with a code."""
        secret = await sign_in.new_secret(_caller(request))
        uri = one_time_codes.uri(secret)
        return TotpSetupStartResponse(secret=secret, otpauth_uri=uri, qr_svg_data_uri=_qr(uri))

    @router.post("/totp/setup/confirm")
    async def confirm_totp_setup(
        request: Request, response: Response, given: TotpSetupConfirmRequest
    ) -> TotpSetupConfirmResponse:
        """Every other session ends; the answer has a new cookie."""
        opened, recovery = await sign_in.enrol(
            _caller(request), given.secret, given.code, _agent(request)
        )
        keep(request, response, opened)
        return TotpSetupConfirmResponse(recovery_codes=recovery)

    @router.post("/totp/verify")
    async def verify_totp(
        request: Request, response: Response, given: CodeRequest
    ) -> SessionResponse:
        """Takes a one-time or recovery code."""
        with _told_if_wrong(request):
            opened = await sign_in.verify(_caller(request), given.code, _agent(request))
        return await entered(request, response, opened)

    @router.post("/totp/disable")
    async def disable_totp(
        request: Request, response: Response, given: CodeRequest
    ) -> StatusResponse:
        """Every session ends; the answer has a new cookie."""
        with _told_if_wrong(request):
            opened = await sign_in.disable_codes(_caller(request), given.code, _agent(request))
        keep(request, response, opened)
        return StatusResponse(status="ok")

    @router.post("/logout")
    async def log_out(request: Request, response: Response) -> StatusResponse:
        session = _caller(request).session
        if session is not None:
            await sign_in.end(session.id_hash)
        return _left(response)

    @router.get("/sessions")
    async def list_sessions(request: Request) -> list[OpenSession]:
        caller = _operator(request)
        current = caller.session.id_hash if caller.session else None
        return [_open_session(s, current) for s in await callers.sessions()]

    @router.delete("/sessions/{session_id}", responses=errors(404))
    async def end_session(request: Request, session_id: str) -> StatusResponse:
        _operator(request)
        if session_id not in {session.id_hash for session in await callers.sessions()}:
            raise Problem(404, "session_not_found", "There is no such session.")
        await sign_in.end(session_id)
        return StatusResponse(status="ok")

    return router


@contextmanager
def _told_if_wrong(request: Request) -> Iterator[None]:
    """A guess that was looked at and wrong stands in the audit log; refused ones would flood it."""
    try:
        yield
    except Problem as problem:
        if problem.code in {"invalid_credentials", "invalid_totp_code"}:
            audit.tell(request, failed=True)
        raise


def _caller(request: Request) -> Caller:
    caller: Caller = request.scope[CALLER]
    return caller


def _operator(request: Request) -> Caller:
    caller = _caller(request)
    if caller.kind == "anonymous":
        raise Problem.of(caller.refusal or operator.NOT_SIGNED_IN)
    return caller


def _agent(request: Request) -> str | None:
    return request.headers.get("user-agent")


def _left(response: Response) -> StatusResponse:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return StatusResponse(status="ok")


def _open_session(session: Session, current: str | None) -> OpenSession:
    return OpenSession(
        id=session.id_hash,
        created_at=moment(session.created_at),
        last_seen_at=moment(session.seen_at),
        ip_address=session.client_ip,
        user_agent=session.user_agent,
        is_current=session.id_hash == current,
    )


def _qr(uri: str) -> str:
    import segno  # noqa: PLC0415  needed once in a lifetime

    out = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(out, kind="svg", scale=4, light="#fff")
    return f"data:image/svg+xml;base64,{b64encode(out.getvalue()).decode()}"
