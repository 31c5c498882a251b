"""How other processes steer the simulator: JSON under `/sim`, without any protection.

`POST /sim/script` is `Simulator.script` with the body's fields for arguments, and so for the other
calls; an account is named by its id or mail address.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.steps import Step

CALLS = ("add_account", "script", "advance", "approve_device", "deny_device", "reset")


def routes(sim: object, find: Callable[[str], SimAccount]) -> list[web.RouteDef]:
    """`find` gives the account of a name, or raises `LookupError`."""
    return [web.post(f"/sim/{name}", _route(getattr(sim, name), find)) for name in CALLS]


def _route(call: Callable[..., object], find: Callable[[str], SimAccount]) -> Any:
    async def handle(request: web.Request) -> web.Response:
        try:
            sent = msgspec.json.decode(await request.read() or b"{}", type=dict[str, Any])
            if "account" in sent:
                sent["account"] = find(sent["account"])
            if "step" in sent:
                sent["step"] = msgspec.convert(sent["step"], Step)
            made = call(**sent)
        except (ValueError, TypeError, LookupError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(made.auth_json() if isinstance(made, SimAccount) else {})

    return handle
