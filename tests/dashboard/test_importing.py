"""Files that are to become accounts: what would happen, and what becomes of each."""

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from tests.dashboard.builders import NOW, AuthFile, FakeAccounts, FakeOperators, caller

IMPORT = "/api/accounts/import"
PREVIEW = f"{IMPORT}/preview"

ALICE, BOB = AuthFile(), AuthFile("acc-2", "bob@example.com")
BAD = b'{"tokens": {"id_token": "s3cr3t"}}'
MISSING = {"field": "tokens.access_token", "message": "tokens.access_token is missing."}


def files(*documents: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [
        ("auth_json", (f"{number}.json", document)) for number, document in enumerate(documents, 1)
    ]


def shown(told: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(each[name] for name in names) for each in told]


async def test_a_preview_says_of_each_file_what_would_become_of_it_and_changes_nothing(
    accounts: FakeAccounts,
) -> None:
    operators = FakeOperators()
    client = caller(accounts, peer="127.0.0.1", operators=operators)
    await client.post(IMPORT, files=files(ALICE.document()))
    before = dict(accounts.rows)
    several = files(ALICE.document(), BOB.document(), BAD, BOB.document())

    told = (await client.post(PREVIEW, files=several)).json()["documents"]

    assert shown(told, "name", "status", "accountId", "email") == [
        ("1.json", "replaces", "acc-1_ff8d9819", "alice@example.com"),
        ("2.json", "valid", "acc-2_5ff860bf", "bob@example.com"),
        ("3.json", "invalid", None, None),
        ("4.json", "replaces", "acc-2_5ff860bf", "bob@example.com"),
    ]
    assert {name: told[2][name] for name in MISSING} == MISSING
    assert "earlier in this list" in told[3]["warning"]
    assert accounts.rows == before
    assert [entry.action for entry in operators.entries] == ["import_account"]


async def test_a_file_that_is_older_than_the_accounts_sign_in_is_warned_of(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    await client.post(IMPORT, files=files(ALICE.document()))
    (id_,) = accounts.rows
    accounts.add(replace(accounts.rows[id_], refreshed_at=NOW + 1))
    (told,) = (await client.post(PREVIEW, files=files(ALICE.document()))).json()["documents"]
    assert told["status"] == "replaces"
    assert "may be spent" in told["warning"]


async def test_pasted_documents_are_as_good_as_files(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    pasted = [json.loads(ALICE.document()), BOB.document().decode(), "no JSON", 7]

    preview = (await client.post(PREVIEW, json={"documents": pasted})).json()["documents"]
    done = (await client.post(IMPORT, json={"documents": pasted})).json()["results"]

    assert shown(preview, "name", "status") == [
        ("document 1", "valid"),
        ("document 2", "valid"),
        ("document 3", "invalid"),
        ("document 4", "invalid"),
    ]
    assert shown(done, "status", "field") == [
        ("added", None),
        ("added", None),
        ("invalid", "auth_json"),
        ("invalid", "auth_json"),
    ]
    assert [account.identity.email for account in accounts.rows.values()] == [
        "alice@example.com",
        "bob@example.com",
    ]


async def test_many_files_are_imported_each_for_itself(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    await client.post(IMPORT, files=files(ALICE.document()))
    several = files(BAD, ALICE.document(), BOB.document())
    told = (await client.post(IMPORT, files=several)).json()["results"]
    assert shown(told, "name", "status") == [
        ("1.json", "invalid"),
        ("2.json", "replaced"),
        ("3.json", "added"),
    ]
    assert told[2]["account"]["email"] == "bob@example.com"
    assert len(accounts.rows) == 2


async def test_one_pasted_document_is_answered_as_one_of_several(
    client: httpx2.AsyncClient,
) -> None:
    told = (await client.post(IMPORT, json={"documents": [BAD.decode()]})).json()
    assert [each["status"] for each in told["results"]] == ["invalid"]


@pytest.mark.parametrize("path", [IMPORT, PREVIEW])
@pytest.mark.parametrize(
    ("how", "status"),
    [
        pytest.param({"json": {"documents": []}}, 422, id="no document"),
        pytest.param({"json": {"documents": ["{}"] * 101}}, 422, id="too many documents"),
        pytest.param({"json": {"documents": {}}}, 422, id="no list"),
        pytest.param({"json": []}, 422, id="no object"),
        pytest.param({"files": files(*[b"{}"] * 101)}, 422, id="too many files"),
        pytest.param({"files": [("other", ("a.json", b"{}"))]}, 422, id="another part"),
        pytest.param({"files": [*files(b"{}"), ("x", ("a", b"{}"))]}, 422, id="one more part"),
        pytest.param({"files": files(b" " * 1_048_577)}, 413, id="a file too large"),
        pytest.param({"files": files(b"", b" " * 1_048_577)}, 413, id="one of them too large"),
        pytest.param({"json": {"documents": [" " * 18_000_000]}}, 413, id="a body too large"),
    ],
)
async def test_what_is_refused_as_a_whole(
    client: httpx2.AsyncClient, path: str, how: dict[str, Any], status: int
) -> None:
    assert (await client.post(path, **how)).status_code == status


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b'{"a": 1' + b"0" * 40 + b"}", id="a number too large"),
        pytest.param(b'"\\ud800"', id="half a character"),
        pytest.param(b"[" * 5_000 + b"]" * 5_000, id="deep nesting"),
        pytest.param(b'"\\u0000"', id="a NUL"),
    ],
)
async def test_whatever_is_pasted_is_invalid_and_nothing_worse(
    client: httpx2.AsyncClient, document: bytes
) -> None:
    body = b'{"documents": [' + document + b"]}"
    answer = await client.post(PREVIEW, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert [each["status"] for each in answer.json()["documents"]] == ["invalid"]


async def test_no_answer_shows_a_secret(client: httpx2.AsyncClient) -> None:
    several = files(ALICE.document(), BAD)
    answers = [await client.post(path, files=several) for path in (PREVIEW, IMPORT)]
    text = "".join(answer.text for answer in answers)
    assert not [secret for secret in (*ALICE.secrets(), "s3cr3t") if secret in text]
