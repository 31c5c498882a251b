"""The data plane over the simulator: real HTTP upstream, the client's side as plain calls."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from codex_lb.core import answers, identity
from codex_lb.core.keys import ApiKey
from codex_lb.core.limits import Spend, Verdict
from codex_lb.core.model import Account, AccountEvent, Credential, OpenedRequest, Receipt
from codex_lb.core.renewal import Claim
from codex_lb.core.sse import COMMENT, DELTAS, Scanner
from codex_lb.proxy.asked import Asked, read_head
from codex_lb.proxy.budget import RetryBudget
from codex_lb.proxy.gate import Gate, KeylessCallers
from codex_lb.proxy.holding import Limits
from codex_lb.proxy.key_ring import KeyRing
from codex_lb.proxy.limit_line import LimitLine
from codex_lb.proxy.models import Models
from codex_lb.proxy.parts import Parts
from codex_lb.proxy.pool import Pool
from codex_lb.proxy.routes import DataPlane
from codex_lb.proxy.told import Told
from codex_lb.simulator import Simulator
from codex_lb.simulator.accounts import SimAccount
from codex_lb.upstream import side_calls
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.credentials import Credentials, refresher

CODEX = "/backend-api/codex/responses"
_NAMES = [*"abcdefgh", *(f"account-{number}" for number in range(32))]
OPENAI = "/v1/responses"


@dataclass
class Shelf:
    """Credentials in memory, with the store's compare-and-set."""

    kept: dict[str, Credential] = field(default_factory=dict)

    async def credential(self, account_id: str) -> Credential | None:
        return self.kept.get(account_id)

    async def claim_refresh(self, account_id: str, refresh_token: str, *, now: float) -> Claim:
        del now
        kept = self.kept[account_id]
        return "claimed" if kept.refresh_token == refresh_token else kept

    async def release_refresh(self, account_id: str, refresh_token: str) -> None: ...

    async def replace_credential(
        self, account_id: str, *, expected_refresh_token: str, credential: Credential
    ) -> bool:
        if self.kept[account_id].refresh_token != expected_refresh_token:
            return False
        self.kept[account_id] = credential
        return True


@dataclass
class Log:
    opened_rows: list[OpenedRequest] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    noted: list[AccountEvent] = field(default_factory=list)
    refused: list[tuple[str, str | None]] = field(default_factory=list)  # path, code
    owners: dict[str, str] = field(default_factory=dict)  # response id → account, as if stored

    def opened(self, row: OpenedRequest) -> None:
        self.opened_rows.append(row)

    def closed(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    def turned_away(
        self, path: str, _headers: Mapping[str, str], _address: str | None, answer: answers.Answer
    ) -> None:
        self.refused.append((path, answer.code))

    async def owner_of(self, response_id: str) -> str | None:
        return self.owners.get(response_id)


@dataclass
class KeyCabinet:
    """API keys in memory. `verdicts`: what reservations are told, in order; then they are granted."""

    kept: list[ApiKey] = field(default_factory=list)
    needed: bool = False
    hides_quota: bool = False
    verdicts: list[Verdict | Exception] = field(default_factory=list)
    reserved: list[tuple[str, str, Spend]] = field(default_factory=list)
    topped_up: list[Spend] = field(default_factory=list)

    async def version(self) -> str:
        return str(len(self.kept))

    async def every(self) -> tuple[str, list[ApiKey]]:
        return str(len(self.kept)), list(self.kept)

    async def reserve(
        self,
        key_id: str,
        request_id: str,
        *,
        model: str,
        estimate: Callable[[float | None], Spend],
        now: float,
    ) -> Verdict:
        del model, now
        need = estimate(None)
        self.reserved.append((key_id, request_id, need))
        verdict = self.verdicts.pop(0) if self.verdicts else need
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    async def top_up(self, key_id: str, request_id: str, need: Spend) -> None:
        del key_id, request_id
        self.topped_up.append(need)

    async def own_usage(self, key: ApiKey) -> bytes:
        return json.dumps({"key": key.id}).encode()


@dataclass
class Answer:
    """What the client has received."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    done: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.json["error"]
        return error

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of every event; comments left out. Fails if one is unfinished."""
        scanner = Scanner()
        events = []
        for block in self.body.split(b"\n\n"):
            for event in scanner.feed(block + b"\n\n" if block else b""):
                if event.kind != COMMENT:
                    events.append(json.loads(event.data()))
                assert event.kind != COMMENT or event.raw.startswith(b":")
                assert event.kind != DELTAS or event.data()
        assert scanner.rest == b""
        return events

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def text(self) -> str:
        return "".join(e["delta"] for e in self.events if e["type"].endswith("output_text.delta"))


class Call:
    """One client request under way."""

    def __init__(self, plane: DataPlane, scope: dict[str, Any], body: bytes) -> None:
        self.answer = Answer()
        self._messages = asyncio.Queue[dict[str, Any]]()
        self._messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self._changed = asyncio.Event()
        self._plane = plane
        self._scope = scope

    async def run(self) -> Answer:
        await self._plane(self._scope, self._messages.get, self._send)
        return self.answer

    def hang_up(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})

    async def until(self, part: bytes) -> None:
        """Wait until the client has received `part`."""
        async with asyncio.timeout(10):
            while part not in self.answer.body:
                self._changed.clear()
                await self._changed.wait()

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            assert self.answer.status == 0, "an answer starts once"
            self.answer.status = message["status"]
            self.answer.headers = {
                name.decode(): value.decode() for name, value in message["headers"]
            }
        else:
            assert not self.answer.done, "nothing follows the end"
            self.answer.body += message.get("body", b"")
            self.answer.done = not message.get("more_body", False)
        self._changed.set()


