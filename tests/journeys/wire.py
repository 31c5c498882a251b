"""A plain HTTP client: sends what a test says, and shows exactly what came back."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import aiohttp
from tests.journeys.service import Service

JsonObject = dict[str, Any]

CODEX = "/backend-api/codex/responses"
OPENAI = "/v1/responses"
TERMINAL = frozenset({"response.completed", "response.failed", "response.incomplete", "error"})


@dataclass(slots=True)
class Reply:
    """One answer, read to its end or to where it broke off."""

    status: int
    headers: Mapping[str, str]  # case does not matter
    body: bytes = b""
    is_broken: bool = False  # the connection ended before the reply did
    took_s: float = 0.0

    @property
    def events(self) -> list[JsonObject]:
        return read_events(self.body)

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def ends(self) -> list[JsonObject]:
        """The terminal events; a good stream has exactly one."""
        return [event for event in self.events if event["type"] in TERMINAL]

    @property
    def is_completed(self) -> bool:
        """A whole, good stream."""
        return (
            self.status == 200
            and not self.is_broken
            and [event["type"] for event in self.ends] == ["response.completed"]
        )

    @property
    def text(self) -> str:
        """The streamed text, joined."""
        return "".join(
            event["delta"] for event in self.events if event["type"] == "response.output_text.delta"
        )

    @property
    def failure(self) -> JsonObject:
        """What the `response.failed` at the stream's end says."""
        [end] = self.ends
        assert end["type"] == "response.failed", end
        error: JsonObject = end["response"]["error"]
        return error

    @property
    def json(self) -> JsonObject:
        decoded: JsonObject = json.loads(self.body)
        return decoded

    @property
    def error(self) -> JsonObject:
        """The OpenAI error envelope."""
        error: JsonObject = self.json["error"]
        assert {"message", "type", "code", "param"} <= error.keys(), error
        return error


def request(text: str = "hello", *, key: str | None = None, **more: Any) -> JsonObject:
    """A small streaming turn; `key` names its conversation."""
    body = {
        "model": "gpt-5.5",
        "instructions": "Be brief.",
        "input": [message(text)],
        "stream": True,
        "store": False,
    }
    return body | ({"prompt_cache_key": key} if key else {}) | more


def message(text: str, role: str = "user") -> JsonObject:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


async def ask(
    service: Service,
    text: str = "hello",
    *,
    path: str = CODEX,
    key: str | None = None,
    **more: Any,
) -> Reply:
    """Send one turn and read the whole answer."""
    return await send(service, json.dumps(request(text, key=key, **more)).encode(), path=path)


async def send(
    service: Service,
    body: bytes,
    *,
    path: str = CODEX,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send these bytes and read the whole answer."""
    began = perf_counter()
    async with opened(service, body, path=path, headers=headers) as stream:
        reply = await stream.rest()
    reply.took_s = perf_counter() - began
    return reply


@dataclass(slots=True)
class Stream:
    """An answer being read; leaving its context hangs up."""

    reply: Reply
    _response: aiohttp.ClientResponse
    arrivals_s: list[float] = field(default_factory=list)  # when pieces came, since the request
    _began: float = field(default_factory=perf_counter)

    async def until(self, kind: str) -> None:
        """Read on until an event of this type has arrived. Raises `AssertionError` at the end."""
        while kind not in self.reply.kinds:
            assert await self._piece(), f"no {kind} in {self.reply}"

    async def rest(self) -> Reply:
        while await self._piece():
            pass
        return self.reply

    async def _piece(self) -> bool:
        try:
            piece = await self._response.content.readany()
        except aiohttp.ClientError:
            self.reply.is_broken = True
            return False
        if piece:
            self.arrivals_s.append(perf_counter() - self._began)
        self.reply.body += piece
        return bool(piece)


@asynccontextmanager
async def opened(
    service: Service,
    body: bytes,
    *,
    path: str = CODEX,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Stream]:
    """Send, and hand over the answer as soon as its head is there."""
    sent = {"content-type": "application/json", **(headers or {})}
    timeout = aiohttp.ClientTimeout(total=60)
    began = perf_counter()
    async with aiohttp.ClientSession(timeout=timeout, skip_auto_headers=["user-agent"]) as session:
        response = await session.post(service.url + path, data=body, headers=sent)
        reply = Reply(response.status, response.headers)
        try:
            yield Stream(reply, response, _began=began)
        finally:
            response.close()  # drops the connection if the answer is not at its end
            service.heard(reply.body.decode(errors="replace"))


def read_events(body: bytes) -> list[JsonObject]:
    """The events of an SSE body; comments are skipped, a last event cut short is left out."""
    events: list[JsonObject] = []
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]:
        lines = [line[5:].removeprefix(b" ") for line in block.split(b"\n") if line[:5] == b"data:"]
        if lines and lines != [b"[DONE]"]:
            events.append(json.loads(b"\n".join(lines)))
    return events
