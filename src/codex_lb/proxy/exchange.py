"""Serve one request: lease an account, open upstream, judge the reply, relay it, write it down.

The line goes down once; only the loop in `_attempts` goes back up. Every resource is released by
the `async with` that took it, also when the client hangs up (this task is then cancelled), and
the receipt is written exactly once, without awaiting anything.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol

from codex_lb.asgi import ClientGoneError
from codex_lb.core import answers, errors, events, failover, headers, quota, sse
from codex_lb.core.affinity import Affinity
from codex_lb.core.answers import Answer
from codex_lb.core.errors import Signal
from codex_lb.core.failover import Verdict, judge
from codex_lb.core.model import (
    Attempt,
    Cost,
    Credential,
    OpenedRequest,
    QuotaWindow,
    Receipt,
    Usage,
)
from codex_lb.core.outcome import Endpoint, Phase
from codex_lb.core.responses import Call, Dialect
from codex_lb.core.routing import Refusal
from codex_lb.core.sse import Event
from codex_lb.proxy import settle
from codex_lb.proxy.budget import RetryBudget
from codex_lb.proxy.downstream import Downstream
from codex_lb.proxy.pool import Lease, NoAccountError, Pool, Wish
from codex_lb.proxy.relay import Relay
from codex_lb.proxy.settle import Notes
from codex_lb.proxy.sinks import CodexSink, JsonSink, OpenAISink, Sink
from codex_lb.upstream import wire
from codex_lb.upstream.client import Reply, UpstreamClient, UpstreamFaultError
from codex_lb.upstream.credentials import Credentials, LoginLostError

ALL_ATTEMPTS_S = 90.0  # until the first content, whatever the number of attempts
QUEUE_S = 10.0  # waiting for a slot before the client is told to come back
_SAME_ACCOUNT_PAUSE_S = 0.2  # before a second try where there is no other account


class RequestLog(Protocol):
    def opened(self, row: OpenedRequest) -> None: ...
    def closed(self, receipt: Receipt) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What every exchange works with; made once in `app.build`."""

    pool: Pool
    upstream: UpstreamClient
    credentials: Credentials
    budget: RetryBudget
    log: RequestLog
    price: Callable[[str, Usage, str | None], Cost | None]  # model, usage, service tier
    on_receipt: Callable[[OpenedRequest, Receipt], None]
    clock: Callable[[], float]  # Unix seconds
    first_event_s: float
    idle_s: float


@dataclass(frozen=True, slots=True)
class Request:
    """One client request, admitted and read."""

    call: Call
    dialect: Dialect
    affinity: Affinity
    headers: Mapping[str, str]  # the client's, names in lower case
    row: OpenedRequest

    def sink(self) -> Sink:
        if not self.call.stream:
            return JsonSink()
        stub = events.response_object(
            f"resp_{self.row.id}", self.row.model, self.row.opened_at_ms // 1000, "failed"
        )
        return CodexSink(stub) if self.dialect is Dialect.CODEX else OpenAISink(stub)


@dataclass(frozen=True, slots=True)
class _Failure:
    """An attempt that left the client without an answer so far."""

    signal: Signal
    verdict: Verdict
    body: bytes = b""  # upstream's error reply
    held: list[Event] = field(default_factory=list)  # the stream up to the failure event


