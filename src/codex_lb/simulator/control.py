"""How other processes steer the simulator: JSON under `/sim`, without any protection."""

from typing import Any, Protocol

import msgspec
from aiohttp import web

from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.record import Received
from codex_lb.simulator.sentinels import names
from codex_lb.simulator.steps import Step

JsonObject = dict[str, Any]


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    plan: str = "plus"
    account_id: str | None = None
    workspace_id: str | None = None
    used_5h: float = 0.1
    used_week: float = 0.2
    access_ttl_s: float = 3600.0


class NewScript(msgspec.Struct, forbid_unknown_fields=True):
    step: Step
    account: str | None = None  # account id or mail address
    endpoint: str = "responses"
    times: int | None = None


class MoveClock(msgspec.Struct, forbid_unknown_fields=True):
    advance_s: float


class Approve(msgspec.Struct, forbid_unknown_fields=True):
    user_code: str
    account: str


class Remote(Protocol):
    """What the routes below ask of the simulator."""

    @property
    def requests(self) -> list[Received]: ...
    @property
    def reuse_count(self) -> int: ...
    @property
    def live_streams(self) -> int: ...
    @property
    def accounts(self) -> list[SimAccount]: ...
    def account(self, name: str) -> SimAccount: ...
    def now(self) -> float: ...
    def advance(self, seconds: float) -> None: ...
    def reset(self) -> None: ...
    def approve_device(self, user_code: str, account: SimAccount) -> None: ...
    def script(
        self,
        step: Step,
        *,
        account: SimAccount | None = None,
        endpoint: str = "responses",
        times: int | None = None,
    ) -> None: ...
    def add_account(
        self,
        email: str,
        plan: str = "plus",
        account_id: str | None = None,
        workspace_id: str | None = None,
        used_5h: float = 0.1,
        used_week: float = 0.2,
        access_ttl_s: float = 3600.0,
    ) -> SimAccount: ...


def routes(sim: Remote) -> list[web.RouteDef]:
    async def add_account(request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=NewAccount)
        account = sim.add_account(**msgspec.structs.asdict(wanted))
        return _json({"account_id": account.account_id, "auth_json": account.auth_json()})

    async def list_accounts(_: web.Request) -> web.Response:
        return _json([_account(account) for account in sim.accounts])

    async def script(request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=NewScript)
        account = None if wanted.account is None else sim.account(wanted.account)
        sim.script(wanted.step, account=account, endpoint=wanted.endpoint, times=wanted.times)
        return _json({"scripted": True})

    async def requests(_: web.Request) -> web.Response:
        seen = [received.summary() for received in sim.requests]
        counts = {"reuse_count": sim.reuse_count, "live_streams": sim.live_streams}
        return _json({"requests": seen, "now": sim.now(), **counts})

    async def reset(_: web.Request) -> web.Response:
        sim.reset()
        return _json({"reset": True})

    async def clock(request: web.Request) -> web.Response:
        sim.advance(msgspec.json.decode(await request.read(), type=MoveClock).advance_s)
        return _json({"now": sim.now()})

    async def approve(request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=Approve)
        sim.approve_device(wanted.user_code, sim.account(wanted.account))
        return _json({"approved": True})

    async def sentinels(_: web.Request) -> web.Response:
        return _json(names())

    return [
        web.post("/sim/accounts", _explained(add_account)),
        web.get("/sim/accounts", list_accounts),
        web.post("/sim/script", _explained(script)),
        web.get("/sim/requests", requests),
        web.post("/sim/reset", reset),
        web.post("/sim/clock", _explained(clock)),
        web.post("/sim/device/approve", _explained(approve)),
        web.get("/sim/sentinels", sentinels),
    ]


def _explained(handler: Any) -> Any:
    """A wrong body, step, endpoint or name is a 400 that says what is wrong."""

    async def handle(request: web.Request) -> web.Response:
        try:
            answer: web.Response = await handler(request)
        except (msgspec.DecodeError, ValueError, LookupError) as error:
            return _json({"error": str(error)}, status=400)
        return answer

    return handle


def _account(account: SimAccount) -> JsonObject:
    return {
        "account_id": account.account_id,
        "email": account.email,
        "plan": account.plan,
        "session": account.session,
        "served": account.served,
        "refresh_calls": account.refresh_calls,
        "windows": [
            {"minutes": window.minutes, "used": window.used, "resets_at": window.resets_at}
            for window in account.windows
        ],
        "auth_json": account.auth_json(),
    }


def _json(body: object, status: int = 200) -> web.Response:
    data = msgspec.json.encode(body)
    return web.Response(status=status, body=data, content_type="application/json")
