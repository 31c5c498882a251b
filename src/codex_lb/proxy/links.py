"""Upstream's half of a client's WebSocket: at most one connection, of one account at a time.

`Link` outlives the turns. `HandshakeLine` opens it before the client's own handshake is answered, and
`TurnLine` asks a turn on it; both are lines of an exchange, so a refused handshake is an attempt like
any other, and another account may be asked.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus

from codex_lb.core import errors, frames, headers, turns, upgrade
from codex_lb.core.frames import Message
from codex_lb.core.model import Credential
from codex_lb.core.outcome import Endpoint
from codex_lb.core.sse import Event
from codex_lb.core.turns import Anchor, Standing
from codex_lb.proxy.leases import Lease
from codex_lb.proxy.parts import Request
from codex_lb.proxy.relay import Reply
from codex_lb.upstream import wire
from codex_lb.upstream.client import Reply as HttpReply
from codex_lb.upstream.client import UpstreamClient, UpstreamFaultError
from codex_lb.upstream.websocket import TurnReply, WebSocket

_KEY_BYTES = 16
# With any of these upstream says that it has no WebSocket here. Codex takes one of them as the word to
# speak HTTP from now on.
_NO_WEBSOCKET = frozenset({404, 405, 426})


class Link:
    """`client`: the headers of its handshake; `aside` gets what upstream says between turns."""

    def __init__(
        self, upstream: UpstreamClient, client: Mapping[str, str], aside: Callable[[Event], None]
    ) -> None:
        self._upstream = upstream
        self._client = client
        self._aside = aside
        self._now = asyncio.get_running_loop().time
        self._socket: WebSocket | None = None
        self._token = ""
        self._made: set[str] = set()  # responses that the connection at hand has made
        self._lost: set[str] = set()  # those of connections before it
        self._turn_state = client.get(headers.TURN_STATE)
        self.account_id: str | None = None  # of the latest connection

    @property
    def is_open(self) -> bool:
        return self._socket is not None and self._socket.is_open

    def anchor(self, response_id: str | None) -> Anchor:
        if response_id is None:
            return "none"
        if response_id in self._made:
            return "here" if self.is_open else "gone"
        return "gone" if response_id in self._lost else "unknown"

    def standing(self) -> Standing | None:
        if self._socket is None or not self._socket.is_open or self.account_id is None:
            return None
        return Standing(self.account_id, self._token, self._now() - self._socket.opened_at)

    def drop(self) -> None:
        """Close the connection; what it remembers is gone."""
        if self._socket is not None:
            self._socket.abort()
            self._socket = None
        self._lost |= self._made
        self._made = set()

    def check(self, now: float) -> None:
        if self._socket is not None:
            self._socket.check(now)

    def pass_on(self, frame: bytes) -> None:
        """A client's frame that is no turn."""
        if self._socket is not None:
            self._socket.send(frame)

    @asynccontextmanager
    async def connect(self, lease: Lease, credential: Credential) -> AsyncIterator[HttpReply]:
        """Upstream's answer to a handshake; with status 101 the link is open."""
        self.drop()
        account = lease.account
        if account.id != self.account_id and self.account_id is not None:
            self._turn_state = None  # minted for the other account
        handshake = upgrade.asked(secrets.token_bytes(_KEY_BYTES))
        sent = headers.handshake(
            self._client, credential, account.identity.chatgpt_account_id, self._turn_state
        )
        url = self._upstream.base_url + wire.RESPONSES_PATH
        async with self._upstream.open("GET", url, sent | handshake) as reply:
            if reply.status == HTTPStatus.SWITCHING_PROTOCOLS:
                transport, rest = reply.switch()
                if not upgrade.is_granted(handshake, reply.headers):
                    transport.abort()
                    odd = "Upstream's answer to a WebSocket handshake does not fit."
                    raise UpstreamFaultError(errors.fault("bad_reply", odd))
                self._socket = WebSocket(transport, rest, self._between)
                self.account_id, self._token = account.id, credential.access_token
                self._turn_state = reply.headers.get(headers.TURN_STATE, self._turn_state)
            yield reply

    @asynccontextmanager
    async def turn(self, frame: bytes, headers: Mapping[str, str]) -> AsyncIterator[TurnReply]:
        """Ask it. `headers`: of a handshake made for it. A turn that is left before its end leaves nothing that another could use."""
        socket = self._socket
        assert socket is not None  # noqa: S101  placed there
        reply = TurnReply(socket, headers)
        socket.is_in_turn = True
        socket.send(frame)
        try:
            yield reply
        finally:
            socket.is_in_turn = False
            if not reply.is_over:
                self.drop()
            elif reply.response_id is not None:
                self._made.add(reply.response_id)

    def _between(self, message: Message) -> None:
        """The answer to a frame that was passed on is told; notices about this connection are not."""
        [event] = frames.events([message])
        signal = errors.read_event(message.data) if event.kind == "error" else None
        is_notice = event.kind.startswith("codex.") or (signal and turns.ends_connection(signal))
        if not is_notice:
            self._aside(event)


class HandshakeLine:
    endpoint = Endpoint.RESPONSES

    def __init__(self, link: Link) -> None:
        self._link = link

    @asynccontextmanager
    async def open(self, lease: Lease, credential: Credential, body: bytes) -> AsyncIterator[Reply]:
        del body
        async with self._link.connect(lease, credential) as reply:
            if reply.status in _NO_WEBSOCKET:
                yield replace(reply, status=HTTPStatus.UPGRADE_REQUIRED)
            else:
                yield _Granted(reply) if self._link.is_open else reply

    def is_answer(self, reply: Reply) -> bool:
        return isinstance(reply, _Granted)


class TurnLine:
    endpoint = Endpoint.RESPONSES

    def __init__(self, link: Link, request: Request) -> None:
        self._link = link
        self._previous = request.call.previous_response_id

    @asynccontextmanager
    async def open(self, lease: Lease, credential: Credential, body: bytes) -> AsyncIterator[Reply]:
        placing = turns.place(
            self._link.standing(),
            account_id=lease.account.id,
            token=credential.access_token,
            anchor=self._link.anchor(self._previous),
        )
        if placing == "lost":
            raise UpstreamFaultError(turns.lost_anchor(self._previous or ""))
        told: Mapping[str, str] = {}
        if placing == "connect":
            async with self._link.connect(lease, credential) as answer:
                if not self._link.is_open:
                    yield answer  # a refusal
                    return
                told = answer.headers
        async with self._link.turn(body, told) as reply:
            yield reply

    def is_answer(self, reply: Reply) -> bool:
        return isinstance(reply, TurnReply)


class _Granted:
    """A granted handshake as an answer: it has ended well, and all it says are headers."""

    status = 101
    is_stream = True

    def __init__(self, reply: HttpReply) -> None:
        self.headers = reply.headers

    async def events(self) -> AsyncIterator[list[Event]]:
        yield [Event(b"", "response.completed", payload=b"")]

    def pass_deltas(self, take: Callable[[bytes], bool] | None) -> None: ...

    async def read(self) -> bytes:
        return b""

    async def drain(self) -> None: ...
