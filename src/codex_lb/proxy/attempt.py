"""Ask one account: get its credential, open upstream, relay the reply or judge the failure.

Each try leaves an `Attempt` for the request row and tells the pool what it has proven. Whether
another account is asked is not decided here: `exchange.py` has the loop, `core/failover.py` the rule.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

from codex_lb.core import answers, ciphertext, errors, events, failover, quota, sse
from codex_lb.core.errors import Signal
from codex_lb.core.failover import Verdict, judge
from codex_lb.core.model import Attempt, Credential
from codex_lb.core.outcome import Endpoint, Phase
from codex_lb.core.sse import Event
from codex_lb.proxy.leases import Lease
from codex_lb.proxy.lines import Line, Relaying
from codex_lb.proxy.parts import Parts, Request
from codex_lb.proxy.relay import Reply
from codex_lb.upstream.client import UpstreamFaultError
from codex_lb.upstream.credentials import LoginLostError

# An event that names no status, and the statuses that are not upstream's fault or its login's.
_TELLABLE = frozenset(range(200, 500)) - {401, 407}


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that left the client without an answer so far."""

    signal: Signal
    verdict: Verdict
    body: bytes = b""  # upstream's error reply
    held: list[Event] = field(default_factory=list)  # the stream up to the failure event

    @property
    def is_tellable(self) -> bool:
        """Whether the stream can go to the client as it came. A frame may say what no client must see."""
        said = bool(self.held) and self.held[-1].kind in events.FAILURES
        return said and self.signal.status in _TELLABLE


class Attempts:
    """All tries of one exchange. `deadline`: of the event loop's clock, for the first content."""

    def __init__(
        self, parts: Parts, request: Request, relay: Relaying, line: Line, deadline: float
    ) -> None:
        self._parts = parts
        self._request = request
        self._relay = relay
        self._line = line
        self._notes = relay.notes
        self._deadline = deadline
        self._body = request.call.body
        self._now = asyncio.get_running_loop().time

    async def ask(self, lease: Lease) -> Failure | None:
        """None: the client has its answer.

        The account is asked again after a renewal if it refuses its credential, and without the
        encrypted reasoning if it cannot read that.
        """
        stale: Credential | None = None
        while True:
            began = self._parts.clock()
            try:
                credential = await self._credential(lease, stale)
            except LoginLostError as error:
                signal = errors.fault("login_lost", str(error))
                self._write_down(lease, began, signal, error.verdict)
                return Failure(signal, error.verdict)
            phase = Phase.RENEWED if stale else Phase.FRESH
            failure = await self._once(lease, credential, phase, began)
            if failure is None or self._notes.calls >= failover.MAX_CALLS:
                return failure
            if failure.verdict.action == "renew":
                stale = credential
            elif not self._may_repeat(failure.verdict):
                return failure

    def _may_repeat(self, verdict: Verdict) -> bool:
        return verdict.action == "again" or (verdict.action == "lighten" and self._lighten())

    def _lighten(self) -> bool:
        """Leave out what only another account can read, if there is any."""
        lighter = ciphertext.without_reasoning(self._body)
        self._body = lighter or self._body
        return lighter is not None

    async def _credential(self, lease: Lease, stale: Credential | None) -> Credential:
        if stale is None:
            return await self._parts.credentials.fresh(lease.account.id)
        return await self._parts.credentials.renew(lease.account.id, stale)

    async def _once(
        self, lease: Lease, credential: Credential, phase: Phase, began: float
    ) -> Failure | None:
        held: list[Event] = []
        body = b""
        feature: str | None = None
        self._notes.calls += 1
        try:
            until = min(self._now() + self._parts.first_event_s, self._deadline)
            async with (
                asyncio.timeout_at(until) as deadline,
                self._open(lease, credential) as reply,
            ):
                self._notes.upstream_status = reply.status
                self._measured_by(lease, reply)
                feature = quota.limit_named(reply.headers)
                if self._line.is_answer(reply):
                    signal = await self._relay.run(
                        reply, held, deadline, partial(self._parts.pool.measured, lease.account.id)
                    )
                    if signal is not None and reply.headers:
                        self._measured_by(
                            lease, reply
                        )  # an `error` frame brings headers of its own
                        feature = quota.limit_named(reply.headers)
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
        verdict = self._judge(lease, signal, phase, feature)
        self._write_down(lease, began, signal, verdict)
        if not self._relay.committed:
            return Failure(signal, verdict, body, held)
        if self._notes.terminal is None:
            await self._relay.say(answers.cut(signal), as_event=False)
        return None

    @asynccontextmanager
    async def _open(self, lease: Lease, credential: Credential) -> AsyncIterator[Reply]:
        waiting = 1
        lease.slot.unanswered += waiting
        try:
            async with self._line.open(lease, credential, self._body) as reply:
                lease.slot.unanswered -= waiting
                waiting = 0
                yield reply
        finally:
            lease.slot.unanswered -= waiting

    def _measured_by(self, lease: Lease, reply: Reply) -> None:
        now = self._parts.clock()
        self._parts.pool.measured(
            lease.account.id,
            quota.windows_in_headers(reply.headers, now),
            quota.credits_in_headers(reply.headers, now),
        )

    def _judge(self, lease: Lease, signal: Signal, phase: Phase, feature: str | None) -> Verdict:
        pool = self._parts.pool
        return judge(
            self._line.endpoint,
            signal,
            Phase.STREAMING if self._relay.committed else phase,
            now=self._parts.clock(),
            windows=pool.windows(lease.account.id),
            model=self._request.call.model,
            feature=feature,
            faults=pool.faults(lease.account.id),
        )

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
                skipped=lease.skipped,
                waited_ms=self._notes.waited_ms,
            )
        )
        if signal is None:
            if self._line.endpoint is Endpoint.RESPONSES:
                pool.served(
                    account_id,
                    since=began,
                    affinity_key=self._request.affinity.key,
                    response_id=self._notes.facts.id,
                )
            elif self._notes.facts.id:  # nothing is proven of serving turns
                pool.own(self._notes.facts.id, account_id)
            return
        self._notes.failure = signal
        if verdict.block is not None:
            pool.block(account_id, verdict.block)
        if verdict.state is not None:
            pool.set_state(account_id, verdict.state, verdict.reason)


def _signal_of(reply: Reply, body: bytes) -> Signal:
    if reply.status == HTTPStatus.OK:
        return errors.fault("not_a_stream", "Upstream's answer is not an event stream.")
    return errors.read_reply(reply.status, body, retry_after=reply.headers.get("retry-after"))


def _silence(*, committed: bool) -> Signal:
    if committed:
        return errors.fault("stream_idle_timeout", "Upstream fell silent.")
    return errors.fault("first_event_timeout", "Upstream did not begin to answer in time.")
