"""Builders: a pool in memory, a made-up sign-in, and callers of the control plane."""

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import httpx2
from tests.dashboard.log_builders import FakeLog, FakePeriods

from codex_lb.core.identity import local_id
from codex_lb.core.model import (
    Account,
    AccountState,
    Credential,
    Identity,
    Priority,
    QuotaSample,
    QuotaWindow,
)
from codex_lb.core.operator_settings import OperatorSettings
from codex_lb.dashboard.api_keys import KeysPort
from codex_lb.dashboard.app import Ports, build
from codex_lb.store import AccountTotals, DailySums, EventRecord, HourlySums, StateConflict
from codex_lb.store.records import Dimension

NOW = 1_790_000_000.0


@dataclass
class FakeAccounts:
    """The pool in memory. It fails with `broken`, if given, whatever it is asked."""

    rows: dict[str, Account] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    served: dict[str, AccountTotals] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    histories_deleted: list[str] = field(default_factory=list)
    upstream: tuple[int, tuple[QuotaWindow, ...]] = (0, ())  # its answer to `poll`
    broken: Exception | None = None

    def add(self, account: Account) -> None:
        self.rows[account.id] = account

    async def list(self) -> list[Account]:
        if self.broken:
            raise self.broken
        return list(self.rows.values())

    async def totals(self) -> dict[str, AccountTotals]:
        return self.served

    def streams(self) -> Mapping[str, int]:
        return self.running

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

    async def set_alias(self, account_id: str, alias: str | None) -> Account | None:
        if account_id in self.rows:
            self.add(replace(self.rows[account_id], alias=alias))
        return self.rows.get(account_id)

    async def set_priority(self, account_id: str, priority: Priority) -> Account | None:
        if account_id in self.rows:
            self.add(replace(self.rows[account_id], priority=priority))
        return self.rows.get(account_id)

    async def poll(self, account_id: str) -> int:
        status, windows = self.upstream
        self.add(replace(self.rows[account_id], windows=windows))
        return status

    async def delete(self, account_id: str, *, delete_history: bool) -> bool:
        if delete_history:
            self.histories_deleted.append(account_id)
        return self.rows.pop(account_id, None) is not None


@dataclass
class FakeHistory:
    """What has been, in memory. Sums have the key of their account or error."""

    quota: list[QuotaSample] = field(default_factory=list)
    timeline: list[EventRecord] = field(default_factory=list)  # newest first
    hours: dict[str, list[HourlySums]] = field(default_factory=dict)  # by dimension
    days: list[DailySums] = field(default_factory=list)

    async def samples(self, *, since: float, account_id: str | None = None) -> list[QuotaSample]:
        return [
            sample
            for sample in self.quota
            if sample.measured_at >= since and account_id in (None, sample.account_id)
        ]

    async def account_events(
        self, account_id: str, *, limit: int, before_id: int | None = None
    ) -> list[EventRecord]:
        own = [
            record
            for record in self.timeline
            if record.event.account_id == account_id
            and (before_id is None or record.id < before_id)
        ]
        return own[:limit]

    async def hourly(
        self, dimension: Dimension, *, start_at: float, end_at: float
    ) -> list[HourlySums]:
        known = self.hours.get(dimension, [])
        return [hour for hour in known if start_at <= hour.hour_at < end_at]

    async def daily(
        self,
        dimension: Dimension,
        *,
        start_at: float,
        end_at: float,
        offset_s: int = 0,
    ) -> list[DailySums]:
        assert dimension == "account"
        return [
            day
            for day in self.days
            if start_at <= day.day_at < end_at and (day.day_at + offset_s) % 86_400 == 0
        ]


@dataclass
class FakeSettings:
    kept: OperatorSettings = field(default_factory=OperatorSettings)

    async def read(self) -> OperatorSettings:
        return self.kept

    async def write(self, settings: OperatorSettings) -> None:
        self.kept = settings


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


def caller(
    accounts: FakeAccounts,
    *,
    peer: str,
    history: FakeHistory | None = None,
    settings: FakeSettings | None = None,
    keys: KeysPort = cast("KeysPort", None),  # noqa: B008  most tests ask for none
    admin_token: str | None = None,
) -> httpx2.AsyncClient:
    """Speaks to a control plane over these without a network; it holds nothing to close."""
    app = build(
        Ports(
            accounts,
            history or FakeHistory(),
            settings or FakeSettings(),
            FakeLog(),
            FakePeriods(),
            list,
            keys,
        ),
        allowed_hosts=("localhost", "127.0.0.1"),
        admin_token=admin_token,
        version="9.9",
        clock=lambda: NOW,
    )
    transport = httpx2.ASGITransport(app, client=(peer, 50_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:2455")
