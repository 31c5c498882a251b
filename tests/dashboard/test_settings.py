"""The routes of the operator's settings."""

from pathlib import Path

import httpx2
import pytest
from tests.dashboard.builders import NOW, FakeAccounts, FakeSettings

from codex_lb.core.model import Account, Identity
from codex_lb.core.operator_settings import Amounts, OperatorSettings

DEFAULTS = {
    "stickyThreadsEnabled": True,
    "preferEarlierResetAccounts": True,
    "preferEarlierResetWindow": "secondary",
    "routingStrategy": "capacity_weighted",
    "relativeAvailabilityPower": 2.0,
    "relativeAvailabilityTopK": 5,
    "singleAccountId": None,
    "openaiCacheAffinityMaxAgeSeconds": 1_800,
    "proxyAccountStreamLimit": 8,
    "prohibitFastMode": False,
    "apiKeyAuthEnabled": False,
    "hideUpstreamQuotaFromApiKeys": False,
    "dashboardSessionTtlSeconds": 604_800,
    "requestLogRetentionDays": 90,
    "requestLogRetentionOverrideDays": None,
    "usageHistoryRetentionDays": 90,
    "usageHistoryRetentionOverrideDays": None,
    "modelPrices": {},
    "importWithoutOverwrite": False,
    "totpRequiredOnLogin": False,
    "totpConfigured": False,
    "version": 1,
}
ALICE = Account("a", Identity(None, None, "a@example.com", "plus"), "active", None, NOW, NOW, None)


def test_the_documents_explain_every_field() -> None:
    explained = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    assert [name for name in DEFAULTS if f"`{name}`" not in explained] == []


async def test_all_fields_are_told_with_their_defaults(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/settings/")
    assert (answer.status_code, answer.json()) == (200, DEFAULTS)


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(DEFAULTS, {}, id="everything as it was told"),
        pytest.param({"limitWarmupEnabled": True}, {}, id="names that are not known"),
        pytest.param({"importWithoutOverwrite": True}, {}, id="what cannot be otherwise"),
        pytest.param(
            {"prohibitFastMode": True, "proxyAccountStreamLimit": 1},
            {"prohibitFastMode": True, "proxyAccountStreamLimit": 1},
            id="what requests may take",
        ),
        pytest.param(
            {"requestLogRetentionOverrideDays": 30, "usageHistoryRetentionOverrideDays": 0},
            {
                "requestLogRetentionOverrideDays": 30,
                "requestLogRetentionDays": 30,
                "usageHistoryRetentionOverrideDays": 0,
                "usageHistoryRetentionDays": 0,
            },
            id="how long is kept what was",
        ),
        pytest.param(
            {"apiKeyAuthEnabled": True}, {"apiKeyAuthEnabled": True}, id="keys are needed"
        ),
        pytest.param(
            {"routingStrategy": None, "version": 9}, {}, id="nulls, and what is only told"
        ),
        pytest.param(
            {"stickyThreadsEnabled": False, "relative_availability_top_k": 3},
            {"stickyThreadsEnabled": False, "relativeAvailabilityTopK": 3},
            id="either spelling",
        ),
        pytest.param(
            {"routingStrategy": "single_account", "singleAccountId": "a", "expectedVersion": 1},
            {"routingStrategy": "single_account", "singleAccountId": "a"},
            id="one account that exists",
        ),
        pytest.param(
            {"modelPrices": {"gpt-x": {"input": 1, "cached": 0, "output": 9}}},
            {"modelPrices": {"gpt-x": {"input": 1, "cached": 0, "output": 9}}},
            id="what a model costs",
        ),
    ],
)
async def test_a_change_is_merged_and_raises_the_version(
    client: httpx2.AsyncClient, accounts: FakeAccounts, body: object, changes: dict[str, object]
) -> None:
    accounts.add(ALICE)
    answer = await client.put("/api/settings", json=body)
    assert (answer.status_code, answer.json()) == (200, DEFAULTS | changes | {"version": 2})
    assert (await client.get("/api/settings")).json() == answer.json()


async def test_settings_given_back_as_told_go_on_following_the_environment(
    client: httpx2.AsyncClient, settings: FakeSettings
) -> None:
    settings.environment = Amounts(stream_limit=5, log_days=10)
    told = (await client.get("/api/settings")).json()
    assert (told["proxyAccountStreamLimit"], told["requestLogRetentionDays"]) == (5, 10)
    assert (await client.put("/api/settings", json=told)).status_code == 200
    settings.environment = Amounts(stream_limit=6, log_days=11)
    told = (await client.get("/api/settings")).json()
    assert (told["proxyAccountStreamLimit"], told["requestLogRetentionDays"]) == (6, 11)


async def test_when_the_single_account_has_left_everything_else_can_still_be_set(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    accounts.add(ALICE)
    body = {"routingStrategy": "single_account", "singleAccountId": "a"}
    told = (await client.put("/api/settings", json=body)).json()
    accounts.rows.clear()
    answer = await client.put("/api/settings", json=told | {"apiKeyAuthEnabled": True})
    assert (answer.status_code, answer.json()["singleAccountId"]) == (200, "a")


@pytest.mark.parametrize(
    ("body", "status", "code", "named"),
    [
        ({"expectedVersion": 2}, 409, "settings_conflict", "version 1"),
        ({"routingStrategy": "best"}, 422, "validation_error", "routingStrategy"),
        ({"stickyThreadsEnabled": "perhaps"}, 422, "validation_error", "stickyThreadsEnabled"),
        ({"relativeAvailabilityPower": 0}, 422, "validation_error", "relativeAvailabilityPower"),
        ({"relativeAvailabilityTopK": 21}, 422, "validation_error", "relativeAvailabilityTopK"),
        ({"proxyAccountStreamLimit": 0}, 422, "validation_error", "proxyAccountStreamLimit"),
        ({"routingStrategy": "single_account"}, 422, "validation_error", "singleAccountId"),
        (
            {"routingStrategy": "single_account", "singleAccountId": "b"},
            422,
            "validation_error",
            "singleAccountId",
        ),
        (
            {"modelPrices": {"gpt-x": {"input": -1, "cached": 0, "output": 9}}},
            422,
            "validation_error",
            "modelPrices",
        ),
        ([], 422, "validation_error", "body"),
    ],
)
async def test_a_refused_change_changes_nothing(
    client: httpx2.AsyncClient,
    settings: FakeSettings,
    body: object,
    status: int,
    code: str,
    named: str,
) -> None:
    answer = await client.put("/api/settings", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert named in error["message"]
    assert settings.kept == OperatorSettings()
