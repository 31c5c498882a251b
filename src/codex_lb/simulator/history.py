"""A plausible past of a pool, for the demo: requests as the store keeps them, and quota samples.

Conversations start by the rhythm of the day and the week; each stays with one client, model and
account while its input grows and its cached share with it. What they spend fills the accounts'
windows: a conversation moves on when its account is spent, and ends when all are. About 3 % of the
requests fail, some are cancelled, and some are saved by a second account.

Pure and repeatable: the same arguments give the same history, and the samples follow from it.
"""

import heapq
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from codex_lb.core.model import Account, Attempt, Cost, OpenedRequest, QuotaSample, Receipt, Usage
from codex_lb.simulator import habits
from codex_lb.simulator.habits import Client, Mishap, Priced
from codex_lb.simulator.meters import Meters, Room

DAY_S = 86_400
WEDNESDAY, THURSDAY, FRIDAY = range(2, 5)  # 1 January 1970 was a Thursday
# When weekly windows begin, by the day on which the history ends, Monday first.
_BEGINS = (THURSDAY, FRIDAY, WEDNESDAY, WEDNESDAY, WEDNESDAY, WEDNESDAY, THURSDAY)
TURNS_ON_AVERAGE, MOST_TURNS = 6.0, 60
THINKING_S = 45.0  # between an answer and the next turn, on average
SAMPLED_S = 900  # between two looks at the quota

T = TypeVar("T")
Pair = tuple[OpenedRequest, Receipt]


@dataclass(frozen=True, slots=True)
class _Thread:
    """One conversation as it is before its next turn."""

    id: str
    client: Client
    model: Priced
    effort: str
    tier: str | None
    account: Account
    key_id: str | None
    ip: str
    context: int  # tokens: at first the client's instructions and tools
    turns_left: int
    held: int = 0  # tokens that the account keeps warm


def plausible_history(
    accounts: Sequence[Account],
    now: float,
    days: int = 30,
    seed: int = 0,
    *,
    per_day: float = 250.0,
    api_key_ids: Sequence[str] = (),
) -> Iterator[Pair]:
    """About `per_day` finished requests per working day up to `now`, oldest first.

    Only accounts that are active serve; without one there is no history.
    """
    meters = Meters(accounts, _first_reset(now, days), per_day)
    if not meters.accounts:
        return
    rng = random.Random(seed)  # noqa: S311 -- a made-up past needs no secrecy
    starts = enumerate(_starts(now, days, per_day, rng))
    # In order of time, and so a heap from the start.
    waiting: list[tuple[float, int, _Thread | None]] = [(at, number, None) for number, at in starts]
    while waiting:
        at, number, begun = heapq.heappop(waiting)
        room = meters.room(at)
        if not room and rng.random() > habits.UNDETERRED:
            continue
        thread = begun or _thread(room or meters.whole(), api_key_ids, rng)
        asked = int(rng.lognormvariate(6.0, 1.1))
        thread = replace(thread, context=thread.context + asked)
        pair = _exchange(thread, at, room, rng)
        if pair[1].closed_at_ms > now * 1000:
            continue
        yield pair
        meters.charge(*pair)
        thread = _after(thread, pair[1], meters.accounts)
        if thread.turns_left:
            at = pair[1].closed_at_ms / 1000 + rng.expovariate(1 / THINKING_S)
            heapq.heappush(waiting, (at, number, thread))


def plausible_samples(
    accounts: Sequence[Account],
    past: Iterable[Pair],
    now: float,
    days: int = 30,
    *,
    per_day: float = 250.0,
) -> Iterator[QuotaSample]:
    """What a look at the quota now and then would have shown while `past` was served.

    The arguments are those that `past` was made with.
    """
    look = now - days * DAY_S
    meters = Meters(accounts, _first_reset(now, days), per_day)
    for pair in past:
        while look < pair[0].opened_at_ms / 1000:
            yield from meters.samples(look)
            look += SAMPLED_S
        meters.charge(*pair)
    while look < now:
        yield from meters.samples(look)
        look += SAMPLED_S
    yield from meters.samples(now)


