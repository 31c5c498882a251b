"""Serve what is answered by an account: from the client's body to its exchange."""

import asyncio
from collections.abc import Callable

import structlog

from codex_lb.asgi import ClientGoneError
from codex_lb.core import affinity, answers, json_guard, keys
from codex_lb.core.answers import Answer
from codex_lb.core.keys import ApiKey
from codex_lb.core.model import OpenedRequest
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Call
from codex_lb.proxy import body
from codex_lb.proxy.asked import Asked
from codex_lb.proxy.downstream import Downstream, ShutdownError
from codex_lb.proxy.exchange import Exchange
from codex_lb.proxy.forms import Form
from codex_lb.proxy.lines import HttpLine
from codex_lb.proxy.parts import Parts, Request
from codex_lb.proxy.relay import Relay
from codex_lb.proxy.settle import Notes
from codex_lb.proxy.turnstile import Turnstile

_log = structlog.get_logger(__name__)

_MIB = 1024 * 1024
_LONG_READ = 2 * _MIB  # reading a larger body takes longer than others should wait


class Serving:
    """Every exchange under way. `max_body_mb`: of a request's body, decoded."""

    def __init__(self, parts: Parts, *, max_body_mb: int) -> None:
        self._parts = parts
        self._max_body = max_body_mb * _MIB
        self._live: dict[Downstream, ApiKey | None] = {}
        self._turnstile = Turnstile()

    def stop_all(self) -> None:
        """End what still runs; every client is told."""
        for client in list(self._live):
            client.stop(answers.shutting_down())

    def stop_revoked(self, is_good: Callable[[ApiKey], bool]) -> None:
        """End the streams of keys that may not be used any more."""
        for client, key in list(self._live.items()):
            if key is not None and not is_good(key):
                client.stop(answers.revoked())

    async def serve(self, form: Form, asked: Asked) -> None:
        call = await self._read_call(form, asked)
        if isinstance(call, Answer):
            return await asked.downstream().answer(call)
        client = asked.downstream(streams=call.stream, quota=self._parts.told.headers)
        key = asked.key
        tie = affinity.of(call, asked.headers, api_key_id=key.id if key else None)
        row = self._row(form, asked, call, tie)
        request = Request(call, asked.dialect, tie, asked.headers, row, key)
        self._live[client] = key
        try:
            relay = Relay(
                client,
                form.sink(request, self._parts.told),
                Notes(asyncio.get_running_loop().time()),
                clock=self._parts.clock,
                idle_s=self._parts.idle_s,
            )
            line = HttpLine(self._parts.upstream, request)
            await Exchange(self._parts, request, client, relay, line).serve()
        except (ClientGoneError, ShutdownError):
            raise
        except Exception:  # noqa: BLE001  the edge: a defect must not leave the client unanswered
            _log.exception("exchange failed", request=asked.id, client_id=asked.client_id)
            if not client.started:
                await client.answer(answers.internal())
        finally:
            del self._live[client]

    async def _read_call(self, form: Form, asked: Asked) -> Call | Answer:
        try:
            data = await body.read(asked.receive, asked.headers, limit=self._max_body)
            await self._turnstile.enter()
            if len(data) > _LONG_READ:  # others are served meanwhile
                return await asyncio.to_thread(_judged, form, data, asked)
            return _judged(form, data, asked)
        except BadRequestError as error:
            return answers.bad_request(error)
        except body.TooLargeError:
            return answers.too_large(self._max_body, asked.dialect)
        except body.UnsupportedEncodingError as error:
            return answers.unsupported_encoding(error.coding, asked.dialect)
        except (body.BadEncodingError, body.TruncatedError) as error:
            return answers.bad_request(BadRequestError(str(error)))

    def _row(self, form: Form, asked: Asked, call: Call, tie: affinity.Affinity) -> OpenedRequest:
        return OpenedRequest(
            id=asked.id,
            opened_at_ms=int(self._parts.clock() * 1000),
            endpoint=form.endpoint,
            transport="sse" if call.stream else "http",
            model=call.model,
            effort=call.effort,
            service_tier=call.service_tier,
            api_key_id=asked.key.id if asked.key else None,
            conversation_id=tie.conversation,
            user_agent=asked.headers.get("user-agent"),
            client_ip=asked.address,
        )


def _judged(form: Form, data: bytes, asked: Asked) -> Call | Answer:
    """The call as the key would have it, or why the key may not make it. Raises `BadRequestError`."""
    if not json_guard.is_harmless(data):
        complaint = json_guard.refuse(data)
        if complaint:
            raise BadRequestError(complaint)
    call = form.read(data, asked.dialect, asked.headers)
    if asked.key is None:
        return call
    call = keys.imposed(asked.key, call)
    return keys.refused_call(asked.key, call.model, call.effort) or call
