"""Builders: a pool in memory, a made-up sign-in, and callers of the control plane."""

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import httpx2

from codex_lb.core.identity import local_id
from codex_lb.core.model import Account, AccountState, Credential, Identity
from codex_lb.dashboard.app import build
from codex_lb.store import AccountTotals, StateConflict

NOW = 1_790_000_000.0


@dataclass
class FakeAccounts:
    """The pool in memory. It fails with `broken`, if given, whatever it is asked."""

    rows: dict[str, Account] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    served: dict[str, AccountTotals] = field(default_factory=dict)
    histories_deleted: list[str] = field(default_factory=list)
    broken: Exception | None = None

    def add(self, account: Account) -> None:
        self.rows[account.id] = account

    async def list(self) -> list[Account]:
        if self.broken:
            raise self.broken
        return list(self.rows.values())

    async def totals(self) -> dict[str, AccountTotals]:
        return self.served

    async def import_(self, identity: Identity, credential: Credential) -> tuple[Account, bool]:
        if self.broken:
            raise self.broken
        id_ = local_id(identity)
        replaced = id_ in self.rows
        self.credentials[id_] = credential
        self.rows[id_] = Account(
            id_, identity, "active", None, NOW, credential.refreshed_at, credential.expires_at
        )
        return self.rows[id_], replaced

    async def set_state(
        self, account_id: str, state: AccountState, *, allowed_from: Collection[AccountState]
    ) -> Account | None:
        account = self.rows.get(account_id)
        if account is None:
            return None
        if account.state not in allowed_from:
            raise StateConflict(account.state)
        self.rows[account_id] = replace(account, state=state, blocks=())
        return self.rows[account_id]

    async def delete(self, account_id: str, *, delete_history: bool) -> bool:
        if delete_history:
            self.histories_deleted.append(account_id)
        return self.rows.pop(account_id, None) is not None


def jwt(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln"


class AuthFile:
    """An `auth.json` of a made-up account, and the secrets that nobody may ever see again."""

    def __init__(self, account_id: str = "acc-1", email: str = "alice@example.com") -> None:
        self.tokens = {
            "id_token": jwt(
                {"email": email, "https://api.openai.com/auth": {"chatgpt_plan_type": "plus"}}
            ),
            "access_token": jwt({"exp": 1_800_000_000, "account": account_id}),
            "refresh_token": "rt_s3cr3t",
            "account_id": account_id,
        }

    def document(self) -> bytes:
        stamp = "2026-09-01T12:00:00Z"
        return json.dumps({"tokens": self.tokens, "last_refresh": stamp}).encode()

    def secrets(self) -> list[str]:
        return [self.tokens[f"{kind}_token"] for kind in ("id", "access", "refresh")]


def caller(accounts: FakeAccounts, *, peer: str) -> httpx2.AsyncClient:
    """Speaks to a control plane over `accounts` without a network; it holds nothing to close."""
    app = build(
        accounts, allowed_hosts=("localhost", "127.0.0.1"), version="9.9", clock=lambda: NOW
    )
    transport = httpx2.ASGITransport(app, client=(peer, 50_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:2455")
