"""Which step is next for a call of this account to this endpoint.

First in, first out per account and endpoint; an account's own scripts come before those for all.
A step without `times` stays until another one is scripted for the same account and endpoint.
"""

from collections import deque
from dataclasses import dataclass, field

from codex_lb.simulator.steps import Step, fits_any_endpoint

ENDPOINTS = frozenset(
    {
        "responses",  # POST, and turns of a WebSocket
        "prewarm",  # WebSocket turns with generate: false
        "websocket",  # the handshake
        "compact",
        "models",
        "usage",
        "accounts_check",
        "files",
        "uploaded",
        "transcribe",
        "control",
        "refresh",  # POST /oauth/token with a refresh token
        "code",  # POST /oauth/token with an authorization code
        "device",  # both device-login endpoints
    }
)
_STREAMS = frozenset({"responses", "prewarm"})

Key = tuple[str | None, str]  # account id (None: any), endpoint


@dataclass(slots=True)
class _Entry:
    step: Step
    left: int | None  # None: without end


@dataclass(slots=True)
class Scripts:
    queues: dict[Key, deque[_Entry]] = field(default_factory=dict)

    def add(self, step: Step, account_id: str | None, endpoint: str, times: int | None) -> None:
        """Raises `ValueError` for an unknown endpoint, or for a step that does not fit."""
        if endpoint not in ENDPOINTS:
            raise ValueError(f"no endpoint {endpoint!r}; known: {', '.join(sorted(ENDPOINTS))}")
        if endpoint not in _STREAMS and not fits_any_endpoint(step):
            raise ValueError(f"{type(step).__name__} needs a stream, {endpoint} has none")
        if times is not None and times < 1:
            raise ValueError("times must be at least 1")
        queue = self.queues.setdefault((account_id, endpoint), deque())
        if queue and queue[-1].left is None:
            queue.pop()
        queue.append(_Entry(step, times))

    def next(self, account_id: str | None, endpoint: str) -> Step | None:
        """The step for this call, now used up once; None if nothing is scripted."""
        for key in ((account_id, endpoint), (None, endpoint)):
            queue = self.queues.get(key)
            if queue:
                return _take(queue)
        return None


def _take(queue: deque[_Entry]) -> Step:
    entry = queue[0]
    if entry.left is not None:
        entry.left -= 1
        if entry.left == 0:
            queue.popleft()
    return entry.step
