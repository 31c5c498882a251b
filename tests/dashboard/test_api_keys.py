"""The routes of API keys, over a store of their own."""

from typing import Any

import httpx2
import pytest
from tests.dashboard.builders import NOW, FakeAccounts, caller

from codex_lb.core.keys import hashed
from codex_lb.core.model import Account, Cost, Identity, OpenedRequest, QuotaWindow, Receipt, Usage
from codex_lb.store import Store

KEYS = "/api/api-keys"
ALICE = Account(
    id="a",
    identity=Identity("acc-1", "user-1", "alice@example.com", "plus"),
    state="active",
    state_reason=None,
    created_at=NOW,
    refreshed_at=NOW,
    access_expires_at=None,
    windows=(QuotaWindow(300, 0.25, NOW + 60, NOW, "usage"),),
)
OPS_KEY = {
    "name": "ops-key",
    "allowedModels": ["gpt-5.2"],
    "limits": [
        {"limitType": "total_tokens", "limitWindow": "weekly", "maxValue": 2_500_000},
        {"limitType": "total_tokens", "limitWindow": "5h", "maxValue": 500_000},
        {"limitType": "cost_usd", "limitWindow": "monthly", "maxValue": 10_000_000},
    ],
}


@pytest.fixture
def client(store: Store, accounts: FakeAccounts) -> httpx2.AsyncClient:
    return caller(accounts, peer="127.0.0.1", keys=store.keys)


async def created(client: httpx2.AsyncClient, **wanted: object) -> dict[str, Any]:
    answer = await client.post(KEYS, json={"name": "k", **wanted})
    assert answer.status_code == 200, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def patched(client: httpx2.AsyncClient, key_id: str, **wanted: object) -> dict[str, Any]:
    answer = await client.patch(f"{KEYS}/{key_id}", json=wanted)
    assert answer.status_code == 200, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def serve(store: Store, key_id: str, name: str = "r") -> None:
    at_ms = int(NOW * 1000)
    row = OpenedRequest(name, at_ms, "responses", "sse", "gpt-5.2", api_key_id=key_id)
    store.requests.opened(row)
    usage, cost = Usage(4_000, 6_000, 1_000), Cost(10_000, 0, 20_000)
    store.requests.closed(Receipt(name, "success", at_ms, usage=usage, cost=cost))
    await store.requests.flushed()


async def test_a_new_key_is_told_with_every_field_and_its_secret(
    client: httpx2.AsyncClient, store: Store
) -> None:
    answer = await client.post(f"{KEYS}/", json=OPS_KEY)
    assert answer.status_code == 200
    told = answer.json()
    secret = told.pop("key")
    id_ = told.pop("id")
    assert len(secret) == 50
    (kept,) = (await store.keys.every())[1]
    assert (kept.id, kept.hash) == (id_, hashed(secret))
    assert told == {
        "name": "ops-key",
        "keyPrefix": secret[:15],
        "allowedModels": ["gpt-5.2"],
        "applyToCodexModel": False,
        "enforcedModel": None,
        "enforcedReasoningEffort": None,
        "allowedReasoningEfforts": None,
        "enforcedServiceTier": None,
        "trafficClass": "foreground",
        "transportPolicyOverride": None,
        "usageSections": "upstream_limits,account_pool_usage",
        "expiresAt": None,
        "isActive": True,
        "accountAssignmentScopeEnabled": False,
        "sourceAssignmentScopeEnabled": False,
        "assignedAccountIds": [],
        "assignedSourceIds": [],
        "createdAt": "2026-09-21T14:13:20Z",
        "lastUsedAt": None,
        "limits": [
            {
                "id": n,
                "limitType": kind,
                "limitWindow": window,
                "maxValue": value,
                "currentValue": 0,
                "modelFilter": None,
                "resetAt": resets_at,
            }
            for n, kind, window, value, resets_at in (
                (1, "total_tokens", "weekly", 2_500_000, "2026-09-28T14:13:20Z"),
                (2, "total_tokens", "5h", 500_000, "2026-09-21T19:13:20Z"),
                (3, "cost_usd", "monthly", 10_000_000, "2026-10-21T14:13:20Z"),
            )
        ],
        "usageSummary": None,
        "pooledRemainingPercentPrimary": None,
        "pooledRemainingPercentSecondary": None,
        "pooledCapacityCreditsPrimary": 0.0,
    }


