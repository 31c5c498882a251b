"""The route that takes one account's sign-in out again, for Codex CLI or OpenCode.

Tokens leave in clear, so it is for the operator alone, stands in the audit log, and is never kept by
a browser. A refresh token is good once: whoever uses the exported one ends the sign-in here.
"""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from codex_lb.core.model import Account, Credential
from codex_lb.dashboard.accounts import find
from codex_lb.dashboard.ports import AccountsPort
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.summaries import Shape, moment


class AccountAuthExportAccount(Shape):
    account_id: str
    chatgpt_account_id: str | None
    email: str


class AccountAuthExportTokens(Shape):
    """`expires_at_ms`: of the access token, in Unix ms; 0 if it does not say."""

    id_token: str
    access_token: str
    refresh_token: str
    expires_at_ms: int


class CodexAuthTokens(BaseModel):
    id_token: str
    access_token: str
    refresh_token: str
    account_id: str | None


class CodexAuthJson(BaseModel):
    """`auth.json` of Codex CLI."""

    auth_mode: Literal["chatgpt"] = "chatgpt"
    OPENAI_API_KEY: None = None
    tokens: CodexAuthTokens
    last_refresh: str


class OpenCodeOAuthAuth(Shape):
    type: Literal["oauth"] = "oauth"
    refresh: str
    access: str
    expires: int
    account_id: str | None


class OpenCodeAuthJson(BaseModel):
    """`auth.json` of OpenCode."""

    openai: OpenCodeOAuthAuth


class AccountAuthExportResponse(Shape):
    filename: str
    account: AccountAuthExportAccount
    tokens: AccountAuthExportTokens
    codex_auth_json: CodexAuthJson
    opencode_auth_json: OpenCodeAuthJson


def routes(accounts: AccountsPort) -> APIRouter:
    router = APIRouter(prefix="/api/accounts", tags=["accounts"])

    @router.post("/{account_id}/export/auth", responses=errors(404))
    async def export_account_auth(account_id: str, response: Response) -> AccountAuthExportResponse:
        """The account's sign-in in clear. Once it is used elsewhere, it ends here."""
        account = await find(accounts, account_id)
        credential = await accounts.credential(account_id)
        if credential is None:
            raise Problem(404, "account_not_found", "The account has no sign-in.")
        response.headers["cache-control"] = "no-store"
        response.headers["pragma"] = "no-cache"
        return _exported(account, credential)

    return router


def _exported(account: Account, credential: Credential) -> AccountAuthExportResponse:
    who = account.identity
    expires_ms = round((credential.expires_at or 0) * 1000)
    stamp = moment(credential.refreshed_at).isoformat().replace("+00:00", "Z")
    return AccountAuthExportResponse(
        filename="auth.json",
        account=AccountAuthExportAccount(
            account_id=account.id, chatgpt_account_id=who.chatgpt_account_id, email=who.email
        ),
        tokens=AccountAuthExportTokens(
            id_token=credential.id_token,
            access_token=credential.access_token,
            refresh_token=credential.refresh_token,
            expires_at_ms=expires_ms,
        ),
        codex_auth_json=CodexAuthJson(
            tokens=CodexAuthTokens(
                id_token=credential.id_token,
                access_token=credential.access_token,
                refresh_token=credential.refresh_token,
                account_id=who.chatgpt_account_id,
            ),
            last_refresh=stamp,
        ),
        opencode_auth_json=OpenCodeAuthJson(
            openai=OpenCodeOAuthAuth(
                refresh=credential.refresh_token,
                access=credential.access_token,
                expires=expires_ms,
                account_id=who.chatgpt_account_id,
            )
        ),
    )
