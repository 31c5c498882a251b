"""The routes of the pool's accounts, as a program on this machine sees them."""

from dataclasses import replace

import httpx2
import pytest
from tests.dashboard.builders import NOW, AuthFile, FakeAccounts

from codex_lb.core.model import (
    Account,
    AccountState,
    Block,
    Credits,
    ExtraLimit,
    Identity,
    QuotaWindow,
)
from codex_lb.store import AccountTotals

IMPORT = "/api/accounts/import"
MIB = 1_048_576
ALICE = Account(
    id="acc-1_ff8d9819",
    identity=Identity("acc-1", "user-1", "alice@example.com", "plus", "w-1", "Acme", "chatgpt"),
    state="active",
    state_reason=None,
    created_at=NOW - 60,
    refreshed_at=NOW - 0.5,
    access_expires_at=NOW + 60,
)


def code(answer: httpx2.Response) -> str:
    """The code of an error in our envelope, which has nothing else beside its message."""
    error = answer.json()["error"]
    assert error.keys() == {"code", "message"}
    assert error["message"]
    return str(error["code"])


async def send(client: httpx2.AsyncClient, document: bytes) -> httpx2.Response:
    return await client.post(IMPORT, files={"auth_json": ("auth.json", document)})


async def test_an_empty_pool_is_an_empty_list(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/accounts")
    assert answer.status_code == 200
    assert answer.json() == {"accounts": []}


async def test_an_imported_account_is_told_back(
    client: httpx2.AsyncClient, auth_file: AuthFile
) -> None:
    answer = await send(client, auth_file.document())
    assert answer.status_code == 200
    assert answer.json() == {
        "accountId": "acc-1_ff8d9819",
        "email": "alice@example.com",
        "workspaceId": None,
        "workspaceLabel": None,
        "seatType": None,
        "planType": "plus",
        "status": "active",
    }
    (listed,) = (await client.get("/api/accounts")).json()["accounts"]
    assert listed["accountId"] == "acc-1_ff8d9819"


async def test_the_same_identity_again_replaces_the_credential(
    client: httpx2.AsyncClient, accounts: FakeAccounts, auth_file: AuthFile
) -> None:
    await send(client, auth_file.document())
    auth_file.tokens["refresh_token"] = "rt_newer"
    answer = await send(client, auth_file.document())
    assert answer.status_code == 200
    assert [kept.refresh_token for kept in accounts.credentials.values()] == ["rt_newer"]


async def test_an_account_is_told_with_every_field(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    five_hours = QuotaWindow(300, 0.25, NOW + 1_800, NOW, "usage")
    week = QuotaWindow(10_080, 0.4, NOW + 90_000.25, NOW, "usage")
    extra = ExtraLimit("codex_x", "GPT-X", (replace(week, resets_at=NOW + 9.5), five_hours))
    accounts.add(
        replace(
            ALICE,
            windows=(five_hours, week),
            credits=Credits(has=True, unlimited=False, balance=12.5, measured_at=NOW),
            extras=(extra,),
            reset_credits=2,
            alias="Work",
            priority="preserve",
        )
    )
    accounts.running[ALICE.id] = 3
    accounts.served[ALICE.id] = AccountTotals(2, 3000, 400, 16_870)
    (told,) = (await client.get("/api/accounts")).json()["accounts"]
    assert told == {
        "accountId": "acc-1_ff8d9819",
        "chatgptAccountId": "acc-1",
        "email": "alice@example.com",
        "alias": "Work",
        "displayName": "Work",
        "workspaceId": "w-1",
        "workspaceLabel": "Acme",
        "seatType": "chatgpt",
        "planType": "plus",
        "routingPolicy": "preserve",
        "status": "active",
        "statusReason": None,
        "statusSince": None,
        "blockedUntil": None,
        "activeStreams": 3,
        "securityWorkAuthorized": False,
        "usage": {
            "primaryRemainingPercent": 75.0,
            "secondaryRemainingPercent": 60.0,
            "monthlyRemainingPercent": None,
        },
        "resetAtPrimary": "2026-09-21T14:43:20Z",
        "resetAtSecondary": "2026-09-22T15:13:20.250000Z",
        "resetAtMonthly": None,
        "windowMinutesPrimary": 300,
        "windowMinutesSecondary": 10_080,
        "windowMinutesMonthly": None,
        "measuredAtPrimary": "2026-09-21T14:13:20Z",
        "measuredAtSecondary": "2026-09-21T14:13:20Z",
        "measuredAtMonthly": None,
        "sourcePrimary": "usage",
        "sourceSecondary": "usage",
        "sourceMonthly": None,
        "lastRefreshAt": "2026-09-21T14:13:19.500000Z",
        "capacityCreditsPrimary": 225.0,
        "remainingCreditsPrimary": 168.75,
        "capacityCreditsSecondary": 7560.0,
        "remainingCreditsSecondary": 4536.0,
        "capacityCreditsMonthly": None,
        "remainingCreditsMonthly": None,
        "requestUsage": {
            "requestCount": 2,
            "totalTokens": 3000,
            "cachedInputTokens": 400,
            "totalCostUsd": 0.01687,
        },
        "additionalQuotas": [
            {
                "quotaKey": "codex_x",
                "limitName": "GPT-X",
                "meteredFeature": "codex_x",
                "displayLabel": "GPT-X",
                "routingPolicy": "inherit",
                "primaryWindow": {
                    "usedPercent": 25.0,
                    "resetAt": 1_790_001_800,
                    "windowMinutes": 300,
                },
                "secondaryWindow": {
                    "usedPercent": 40.0,
                    "resetAt": 1_790_000_009,
                    "windowMinutes": 10_080,
                },
            }
        ],
        "creditsHas": True,
        "creditsUnlimited": False,
        "creditsBalance": 12.5,
        "deactivationReason": None,
        "auth": {
            "access": {"expiresAt": "2026-09-21T14:14:20Z", "state": None},
            "refresh": {"expiresAt": None, "state": "stored"},
            "idToken": {"expiresAt": None, "state": "parsed"},
        },
        "loginState": "signed_in",
        "loginText": "signed in until 14:14 UTC, last refreshed 14:13 UTC",
        "limitWarmupEnabled": False,
        "limitWarmup": None,
        "isEmailDuplicate": False,
        "availableResetCredits": 2,
        "resetCreditNearestExpiresAt": None,
    }


async def test_what_is_not_known_yet_is_null(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    accounts.add(replace(ALICE, state="reauth_required", state_reason="The sign-in has expired."))
    twin = replace(ALICE.identity, plan="new", email="Alice@example.com")
    accounts.add(replace(ALICE, id="twin", identity=twin, access_expires_at=None))
    first, second = (await client.get("/api/accounts")).json()["accounts"]
    assert first["status"] == "reauth_required"
    assert first["deactivationReason"] == "The sign-in has expired."
    assert first["isEmailDuplicate"]
    assert second["isEmailDuplicate"]
    assert second["requestUsage"] is None
    assert second["usage"]["primaryRemainingPercent"] is None
    assert second["capacityCreditsPrimary"] is None
    assert second["auth"]["access"]["expiresAt"] is None


@pytest.mark.parametrize(
    ("state", "action", "status", "body"),
    [
        pytest.param("active", "pause", 200, {"status": "paused"}, id="pause"),
        pytest.param("paused", "reactivate", 200, {"status": "reactivated"}, id="reactivate"),
        pytest.param("deactivated", "reactivate", 200, {"status": "reactivated"}, id="try again"),
        pytest.param("reauth_required", "pause", 409, None, id="a lost sign-in cannot be paused"),
        pytest.param("deactivated", "pause", 409, None, id="nor a closed account"),
        pytest.param(
            "reauth_required", "reactivate", 409, None, id="only a sign-in brings it back"
        ),
    ],
)
async def test_changes_of_state(
    client: httpx2.AsyncClient,
    accounts: FakeAccounts,
    state: AccountState,
    action: str,
    status: int,
    body: object,
) -> None:
    block = Block("quota", NOW - 1, NOW + 60, "spent")
    accounts.add(replace(ALICE, state=state, blocks=(block,)))
    answer = await client.post(f"/api/accounts/{ALICE.id}/{action}")
    assert answer.status_code == status
    if body is None:
        assert code(answer) == "account_state_transition_invalid"
        assert accounts.rows[ALICE.id].state == state
    else:
        assert answer.json() == body
        assert accounts.rows[ALICE.id].state != state
        assert not accounts.rows[ALICE.id].blocks


async def test_a_limited_account_says_why_since_when_and_until_when(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    block = Block("usage_limit", NOW - 60, NOW + 600, "HTTP 429", is_told=True)
    accounts.add(replace(ALICE, blocks=(block,)))
    (told,) = (await client.get("/api/accounts")).json()["accounts"]
    assert told["status"] == "rate_limited"
    assert told["statusReason"] == "usage limit until 14:23 UTC, told by upstream"
    assert told["statusSince"] == "2026-09-21T14:12:20Z"
    assert told["blockedUntil"] == "2026-09-21T14:23:20Z"


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        pytest.param("alias", {"alias": "  Work "}, {"alias": "Work"}, id="a name is trimmed"),
        pytest.param("alias", {"alias": " "}, {"alias": None}, id="an empty one takes it away"),
        pytest.param("alias", {"alias": None}, {"alias": None}, id="so does none"),
        pytest.param("alias", {"alias": "x" * 255}, {"alias": "x" * 255}, id="a long one"),
        pytest.param(
            "routing-policy",
            {"routingPolicy": "burn_first"},
            {"routingPolicy": "burn_first"},
            id="an order of use",
        ),
        pytest.param(
            "routing-policy/",
            {"routing_policy": "preserve"},
            {"routingPolicy": "preserve"},
            id="in the other spelling, with a slash",
        ),
    ],
)
async def test_what_an_operator_sets_is_told_back_and_kept(
    client: httpx2.AsyncClient,
    accounts: FakeAccounts,
    path: str,
    body: object,
    answer: dict[str, object],
) -> None:
    accounts.add(replace(ALICE, alias="Old"))
    told = await client.put(f"/api/accounts/{ALICE.id}/{path}", json=body)
    assert (told.status_code, told.json()) == (200, {"accountId": ALICE.id} | answer)
    (listed,) = (await client.get("/api/accounts")).json()["accounts"]
    assert listed | answer == listed


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("PUT", "alias", {"alias": "x" * 256}, 422, "validation_error"),
        ("PUT", "alias", {"alias": 1}, 422, "validation_error"),
        ("PUT", "alias", {"alias": "a\nb"}, 422, "validation_error"),
        ("PUT", "alias", {"alias": "a\0b"}, 422, "validation_error"),
        ("PUT", "routing-policy", {"routingPolicy": "first"}, 422, "validation_error"),
        ("PUT", "routing-policy", {}, 422, "validation_error"),
        ("PATCH", "", {}, 400, "empty_account_update"),
        ("PATCH", "", {"securityWorkAuthorized": None}, 400, "empty_account_update"),
        ("PATCH", "", {"securityWorkAuthorized": [1]}, 422, "validation_error"),
        ("GET", "events?limit=0", None, 422, "validation_error"),
        ("GET", "daily?days=0", None, 422, "validation_error"),
        ("GET", "daily?utcOffset=900", None, 422, "validation_error"),
    ],
)
async def test_what_cannot_be_is_refused(
    client: httpx2.AsyncClient,
    accounts: FakeAccounts,
    method: str,
    path: str,
    body: object,
    status: int,
    error: str,
) -> None:
    accounts.add(ALICE)
    answer = await client.request(method, f"/api/accounts/{ALICE.id}/{path}", json=body)
    assert (answer.status_code, code(answer)) == (status, error)
    assert accounts.rows == {ALICE.id: ALICE}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "alias", {"alias": "Work"}),
        ("PUT", "routing-policy", {"routingPolicy": "normal"}),
        ("PATCH", "", {"securityWorkAuthorized": True}),
    ],
)
async def test_an_unknown_account_is_not_changed(
    client: httpx2.AsyncClient, method: str, path: str, body: object
) -> None:
    answer = await client.request(method, f"/api/accounts/nobody/{path}", json=body)
    assert (answer.status_code, code(answer)) == (404, "account_not_found")


