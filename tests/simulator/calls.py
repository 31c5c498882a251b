"""How the tests here call the simulator: builders of requests, and readers of event streams."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from codex_lb.simulator import SimAccount, Simulator

JsonObject = dict[str, Any]
START = 1_800_000_000.0


@dataclass
class Clock:
    """A clock that stands still until it is told."""

    now: float = START

    def __call__(self) -> float:
        return self.now


def user(text: str) -> JsonObject:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def body(**changes: object) -> JsonObject:
    """A request the back end takes; a change to `...` removes the field."""
    request = {"model": "gpt-5.5", "input": [user("hi")], "store": False, "stream": True}
    merged = request | changes
    return {name: value for name, value in merged.items() if value is not ...}


def login(account: SimAccount, **more: str) -> dict[str, str]:
    return {
        "authorization": f"Bearer {account.access_token}",
        "chatgpt-account-id": account.account_id,
        **more,
    }


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def events(self) -> list[JsonObject]:
        return events(self.body)

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]


def events(stream: bytes) -> list[JsonObject]:
    """The complete events of an SSE stream with either kind of line end."""
    blocks = stream.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]
    lines = [line for block in blocks for line in block.split(b"\n")]
    return [msgspec.json.decode(line[6:]) for line in lines if line.startswith(b"data: ")]


async def post(
    sim: Simulator,
    account: SimAccount,
    request: object = None,
    *,
    path: str = "/codex/responses",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """POST below the API base; the whole answer."""
    data = request if isinstance(request, bytes) else msgspec.json.encode(request or body())
    sent = login(account) | {"content-type": "application/json"} | dict(headers or {})
    async with (
        ClientSession() as session,
        session.post(sim.base_url + path, data=data, headers=sent) as reply,
    ):
        return Answer(reply.status, reply.headers, await reply.read())


async def get(
    sim: Simulator, account: SimAccount, path: str, headers: Mapping[str, str] | None = None
) -> Answer:
    async with (
        ClientSession() as session,
        session.get(sim.base_url + path, headers=login(account) | dict(headers or {})) as reply,
    ):
        return Answer(reply.status, reply.headers, await reply.read())


@asynccontextmanager
async def raw_call(
    sim: Simulator, account: SimAccount, request: JsonObject | None = None
) -> AsyncIterator[asyncio.StreamReader]:
    """A POST to the model endpoint over a bare socket; yields what comes back, byte by byte."""
    target = urlsplit(sim.base_url)
    data = msgspec.json.encode(request or body())
    head = [
        "POST /backend-api/codex/responses HTTP/1.1",
        f"host: {target.netloc}",
        f"content-length: {len(data)}",
        *(f"{name}: {value}" for name, value in login(account).items()),
    ]
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    try:
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + data)
        yield reader
    finally:
        writer.transport.abort()


@asynccontextmanager
async def open_socket(
    sim: Simulator, account: SimAccount, **headers: str
) -> AsyncIterator[ClientWebSocketResponse]:
    """A WebSocket to the model endpoint."""
    sent = login(account) | {"openai-beta": "responses_websockets=2026-02-06"} | headers
    async with (
        ClientSession() as session,
        session.ws_connect(f"{sim.base_url}/codex/responses", headers=sent) as socket,
    ):
        yield socket


def frame(**changes: object) -> JsonObject:
    return {"type": "response.create", **body(**changes)}


TERMINAL = {"response.completed", "response.failed", "response.incomplete", "error"}


async def turn(
    socket: ClientWebSocketResponse, request: JsonObject | None = None
) -> list[JsonObject]:
    """Send a frame; the events up to the terminal one, or to the end of the connection."""
    await socket.send_json(request or frame())
    seen: list[JsonObject] = []
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            break
        seen.append(msgspec.json.decode(message.data))
        if seen[-1]["type"] in TERMINAL:
            break
    return seen
