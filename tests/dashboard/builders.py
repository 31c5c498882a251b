"""Builders: a pool in memory, a made-up sign-in, and callers of the control plane."""

import base64
import ipaddress
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import httpx2
from fastapi import FastAPI
from tests.dashboard.log_builders import FakeLog, FakePeriods

from codex_lb.core.access import Trust
from codex_lb.core.accounts import Change
from codex_lb.core.firewall import Entry
from codex_lb.core.identity import local_id
from codex_lb.core.model import Account, Credential, Identity, Priority, QuotaSample, QuotaWindow
from codex_lb.core.operator import LIFE_S, Login, Session, is_alive
from codex_lb.core.operator_settings import Amounts, OperatorSettings
from codex_lb.dashboard.api_keys import KeysPort
from codex_lb.dashboard.app import Ports, build
from codex_lb.dashboard.assets import Built
from codex_lb.dashboard.bundle import HousePort
from codex_lb.dashboard.callers import Callers, OperatorsPort
from codex_lb.dashboard.flows import Flows
from codex_lb.dashboard.passwords import Passwords
from codex_lb.dashboard.ports import Clock
from codex_lb.dashboard.sign_in import SignIn
from codex_lb.dashboard.ui import Installation
from codex_lb.store import AccountTotals, DailySums, EventRecord, HourlySums, StateConflict
from codex_lb.store.operators import EVERY, AuditEntry, AuditRecord, SessionOverError, Step
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

    async def credential(self, account_id: str) -> Credential | None:
        return self.credentials.get(account_id)

    async def change(self, account_id: str, change: Change) -> Account | None:
        account = self.rows.get(account_id)
        if account is None:
            return None
        if account.state not in change.allowed_from:
            raise StateConflict(account.state)
        self.rows[account_id] = replace(account, state=change.to, blocks=())
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
    environment: Amounts = field(default_factory=Amounts)

    async def read(self) -> OperatorSettings:
        return self.kept

    async def write(self, settings: OperatorSettings) -> None:
        self.kept = settings


@dataclass
class FakeOperators:
    """What proves the operator, in memory; it is also the audit log."""

    login: Login = field(default_factory=Login)
    open: dict[str, Session] = field(default_factory=dict)
    entries: list[AuditEntry] = field(default_factory=list)
    broken: Exception | None = None

    async def state(self, now: float) -> tuple[Login, list[Session]]:
        if self.broken:
            raise self.broken
        return self.login, [one for one in self.open.values() if is_alive(one, now, life_s=LIFE_S)]

    async def act(self, decide: Callable[[Login], Step]) -> Step:
        step = decide(self.login)
        if step.by is not None and step.by not in self.open:
            raise SessionOverError
        self.login = step.login or self.login
        if step.ends == EVERY:
            self.open.clear()
        self.open.pop(step.ends or "", None)
        if step.opens is not None:
            self.open[step.opens.id_hash] = step.opens
        return step

    async def touch(self, id_hash: str, now: float) -> None:
        self.open[id_hash] = replace(self.open[id_hash], seen_at=now)

    async def note(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    async def notes(
        self, *, limit: int, offset: int = 0, action: str | None = None
    ) -> list[AuditRecord]:
        found = [
            AuditRecord(number, entry)
            for number, entry in enumerate(self.entries)
            if action in (None, entry.action)
        ]
        return found[::-1][offset : offset + limit]


@dataclass
class FakeFirewall:
    listed: dict[str, Entry] = field(default_factory=dict)

    async def entries(self) -> list[Entry]:
        return list(self.listed.values())

    async def add(self, entry: Entry) -> bool:
        return self.listed.setdefault(entry.network, entry) is entry

    async def remove(self, network: str) -> bool:
        return self.listed.pop(network, None) is not None


@dataclass
class Time:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


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


def plane(
    accounts: FakeAccounts,
    *,
    history: FakeHistory | None = None,
    settings: FakeSettings | None = None,
    keys: KeysPort = cast("KeysPort", None),  # noqa: B008  most tests ask for none
    operators: FakeOperators | None = None,
    firewall: FakeFirewall | None = None,
    house: HousePort = cast("HousePort", None),  # noqa: B008  as above
    sign_in: SignIn | None = None,
    clock: Clock = lambda: NOW,
    admin_token: str | None = None,
    flows: Flows = cast("Flows", None),  # noqa: B008  likewise
    built: Built | None = None,
    base: str = "",
) -> FastAPI:
    """A control plane over these."""
    operators = operators or FakeOperators()
    return build(
        Ports(
            accounts,
            history or FakeHistory(),
            settings or FakeSettings(),
            FakeLog(),
            FakePeriods(),
            list,
            keys,
            sign_in or entrance(operators, clock, token=admin_token),
            operators,
            firewall or FakeFirewall(),
            flows,
            house,
        ),
        installation=Installation("9.9"),
        clock=clock,
        built=built,
        base=base,
    )


def caller(
    accounts: FakeAccounts, *, peer: str, cookies: dict[str, str] | None = None, **parts: Any
) -> httpx2.AsyncClient:
    """Speaks to a control plane of its own, over these `parts` of `plane`."""
    return calling(plane(accounts, **parts), peer=peer, cookies=cookies)


def calling(
    app: FastAPI, *, peer: str, cookies: dict[str, str] | None = None
) -> httpx2.AsyncClient:
    """Without a network; it holds nothing to close."""
    transport = httpx2.ASGITransport(app, client=(peer, 50_000))
    base = "http://127.0.0.1:2455"
    return httpx2.AsyncClient(transport=transport, base_url=base, cookies=cookies)


def entrance(
    operators: OperatorsPort,
    clock: Clock,
    *,
    proxies: Collection[str] = (),
    token: str | None = None,
) -> SignIn:
    """Signing in, with cheap passwords."""
    networks = [ipaddress.ip_network(proxy) for proxy in proxies]
    trust = Trust(("localhost", "127.0.0.1"), networks)
    callers = Callers(operators, trust, token, clock)
    return SignIn(callers, Passwords(passes=1, memory_kib=8), clock)
