"""Credentials are renewed before anybody needs it, a few at a time, and patiently."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
import pytest_asyncio
from tests.proxy.harness import Shelf

from codex_lb.core.errors import Signal, read_reply
from codex_lb.core.model import Account, AccountState, Credential, Identity
from codex_lb.jobs.credentials import AT_ONCE, AheadOfNeed
from codex_lb.upstream.credentials import Credentials
from codex_lb.upstream.oauth import Refused

NOW = 1_800_000_000.0
DAY_S = 86_400.0
FOR_GOOD = read_reply(400, b'{"error":"invalid_grant"}')
FOR_NOW = read_reply(503, b"")


@dataclass
class Scene:
    """A pool of accounts, its store, and the login host."""

    group: asyncio.TaskGroup
    now: float = NOW
    refusal: Signal | None = None
    accounts: dict[str, Account] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)
    asked: list[str] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    def add(self, name: str, *, age_s: float, state: AccountState = "active") -> None:
        identity = Identity(name, None, f"{name}@example.com", "plus")
        self.accounts[name] = Account(name, identity, state, None, NOW, NOW, None)
        self.shelf.kept[name] = Credential(f"{name} 1", f"{name} 1", "id", None, NOW - age_s)

    async def refresh(self, stale: Credential) -> Credential | Refused:
        self.asked.append(stale.refresh_token)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.refusal is not None:
            return Refused(self.refusal)
        name, number = stale.refresh_token.split()
        token = f"{name} {int(number) + 1}"
        return Credential(token, token, "id", None, self.now)

    def __post_init__(self) -> None:
        self.credentials = Credentials(
            self.shelf, self.refresh, self.group.create_task, lambda: self.now
        )
        self.job = AheadOfNeed(
            self.accounts.values, self.credentials, lambda: self.now, interval_s=8 * DAY_S
        )


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    async with asyncio.TaskGroup() as group:
        yield Scene(group)


@pytest.mark.parametrize(
    ("state", "age_s", "is_renewed"),
    [
        pytest.param("active", 9 * DAY_S, True, id="an old one is renewed"),
        pytest.param("paused", 9 * DAY_S, True, id="and of a paused account too"),
        pytest.param("active", DAY_S, False, id="a young one is not"),
        pytest.param("reauth_required", 9 * DAY_S, False, id="nor one that was lost"),
        pytest.param("deactivated", 9 * DAY_S, False, id="nor one that ChatGPT has closed"),
    ],
)
async def test_a_credential_is_renewed_ahead(
    scene: Scene, state: AccountState, age_s: float, is_renewed: bool
) -> None:
    scene.add("a", age_s=age_s, state=state)
    for _ in range(2):
        await scene.job.round()
    assert scene.asked == (["a 1"] if is_renewed else [])
    assert scene.shelf.kept["a"].refresh_token == ("a 2" if is_renewed else "a 1")


async def test_a_round_renews_three_at_a_time_the_longest_due_first(scene: Scene) -> None:
    for number in range(7):
        scene.add(f"account-{number}", age_s=(10 + 2 * number) * DAY_S)
    await scene.job.round()
    assert sorted(scene.asked) == ["account-4 1", "account-5 1", "account-6 1"]
    for _ in range(3):
        await scene.job.round()
    assert len(scene.asked) == 7
    assert scene.most_under_way == AT_ONCE == 3


async def test_a_failure_that_may_pass_is_repeated_ever_more_slowly(scene: Scene) -> None:
    scene.add("a", age_s=9 * DAY_S)
    scene.refusal = FOR_NOW
    await scene.job.round()
    for wait_s in (300, 600, 1200, 2400, 3600, 3600):
        scene.now += wait_s - 1
        asked = len(scene.asked)
        await scene.job.round()
        assert len(scene.asked) == asked
        scene.now += 1
        await scene.job.round()
        assert len(scene.asked) == asked + 1
    scene.refusal = None
    scene.now += 3600
    await scene.job.round()
    assert scene.shelf.kept["a"].refresh_token == "a 2"


async def test_a_failure_keeps_no_other_account_waiting(scene: Scene) -> None:
    for name in "abcd":
        scene.add(name, age_s=9 * DAY_S)
    scene.refusal = FOR_NOW
    await scene.job.round()
    await scene.job.round()
    assert sorted(scene.asked) == ["a 1", "b 1", "c 1", "d 1"]


async def test_what_is_refused_for_good_is_not_asked_again_before_a_new_sign_in(
    scene: Scene,
) -> None:
    scene.add("a", age_s=9 * DAY_S, state="paused")
    scene.refusal = FOR_GOOD
    await scene.job.round()
    scene.now *= 2
    await scene.job.round()
    assert scene.asked == ["a 1"]


async def test_a_new_sign_in_ends_a_failure(scene: Scene) -> None:
    scene.add("a", age_s=9 * DAY_S)
    scene.refusal = FOR_GOOD
    await scene.job.round()
    scene.shelf.kept["a"] = replace(scene.shelf.kept["a"], access_token="new", refresh_token="a 5")
    scene.credentials.forget("a")
    await scene.job.round()
    assert scene.asked == ["a 1", "a 5"]


async def test_an_account_without_a_credential_is_passed_over(scene: Scene) -> None:
    scene.add("a", age_s=9 * DAY_S)
    scene.add("b", age_s=9 * DAY_S)
    del scene.shelf.kept["a"]
    await scene.job.round()
    assert scene.asked == ["b 1"]
