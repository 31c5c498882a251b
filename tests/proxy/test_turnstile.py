"""A crowd passes in order, a few in each round of the event loop."""

import asyncio
import itertools

from codex_lb.proxy.turnstile import Turnstile


async def test_a_few_pass_at_once() -> None:
    turnstile = Turnstile(per_round=3)
    for _ in range(3):
        await turnstile.enter()  # would hang if it waited for a round that nobody starts


async def test_a_crowd_passes_in_order_and_lets_others_in_between() -> None:
    turnstile = Turnstile(per_round=3)
    passed: list[int] = []
    seen: list[int] = []

    async def visitor(number: int) -> None:
        await turnstile.enter()
        passed.append(number)

    async def passer_by() -> None:
        while len(passed) < 20:
            seen.append(len(passed))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(visitor(number))
        group.create_task(passer_by())
    assert passed == list(range(20))
    steps = [later - sooner for sooner, later in itertools.pairwise(seen)]
    assert max(steps) <= 3


async def test_one_who_leaves_the_queue_takes_no_place() -> None:
    turnstile = Turnstile(per_round=1)
    passed: list[str] = []

    async def visitor(name: str) -> None:
        await turnstile.enter()
        passed.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(visitor("first"))
        leaving = group.create_task(visitor("leaving"))
        group.create_task(visitor("last"))
        await asyncio.sleep(0)
        leaving.cancel()
    assert passed == ["first", "last"]
