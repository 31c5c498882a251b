"""How one account is asked: what is sent where, which replies begin an answer, who passes them on."""

import asyncio
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Protocol

from codex_lb.core import headers
from codex_lb.core.answers import Answer
from codex_lb.core.errors import Signal
from codex_lb.core.model import Credential
from codex_lb.core.outcome import Endpoint
from codex_lb.core.sse import Event
from codex_lb.proxy.leases import Lease
from codex_lb.proxy.parts import Request
from codex_lb.proxy.relay import Measured, Reply
from codex_lb.proxy.settle import Notes
from codex_lb.upstream import wire
from codex_lb.upstream.client import UpstreamClient


class Line(Protocol):
    endpoint: Endpoint  # whose failures `core/outcome.py` knows

    def open(
        self, lease: Lease, credential: Credential, body: bytes
    ) -> AbstractAsyncContextManager[Reply]:
        """Raises `UpstreamFaultError` when no usable head of a reply comes."""
        ...

    def is_answer(self, reply: Reply) -> bool:
        """Whether the relay may take it; else it is a failure, to be judged."""
        ...


class Relaying(Protocol):
    """One client's view of the answer, over all attempts. `committed`: it has part of it."""

    committed: bool
    notes: Notes

    async def run(
        self, reply: Reply, held: list[Event], deadline: asyncio.Timeout, measured: Measured
    ) -> Signal | None: ...
    async def pass_failed(self, held: list[Event], signal: Signal) -> None: ...
    async def say(self, answer: Answer, *, as_event: bool) -> None: ...


class HttpLine:
    """A response over HTTP, which is always a stream."""

    endpoint = Endpoint.RESPONSES

    def __init__(self, upstream: UpstreamClient, request: Request) -> None:
        self._upstream = upstream
        self._request = request

    def open(
        self, lease: Lease, credential: Credential, body: bytes
    ) -> AbstractAsyncContextManager[Reply]:
        sent = headers.upstream(
            self._request.headers,
            credential,
            lease.account.identity.chatgpt_account_id,
            lite=self._request.call.lite,
            keep_turn_state=lease.kept,
        )
        url = self._upstream.base_url + wire.RESPONSES_PATH
        return self._upstream.open("POST", url, sent, body)

    def is_answer(self, reply: Reply) -> bool:
        return reply.status == HTTPStatus.OK and reply.is_stream