async def test_a_script_may_speak_of_security_work(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    accounts.add(ALICE)
    answer = await client.patch(f"/api/accounts/{ALICE.id}", json={"securityWorkAuthorized": True})
    assert (answer.status_code, answer.json()) == (200, {"status": "updated"})


async def test_a_probe_forgets_the_blocks_and_tells_what_upstream_says_now(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    spent = QuotaWindow(300, 1.0, NOW + 600, NOW - 60, "usage")
    week = QuotaWindow(10_080, 0.4, NOW + 90_000, NOW, "usage")
    block = Block("usage_limit", NOW - 60, NOW + 600, "HTTP 429", is_told=True)
    accounts.add(replace(ALICE, windows=(spent,), blocks=(block,)))
    accounts.upstream = (200, (replace(spent, used=0.25), week))
    answer = await client.post(f"/api/accounts/{ALICE.id}/probe", json={"model": "gpt-5"})
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "probed",
        "accountId": ALICE.id,
        "probeStatusCode": 200,
        "primaryUsedPercentBefore": 100.0,
        "primaryUsedPercentAfter": 25.0,
        "secondaryUsedPercentBefore": None,
        "secondaryUsedPercentAfter": 40.0,
        "accountStatusBefore": "rate_limited",
        "accountStatusAfter": "active",
    }


@pytest.mark.parametrize("state", ["paused", "reauth_required", "deactivated"])
async def test_only_an_account_in_use_can_be_probed(
    client: httpx2.AsyncClient, accounts: FakeAccounts, state: AccountState
) -> None:
    accounts.add(replace(ALICE, state=state))
    answer = await client.post(f"/api/accounts/{ALICE.id}/probe")
    assert (answer.status_code, code(answer)) == (409, "account_not_probable")
    assert accounts.rows[ALICE.id].state == state


@pytest.mark.parametrize(
    ("query", "histories"),
    [
        pytest.param("", [], id="its requests stay unless asked otherwise"),
        pytest.param("?delete_history=false", [], id="or asked so"),
        pytest.param("?delete_history=true", [ALICE.id], id="they go with it when asked"),
    ],
)
async def test_delete(
    client: httpx2.AsyncClient, accounts: FakeAccounts, query: str, histories: list[str]
) -> None:
    accounts.add(ALICE)
    answer = await client.delete(f"/api/accounts/{ALICE.id}{query}")
    assert answer.status_code == 200
    assert answer.json() == {"status": "deleted"}
    assert not accounts.rows
    assert accounts.histories_deleted == histories


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/accounts/nobody/pause"),
        ("POST", "/api/accounts/nobody/reactivate"),
        ("POST", "/api/accounts/nobody/probe"),
        ("DELETE", "/api/accounts/nobody"),
        ("GET", "/api/accounts/nobody/trends"),
        ("GET", "/api/accounts/nobody/events"),
        ("GET", "/api/accounts/nobody/daily"),
        ("POST", "/api/accounts/%2e%2e%00/pause"),
    ],
)
async def test_an_unknown_account_is_not_found(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, code(answer)) == (404, "account_not_found")


