"""Renewing a credential: once for all who ask, never for ever, and never against the operator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio
from tests.upstream.shelf import Shelf

from codex_lb.core import errors
from codex_lb.core.model import Credential
from codex_lb.upstream.credentials import Credentials, LoginLostError
from codex_lb.upstream.oauth import Refused

NOW = 1_000.0
OLD = Credential("old-access", "old-refresh", "id", NOW, NOW - 3600)
NEW = replace(OLD, access_token="new-access", refresh_token="new-refresh", expires_at=NOW + 3600)

Refresh = Callable[[Credential], Awaitable[Credential | Refused]]


@pytest_asyncio.fixture
async def group() -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.TaskGroup() as group:
        yield group


def credentials(shelf: Shelf, refresh: Refresh, group: asyncio.TaskGroup) -> Credentials:
    return Credentials(
        shelf, refresh, group.create_task, lambda: NOW, wait_s=0.02, give_up_s=0.04
    )  # fmt: skip


async def never(credential: Credential) -> Credential | Refused:
    del credential
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def test_a_silent_login_host_makes_the_account_rest(group: asyncio.TaskGroup) -> None:
    with pytest.raises(LoginLostError) as caught:
        await credentials(Shelf(OLD), never, group).fresh("a")
    verdict = caught.value.verdict
    assert verdict.block is not None
    assert (verdict.block.kind, verdict.state, verdict.transient) == ("fault", None, True)


async def test_a_renewal_that_hangs_is_given_up_and_begun_again(group: asyncio.TaskGroup) -> None:
    asked = 0

    async def refresh(credential: Credential) -> Credential | Refused:
        nonlocal asked
        asked += 1
        return NEW if asked > 1 else await never(credential)

    renewing = credentials(Shelf(OLD), refresh, group)
    with pytest.raises(LoginLostError):
        await renewing.fresh("a")
    async with asyncio.timeout(2):
        while True:
            try:
                assert await renewing.fresh("a") == NEW
                break
            except LoginLostError:
                assert asked == 1
    assert asked == 2


async def test_a_refusal_does_not_count_against_a_sign_in_that_came_meanwhile(
    group: asyncio.TaskGroup,
) -> None:
    shelf = Shelf(OLD)

    async def refresh(credential: Credential) -> Credential | Refused:
        del credential
        shelf.kept = NEW  # the operator imports the account again
        return Refused(errors.read_reply(400, b'{"error": "invalid_grant"}'))

    assert await credentials(shelf, refresh, group).fresh("a") == NEW


async def test_a_refusal_asks_for_a_sign_in(group: asyncio.TaskGroup) -> None:
    async def refresh(credential: Credential) -> Credential | Refused:
        del credential
        return Refused(errors.read_reply(400, b'{"error": "invalid_grant"}'))

    with pytest.raises(LoginLostError) as caught:
        await credentials(Shelf(OLD), refresh, group).fresh("a")
    assert caught.value.verdict.state == "reauth_required"
