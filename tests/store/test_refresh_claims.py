"""A refresh token is taken to the login host by one process, and by none after one that ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from codex_lb.core.model import Credential, Identity
from codex_lb.store import Store
from codex_lb.store.refresh_claims import SURE_AFTER_S

NOW = 1_800_000_000.0
LATER = NOW + SURE_AFTER_S
ALICE = Identity("acc-1", "user-1", "alice@example.com", "plus")
OLD = Credential("access-1", "refresh-1", "id", NOW + 3600, NOW)
NEW = replace(OLD, access_token="access-2", refresh_token="refresh-2")

Open = Callable[[], Awaitable[Store]]


@pytest_asyncio.fixture
async def first(open_store: Open) -> Store:
    """A process whose store holds Alice's account."""
    store = await open_store()
    await store.put_account("a", ALICE, OLD, now=NOW)
    return store


@pytest_asyncio.fixture
async def replicas(postgres_url: str, data_dir: Path) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes on one database, which holds Alice's account."""
    key_file = data_dir / "encryption.key"
    one = await Store.open(postgres_url, data_dir, key_file, clock=lambda: NOW)
    await one.put_account("a", ALICE, OLD, now=NOW)
    other = await Store.open(postgres_url, data_dir, key_file, clock=lambda: NOW)
    yield one, other
    await one.close()
    await other.close()


async def replaced(store: Store) -> bool:
    return await store.replace_credential(
        "a", expected_refresh_token="refresh-1", credential=NEW
    )  # fmt: skip


async def test_a_token_that_nobody_has_taken_is_claimed(first: Store) -> None:
    assert await first.claim_refresh("a", "refresh-1", now=NOW) == "claimed"


async def test_a_process_may_claim_again_what_it_has_claimed(first: Store) -> None:
    await first.claim_refresh("a", "refresh-1", now=NOW)
    assert await first.claim_refresh("a", "refresh-1", now=LATER) == "claimed"


async def test_who_holds_an_old_token_gets_the_stored_credential(first: Store) -> None:
    assert await first.claim_refresh("a", "refresh-0", now=NOW) == OLD


async def test_an_account_without_a_credential_is_gone(first: Store) -> None:
    assert await first.claim_refresh("b", "refresh-1", now=NOW) == "gone"


async def test_an_account_that_is_deleted_takes_its_claim_with_it(first: Store) -> None:
    await first.claim_refresh("a", "refresh-1", now=NOW)
    assert await first.delete_account("a", delete_history=False)
    assert await first.claim_refresh("a", "refresh-1", now=NOW) == "gone"


async def test_what_a_process_that_ended_had_claimed_is_in_doubt(
    first: Store, open_store: Open
) -> None:
    await first.claim_refresh("a", "refresh-1", now=NOW)
    await first.close()
    second = await open_store()
    assert await second.claim_refresh("a", "refresh-1", now=LATER) == "in_doubt"
    assert await second.claim_refresh("a", "refresh-1", now=LATER + 1e6) == "in_doubt"


async def answered(store: Store) -> None:
    assert await replaced(store)


async def refused(store: Store) -> None:
    await store.release_refresh("a", "refresh-1")


async def signed_in(store: Store) -> None:
    await store.put_account("a", ALICE, OLD, now=NOW)


@pytest.mark.parametrize(
    ("settle", "token"),
    [
        pytest.param(answered, "refresh-2", id="by its answer"),
        pytest.param(refused, "refresh-1", id="by its refusal"),
        pytest.param(signed_in, "refresh-1", id="by a new sign-in"),
    ],
)
async def test_a_claim_is_ended(
    first: Store, open_store: Open, settle: Callable[[Store], Awaitable[None]], token: str
) -> None:
    await first.claim_refresh("a", "refresh-1", now=NOW)
    await settle(first)
    await first.close()
    second = await open_store()
    assert await second.claim_refresh("a", token, now=LATER) == "claimed"


async def test_a_new_sign_in_ends_a_doubt(first: Store, open_store: Open) -> None:
    await first.claim_refresh("a", "refresh-1", now=NOW)
    await first.close()
    second = await open_store()
    await second.put_account("a", ALICE, NEW, now=NOW)
    assert await second.claim_refresh("a", "refresh-2", now=LATER) == "claimed"


async def test_what_a_living_process_has_claimed_is_left_to_it(
    replicas: tuple[Store, Store],
) -> None:
    one, other = replicas
    assert await one.claim_refresh("a", "refresh-1", now=NOW) == "claimed"
    assert await other.claim_refresh("a", "refresh-1", now=LATER) == "busy"
    await other.release_refresh("a", "refresh-1")  # which is not its own
    assert await other.claim_refresh("a", "refresh-1", now=LATER) == "busy"
    assert await replaced(one)
    assert await other.claim_refresh("a", "refresh-1", now=LATER) == NEW


async def test_of_many_at_once_one_claims(replicas: tuple[Store, Store]) -> None:
    claims = await asyncio.gather(
        *(store.claim_refresh("a", "refresh-1", now=NOW) for store in replicas)
    )
    assert sorted(map(str, claims)) == ["busy", "claimed"]


async def test_a_process_is_not_taken_for_ended_while_it_may_be_getting_its_lock_back(
    replicas: tuple[Store, Store],
) -> None:
    one, other = replicas
    await one.claim_refresh("a", "refresh-1", now=NOW)
    await one.close()
    assert await other.claim_refresh("a", "refresh-1", now=LATER - 1) == "busy"
    assert await other.claim_refresh("a", "refresh-1", now=LATER) == "in_doubt"