async def test_every_path_works_with_a_slash_at_its_end(
    client: httpx2.AsyncClient, accounts: FakeAccounts, auth_file: AuthFile
) -> None:
    accounts.add(ALICE)
    answers = [
        await client.get("/api/accounts/"),
        await client.post(f"{IMPORT}/", files={"auth_json": auth_file.document()}),
        await client.post(f"/api/accounts/{ALICE.id}/pause/"),
        await client.post(f"/api/accounts/{ALICE.id}/reactivate/"),
        await client.delete(f"/api/accounts/{ALICE.id}/"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5


async def test_a_wrong_query_names_its_field(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    accounts.add(ALICE)
    answer = await client.delete(f"/api/accounts/{ALICE.id}?delete_history=perhaps")
    assert (answer.status_code, code(answer)) == (422, "validation_error")
    assert answer.json()["error"]["message"].startswith("query.delete_history: ")
    assert "perhaps" not in answer.text
    assert accounts.rows


@pytest.mark.parametrize(
    ("document", "named"),
    [
        pytest.param(b"", "not a JSON object", id="an empty file"),
        pytest.param(b'{"OPENAI_API_KEY": "sk-1"}', "tokens is missing", id="an API key"),
        pytest.param(b'{"tokens": {}}', "tokens.id_token is missing", id="no id token"),
    ],
)
async def test_a_file_that_is_no_sign_in_is_refused_by_name(
    client: httpx2.AsyncClient, document: bytes, named: str
) -> None:
    answer = await send(client, document)
    assert (answer.status_code, code(answer)) == (400, "invalid_auth_json")
    assert named in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"file": b"{}"}, id="a part of another name"),
        pytest.param([("auth_json", b"{}"), ("more", b"{}")], id="another part beside it"),
        pytest.param({"auth_json": (None, b"{}")}, id="a form field instead of a file"),
    ],
)
async def test_nothing_but_files_of_the_right_name_is_wanted(
    client: httpx2.AsyncClient, files: dict[str, bytes]
) -> None:
    answer = await client.post(IMPORT, files=files)
    assert (answer.status_code, code(answer)) == (422, "validation_error")
    assert "auth_json" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("size", "status"),
    [
        pytest.param(MIB, 400, id="a file of 1 MiB is read"),
        pytest.param(MIB + 1, 413, id="one byte more is not"),
        pytest.param(2 * MIB, 413, id="twice as much even less"),
    ],
)
async def test_large_files(client: httpx2.AsyncClient, size: int, status: int) -> None:
    answer = await send(client, b" " * size)
    assert answer.status_code == status
    assert code(answer) == ("invalid_auth_json" if status == 400 else "payload_too_large")


