"""The forms in which clients ask for a response: what is read, and what is told of it.

All of them become one `Call` in upstream's dialect and take the same line through the exchange.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from codex_lb.core import events, responses
from codex_lb.core.responses import Call, Dialect
from codex_lb.proxy.parts import Request
from codex_lb.proxy.sinks import CodexSink, JsonSink, OpenAISink, Sink
from codex_lb.proxy.told import Told

# body (decoded, harmless), dialect, the client's headers → call; raises `BadRequestError`
Reader = Callable[[bytes, Dialect, Mapping[str, str]], Call]


@dataclass(frozen=True, slots=True)
class Form:
    endpoint: str  # in the request's row
    read: Reader
    sink: Callable[[Request, Told], Sink]


def _responses_sink(request: Request, told: Told) -> Sink:
    if not request.call.stream:
        return JsonSink()
    row = request.row
    stub = events.response_object(f"resp_{row.id}", row.model, row.opened_at_ms // 1000, "failed")
    codex = request.dialect is Dialect.CODEX
    return CodexSink(stub, told.event) if codex else OpenAISink(stub)


def _read_responses(body: bytes, dialect: Dialect, _headers: Mapping[str, str]) -> Call:
    return responses.read(body, dialect)


RESPONSES = Form("responses", _read_responses, _responses_sink)
