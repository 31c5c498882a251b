"""The data plane behind the real server, for clients that speak WebSocket."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from tests.proxy.harness import CODEX, Proxy

from codex_lb import logs
from codex_lb.core.framing import Bounds
from codex_lb.core.routing import Choice
from codex_lb.proxy.leases import Wish
from codex_lb.server import Lifecycle, Stop, serve
from codex_lb.simulator import SimAccount

JsonObject = dict[str, Any]

THREAD = {"thread-id": "thread-1", "session-id": "thread-1", "originator": "codex_exec"}
_LIMIT_S = 10.0


def user(text: str) -> JsonObject:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def frame(**changes: object) -> JsonObject:
    """A turn as Codex sends it; a change to `...` removes the field."""
    fields = {
        "type": "response.create",
        "model": "gpt-5.5",
        "input": [user("hi")],
        "store": False,
        "stream": True,
    }
    return {name: value for name, value in (fields | changes).items() if value is not ...}


PREWARM = frame(generate=False, input=[])
ENDS = {"response.completed", "response.failed", "response.incomplete", "error"}


@dataclass
class Socket:
    """A client's side."""

    raw: ClientWebSocketResponse
    headers: Mapping[str, str]  # of the handshake's answer

    async def turn(self, sent: JsonObject | str | None = None) -> list[JsonObject]:
        """Send a frame; all that comes until the turn's last event, or until the socket ends."""
        await self.send(sent)
        return await self.answer()

    async def send(self, sent: JsonObject | str | None = None) -> None:
        if isinstance(sent, str):
            await self.raw.send_str(sent)
        else:
            await self.raw.send_json(sent or frame())

    async def answer(self) -> list[JsonObject]:
        found: list[JsonObject] = []
        while not found or found[-1]["type"] not in ENDS:
            message = await self.raw.receive(timeout=_LIMIT_S)
            if message.type is not WSMsgType.TEXT:
                break
            found.append(message.json())
        return found

    async def close_code(self) -> int | None:
        """Of the close that comes next."""
        message = await self.raw.receive(timeout=_LIMIT_S)
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED), message
        return self.raw.close_code


def kinds(events: list[JsonObject]) -> list[str]:
    return [event["type"] for event in events]


def text(events: list[JsonObject]) -> str:
    return "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")


def response_id(events: list[JsonObject]) -> str:
    return str(events[-1]["response"]["id"])


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_LIMIT_S):
        while not is_so():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


@dataclass
class Served:
    """`first` is the account that serves unless something is wrong with it; `other` is the other."""

    proxy: Proxy
    port: int
    stop: Stop
    first: SimAccount
    other: SimAccount

    @property
    def calls(self) -> list[str]:
        """What upstream was asked, in order: `open first` is a handshake, `turn first` a turn."""
        names = {self.first.email: "first", self.other.email: "other"}
        asked = self.proxy.sim.requests_to("/codex/responses")
        return [
            f"{'turn' if call.method == 'WS' else 'open'} {names[call.account.email]}"
            for call in asked
            if call.account is not None
        ]

    @asynccontextmanager
    async def socket(
        self, path: str = CODEX, headers: Mapping[str, str] | None = None, **options: Any
    ) -> AsyncIterator[Socket]:
        """Raises `aiohttp.WSServerHandshakeError` if it is refused."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with (
            ClientSession() as session,
            session.ws_connect(url, headers=THREAD | dict(headers or {}), **options) as raw,
        ):
            yield Socket(raw, raw._response.headers)  # noqa: SLF001  the only way to them

    async def refusal(
        self, path: str = CODEX, headers: Mapping[str, str] | None = None
    ) -> tuple[int, JsonObject]:
        """Status and body of the answer to a handshake that is refused."""
        handshake = {
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        sent = THREAD | handshake | dict(headers or {})
        async with (
            ClientSession(timeout=aiohttp.ClientTimeout(_LIMIT_S)) as session,
            session.get(f"http://127.0.0.1:{self.port}{path}", headers=sent) as reply,
        ):
            return reply.status, await reply.json()


def _in_order(proxy: Proxy) -> tuple[SimAccount, SimAccount]:
    one, two = proxy.accounts[:2]
    choice = proxy.pool.choose(Wish())
    is_two = isinstance(choice, Choice) and choice.account_id == proxy.local_id(two)
    return (two, one) if is_two else (one, two)


@asynccontextmanager
async def served(proxy: Proxy, *, drain_s: float = 5.0) -> AsyncIterator[Served]:
    stop = Stop()
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def drain() -> None:
        proxy.plane.draining = True

    life = Lifecycle(
        on_ready=lambda addresses: ready.set_result(addresses[0][1]),
        on_drain=drain,
        on_deadline=proxy.plane.serving.stop_all,
        drain_s=drain_s,
        notice_s=0.0,
        last_words_s=1.0,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(
            serve(
                proxy.plane,  # type: ignore[arg-type] # uvicorn's narrower words
                host="127.0.0.1",
                port=0,
                life=life,
                stop=stop,
                log=logs.set_up("text", "error", io.StringIO()),
                bounds=Bounds(sweep_s=0.05),
            )
        )
        try:
            yield Served(proxy, await ready, stop, *_in_order(proxy))
        finally:
            stop.request()
            stop.request()
