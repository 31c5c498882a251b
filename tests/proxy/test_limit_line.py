"""Waiting for what others hold: one asks at a time, and nobody waits for ever."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from codex_lb.core.limits import Limit, Rule, Spend, Verdict
from codex_lb.proxy.limit_line import LimitLine

NOW = 1_800_000_000.0
NEED = Spend(1, 2, 3)
SPENT = Limit(1, Rule("total_tokens", "daily", 1), 1, 0, NOW)


@dataclass
class Keys:
    """Says `verdict` to whoever asks, and counts who asks at the same time."""

    verdict: Verdict
    asked: list[str] = field(default_factory=list)

    async def reserve(
        self,
        key_id: str,
        request_id: str,
        *,
        model: str,
        estimate: Callable[[float | None], Spend],
        now: float,
    ) -> Verdict:
        assert (model, estimate(None), now) == ("m", NEED, NOW)
        self.asked.append(f"{key_id} {request_id}")
        return self.verdict


@dataclass
class Pauses:
    """Each pause ends when the test says so."""

    count: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _seconds: float) -> None:
        self.count += 1
        self.begun.set()
        await self.over.wait()


async def ask(line: LimitLine, request_id: str, *, wait_s: float = 60, key: str = "k") -> Verdict:
    return await line.reserve(key, request_id, model="m", estimate=lambda _: NEED, wait_s=wait_s)


async def test_what_fits_or_is_spent_is_known_at_once() -> None:
    for verdict in (NEED, SPENT, "unpriced"):
        keys = Keys(verdict)
        assert await ask(LimitLine(keys, lambda: NOW), "r") == verdict
        assert keys.asked == ["k r"]


async def test_of_those_who_wait_one_asks_again() -> None:
    keys, pauses = Keys("wait"), Pauses()
    line = LimitLine(keys, lambda: NOW, pause=pauses)
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(ask(line, f"r{n}")) for n in range(20)]
        await pauses.begun.wait()
        assert keys.asked == ["k r0", *(f"k r{n}" for n in range(20))]
        assert pauses.count == 1
        keys.verdict = NEED
        pauses.over.set()
    assert [task.result() for task in waiting] == [NEED] * 20
    assert keys.asked[21:] == [f"k r{n}" for n in range(20)]  # in the order of their coming


async def test_each_key_has_a_line_of_its_own() -> None:
    keys, pauses = Keys("wait"), Pauses()
    line = LimitLine(keys, lambda: NOW, pause=pauses)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(ask(line, "r", key="a"))
        await pauses.begun.wait()
        keys.verdict = SPENT
        assert await ask(line, "s", key="b") == SPENT
        pauses.over.set()
    assert waiting.result() == SPENT


async def test_nobody_waits_longer_than_said() -> None:
    keys, pauses = Keys("wait"), Pauses()
    line = LimitLine(keys, lambda: NOW, pause=pauses)
    assert await ask(line, "first", wait_s=-1) == "wait"
    async with asyncio.TaskGroup() as group:
        head = group.create_task(ask(line, "head"))
        await pauses.begun.wait()
        assert await ask(line, "behind", wait_s=0) == "wait"
        head.cancel()
    keys.verdict = NEED
    assert await ask(line, "next") == NEED