class Exchange:
    """One request with all its attempts; `serve` is called once."""

    def __init__(self, parts: Parts, request: Request, client: Downstream) -> None:
        self._parts = parts
        self._request = request
        self._client = client
        self._now = asyncio.get_running_loop().time
        self._notes = Notes(self._now())
        self._deadline = self._notes.began + ALL_ATTEMPTS_S
        self._retries = 0  # drawn on the budget
        self._relay = Relay(
            client,
            request.sink(),
            self._notes,
            clock=parts.clock,
            idle_s=parts.idle_s,
        )

    async def serve(self) -> None:
        """Raises `ClientGoneError` when there is nobody left to serve."""
        self._parts.log.opened(self._request.row)
        self._parts.budget.earn()
        cancelled = False
        try:
            await self._client.attended(self._until_answered())
        except ClientGoneError:
            cancelled = True
            raise
        finally:
            self._settle(cancelled=cancelled)

    async def _until_answered(self) -> None:
        try:
            await self._attempts()
        except asyncio.CancelledError:
            if self._client.stopping:
                await self._say(answers.shutting_down())
            raise
        except Exception:
            await self._say(answers.internal())  # a stream that has begun must not lack its end
            raise

    # -- the loop -------------------------------------------------------------------------------

    async def _attempts(self) -> None:
        tried: set[str] = set()
        failure: _Failure | None = None
        repeated = False
        while True:
            try:
                latest = await self._lease_and_try(tried)
            except NoAccountError as error:
                if failure is None:
                    return await self._say(self._refused(error.refusal))
                if repeated or not failure.verdict.transient:
                    return await self._give_up(failure)
                # No other account: a passing fault is worth one more try at the same.
                repeated = True
                tried.clear()
                await asyncio.sleep(_SAME_ACCOUNT_PAUSE_S)
                continue
            if latest is None:
                return None
            if failure is not None and failure.verdict.action == "next_once":
                # One other account was asked; its word is the client's answer.
                latest = replace(latest, verdict=replace(latest.verdict, action="relay"))
            failure = latest
            if not self._goes_on(failure.verdict):
                return await self._give_up(failure)

    def _goes_on(self, verdict: Verdict) -> bool:
        """Whether there is another attempt; it is then counted against the pool's budget."""
        is_late = self._now() >= self._deadline
        if not failover.may_go_on(verdict, calls=self._notes.calls, is_late=is_late):
            return False
        if not verdict.transient:
            return True
        allowed = self._parts.budget.spend()
        self._retries += allowed
        return allowed

    async def _lease_and_try(self, tried: set[str]) -> _Failure | None:
        call, pool = self._request.call, self._parts.pool
        bound = pool.owner(call.previous_response_id) if call.previous_response_id else None
        wish = Wish(call.model, self._request.affinity.key, bound, frozenset(tried))
        asked = self._now()
        wait_s = max(0.0, min(QUEUE_S, self._deadline - asked))
        async with pool.lease(wish, wait_s=wait_s) as lease:
            self._notes.queue_ms += int((self._now() - asked) * 1000)
            self._notes.lease = lease
            tried.add(lease.account.id)
            return await self._try_account(lease)

    async def _try_account(self, lease: Lease) -> _Failure | None:
        """Ask one account; a second time after a renewal if it refuses its credential."""
        stale: Credential | None = None
        while True:
            began = self._parts.clock()
            try:
                credential = await self._credential(lease, stale)
            except LoginLostError as error:
                signal = errors.fault("login_lost", str(error))
                self._write_down(lease, began, signal, error.verdict)
                return _Failure(signal, error.verdict)
            phase = Phase.RENEWED if stale else Phase.FRESH
            failure = await self._try_once(lease, credential, phase, began)
            if failure is None or failure.verdict.action != "renew":
                return failure
            if self._notes.calls >= failover.MAX_CALLS:
                return failure
            stale = credential

    async def _credential(self, lease: Lease, stale: Credential | None) -> Credential:
        if stale is None:
            return await self._parts.credentials.fresh(lease.account.id)
        return await self._parts.credentials.renew(lease.account.id, stale)

    # -- one attempt ----------------------------------------------------------------------------

    async def _try_once(
        self, lease: Lease, credential: Credential, phase: Phase, began: float
    ) -> _Failure | None:
        held: list[Event] = []
        body = b""
        self._notes.calls += 1
        try:
            until = min(self._now() + self._parts.first_event_s, self._deadline)
            async with (
                asyncio.timeout_at(until) as deadline,
                self._open(lease, credential) as reply,
            ):
                self._notes.upstream_status = reply.status
                self._measured(lease, quota.windows_in_headers(reply.headers, self._parts.clock()))
                if reply.status == HTTPStatus.OK and reply.is_stream:
                    signal = await self._relay.run(
                        reply, held, deadline, lambda w: self._measured(lease, w)
                    )
                else:
                    body = await reply.read()
                    signal = _signal_of(reply, body)
        except UpstreamFaultError as error:
            signal = error.signal
        except TimeoutError:
            signal = _silence(committed=self._relay.committed)
        except sse.EventTooLargeError:
            signal = errors.fault("stream_event_too_large", "One event of upstream is too large.")
        except asyncio.CancelledError:
            self._write_down(lease, began, errors.fault("cancelled", ""), Verdict("relay"))
            raise
        if signal is None:
            self._write_down(lease, began, None, Verdict("relay"))
            return None
        verdict = self._judge(lease, signal, phase)
        self._write_down(lease, began, signal, verdict)
        if not self._relay.committed:
            return _Failure(signal, verdict, body, held)
        if self._notes.terminal is None:
            await self._say(answers.cut(signal))
        return None

    def _open(self, lease: Lease, credential: Credential) -> AbstractAsyncContextManager[Reply]:
        call = self._request.call
        sent = headers.upstream(
            self._request.headers,
            credential,
            lease.account.identity.chatgpt_account_id,
            lite=call.lite,
            keep_turn_state=lease.kept,
        )
        url = self._parts.upstream.base_url + wire.RESPONSES_PATH
        return self._parts.upstream.open("POST", url, sent, call.body)

    def _measured(self, lease: Lease, windows: Collection[QuotaWindow]) -> None:
        self._parts.pool.measured(lease.account.id, windows)

    def _judge(self, lease: Lease, signal: Signal, phase: Phase) -> Verdict:
        pool = self._parts.pool
        return judge(
            Endpoint.RESPONSES,
            signal,
            Phase.STREAMING if self._relay.committed else phase,
            now=self._parts.clock(),
            windows=pool.windows(lease.account.id),
            model=self._request.call.model,
            faults=pool.faults(lease.account.id),
        )

    # -- what the client is told ----------------------------------------------------------------

    async def _give_up(self, failure: _Failure) -> None:
        """No further attempt: the pool's state if that is the reason, else upstream's word."""
        verdict, signal = failure.verdict, failure.signal
        if verdict.action == "next" and not verdict.transient:
            choice = self._parts.pool.choose(Wish(self._request.call.model))
            if isinstance(choice, Refusal):
                return await self._say(self._refused(choice))
            if choice.reason != "last resort":
                return await self._say(answers.try_again())
        if failure.held and failure.held[-1].kind in events.FAILURES:
            return await self._relay.pass_failed(failure.held, signal)
        return await self._say(
            answers.of_signal(signal, dialect=self._request.dialect, body=failure.body)
        )

    def _refused(self, refusal: Refusal) -> Answer:
        return answers.of_refusal(
            refusal,
            dialect=self._request.dialect,
            now=self._parts.clock(),
            plans=self._parts.pool.plans(),
        )

    async def _say(self, answer: Answer) -> None:
        as_event = answer.as_event and self._request.dialect is Dialect.CODEX
        await self._relay.say(answer, as_event=as_event)

    # -- what is written down -------------------------------------------------------------------

    def _write_down(
        self, lease: Lease, began: float, signal: Signal | None, verdict: Verdict
    ) -> None:
        """The attempt for the row, and what it proves of the account for the pool."""
        pool, account_id = self._parts.pool, lease.account.id
        took_ms = max(0, int((self._parts.clock() - began) * 1000))
        self._notes.attempts.append(
            Attempt(
                account_id=account_id,
                reason=lease.reason,
                started_ms=max(0, self._notes.elapsed_ms(self._now()) - took_ms),
                took_ms=took_ms,
                status=signal.status if signal else HTTPStatus.OK,
                code=signal.word if signal else None,
                verdict=verdict.action,
                detail=failover.describe(signal) if signal else None,
            )
        )
        if signal is None:
            self._parts.budget.give_back(self._retries)
            pool.served(
                account_id,
                since=began,
                affinity_key=self._request.affinity.key,
                response_id=self._notes.facts.id,
            )
            return
        self._notes.failure = signal
        if verdict.block is not None:
            pool.block(account_id, verdict.block)
        if verdict.state is not None:
            pool.set_state(account_id, verdict.state, verdict.reason)

    def _settle(self, *, cancelled: bool) -> None:
        row, facts = self._request.row, self._notes.facts
        usage = facts.counted()
        tier = facts.service_tier or row.service_tier
        receipt = settle.receipt(
            row,
            self._notes,
            cancelled=cancelled,
            http_status=self._client.status or None,
            usage=usage,
            cost=self._parts.price(row.model, usage, tier) if usage else None,
            now_ms=int(self._parts.clock() * 1000),
            duration_ms=self._notes.elapsed_ms(self._now()),
        )
        self._parts.log.closed(receipt)
        self._parts.on_receipt(row, receipt)


def _signal_of(reply: Reply, body: bytes) -> Signal:
    if reply.status == HTTPStatus.OK:
        return errors.fault("not_a_stream", "Upstream's answer is not an event stream.")
    return errors.read_reply(reply.status, body, retry_after=reply.headers.get("retry-after"))


def _silence(*, committed: bool) -> Signal:
    if committed:
        return errors.fault("stream_idle_timeout", "Upstream fell silent.")
    return errors.fault("first_event_timeout", "Upstream did not begin to answer in time.")
