"""The forms in which clients ask for a response: what is read, and what is told of it.

All of them become one `Call` in upstream's dialect and take the same line through the exchange.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from codex_lb.core import events, frames, responses, sse
from codex_lb.core.events import Framing
from codex_lb.core.responses import Call, Dialect
from codex_lb.proxy.parts import Request
from codex_lb.proxy.sinks import CodexSink, FrameSink, JsonSink, OpenAISink, Sink
from codex_lb.proxy.told import Told

# body (decoded, harmless), dialect, the client's headers → call; raises `BadRequestError`
Reader = Callable[[bytes, Dialect, Mapping[str, str]], Call]


@dataclass(frozen=True, slots=True)
class Form:
    endpoint: str  # in the request's row
    read: Reader
    sink: Callable[[Request, Told], Sink]
    transport: str | None = None  # None: HTTP, as a stream or not
    is_told: bool = True  # in the request log also when it went well


def _responses_sink(request: Request, told: Told) -> Sink:
    return _stream_sink(request, told, sse.block) if request.call.stream else JsonSink()


def _frames_sink(request: Request, told: Told) -> Sink:
    return FrameSink(_stream_sink(request, told, frames.text), request.dialect, told.headers)


def _stream_sink(request: Request, told: Told, framing: Framing) -> Sink:
    row = request.row
    stub = events.response_object(f"resp_{row.id}", row.model, row.opened_at_ms // 1000, "failed")
    codex = request.dialect is Dialect.CODEX
    return CodexSink(stub, told.event, framing) if codex else OpenAISink(stub, framing)


def _read_responses(body: bytes, dialect: Dialect, _headers: Mapping[str, str]) -> Call:
    return responses.read(body, dialect)


def _read_frame(body: bytes, dialect: Dialect, _headers: Mapping[str, str]) -> Call:
    return responses.read_frame(body, dialect)


RESPONSES = Form("responses", _read_responses, _responses_sink)
TURN = Form("responses", _read_frame, _frames_sink, "websocket")
HANDSHAKE = Form("responses", _read_frame, _frames_sink, "websocket", is_told=False)
PREWARM = replace(TURN, endpoint="prewarm")  # nothing is generated