def _first_reset(now: float, days: int) -> float:
    """The first midnight at which those weekly windows begin that have something left now.

    They are spent in four working days.
    """
    today, first = int(now // DAY_S), int((now - days * DAY_S) // DAY_S) + 1
    begin = _BEGINS[(today + THURSDAY) % 7]
    return float((first + (begin - THURSDAY - first) % 7) * DAY_S)


def _starts(now: float, days: int, per_day: float, rng: random.Random) -> Iterator[float]:
    """When conversations begin, in order."""
    per_hour = [share / sum(habits.HOURS) * per_day / TURNS_ON_AVERAGE for share in habits.HOURS]
    first_hour = int((now - days * DAY_S) // 3600)
    for hour in range(first_hour, int(now // 3600) + 1):
        weekday = (hour // 24 + THURSDAY) % 7
        rate = per_hour[hour % 24] * (habits.WEEKEND if weekday > FRIDAY else 1.0)
        count = int(rate) + (rng.random() < rate % 1)
        yield from sorted(hour * 3600 + rng.random() * 3600 for _ in range(count))


def _thread(room: Room, keys: Sequence[str], rng: random.Random) -> _Thread:
    client = _pick(habits.CLIENTS, [c.weight for c in habits.CLIENTS], rng)
    model = _pick(habits.MODELS, [m.weight for m in habits.MODELS], rng)
    return _Thread(
        id=_id(rng),
        client=client,
        model=model,
        effort=rng.choice(model.efforts),
        tier="priority" if rng.random() < habits.PRIORITY_SHARE else None,
        account=_some_account(room, rng),
        key_id=rng.choice(keys) if keys else None,
        ip="127.0.0.1",
        context=rng.randint(1_500, 14_000),
        turns_left=min(MOST_TURNS, 1 + int(rng.gammavariate(3, (TURNS_ON_AVERAGE - 0.5) / 3))),
    )


def _after(thread: _Thread, receipt: Receipt, accounts: Sequence[Account]) -> _Thread:
    """The conversation goes on where it was served; refused by the whole pool, it ends."""
    turns_left = 0 if receipt.error_code == habits.SPENT.code else thread.turns_left - 1
    thread = replace(thread, turns_left=turns_left)
    if receipt.usage is None:
        return thread
    [account] = [account for account in accounts if account.id == receipt.account_id]
    context = thread.context + receipt.usage.output_tokens
    return replace(thread, account=account, held=thread.context, context=context)


def _usage(thread: _Thread, rng: random.Random) -> Usage:
    """Tokens of one turn; what was sent before is mostly cached, in steps of 128."""
    visible = 1 + int(rng.lognormvariate(5.2, 0.9))
    reasoning = int(visible * habits.REASONING[thread.effort])
    cached = thread.held // 128 * 128 if thread.held >= 1024 and rng.random() < 0.95 else 0  # noqa: PLR2004 -- the cache's own rule, and a miss now and then
    return Usage(thread.context, visible + reasoning, cached, reasoning)


def _exchange(thread: _Thread, at: float, room: Room, rng: random.Random) -> Pair:
    opened = OpenedRequest(
        id=_id(rng),
        opened_at_ms=int(at * 1000),
        endpoint="responses",
        transport=thread.client.transport,
        model=thread.model.slug,
        effort=thread.effort if thread.client.names_effort else None,
        service_tier=thread.tier,
        api_key_id=thread.key_id,
        conversation_id=thread.id if thread.client.names_conversation else None,
        user_agent=thread.client.user_agent,
        client_ip=thread.ip,
    )
    return opened, _receipt(thread, opened, room, rng)


def _receipt(thread: _Thread, opened: OpenedRequest, room: Room, rng: random.Random) -> Receipt:
    if not room:
        return _failed(thread, opened, habits.SPENT, rng)
    others = [(account, left) for account, left in room if account.id != thread.account.id]
    if len(others) == len(room):
        return _saved(thread, opened, habits.SPENT, others, rng)
    chance = rng.random()
    if chance < habits.SEEN_SHARE:
        return _failed(thread, opened, _mishap(habits.SEEN, rng), rng)
    chance -= habits.SEEN_SHARE
    if chance < habits.CANCELLED_SHARE:
        return _cancelled(_served(thread, opened, _usage(thread, rng), (), rng), rng)
    chance -= habits.CANCELLED_SHARE
    if chance < habits.HIDDEN_SHARE and others:
        return _saved(thread, opened, _mishap(habits.HIDDEN, rng), others, rng)
    return _served(thread, opened, _usage(thread, rng), (), rng)


def _saved(
    thread: _Thread,
    opened: OpenedRequest,
    mishap: Mishap,
    others: Room,
    rng: random.Random,
) -> Receipt:
    """Another account served after the conversation's own had failed; nothing is warm there."""
    first = _failed_attempt(thread, mishap, rng)
    cold = replace(thread, account=_some_account(others, rng), held=0)
    return _served(cold, opened, _usage(cold, rng), (first,), rng)


def _served(
    thread: _Thread,
    opened: OpenedRequest,
    usage: Usage,
    before: tuple[Attempt, ...],
    rng: random.Random,
) -> Receipt:
    lost_ms = sum(attempt.took_ms for attempt in before)
    first_ms = lost_ms + int(rng.lognormvariate(7.0, 0.4)) + usage.reasoning_tokens * 8
    duration_ms = first_ms + int(usage.output_tokens / rng.uniform(60, 140) * 1000)
    reason = "capacity_weighted" if before or not usage.cached_tokens else "affinity"
    attempt = Attempt(thread.account.id, reason, lost_ms, duration_ms - lost_ms, 200, None, "relay")
    return Receipt(
        id=opened.id,
        status="success",
        closed_at_ms=opened.opened_at_ms + duration_ms,
        account_id=thread.account.id,
        plan=thread.account.identity.plan,
        http_status=200,
        upstream_status=200,
        actual_service_tier=thread.tier or "default",
        response_id=f"resp_{_id(rng)}",
        usage=usage,
        cost=_cost(thread, usage),
        attempts=(*before, attempt),
        first_event_ms=first_ms,
        duration_ms=duration_ms,
    )


def _cancelled(receipt: Receipt, rng: random.Random) -> Receipt:
    """The client left in mid-stream: no usage is known."""
    first_ms = receipt.first_event_ms or 0
    duration_ms = first_ms + int((receipt.duration_ms - first_ms) * rng.random())
    [attempt] = receipt.attempts
    return replace(
        receipt,
        status="cancelled",
        closed_at_ms=receipt.closed_at_ms - receipt.duration_ms + duration_ms,
        error_code="client_disconnected",
        error_message="The client closed the connection.",
        actual_service_tier=None,
        usage=None,
        cost=None,
        attempts=(replace(attempt, took_ms=duration_ms),),
        duration_ms=duration_ms,
    )


def _failed(thread: _Thread, opened: OpenedRequest, mishap: Mishap, rng: random.Random) -> Receipt:
    attempt = replace(_failed_attempt(thread, mishap, rng), verdict="relay")
    return Receipt(
        id=opened.id,
        status="error",
        closed_at_ms=opened.opened_at_ms + attempt.took_ms,
        account_id=thread.account.id,
        plan=thread.account.identity.plan,
        http_status=mishap.status,
        error_code=mishap.code,
        error_message=mishap.message,
        upstream_status=mishap.status,
        attempts=(attempt,),
        duration_ms=attempt.took_ms,
    )


def _failed_attempt(thread: _Thread, mishap: Mishap, rng: random.Random) -> Attempt:
    return Attempt(
        account_id=thread.account.id,
        reason="affinity",
        started_ms=0,
        took_ms=int(rng.lognormvariate(5.8, 0.5)),
        status=mishap.status,
        code=mishap.code,
        verdict="next",
        detail=mishap.message,
    )


def _cost(thread: _Thread, usage: Usage) -> Cost:
    factor = habits.PRIORITY_FACTOR if thread.tier == "priority" else 1.0
    fresh = usage.input_tokens - usage.cached_tokens
    return Cost(
        input_micros=math.ceil(fresh * thread.model.input * factor),
        cached_micros=math.ceil(usage.cached_tokens * thread.model.cached * factor),
        output_micros=math.ceil(usage.output_tokens * thread.model.output * factor),
    )


def _some_account(room: Room, rng: random.Random) -> Account:
    return _pick([account for account, _ in room], [left for _, left in room], rng)


def _mishap(among: Sequence[Mishap], rng: random.Random) -> Mishap:
    return _pick(among, [mishap.weight for mishap in among], rng)


def _pick(among: Sequence[T], weights: Sequence[float], rng: random.Random) -> T:
    return rng.choices(among, weights)[0]


def _id(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"