@pytest.mark.parametrize(
    ("headers", "body", "status", "error"),
    [
        pytest.param({}, b"", 422, "validation_error", id="no body"),
        pytest.param(
            {"content-type": "application/json"}, b"{}", 422, "validation_error", id="plain JSON"
        ),
        pytest.param(
            {"content-type": "multipart/form-data"}, b"x", 400, "invalid_request", id="no boundary"
        ),
        pytest.param(
            {"content-type": "multipart/form-data; boundary=b"},
            b"nonsense",
            400,
            "invalid_request",
            id="a body without parts",
        ),
        pytest.param(
            {"content-type": "multipart/form-data; boundary=b", "content-encoding": "gzip"},
            b"x",
            400,
            "invalid_request",
            id="a packed body",
        ),
        pytest.param(
            {"content-type": "multipart/form-data; boundary=b"},
            b'--b\r\ncontent-disposition: form-data; name="auth_json"; filename="a"\r\n\r\n{',
            422,
            "validation_error",
            id="a body cut short",
        ),
    ],
)
async def test_a_body_that_holds_no_file(
    client: httpx2.AsyncClient, headers: dict[str, str], body: bytes, status: int, error: str
) -> None:
    answer = await client.post(IMPORT, content=body, headers=headers)
    assert (answer.status_code, code(answer)) == (status, error)


async def test_no_token_is_ever_told(
    client: httpx2.AsyncClient, accounts: FakeAccounts, auth_file: AuthFile
) -> None:
    whole = auth_file.document()
    answers = [
        await send(client, whole),
        await send(client, whole[:-1]),
        await send(client, whole.replace(b"acc-1", b"acc/1")),
        await client.post(IMPORT, files={"other": whole}),
        await client.get("/api/accounts"),
        await client.post("/api/accounts/acc-1_ff8d9819/pause"),
    ]
    accounts.broken = RuntimeError("no database")
    answers.append(await send(client, whole))
    assert [answer.status_code for answer in answers] == [200, 400, 400, 422, 200, 200, 500]
    told = "".join(answer.text + str(answer.headers) for answer in answers)
    assert not [secret for secret in auth_file.secrets() if secret in told]
