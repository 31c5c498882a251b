"""Calls beside the turns that one account answers whole: recordings, files, control paths.

They take the same line as a turn, with another way to ask and to pass the answer on. Nothing is
sent to the client before all of it is here, so an account can be changed until then, unless the
call may not be made twice (`Endpoint.ONCE`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from codex_lb.core import answers, events, headers, keys
from codex_lb.core.answers import Answer
from codex_lb.core.errors import Signal
from codex_lb.core.keys import ApiKey
from codex_lb.core.model import Credential
from codex_lb.core.outcome import Endpoint
from codex_lb.core.responses import Call
from codex_lb.core.sse import Event, EventTooLargeError
from codex_lb.proxy.downstream import Downstream
from codex_lb.proxy.forms import Reader
from codex_lb.proxy.leases import Lease
from codex_lb.proxy.lines import Line, Relaying
from codex_lb.proxy.parts import Parts, Request
from codex_lb.proxy.relay import Measured, Reply
from codex_lb.proxy.settle import Notes
from codex_lb.upstream.client import Reply as HttpReply
from codex_lb.upstream.client import UpstreamClient

_MAX_BODY = _MAX_REPLY = 32 * 1024 * 1024

# the client's headers, the credential, the ChatGPT account id → what is sent
Headers = Callable[[Mapping[str, str], Credential, str | None], dict[str, str]]
Body = tuple[str, bytes]  # with its content type


@dataclass(frozen=True, slots=True)
class PlainForm:
    """`target`: below upstream's base, with its query."""

    endpoint: str
    method: str
    target: str
    read: Reader
    kind: Endpoint = Endpoint.PLAIN
    headers: Headers = headers.beside
    shaped: Callable[[Call, bytes], Body | None] = lambda _call, _body: None  # None: as it is
    stored_id: Callable[[bytes], str | None] = lambda _body: None  # what the account has from now
    is_told: bool = True
    is_json: bool = False
    transport: str | None = None
    max_body: float = _MAX_BODY

    def allowed(self, key: ApiKey, call: Call) -> Call | Answer:
        return (keys.refused_call(key, call.model, None) if call.model else None) or call

    def line(self, parts: Parts, request: Request) -> Line:
        return PlainLine(self, parts.upstream, request)

    def relay(self, parts: Parts, request: Request, client: Downstream) -> Relaying:
        return PlainRelay(self, request.call, client, idle_s=parts.idle_s)


class PlainLine:
    def __init__(self, form: PlainForm, upstream: UpstreamClient, request: Request) -> None:
        self.endpoint = form.kind
        self._form = form
        self._upstream = upstream
        self._request = request

    @asynccontextmanager
    async def open(self, lease: Lease, credential: Credential, body: bytes) -> AsyncIterator[Reply]:
        account_id = lease.account.identity.chatgpt_account_id
        sent = self._form.headers(self._request.headers, credential, account_id)
        url = self._upstream.base_url + self._form.target
        async with self._upstream.open(self._form.method, url, sent, body) as reply:
            yield _Whole(reply)

    def is_answer(self, reply: Reply) -> bool:
        is_good = HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES
        return is_good or reply.status == HTTPStatus.NOT_MODIFIED


class _Whole:
    """A reply whose body is its one event."""

    is_stream = False

    def __init__(self, reply: HttpReply) -> None:
        self._reply = reply
        self.status, self.headers = reply.status, reply.headers
        self.read = reply.read

    async def events(self) -> AsyncIterator[list[Event]]:
        body = bytearray()
        async for chunk in self._reply.chunks():
            body += chunk
            if len(body) > _MAX_REPLY:
                raise EventTooLargeError
        yield [Event(bytes(body), "whole")]

    def pass_deltas(self, take: Callable[[bytes], bool] | None) -> None: ...
    async def drain(self) -> None: ...


class PlainRelay:
    committed = False  # the client gets all or nothing

    def __init__(self, form: PlainForm, call: Call, client: Downstream, *, idle_s: float) -> None:
        self._form = form
        self._call = call
        self._client = client
        self._idle_s = idle_s
        self._now = asyncio.get_running_loop().time
        self.notes = Notes(self._now())

    async def run(
        self, reply: Reply, held: list[Event], deadline: asyncio.Timeout, measured: Measured
    ) -> Signal | None:
        """Raises `UpstreamFaultError`, `EventTooLargeError`."""
        del held, measured  # a stream's
        deadline.reschedule(self._now() + self._idle_s)
        [body] = [event.raw async for events_ in reply.events() for event in events_]
        sent = headers.downstream_beside(reply.headers)
        shaped = self._form.shaped(self._call, body)
        if shaped is not None:
            sent["content-type"], body = shaped
        self.notes.facts = events.Facts(id=self._form.stored_id(body))
        self.notes.terminal = events.COMPLETED
        await self._client.reply(reply.status, sent, body)
        return None

    async def pass_failed(self, held: list[Event], signal: Signal) -> None:
        del held
        await self.say(answers.of_failed_event(signal), as_event=False)

    async def say(self, answer: Answer, *, as_event: bool) -> None:
        del as_event
        self.notes.answer = answer
        if not self._client.finished:
            await self._client.answer(answer)
