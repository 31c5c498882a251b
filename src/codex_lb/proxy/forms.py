"""The forms in which clients ask for a response: what is read, and what is told of it.

All of them become one `Call` in upstream's dialect and take the same line through the exchange.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from codex_lb.core import (
    affinity,
    chat_request,
    compaction,
    events,
    frames,
    headers,
    image_reply,
    images,
    keys,
    responses,
    sse,
)
from codex_lb.core.answers import Answer
from codex_lb.core.events import Framing
from codex_lb.core.keys import ApiKey
from codex_lb.core.responses import Call, Dialect
from codex_lb.proxy.chat_sinks import chat_sink
from codex_lb.proxy.downstream import Downstream
from codex_lb.proxy.image_sink import ImageSink
from codex_lb.proxy.lines import HttpLine, Line
from codex_lb.proxy.parts import Parts, Request
from codex_lb.proxy.relay import Relay
from codex_lb.proxy.settle import Notes
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
    is_json: bool = True  # its shape is looked at before it is read
    max_body: float = math.inf  # bytes, decoded, where there is less room than for a turn

    def allowed(self, key: ApiKey, call: Call) -> Call | Answer:
        """The call as the key would have it, or why the key may not make it."""
        call = keys.imposed(key, call)
        return keys.refused_call(key, call.model, call.effort) or call

    def line(self, parts: Parts, request: Request) -> Line:
        return HttpLine(parts.upstream, request)

    def relay(self, parts: Parts, request: Request, client: Downstream) -> Relay:
        return Relay(
            client,
            self.sink(request, parts.told),
            Notes(asyncio.get_running_loop().time()),
            clock=parts.clock,
            idle_s=parts.idle_s,
            unsaid=(headers.MODEL,) if request.call.renamed else (),
        )


def _responses_sink(request: Request, told: Told) -> Sink:
    return _stream_sink(request, told, sse.block) if request.call.stream else JsonSink()


def _frames_sink(request: Request, told: Told) -> Sink:
    return FrameSink(
        _stream_sink(request, told, frames.text),
        request.dialect,
        partial(told.headers, request.key),
    )


def _stream_sink(request: Request, told: Told, framing: Framing) -> Sink:
    row = request.row
    stub = events.response_object(f"resp_{row.id}", row.model, row.opened_at_ms // 1000, "failed")
    codex = request.dialect is Dialect.CODEX
    quota = partial(told.event, request.key)
    return CodexSink(stub, quota, framing) if codex else OpenAISink(stub, framing)


def _read_responses(body: bytes, dialect: Dialect, _headers: Mapping[str, str]) -> Call:
    return responses.read(body, dialect)


def _read_chat(body: bytes, _dialect: Dialect, headers: Mapping[str, str]) -> Call:
    return chat_request.read(body, affinity.named(headers))


def _read_frame(body: bytes, dialect: Dialect, _headers: Mapping[str, str]) -> Call:
    return responses.read_frame(body, dialect)


def _image_sink(kind: str) -> Callable[[Request, Told], Sink]:
    def made(request: Request, _told: Told) -> Sink:
        if not request.call.stream:
            return JsonSink(image_reply.told)
        return ImageSink(kind, request.row.opened_at_ms // 1000)

    return made


RESPONSES = Form("responses", _read_responses, _responses_sink)
CHAT = Form("chat_completions", _read_chat, chat_sink)
COMPACT = Form("compact", compaction.read, lambda _request, _told: JsonSink(compaction.told))
IMAGES = Form("images", images.generation, _image_sink("image_generation"), is_json=False)
IMAGE_EDITS = Form("images", images.edit, _image_sink("image_edit"), is_json=False)
TURN = Form("responses", _read_frame, _frames_sink, "websocket")
HANDSHAKE = Form("responses", _read_frame, _frames_sink, "websocket", is_told=False)
PREWARM = replace(TURN, endpoint="prewarm")  # nothing is generated
