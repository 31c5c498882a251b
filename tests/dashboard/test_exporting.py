"""An account's sign-in, taken out again: complete, never kept, and written down."""

import json

import httpx2
from tests.dashboard.builders import NOW, AuthFile, FakeAccounts, FakeOperators, caller

from codex_lb.core import identity


async def imported(client: httpx2.AsyncClient, auth_file: AuthFile) -> str:
    answer = await client.post("/api/accounts/import", files={"auth_json": auth_file.document()})
    return f"/api/accounts/{answer.json()['accountId']}/export/auth"


async def test_an_export_is_what_codex_and_opencode_read(
    client: httpx2.AsyncClient, auth_file: AuthFile
) -> None:
    answer = await client.post(await imported(client, auth_file))

    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]
    told = answer.json()
    assert told["account"] == {
        "accountId": "acc-1_ff8d9819",
        "chatgptAccountId": "acc-1",
        "email": "alice@example.com",
    }
    tokens = auth_file.tokens
    assert told["codexAuthJson"] == {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": tokens,
        "last_refresh": "2026-09-01T12:00:00Z",
    }
    assert told["opencodeAuthJson"] == {
        "openai": {
            "type": "oauth",
            "refresh": tokens["refresh_token"],
            "access": tokens["access_token"],
            "expires": 1_800_000_000_000,
            "accountId": "acc-1",
        }
    }
    assert told["tokens"] == {
        "idToken": tokens["id_token"],
        "accessToken": tokens["access_token"],
        "refreshToken": tokens["refresh_token"],
        "expiresAtMs": 1_800_000_000_000,
    }
    assert told["filename"] == "auth.json"


async def test_what_was_exported_can_be_imported(
    client: httpx2.AsyncClient, auth_file: AuthFile
) -> None:
    told = (await client.post(await imported(client, auth_file))).json()
    again = json.dumps(told["codexAuthJson"]).encode()
    assert identity.parse(again, now=NOW) == identity.parse(auth_file.document(), now=NOW)


async def test_an_export_is_in_the_audit_log_without_its_secrets(
    accounts: FakeAccounts, auth_file: AuthFile
) -> None:
    operators = FakeOperators()
    client = caller(accounts, peer="127.0.0.1", operators=operators)
    await client.post(await imported(client, auth_file))
    entry = operators.entries[-1]
    assert (entry.action, entry.target) == ("export_account_auth", "acc-1_ff8d9819")
    assert not [secret for secret in auth_file.secrets() if secret in repr(entry)]


async def test_an_export_is_for_the_operator_alone_and_never_by_a_link(
    client: httpx2.AsyncClient, remote: httpx2.AsyncClient, auth_file: AuthFile
) -> None:
    path = await imported(client, auth_file)
    assert (await remote.post(path)).status_code == 401
    assert (await client.get(path)).status_code == 405
    assert (await client.post("/api/accounts/nobody/export/auth")).status_code == 404
