"""Each account is asked in its turn, and one that fails or hangs is its own trouble alone."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from codex_lb.core import errors
from codex_lb.core.errors import Signal
from codex_lb.core.model import Account, AccountState, Identity
from codex_lb.core.usage_report import UsageReport
from codex_lb.jobs.usage import UsagePoller

NOW = 1_000_000.0
REPORT = json.dumps({"plan_type": "plus", "rate_limit": {}}).encode()
FAULT = Signal(503, "server_error", "down")
REFUSED = Signal(401, "token_expired", "expired")
MISSING = Signal(404, None, "Not Found")
LOST = errors.fault("login_lost", "revoked")
CLOSED = Signal(401, "account_deactivated", "closed", code="account_deactivated")


def account(name: str, state: AccountState = "active") -> Account:
    return Account(name, Identity(name, None, f"{name}@x.org", "plus"), state, None, NOW, NOW, None)


@dataclass
class Pool:
    """What the poller is told to ask, and what it tells."""

    members: list[Account]
    reports: list[str] = field(default_factory=list)
    states: list[tuple[str, AccountState, str | None]] = field(default_factory=list)

    def accounts(self) -> list[Account]:
        return self.members

    def reported(self, account_id: str, report: UsageReport) -> None:
        assert report.plan == "plus"
        self.reports.append(account_id)

    def set_state(self, account_id: str, state: AccountState, reason: str | None) -> None:
        self.states.append((account_id, state, reason))


@dataclass
class Time:
    """A clock that moves only when `pass_` is called, and wakes those whose time has come."""

    now: float = NOW
    sleepers: list[tuple[float, "asyncio.Future[None]"]] = field(default_factory=list)
    slept: "asyncio.Queue[float]" = field(default_factory=asyncio.Queue)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.now + seconds, woken))
        self.slept.put_nowait(seconds)
        await woken

    async def pass_(self, seconds: float) -> None:
        end = self.now + seconds
        await settle()
        while due := [s for s in self.sleepers if s[0] <= end and not s[1].done()]:
            at, woken = min(due, key=lambda sleeper: sleeper[0])
            self.now = max(self.now, at)
            woken.set_result(None)
            await settle()
        self.now = end


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


Answer = bytes | Signal | Callable[[], Awaitable[bytes]]


@dataclass
class Upstream:
    """Answers in turn, then with a report; `asked` says when which account was asked."""

    time: Time
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[float, str]] = field(default_factory=list)

    async def fetch(self, account: Account) -> bytes | Signal:
        self.asked.append((self.time.now - NOW, account.id))
        waiting = self.answers.get(account.id)
        answer = waiting.pop(0) if waiting else REPORT
        return await answer() if callable(answer) else answer


@dataclass
class Scene:
    pool: Pool
    time: Time
    upstream: Upstream
    poller: UsagePoller

    def asked(self, name: str) -> list[float]:
        return [at for at, who in self.upstream.asked if who == name]


@asynccontextmanager
async def polling(
    *members: Account, answers: dict[str, list[Answer]] | None = None, patience_s: float = 60
) -> AsyncIterator[Scene]:
    time = Time()
    pool, upstream = Pool(list(members)), Upstream(time, answers or {})
    poller = UsagePoller(
        pool, upstream.fetch, time.clock, interval_s=60, sleep=time.sleep, patience_s=patience_s
    )
    async with asyncio.TaskGroup() as group:
        work = group.create_task(poller.run())
        await settle()
        yield Scene(pool, time, upstream, poller)
        work.cancel()


def never() -> Callable[[], Awaitable[bytes]]:
    async def hang() -> bytes:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    return hang


async def test_accounts_take_turns_evenly_over_the_interval() -> None:
    async with polling(account("a"), account("b"), account("c")) as scene:
        await scene.time.pass_(119)
    assert scene.upstream.asked == [
        (0, "a"), (20, "b"), (40, "c"), (60, "a"), (80, "b"), (100, "c"),
    ]  # fmt: skip
    assert scene.pool.reports == ["a", "b", "c"] * 2


@pytest.mark.parametrize("state", ["paused", "reauth_required", "deactivated"])
async def test_only_accounts_in_service_are_asked(state: AccountState) -> None:
    async with polling(account("a", state), account("b")) as scene:
        scene.poller.poll_soon("a")
        scene.poller.poll_soon("unknown")
        await scene.time.pass_(130)
    assert scene.upstream.asked == [(0, "b"), (60, "b"), (120, "b")]


@pytest.mark.parametrize(
    ("answers", "times"),
    [
        pytest.param([FAULT, FAULT, FAULT, FAULT], [0, 0.5, 2.5], id="three times a round"),
        pytest.param([Signal(429), REPORT], [0, 0.5], id="until it works"),
        pytest.param([Signal(0, "connect_failed")], [0, 0.5], id="no reply"),
        pytest.param([MISSING], [0], id="an answer is an answer"),
        pytest.param([REFUSED], [0], id="a refused login"),
        pytest.param([LOST], [0], id="a lost login"),
        pytest.param([b"<html>"], [0], id="no report"),
    ],
)
async def test_what_may_pass_is_asked_again(answers: list[Answer], times: list[float]) -> None:
    async with polling(account("a"), answers={"a": answers}) as scene:
        await scene.time.pass_(59)
    assert scene.asked("a") == times


@pytest.mark.parametrize(
    "answer", [REFUSED, LOST, Signal(403)], ids=["refused", "lost", "forbidden"]
)
async def test_a_refused_login_is_left_alone_for_a_while(answer: Signal) -> None:
    async with polling(account("a"), account("b"), answers={"a": [answer]}) as scene:
        await scene.time.pass_(340)
    assert scene.asked("a") == [0, 330]
    assert scene.asked("b") == [30, 90, 150, 210, 270]
    assert scene.pool.states == []


async def test_one_that_hangs_holds_up_nobody_and_is_not_asked_twice() -> None:
    async with polling(account("a"), account("b"), answers={"a": [never()]}) as scene:
        await scene.time.pass_(179)
    assert scene.asked("a") == [0]
    assert {30, 90, 150} <= set(scene.asked("b"))
    assert scene.pool.reports == ["b"] * len(scene.asked("b"))


async def test_a_silence_has_an_end_and_counts_as_no_reply() -> None:
    async with polling(account("a"), answers={"a": [never()]}, patience_s=0.01) as scene:
        while await scene.time.slept.get() != 0.5:  # the pause before the second call
            pass
        await scene.time.pass_(1)
    assert scene.asked("a") == [0, 0.5]
    assert scene.pool.reports == ["a"]


async def test_soon_is_at_once() -> None:
    async with polling(account("a"), account("b"), answers={"a": [REFUSED]}) as scene:
        await scene.time.pass_(5)
        scene.poller.poll_soon("a")  # signed in anew
        await scene.time.pass_(1)
        scene.pool.members.append(account("c"))
        scene.poller.poll_soon("c")
        await scene.time.pass_(1)
    assert scene.upstream.asked == [(0, "a"), (5, "a"), (6, "c")]
    assert scene.pool.reports == ["a", "c"]


async def test_soon_during_a_poll_asks_once_more_after_it() -> None:
    gate = asyncio.Event()

    async def slow() -> bytes:
        await gate.wait()
        return REPORT

    async with polling(account("a"), answers={"a": [slow]}) as scene:
        scene.poller.poll_soon("a")
        scene.poller.poll_soon("a")
        await settle()
        assert scene.asked("a") == [0]
        gate.set()
        await settle()
    assert scene.asked("a") == [0, 0]


async def test_a_closed_account_is_told_to_the_pool() -> None:
    async with polling(account("a"), answers={"a": [CLOSED]}) as scene:
        await settle()
    assert scene.pool.states == [("a", "deactivated", "HTTP 401: account_deactivated: closed")]


async def test_trouble_is_logged_when_it_begins_changes_and_ends() -> None:
    answers: list[Answer] = [MISSING, MISSING, b"<html>", b"<html>", REPORT, REPORT]
    with capture_logs() as lines:
        async with polling(account("a"), answers={"a": answers}) as scene:
            await scene.time.pass_(330)
    assert [(line["event"], line.get("answer")) for line in lines] == [
        ("usage not read", "HTTP 404: Not Found"),
        ("usage not read", "not a usage report"),
        ("usage read again", None),
    ]


async def test_an_error_of_ours_ends_neither_its_account_s_turns_nor_others() -> None:
    async def broken() -> bytes:
        raise RuntimeError

    async with polling(account("a"), account("b"), answers={"a": [broken]}) as scene:
        await scene.time.pass_(61)
    assert scene.upstream.asked == [(0, "a"), (30, "b"), (60, "a")]


async def test_an_empty_pool_is_looked_at_again_each_interval() -> None:
    async with polling() as scene:
        await scene.time.pass_(61)
        scene.pool.members.append(account("a"))
        await scene.time.pass_(60)
    assert scene.asked("a") == [120]
