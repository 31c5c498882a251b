"""Serve one request: lease an account, ask it, perhaps another, and write down what came of it.

The line goes down once; only the loop in `_attempts` goes back up. Every resource is released by
the `async with` that took it, also when the client hangs up (this task is then cancelled), and
the receipt is written exactly once, without awaiting anything.
"""

import asyncio
from dataclasses import replace
from functools import partial

from codex_lb.asgi import ClientGoneError
from codex_lb.core import answers, ciphertext, failover, limits, pool_answers
from codex_lb.core.answers import Answer
from codex_lb.core.failover import Ending, Verdict
from codex_lb.core.model import AccountEvent, Cost, Usage
from codex_lb.core.outcome import Endpoint
from codex_lb.core.routing import Refusal
from codex_lb.proxy import settle
from codex_lb.proxy.attempt import Attempts, Failure
from codex_lb.proxy.downstream import Downstream
from codex_lb.proxy.holding import Holding
from codex_lb.proxy.leases import NoAccountError, Wish
from codex_lb.proxy.lines import Line, Relaying
from codex_lb.proxy.parts import Parts, Request

ALL_ATTEMPTS_S = 90.0  # until the first content, whatever the number of attempts
QUEUE_S = 10.0  # waiting for a slot before the client is told to come back
_SAME_ACCOUNT_PAUSE_S = 0.2  # before a second try where there is no other account


