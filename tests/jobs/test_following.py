"""Following what other replicas set: on and on, also while the database is gone."""

import asyncio

import pytest
from structlog.testing import capture_logs

from codex_lb.jobs.following import follow
from codex_lb.store import StoreError


async def test_a_database_that_fails_is_asked_again_and_told_of_once() -> None:
    answers = iter([StoreError("gone"), StoreError("gone"), None])
    back = asyncio.Event()

    async def look() -> None:
        answer = next(answers, None)
        if answer is not None:
            raise answer
        back.set()

    with capture_logs() as lines:
        following = asyncio.ensure_future(follow(look, every_s=0.0))
        async with asyncio.timeout(10):
            await back.wait()
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
    assert [line["event"] for line in lines] == ["settings not read again"]
