"""A refresh token leaves the process only when the store has it down as ours."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
import pytest_asyncio
from tests.upstream.shelf import Heard, Shelf

from codex_lb.core.errors import Signal, fault, read_reply
from codex_lb.core.model import Credential
from codex_lb.upstream.credentials import Credentials, LoginLostError
from codex_lb.upstream.oauth import Refused

NOW = 1_000.0
OLD = Credential("access-1", "refresh-1", "id", NOW + 3600, NOW - 3600)
ENDING = replace(OLD, expires_at=NOW + 30)
NEW = Credential("access-2", "refresh-2", "id", NOW + 3600, NOW)
LOST = "reauth_required a renewal was interrupted; sign in again"


@dataclass
class LoginHost:
    answer: Credential | Signal = NEW
    asked: list[str] = field(default_factory=list)

    async def refresh(self, stale: Credential) -> Credential | Refused:
        self.asked.append(stale.refresh_token)
        return Refused(self.answer) if isinstance(self.answer, Signal) else self.answer


@dataclass
class Scene:
    credentials: Credentials
    shelf: Shelf
    host: LoginHost
    heard: Heard


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    shelf, host, heard = Shelf(OLD), LoginHost(), Heard()
    async with asyncio.TaskGroup() as group:
        credentials = Credentials(
            shelf, host.refresh, group.create_task, lambda: NOW, observer=heard, wait_s=60
        )
        yield Scene(credentials, shelf, host, heard)


async def lost(scene: Scene) -> LoginLostError:
    with pytest.raises(LoginLostError) as caught:
        await scene.credentials.renew("a", OLD)
    return caught.value


async def test_a_renewal_is_told_and_ends_its_claim(scene: Scene) -> None:
    assert await scene.credentials.renew("a", OLD) == NEW
    assert scene.shelf.claimed is None
    assert scene.heard.news == [("a", "renewed refresh-2")]


async def test_what_another_process_got_is_used_and_told(scene: Scene) -> None:
    scene.shelf.answers = ["busy", NEW]
    assert await scene.credentials.renew("a", OLD) == NEW
    assert scene.host.asked == []
    assert scene.heard.news == [("a", "adopted refresh-2")]


async def test_what_another_process_gave_up_is_tried_here(scene: Scene) -> None:
    scene.shelf.answers = ["busy", "claimed"]
    assert await scene.credentials.renew("a", OLD) == NEW
    assert scene.host.asked == ["refresh-1"]


async def test_another_process_that_takes_long_makes_the_account_rest(scene: Scene) -> None:
    scene.shelf.answers = ["busy"] * 9
    async with asyncio.TaskGroup() as group:
        scene.credentials = Credentials(
            scene.shelf, scene.host.refresh, group.create_task, lambda: NOW, wait_s=0.5
        )
        error = await lost(scene)
    assert len(scene.shelf.answers) == 9 - 3
    assert (error.verdict.transient, error.verdict.state) == (True, None)
    assert scene.host.asked == []
    assert scene.heard.news == []


async def test_without_a_database_nothing_is_spent(scene: Scene) -> None:
    scene.shelf.is_down = True
    error = await lost(scene)
    assert error.verdict.block is not None
    assert (error.verdict.block.kind, error.verdict.state) == ("fault", None)
    assert scene.host.asked == []


async def test_without_a_database_a_good_credential_serves(scene: Scene) -> None:
    await scene.credentials.load(["a"])
    scene.shelf.is_down = True
    assert await scene.credentials.fresh("a") == OLD


@pytest.mark.parametrize(
    ("signal", "state"),
    [
        pytest.param(read_reply(400, b'{"error":"invalid_grant"}'), "reauth_required", id="lost"),
        pytest.param(
            read_reply(403, b'{"error":{"code":"account_deactivated"}}'), "deactivated", id="gone"
        ),
        pytest.param(read_reply(500, b'{"error":"invalid_grant"}'), None, id="a server's fault"),
        pytest.param(read_reply(429, b""), None, id="too many"),
        pytest.param(fault("connect_failed", "no"), None, id="no connection"),
        pytest.param(fault("connection_reset", "no"), None, id="the answer lost on its way"),
    ],
)
async def test_a_refusal_ends_the_claim_and_is_told_if_it_is_for_good(
    scene: Scene, signal: Signal, state: str | None
) -> None:
    scene.host.answer = signal
    assert (await lost(scene)).verdict.state == state
    assert scene.shelf.claimed is None
    assert [news.split()[0] for _, news in scene.heard.news] == ([state] if state else [])


async def test_a_refusal_stands_though_its_claim_cannot_be_ended(scene: Scene) -> None:
    scene.host.answer = read_reply(400, b'{"error":"invalid_grant"}')
    refresh = scene.host.refresh

    async def refresh_and_lose_the_database(stale: Credential) -> Credential | Refused:
        scene.shelf.is_down = True
        return await refresh(stale)

    async with asyncio.TaskGroup() as group:
        scene.credentials = Credentials(
            scene.shelf, refresh_and_lose_the_database, group.create_task, lambda: NOW
        )
        assert (await lost(scene)).verdict.state == "reauth_required"


async def test_a_token_in_doubt_is_not_sent_and_its_access_token_serves_on(scene: Scene) -> None:
    scene.shelf.answers = ["in_doubt"]
    with pytest.raises(LoginLostError) as caught:
        await scene.credentials.renew_ahead("a", OLD)
    assert caught.value.verdict.state is None
    assert await scene.credentials.fresh("a") == OLD
    assert scene.host.asked == []
    assert scene.heard.news == []


@pytest.mark.parametrize("is_ahead", [True, False], ids=["by itself", "for a request"])
async def test_a_token_in_doubt_costs_the_login_when_the_access_token_ends(
    scene: Scene, is_ahead: bool
) -> None:
    scene.shelf.kept = ENDING
    scene.shelf.answers = ["in_doubt"]
    credentials = scene.credentials
    asking = credentials.renew_ahead("a", ENDING) if is_ahead else credentials.fresh("a")
    with pytest.raises(LoginLostError):
        await asking
    assert scene.host.asked == []
    assert scene.heard.news == [("a", LOST)]


async def test_a_token_in_doubt_costs_the_login_when_the_access_token_is_refused(
    scene: Scene,
) -> None:
    scene.shelf.answers = ["busy", "in_doubt"]
    ahead = asyncio.gather(scene.credentials.renew_ahead("a", OLD), return_exceptions=True)
    await asyncio.sleep(0)
    assert (await lost(scene)).verdict.state == "reauth_required"  # it joined the one under way
    await ahead
    assert scene.heard.news == [("a", LOST)]


async def test_an_old_token_that_is_still_stored_is_not_sent_again(scene: Scene) -> None:
    scene.shelf.failures = 1
    assert await scene.credentials.renew("a", OLD) == NEW
    with pytest.raises(LoginLostError) as caught:
        await scene.credentials.renew("a", NEW)
    assert caught.value.verdict.transient
    scene.credentials.forget("a")
    with pytest.raises(LoginLostError):
        await scene.credentials.renew("a", OLD)
    assert scene.host.asked == ["refresh-1"]
    scene.credentials.close()


async def test_a_renewal_stored_late_is_told_when_it_is_stored(scene: Scene) -> None:
    scene.shelf.failures = 1
    await scene.credentials.renew("a", OLD)
    assert scene.heard.news == []
    scene.credentials.close()
    while not scene.shelf.stored:  # noqa: ASYNC110  the store has no event to wait for
        await asyncio.sleep(0)
    assert scene.heard.news == [("a", "renewed refresh-2")]


async def test_a_login_host_that_lets_the_old_token_live_is_asked_once(scene: Scene) -> None:
    scene.host.answer = replace(NEW, refresh_token="refresh-1")
    renewed = await scene.credentials.renew("a", OLD)
    assert await scene.credentials.renew("a", OLD) == renewed
    assert scene.host.asked == ["refresh-1"]
