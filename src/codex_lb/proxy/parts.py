"""What an exchange works with, and what it works on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from codex_lb.core.affinity import Affinity
from codex_lb.core.answers import Answer
from codex_lb.core.keys import ApiKey
from codex_lb.core.model import AccountEvent, Cost, OpenedRequest, Receipt, Usage
from codex_lb.core.responses import Call, Dialect
from codex_lb.proxy.budget import RetryBudget
from codex_lb.proxy.holding import Limits
from codex_lb.proxy.pool import Pool
from codex_lb.proxy.told import Told
from codex_lb.upstream.client import UpstreamClient
from codex_lb.upstream.credentials import Credentials


class RequestLog(Protocol):
    def opened(self, row: OpenedRequest) -> None: ...
    def closed(self, receipt: Receipt) -> None: ...


class Refusals(Protocol):
    """Is told of every request that is refused before there is a row for it."""

    def __call__(
        self, path: str, headers: Mapping[str, str], address: str | None, answer: Answer, /
    ) -> None: ...


def _untold(
    _path: str, _headers: Mapping[str, str], _address: str | None, _answer: Answer
) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What every exchange works with; made once in `app.build`."""

    pool: Pool
    told: Told
    upstream: UpstreamClient
    credentials: Credentials
    budget: RetryBudget
    log: RequestLog
    limits: Limits
    owner_of: Callable[
        [str], Awaitable[str | None]
    ]  # response id → account, beyond the pool's memory
    price: Callable[[str, Usage, str | None], Cost | None]  # model, usage, service tier
    note: Callable[[AccountEvent], None]
    on_receipt: Callable[[OpenedRequest, Receipt], None]
    clock: Callable[[], float]  # Unix seconds
    first_event_s: float
    idle_s: float
    forbids_fast: Callable[[], bool] = bool  # whether requests may not pay for speed
    on_refused: Refusals = _untold


@dataclass(frozen=True, slots=True)
class Request:
    """One client request, admitted and read."""

    call: Call
    dialect: Dialect
    affinity: Affinity
    headers: Mapping[str, str]  # the client's, names in lower case
    row: OpenedRequest
    key: ApiKey | None = None  # that the client has shown
    home: str | None = None  # the account at hand, for a conversation that has none

    @property
    def accounts(self) -> tuple[str, ...]:
        """The only ones that may serve it; empty: any."""
        return self.key.terms.assigned_accounts if self.key else ()