@pytest.mark.parametrize("path", [KEYS, f"{KEYS}/"])
async def test_the_list_is_a_bare_array_without_secrets(
    client: httpx2.AsyncClient, store: Store, accounts: FakeAccounts, path: str
) -> None:
    accounts.add(ALICE)
    key = await created(client)
    await serve(store, key["id"])
    answer = await client.get(path)
    (told,) = answer.json()
    assert answer.status_code == 200
    assert key["key"] not in answer.text
    assert told["lastUsedAt"] == "2026-09-21T14:13:20Z"
    assert told["usageSummary"] == {
        "requestCount": 1,
        "totalTokens": 10_000,
        "cachedInputTokens": 1_000,
        "totalCostUsd": 0.03,
    }
    assert told["pooledRemainingPercentPrimary"] == 75.0
    assert told["pooledCapacityCreditsPrimary"] == 225.0


async def test_only_what_is_given_changes(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    accounts.add(ALICE)
    key = await created(
        client,
        allowedModels=["m"],
        enforcedReasoningEffort="High",
        enforcedServiceTier="fast",
        assignedAccountIds=["a"],
        expiresAt="2027-01-01T00:00:00+09:00",
        limits=OPS_KEY["limits"],
    )
    del key["key"]
    assert key["expiresAt"] == "2026-12-31T15:00:00Z"
    assert key["enforcedReasoningEffort"] == "high"
    assert key["enforcedServiceTier"] == "priority"
    assert key["accountAssignmentScopeEnabled"] is True

    assert await patched(client, key["id"]) == key
    assert await patched(client, key["id"], name=" new ") == key | {"name": "new"}
    assert await patched(client, key["id"], **key) == key  # what was read can be written back
    cleared = dict.fromkeys(
        ("allowedModels", "enforcedReasoningEffort", "enforcedServiceTier", "expiresAt")
    )
    assert await patched(client, key["id"], **cleared, isActive=False, name=None) == (
        key | cleared | {"isActive": False}
    )


async def test_a_rule_added_later_counts_what_was_used_before(
    client: httpx2.AsyncClient, store: Store
) -> None:
    key = await created(client)
    await serve(store, key["id"])
    rules = [{"limitType": "total_tokens", "limitWindow": "daily", "maxValue": 100_000}]
    told = await patched(client, key["id"], limits=rules)
    assert [(each["currentValue"], each["maxValue"]) for each in told["limits"]] == [
        (10_000, 100_000)
    ]
    again = [rules[0] | {"maxValue": 20}, rules[0] | {"modelFilter": "gpt-5.2"}]
    told = await patched(client, key["id"], limits=again)
    assert [each["currentValue"] for each in told["limits"]] == [10_000, 10_000]
    told = await patched(client, key["id"], resetUsage=True)
    assert [each["currentValue"] for each in told["limits"]] == [0, 0]
    told = await patched(client, key["id"], limits=[])
    assert told["limits"] == []


async def test_the_weekly_token_limit_of_old_scripts_is_a_rule(client: httpx2.AsyncClient) -> None:
    key = await created(client, weeklyTokenLimit=5)
    (limit,) = key["limits"]
    assert (limit["limitType"], limit["limitWindow"], limit["maxValue"]) == (
        "total_tokens",
        "weekly",
        5,
    )


async def test_a_new_secret_replaces_the_old_one(client: httpx2.AsyncClient) -> None:
    old = await created(client, limits=OPS_KEY["limits"])
    answer = await client.post(f"{KEYS}/{old['id']}/regenerate")
    assert answer.status_code == 200
    new = answer.json()
    assert new["key"] != old["key"]
    changed = {"key": new["key"], "keyPrefix": new["key"][:15]}
    assert new == old | changed


async def test_a_deleted_key_is_gone(client: httpx2.AsyncClient) -> None:
    key = await created(client)
    answer = await client.delete(f"{KEYS}/{key['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(KEYS)).json() == []


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "x"), ("DELETE", "x"), ("POST", "x/regenerate")]
)
async def test_an_unknown_key_is_not_found(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, f"{KEYS}/{path}", json={})
    assert answer.status_code == 404
    assert answer.json() == {"error": {"code": "not_found", "message": "API key not found: x"}}


