"""The route of the forecast."""

from datetime import datetime

import httpx2
import pytest
from tests.dashboard.builders import NOW, FakeAccounts, FakeHistory

from codex_lb.core.model import Account, Identity, QuotaSample, QuotaWindow

DAY_S = 86_400.0
WEEK = 10_080


def steady(account_id: str, days: int, per_day: float) -> list[QuotaSample]:
    """Readings each half hour of a week that is used evenly and reset in time."""
    samples = []
    for step in range(days * 48):
        at = NOW - days * DAY_S + step * 1_800
        began = at - (at - (NOW - 3 * DAY_S)) % (7 * DAY_S)
        used = min(1.0, (at - began) / DAY_S * per_day)
        samples.append(QuotaSample(account_id, WEEK, at, used, began + 7 * DAY_S))
    return samples


def account(account_id: str, used: float) -> Account:
    identity = Identity(account_id, None, f"{account_id}@example.com", "plus")
    week = QuotaWindow(WEEK, used, NOW + 4 * DAY_S, NOW, "usage")
    return Account(account_id, identity, "active", None, NOW, NOW, None, (week,))


async def test_a_pool_that_runs_dry_is_told_when(
    client: httpx2.AsyncClient, accounts: FakeAccounts, history: FakeHistory
) -> None:
    accounts.add(account("a", 0.6))
    history.quota = steady("a", 28, per_day=0.2)

    answer = (await client.get("/api/forecast")).json()

    pool, own = answer["windows"]
    assert (pool["kind"], pool["accountId"]) == ("weekly", None)
    assert (own["kind"], own["accountId"]) == ("weekly", "a")
    assert (pool["capacity"], pool["remaining"]) == (7_560.0, 3_024.0)
    assert pool["hiddenBecause"] is None
    runs_out_s = datetime.fromisoformat(pool["runsOutAt"]).timestamp() - NOW
    assert runs_out_s == pytest.approx(2 * DAY_S, rel=0.2), (
        "two fifths are left, a fifth a day goes"
    )
    assert pool["pacePerHour"] == pytest.approx(7_560 * 0.2 / 24, rel=0.2)


async def test_without_a_history_it_says_why_it_says_nothing(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    accounts.add(account("a", 0.6))
    pool = (await client.get("/api/forecast")).json()["windows"][0]
    assert (pool["runsOutAt"], pool["pacePerHour"], pool["expiresUnused"]) == (None, None, None)
    assert pool["hiddenBecause"]


async def test_an_empty_pool_has_no_forecast(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/forecast")).json()["windows"] == []