@dataclass
class Proxy:
    plane: DataPlane
    pool: Pool
    sim: Simulator
    log: Log
    shelf: Shelf
    keys: "KeyCabinet"
    ring: KeyRing
    gate: Gate
    accounts: list[SimAccount]

    def asked(self, path: str) -> Asked:
        """A request's head, for parts that want no client."""

        async def nothing(*_: Any) -> Any:
            raise AssertionError("nobody is there")

        scope = {"type": "http", "method": "POST", "path": path, "headers": []}
        return read_head(scope, nothing, nothing, "r")

    def call(
        self,
        path: str = CODEX,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        peer: str = "127.0.0.1",
        query: str = "",
        kind: type[Call] = Call,
    ) -> Call:
        given = {"host": "127.0.0.1:2455"} | dict(headers or {})
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
            "client": (peer, 50_000),
        }
        raw = body if isinstance(body, bytes) else json.dumps(body or ask()).encode()
        return kind(self.plane, scope, raw)

    async def post(
        self, path: str = CODEX, body: Mapping[str, Any] | bytes | None = None, **fields: Any
    ) -> Answer:
        return await self.call(path, body, **fields).run()

    def local_id(self, account: SimAccount) -> str:
        known, _ = identity.parse(json.dumps(account.auth_json()).encode(), now=self.sim.now())
        return identity.local_id(known)

    def account(self, account: SimAccount) -> Account:
        wanted = self.local_id(account)
        return next(known for known in self.pool.accounts() if known.id == wanted)

    def upstream_calls(self) -> list[str]:
        """Mail addresses of the accounts that were asked, in order."""
        calls = self.sim.requests_to("/codex/responses")
        return [call.account.email if call.account else "?" for call in calls]

    @property
    def receipt(self) -> Receipt:
        (receipt,) = self.log.receipts
        return receipt


def ask(**fields: Any) -> dict[str, Any]:
    message = {"type": "message", "role": "user", "content": "hi"}
    return {"model": "gpt-5.5", "input": [message], "store": False, "stream": True} | fields


@asynccontextmanager
async def running(
    sim: Simulator, *, accounts: int = 2, limit: int = 8, first_event_s: float = 5.0,
    idle_s: float = 5.0, max_body_mb: int = 1,
) -> AsyncIterator[Proxy]:  # fmt: skip
    """A proxy with `accounts` accounts a@, b@, … of equal quota."""
    upstream = UpstreamClient(sim.base_url, sim.auth_url, connect_timeout_s=2.0)
    log, shelf, keys = Log(), Shelf(), KeyCabinet()
    ring = KeyRing(keys, sim.now)
    pool = Pool(clock=sim.now, limit=limit)
    signed_in = [sim.add_account(email=f"{name}@example.com") for name in _NAMES[:accounts]]
    rows = []
    for account in signed_in:
        known, credential = identity.parse(json.dumps(account.auth_json()).encode(), now=sim.now())
        shelf.kept[identity.local_id(known)] = credential
        rows.append(
            Account(
                identity.local_id(known), known, "active", None, 0.0, 0.0, credential.expires_at
            )
        )
    pool.load(rows)
    async with asyncio.TaskGroup() as group:
        credentials = Credentials(shelf, refresher(upstream, sim.now), group.create_task, sim.now)
        parts = Parts(
            pool=pool,
            told=Told(pool, sim.now, lambda: keys.hides_quota),
            upstream=upstream,
            credentials=credentials,
            budget=RetryBudget(time.monotonic),
            log=log,
            limits=Limits(LimitLine(keys, sim.now), keys.top_up, group.create_task),
            owner_of=log.owner_of,
            note=log.noted.append,
            price=lambda _model, _usage, _tier: None,
            on_receipt=lambda _row, _receipt: None,
            clock=sim.now,
            first_event_s=first_event_s,
            idle_s=idle_s,
            on_refused=log.turned_away,
        )
        models = Models(pool, partial(side_calls.get, upstream, credentials), sim.now)
        keyless = KeylessCallers(("127.0.0.1", "localhost"))
        gate = Gate(ring, keyless, lambda: keys.needed, sim.now)
        plane = DataPlane(
            parts,
            models,
            gate,
            keys.own_usage,
            max_responses_body_mb=max_body_mb,
        )
        yield Proxy(plane, pool, sim, log, shelf, keys, ring, gate, signed_in)
    await upstream.close()