def rule(**changed: object) -> dict[str, object]:
    return {"limitType": "total_tokens", "limitWindow": "daily", "maxValue": 1, **changed}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        pytest.param({"name": ""}, "name", id="no name"),
        pytest.param({"name": "x" * 129}, "name", id="a long name"),
        pytest.param({"name": "a\0b"}, "name", id="a name with a NUL"),
        pytest.param({"limits": [rule(maxValue=0)]}, "maxValue", id="a limit of nothing"),
        pytest.param({"limits": [rule(maxValue=10**30)]}, "maxValue", id="an endless limit"),
        pytest.param({"limits": [rule(limitType="credits")]}, "limitType", id="an odd type"),
        pytest.param({"limits": [rule(limitWindow="yearly")]}, "limitWindow", id="an odd window"),
        pytest.param({"limits": {}}, "limits", id="limits that are no list"),
        pytest.param({"expiresAt": "tomorrow"}, "expiresAt", id="no date"),
    ],
)
async def test_what_is_malformed_is_refused_by_its_place(
    client: httpx2.AsyncClient, wanted: dict[str, object], names: str
) -> None:
    key = await created(client)
    for answer in (
        await client.post(KEYS, json={"name": "k"} | wanted),
        await client.patch(f"{KEYS}/{key['id']}", json=wanted),
    ):
        assert answer.status_code == 422
        error = answer.json()["error"]
        assert error["code"] == "validation_error"
        assert names in error["message"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        pytest.param({"name": "  "}, "name", id="a blank name"),
        pytest.param({"limits": [rule(), rule(maxValue=2)]}, "limits", id="a rule twice"),
        pytest.param({"assignedAccountIds": ["b"]}, "assignedAccountIds", id="no such account"),
        pytest.param(
            {"allowedModels": ["a"], "enforcedModel": "b"}, "enforcedModel", id="not allowed"
        ),
        pytest.param({"enforcedReasoningEffort": "huge"}, "enforcedReasoningEffort", id="effort"),
        pytest.param({"expiresAt": "9999-12-31T23:59:59-12:00"}, "expiresAt", id="the year 10000"),
        pytest.param({"trafficClass": "opportunistic"}, "trafficClass", id="a class"),
        pytest.param({"assignedSourceIds": ["s"]}, "assignedSourceIds", id="sources"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    client: httpx2.AsyncClient, wanted: dict[str, object], names: str
) -> None:
    key = await created(client)
    for answer in (
        await client.post(KEYS, json={"name": "k"} | wanted),
        await client.patch(f"{KEYS}/{key['id']}", json=wanted),
    ):
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "invalid_api_key_payload"
        assert f"`{names}`" in error["message"]
    del key["key"]
    assert (await client.get(KEYS)).json() == [key]


async def test_a_key_may_keep_an_account_that_has_left_the_pool(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    accounts.add(ALICE)
    key = await created(client, assignedAccountIds=["a"])
    del accounts.rows["a"]
    told = await patched(client, key["id"], assignedAccountIds=["a"], name="new")
    assert (told["assignedAccountIds"], told["name"]) == (["a"], "new")
