"""What the pages' documents have in common: their sources, their age, their tag."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from starlette.responses import Response

from codex_lb.core.live import Live
from codex_lb.dashboard.api_keys import KeysPort
from codex_lb.dashboard.bus import Bus
from codex_lb.dashboard.callers import Callers
from codex_lb.dashboard.forecast import Forecasts
from codex_lb.dashboard.log_ports import LogPort, ModelsPort, PricesPort, ServesPort
from codex_lb.dashboard.ports import AccountsPort, Clock, HistoryPort, SettingsPort
from codex_lb.dashboard.summaries import Shape, moment


@dataclass(frozen=True, slots=True)
class Sources:
    accounts: AccountsPort
    history: HistoryPort
    log: LogPort
    keys: KeysPort
    models: ModelsPort
    settings: SettingsPort
    callers: Callers
    forecasts: Forecasts
    live: Live
    in_flight: Callable[[], int]
    bus: Bus
    list_price: PricesPort
    serves: ServesPort
    clock: Clock

    def stamp(self) -> dict[str, object]:
        """To be taken before anything is read: what happens later is told by the stream."""
        return {"generated_at": moment(self.clock()), "stream_cursor": self.bus.begin()}


class Document(Shape):
    """`stream_cursor`: where the page's stream begins to tell what is newer."""

    generated_at: datetime
    stream_cursor: str


def reply(request: Request, document: Document) -> Response:
    """304 if nothing but the document's age has changed."""
    content = document.model_dump_json(by_alias=True, exclude={"generated_at", "stream_cursor"})
    tag = f'"{hashlib.blake2b(content.encode(), digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(document.model_dump_json(by_alias=True), 200, headers, "application/json")
