"""Serve what is answered by an account: from the client's body to its exchange."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog

from codex_lb.asgi import ClientGoneError
from codex_lb.core import affinity, answers, json_guard, responses
from codex_lb.core.answers import Answer
from codex_lb.core.keys import ApiKey
from codex_lb.core.model import OpenedRequest, Receipt
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Call
from codex_lb.proxy import body
from codex_lb.proxy.asked import Asked
from codex_lb.proxy.downstream import Downstream, ShutdownError
from codex_lb.proxy.exchange import Exchange
from codex_lb.proxy.forms import Reader
from codex_lb.proxy.lines import Line, Relaying
from codex_lb.proxy.parts import Parts, Request
from codex_lb.proxy.turnstile import Turnstile

_log = structlog.get_logger(__name__)

_MIB = 1024 * 1024
_LONG_READ = 2 * _MIB  # reading a larger body takes longer than others should wait


class Form(Protocol):
    """What an endpoint asks for, see `proxy/forms.py` and `proxy/plain.py`."""

    @property
    def endpoint(self) -> str: ...
    @property
    def read(self) -> Reader: ...
    @property
    def transport(self) -> str | None: ...
    @property
    def is_told(self) -> bool: ...
    @property
    def is_json(self) -> bool: ...
    @property
    def max_body(self) -> float: ...
    def allowed(self, key: ApiKey, call: Call) -> Call | Answer: ...
    def line(self, parts: Parts, request: Request) -> Line: ...
    def relay(self, parts: Parts, request: Request, client: Downstream) -> Relaying: ...


class Stoppable(Protocol):
    def stop(self, farewell: Answer, /) -> None: ...


class Serving:
    """Every exchange under way. `max_body_mb`: of a request's body, decoded."""

    def __init__(self, parts: Parts, *, max_body_mb: int) -> None:
        self._parts = parts
        self._max_body = max_body_mb * _MIB
        failures = _Failures(parts)
        self._quiet = replace(parts, log=failures, on_receipt=failures.on_receipt)
        self._live: dict[Stoppable, ApiKey | None] = {}
        self.turnstile = Turnstile()

    def stop_all(self) -> None:
        """End what still runs; every client is told."""
        for client in list(self._live):
            client.stop(answers.shutting_down())

    def stop_revoked(self, is_good: Callable[[ApiKey], bool]) -> None:
        """End the streams of keys that may not be used any more."""
        for client, key in list(self._live.items()):
            if key is not None and not is_good(key):
                client.stop(answers.revoked())

    @contextmanager
    def watching(self, one: Stoppable, key: ApiKey | None) -> Iterator[None]:
        """Until the block ends, `one` is told when the process ends, or when its key is no longer good."""
        self._live[one] = key
        try:
            yield
        finally:
            del self._live[one]

    async def serve(self, form: Form, asked: Asked) -> None:
        call = await self._read_call(form, asked)
        if isinstance(call, Answer):
            self._parts.on_refused(asked.path, asked.headers, asked.address, call)
            return await asked.downstream().answer(call)
        quota = partial(self._parts.told.headers, asked.key)
        client = asked.downstream(streams=call.stream, quota=quota)
        line = partial(form.line, self._parts)
        return await self.carry_out(form, asked, call, client, line)

    async def carry_out(
        self,
        form: Form,
        asked: Asked,
        call: Call,
        client: Downstream,
        line: Callable[[Request], Line],
        *,
        home: str | None = None,
    ) -> None:
        """One exchange. `home`: the account at hand, for a conversation that has none or no name."""
        key = asked.key
        tie = affinity.of(call, asked.headers, api_key_id=key.id if key else None)
        if home is not None and tie.conversation is None:
            tie = affinity.NONE
        row = self._row(form, asked, call, tie)
        request = Request(call, asked.dialect, tie, asked.headers, row, key, home)
        relay = form.relay(self._parts, request, client)
        try:
            with self.watching(client, key):
                parts = self._parts if form.is_told else self._quiet
                await Exchange(parts, request, client, relay, line(request)).serve()
        except (ClientGoneError, ShutdownError):
            raise
        except Exception:  # noqa: BLE001  the edge: a defect must not leave the client unanswered
            _log.exception("exchange failed", request=asked.id, client_id=asked.client_id)
            if not client.started:
                await client.answer(answers.internal())

    async def _read_call(self, form: Form, asked: Asked) -> Call | Answer:
        limit = int(min(self._max_body, form.max_body))
        try:
            data = await body.read(asked.receive, asked.headers, limit=limit)
        except body.TooLargeError:
            return answers.too_large(limit, asked.dialect)
        except body.UnsupportedEncodingError as error:
            return answers.unsupported_encoding(error.coding, asked.dialect)
        except (body.BadEncodingError, body.TruncatedError) as error:
            return answers.bad_request(BadRequestError(str(error)))
        return await self.judge(form, asked, data)

    async def judge(self, form: Form, asked: Asked, data: bytes) -> Call | Answer:
        """The call in a body, or why there is none."""
        try:
            await self.turnstile.enter()
            slow = self._parts.forbids_fast()
            if len(data) > _LONG_READ:  # others are served meanwhile
                return await asyncio.to_thread(_judged, form, data, asked, slow=slow)
            return _judged(form, data, asked, slow=slow)
        except BadRequestError as error:
            return answers.bad_request(error)

    def _row(self, form: Form, asked: Asked, call: Call, tie: affinity.Affinity) -> OpenedRequest:
        return OpenedRequest(
            id=asked.id,
            opened_at_ms=int(self._parts.clock() * 1000),
            endpoint=form.endpoint,
            transport=form.transport or ("sse" if call.stream else "http"),
            model=call.model or "unknown",  # as in a handshake
            effort=call.effort,
            service_tier=call.service_tier,
            api_key_id=asked.key.id if asked.key else None,
            conversation_id=tie.conversation,
            user_agent=asked.headers.get("user-agent"),
            client_ip=asked.address,
        )


class _Failures:
    """A request log that takes no note of what went well."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rows: dict[str, OpenedRequest] = {}

    def opened(self, row: OpenedRequest) -> None:
        self._rows[row.id] = row

    def closed(self, receipt: Receipt) -> None:
        row = self._rows.pop(receipt.id)
        if receipt.status != "success":
            self._parts.log.opened(row)
            self._parts.log.closed(receipt)

    def on_receipt(self, row: OpenedRequest, receipt: Receipt) -> None:
        if receipt.status != "success":
            self._parts.on_receipt(row, receipt)


def _judged(form: Form, data: bytes, asked: Asked, *, slow: bool) -> Call | Answer:
    """The call as key and operator would have it, or why the key may not make it.

    Raises `BadRequestError`.
    """
    if form.is_json and not json_guard.is_harmless(data):
        complaint = json_guard.refuse(data)
        if complaint:
            raise BadRequestError(complaint)
    call = form.read(data, asked.dialect, asked.headers)
    if asked.key is not None:
        allowed = form.allowed(asked.key, call)
        if isinstance(allowed, Answer):
            return allowed
        call = allowed
    return responses.slowed(call) if slow else call
