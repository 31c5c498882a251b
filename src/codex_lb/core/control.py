"""Which of Codex's calls beside the turns are passed on, and which are answered here.

Upstream's own paths are passed on for one account of the pool. What tells a client where to go
is not: it would send its turns past us.
"""

from collections.abc import Mapping

import msgspec

# Path → method. Below `/backend-api`; upstream has the same paths. [pub]
PASSED_ON: Mapping[str, str] = {
    "/codex/thread/goal/get": "POST",
    "/codex/thread/goal/set": "POST",
    "/codex/thread/goal/clear": "POST",
    "/codex/analytics-events/events": "POST",
    "/codex/memories/trace_summarize": "POST",
    "/codex/realtime/calls": "POST",
    "/codex/safety/arc": "POST",
    "/codex/alpha/search": "POST",
    "/codex/agent-identities/jwks": "GET",
    "/wham/agent-identities/jwks": "GET",
}


def workspaces(account_id: str | None) -> bytes:
    """The answer to `wham/accounts/check`: the client's own account, served where it asked.

    Codex sends its turns to the origin that is named here; `NO_CONSTRAINT` is the one it has been
    given, which must be HTTPS then (docs/wire.md, "Addresses").
    """
    name = account_id or "pool"
    entry = {
        "id": name,
        "name": None,
        "plan_type": "unknown",
        "profile_picture_url": None,
        "structure": "personal",
        "workspace_backend_origin": "NO_CONSTRAINT",
        "account_routing_override": "NO_CONSTRAINT",
    }
    return msgspec.json.encode(
        {"accounts": [entry], "account_ordering": [name], "default_account_id": name}
    )
