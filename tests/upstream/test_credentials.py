"""Credentials: one renewal for all who ask, kept before use, never lost while the process lives."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from tests.upstream.shelf import Heard, Shelf

from codex_lb.core.errors import Signal, fault, read_reply
from codex_lb.core.model import Credential
from codex_lb.upstream.credentials import Credentials, LoginLostError
from codex_lb.upstream.oauth import Refused

NOW = 1_000.0


def credential(number: int, *, expires_in: float = 3_600.0) -> Credential:
    return Credential(f"access-{number}", f"refresh-{number}", "id", NOW + expires_in, NOW)


@dataclass
class LoginHost:
    """Hands out the next credential, or refuses."""

    refusal: Signal | None = None
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh(self, stale: Credential) -> Credential | Refused:
        self.asked.append(stale.refresh_token)
        await self.gate.wait()
        if self.refusal is not None:
            return Refused(self.refusal)
        return credential(int(stale.refresh_token.rpartition("-")[2]) + 1)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(credential(1))


@pytest.fixture
def host() -> LoginHost:
    host = LoginHost()
    host.gate.set()
    return host


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def credentials(shelf: Shelf, host: LoginHost, heard: Heard) -> AsyncIterator[Credentials]:
    async with asyncio.TaskGroup() as group:
        yield Credentials(shelf, host.refresh, group.create_task, lambda: NOW, observer=heard)


async def test_a_good_credential_is_used_as_it_is(
    credentials: Credentials, host: LoginHost
) -> None:
    assert await credentials.fresh("a") == credential(1)
    assert host.asked == []


@pytest.mark.parametrize(("expires_in", "renewed"), [(3_600, False), (60, True), (-5, True)])
async def test_one_about_to_expire_is_renewed_first(
    credentials: Credentials, shelf: Shelf, expires_in: float, renewed: bool
) -> None:
    shelf.kept = credential(1, expires_in=expires_in)
    assert (await credentials.fresh("a")).refresh_token == ("refresh-2" if renewed else "refresh-1")


async def test_one_that_does_not_say_when_it_ends_is_used(
    credentials: Credentials, shelf: Shelf
) -> None:
    shelf.kept = replace(credential(1), expires_at=None)
    assert (await credentials.fresh("a")).refresh_token == "refresh-1"


async def test_fifty_who_ask_are_one_renewal(credentials: Credentials, host: LoginHost) -> None:
    host.gate.clear()
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(credentials.renew("a", credential(1))) for _ in range(50)]
        await asyncio.sleep(0)
        host.gate.set()
    assert {task.result().refresh_token for task in asking} == {"refresh-2"}
    assert host.asked == ["refresh-1"]


async def test_who_asks_late_with_an_old_one_gets_the_new_one(
    credentials: Credentials, host: LoginHost
) -> None:
    old = await credentials.fresh("a")
    await credentials.renew("a", old)
    assert (await credentials.renew("a", old)).refresh_token == "refresh-2"
    assert host.asked == ["refresh-1"]


async def test_a_renewal_goes_on_when_who_wanted_it_leaves(
    credentials: Credentials, host: LoginHost, shelf: Shelf
) -> None:
    host.gate.clear()
    async with asyncio.TaskGroup() as group:
        leaving = group.create_task(credentials.renew("a", credential(1)))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        host.gate.set()
    assert (await credentials.fresh("a")).refresh_token == "refresh-2"
    assert shelf.stored == ["refresh-2"]


async def test_another_process_that_was_first_is_believed(
    credentials: Credentials, host: LoginHost, shelf: Shelf
) -> None:
    shelf.kept = credential(5)
    assert (await credentials.renew("a", credential(1))).refresh_token == "refresh-5"
    assert host.asked == []


async def test_a_sign_in_while_we_asked_is_believed(
    credentials: Credentials, host: LoginHost, shelf: Shelf
) -> None:
    host.gate.clear()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(credentials.renew("a", credential(1)))
        await asyncio.sleep(0)
        shelf.kept = credential(9)
        host.gate.set()
    assert asking.result().refresh_token == "refresh-9"


async def test_a_renewed_token_outlives_a_database_that_fails(
    credentials: Credentials, shelf: Shelf
) -> None:
    shelf.failures = 2
    renewed = await credentials.renew("a", credential(1))
    assert renewed.refresh_token == "refresh-2"
    assert (await credentials.fresh("a")).refresh_token == "refresh-2"
    async with asyncio.timeout(10):
        while shelf.stored != ["refresh-2"]:  # noqa: ASYNC110  the store has no event to wait for
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (read_reply(400, b'{"error":"invalid_grant"}'), "reauth_required"),
        (read_reply(401, b'{"error":{"code":"account_deactivated"}}'), "deactivated"),
        (read_reply(500, b'{"error":{"code":"refresh_token_expired"}}'), None),
        (fault("connection_reset", "no"), None),
    ],
    ids=["for good", "gone", "a server's fault", "no connection"],
)
async def test_refusals(
    credentials: Credentials, host: LoginHost, refusal: Signal, state: str | None
) -> None:
    host.refusal = refusal
    with pytest.raises(LoginLostError) as caught:
        await credentials.renew("a", credential(1))
    assert caught.value.verdict.state == state
    assert caught.value.verdict.transient == (state is None)


async def test_an_account_that_is_gone_has_no_credential(
    credentials: Credentials, shelf: Shelf
) -> None:
    shelf.kept = None
    with pytest.raises(LoginLostError):
        await credentials.fresh("a")


async def test_an_account_that_is_deleted_meanwhile_has_none_either(
    credentials: Credentials, host: LoginHost, shelf: Shelf
) -> None:
    host.gate.clear()

    async def delete() -> None:
        await asyncio.sleep(0)
        shelf.kept = None
        host.gate.set()

    asked, _ = await asyncio.gather(
        credentials.renew("a", credential(1)), delete(), return_exceptions=True
    )
    assert isinstance(asked, LoginLostError)


async def test_what_was_loaded_needs_no_store(credentials: Credentials, shelf: Shelf) -> None:
    await credentials.load(["a"])
    shelf.kept = None
    assert (await credentials.fresh("a")).refresh_token == "refresh-1"
    credentials.forget("a")
    with pytest.raises(LoginLostError):
        await credentials.fresh("a")


async def test_at_the_end_a_token_that_waits_for_the_database_gets_a_last_try(
    credentials: Credentials, shelf: Shelf
) -> None:
    shelf.failures = 1
    await credentials.renew("a", credential(1))
    assert shelf.stored == []
    credentials.close()
    for _ in range(20):  # turns of the loop, over long before the next try would be due
        await asyncio.sleep(0)
    assert shelf.stored == ["refresh-2"]