class Exchange:
    """One request with all its attempts; `serve` is called once."""

    def __init__(
        self, parts: Parts, request: Request, client: Downstream, relay: Relaying, line: Line
    ) -> None:
        self._parts = parts
        self._request = request
        self._client = client
        self._now = asyncio.get_running_loop().time
        self._notes = relay.notes
        self._deadline = self._notes.began + ALL_ATTEMPTS_S
        self._retries = 0  # drawn on the budget
        self._bound: str | None = None  # the account that has what the request refers to
        self._anchor = ""  # which of it: a response's id, or a file's
        self._relay = relay
        self._is_turn = line.endpoint is Endpoint.RESPONSES
        self._tries = Attempts(parts, request, relay, line, self._deadline)

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
            refusal = await self._hold()
            if refusal is not None:
                await self._say(refusal)
            elif await self._is_anchored():
                await self._attempts()
            else:
                await self._end("lost_anchor", refusal=None)
        except asyncio.CancelledError:
            if self._client.farewell is not None:
                await self._say(self._client.farewell)
            raise
        except Exception:
            await self._say(answers.internal())  # a stream that has begun must not lack its end
            raise

    async def _hold(self) -> Answer | None:
        """What the key's limits say, if it has any; only turns use them up."""
        key, row = self._request.key, self._request.row
        if key is None or not key.limits or not self._is_turn:
            return None
        holding = Holding(
            self._parts.limits, self._notes.meter, self._price, key_id=key.id, request_id=row.id
        )
        refused = partial(limits.spent, dialect=self._request.dialect, now=self._parts.clock())
        return await holding.begin(row.model, len(self._request.call.body), refused=refused)

    def _price(self, usage: Usage) -> Cost | None:
        row = self._request.row
        return self._parts.price(
            row.model, usage, self._notes.facts.service_tier or row.service_tier
        )

    async def _is_anchored(self) -> bool:
        """Find who has what the request refers to. False: that account has left the pool."""
        call, pool = self._request.call, self._parts.pool
        for anchor in (call.previous_response_id, *call.files):
            if anchor is not None and self._bound is None:
                self._bound = pool.owner(anchor) or await self._parts.owner_of(anchor)
                self._anchor = anchor
        return self._bound is None or self._bound in pool.plans()

    # -- the loop -------------------------------------------------------------------------------

    async def _attempts(self) -> None:
        tried: set[str] = set()
        failure: Failure | None = None
        repeated = False
        while True:
            try:
                latest = await self._lease_and_ask(tried)
            except NoAccountError as error:
                if failure is None:
                    ending = failover.ending_of_refusal(
                        error.refusal, is_bound=self._bound is not None
                    )
                    return await self._end(ending, refusal=error.refusal)
                if repeated or not failure.verdict.transient:
                    return await self._give_up(failure)
                # No other account: a passing fault is worth one more try at the same.
                repeated = True
                tried.clear()
                await asyncio.sleep(_SAME_ACCOUNT_PAUSE_S)
                continue
            if latest is None:
                if self._notes.ended_well:
                    self._parts.budget.give_back(self._retries)
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

    async def _lease_and_ask(self, tried: set[str]) -> Failure | None:
        wish = Wish(
            self._request.call.model or None,
            self._request.affinity.key,
            self._bound,
            frozenset(tried),
            self._request.accounts,
            self._request.home,
        )
        asked = self._now()
        wait_s = max(0.0, min(QUEUE_S, self._deadline - asked))
        async with self._parts.pool.lease(wish, wait_s=wait_s) as lease:
            self._notes.waited_ms = int((self._now() - asked) * 1000)
            self._notes.queue_ms += self._notes.waited_ms
            self._notes.lease = lease
            tried.add(lease.account.id)
            return await self._tries.ask(lease)

    # -- what the client is told ----------------------------------------------------------------

    async def _give_up(self, failure: Failure) -> None:
        """No further attempt."""
        choice = self._parts.pool.choose(
            Wish(self._request.call.model or None, only=self._request.accounts)
        )
        ending = failover.ending(
            failure.verdict,
            choice,
            is_bound=self._bound is not None,
            holds_compaction=failure.verdict.action == "lighten"
            and ciphertext.holds_compaction(self._request.call.body),
        )
        if ending == "upstream":
            return await self._pass_on(failure)
        return await self._end(ending, refusal=choice if isinstance(choice, Refusal) else None)

    async def _pass_on(self, failure: Failure) -> None:
        """Upstream's own word, in the form in which it came."""
        if failure.is_tellable:
            return await self._relay.pass_failed(failure.held, failure.signal)
        return await self._say(
            answers.of_signal(failure.signal, dialect=self._request.dialect, body=failure.body)
        )

    async def _end(self, ending: Ending, *, refusal: Refusal | None) -> None:
        if ending == "lost_anchor":
            is_file = self._anchor in self._request.call.files
            lost = answers.lost_file if is_file else answers.lost_anchor
            answer = lost(self._anchor)
        elif ending == "foreign_history":
            answer = answers.foreign_history()
        elif refusal is not None:
            answer = self._refused(refusal)
        else:
            answer = answers.try_again()
        await self._say(answer)

    def _refused(self, refusal: Refusal) -> Answer:
        return pool_answers.of_refusal(
            refusal,
            dialect=self._request.dialect,
            now=self._parts.clock(),
            plans=self._parts.pool.plans(),
        )

    async def _say(self, answer: Answer) -> None:
        await self._relay.say(answer, as_event=self._client.says_as_event(answer))

    # -- what is written down -------------------------------------------------------------------

    def _settle(self, *, cancelled: bool) -> None:
        row = self._request.row
        usage = self._notes.facts.counted()
        cost = self._price(usage) if usage else None
        if usage is None and cancelled and self._relay.committed:
            # What a client has got before it left is not free; how much it was is a guess.
            usage = limits.guessed(len(self._request.call.body), self._notes.meter.deltas)
            cost = limits.as_guess(self._price(usage))
        receipt = settle.receipt(
            row,
            self._notes,
            cancelled=cancelled,
            http_status=self._client.status or None,
            usage=usage,
            cost=cost,
            now_ms=int(self._parts.clock() * 1000),
            duration_ms=self._notes.elapsed_ms(self._now()),
        )
        for left in settle.left_accounts(receipt):
            self._parts.note(
                AccountEvent(
                    left.account_id, self._parts.clock(), "failed_over", "codex-lb", left.detail
                )
            )
        self._parts.log.closed(receipt)
        self._parts.on_receipt(row, receipt)
