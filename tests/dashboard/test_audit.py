"""The audit log: what is in it, what cannot get in, and how it is read."""

import httpx2
import pytest
from tests.dashboard.builders import NOW, AuthFile, FakeAccounts, FakeOperators, caller

from codex_lb.core.operator import Login
from codex_lb.dashboard.passwords import Passwords
from codex_lb.store import StoreError
from codex_lb.store.operators import AuditEntry


@pytest.fixture
def operators() -> FakeOperators:
    return FakeOperators()


@pytest.fixture
def here(accounts: FakeAccounts, operators: FakeOperators) -> httpx2.AsyncClient:
    return caller(accounts, peer="127.0.0.1", operators=operators)


async def test_a_change_is_written_down_with_its_maker_and_target(
    here: httpx2.AsyncClient, operators: FakeOperators, auth_file: AuthFile
) -> None:
    files = {"auth_json": auth_file.document()}
    account_id = (await here.post("/api/accounts/import", files=files)).json()["accountId"]
    headers = {"x-request-id": "mine"}
    await here.post(f"/api/accounts/{account_id}/pause", headers=headers)
    assert operators.entries[1:] == [
        AuditEntry(NOW, "local", "127.0.0.1", "pause_account", account_id, {"requestId": "mine"})
    ]
    assert operators.entries[0].action == "import_account"
    shown = (await here.get("/api/audit-logs", params={"limit": 1})).json()
    assert shown == [
        {
            "id": 1,
            "timestamp": "2026-09-21T14:13:20Z",
            "action": "pause_account",
            "actor": "local",
            "actorIp": "127.0.0.1",
            "target": account_id,
            "details": None,
            "requestId": "mine",
        }
    ]


async def test_a_network_is_named_though_its_path_does_not(
    here: httpx2.AsyncClient, operators: FakeOperators
) -> None:
    await here.post("/api/firewall/ips", json={"ipAddress": "10.0.0.7/8"})
    assert [entry.target for entry in operators.entries] == ["10.0.0.0/8"]


async def test_of_settings_it_says_what_was_set(
    here: httpx2.AsyncClient, operators: FakeOperators
) -> None:
    told = (await here.get("/api/settings")).json()
    await here.put("/api/settings", json=told | {"apiKeyAuthEnabled": True})
    (entry,) = operators.entries
    assert (entry.action, entry.target) == ("update_settings", None)
    assert entry.detail is not None
    assert entry.detail.keys() == {"apiKeyAuthEnabled", "requestId"}
    assert entry.detail["apiKeyAuthEnabled"] is True


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/accounts"),
        ("POST", "/api/accounts/nobody/pause"),
        ("POST", "/api/nothing"),
        ("PUT", "/api/accounts"),
    ],
)
async def test_reading_and_failing_leave_no_entry(
    here: httpx2.AsyncClient, operators: FakeOperators, method: str, path: str
) -> None:
    await here.request(method, path)
    assert operators.entries == []


async def test_logins_and_wrong_guesses_are_in_it_but_no_flood(
    accounts: FakeAccounts, operators: FakeOperators
) -> None:
    operators.login = Login(await Passwords(passes=1, memory_kib=8).hashed("correct horse"))
    stranger = caller(accounts, peer="192.0.2.7", operators=operators)
    for _ in range(9):
        await stranger.post("/api/dashboard-auth/password/login", json={"password": "a guess"})
        await stranger.post("/api/dashboard-auth/logout")
    assert [entry.action for entry in operators.entries] == ["log_in_failed"] * 5
    assert {(e.actor, e.client_ip) for e in operators.entries} == {("anonymous", "192.0.2.7")}
    assert "a guess" not in str(operators.entries)


async def test_a_first_password_is_in_it(
    here: httpx2.AsyncClient, operators: FakeOperators
) -> None:
    await here.post("/api/dashboard-auth/password/setup", json={"password": "correct horse"})
    assert [entry.action for entry in operators.entries] == ["set_password"]


async def test_an_entry_that_cannot_be_written_spoils_no_answer(
    accounts: FakeAccounts, auth_file: AuthFile
) -> None:
    class Full(FakeOperators):
        async def note(self, entry: AuditEntry) -> None:  # noqa: ARG002  by the port
            raise StoreError("full")

    files = {"auth_json": auth_file.document()}
    answer = await caller(accounts, peer="127.0.0.1", operators=Full()).post(
        "/api/accounts/import", files=files
    )
    assert answer.status_code == 200


async def test_entries_are_read_by_page_and_action(
    here: httpx2.AsyncClient, operators: FakeOperators
) -> None:
    operators.entries = [
        AuditEntry(NOW, "token", None, "log_in" if number % 2 else "update_settings")
        for number in range(6)
    ]
    page = (await here.get("/api/audit-logs", params={"limit": 2, "offset": 1})).json()
    assert [entry["id"] for entry in page] == [4, 3]
    logins = (await here.get("/api/audit-logs", params={"action": "log_in"})).json()
    assert [entry["id"] for entry in logins] == [5, 3, 1]
    assert (await here.get("/api/audit-logs", params={"limit": 501})).status_code == 422
