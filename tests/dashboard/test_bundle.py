"""Moving house over the operator's API, and what the audit log says of it."""

from typing import Any

import httpx2
import pytest
from tests.dashboard.builders import NOW, FakeAccounts, FakeOperators, caller

from codex_lb.core.bundle import Bundle
from codex_lb.core.model import Credential, Identity
from codex_lb.dashboard.house import House
from codex_lb.store import Store
from codex_lb.store.bundle_file import LARGEST, seal, unseal

PASSPHRASE = "correct horse battery staple"
ALICE = Identity("acc-1", "user-1", "alice@example.com", "plus")
ID = "acc-1_ff8d9819"
CREDENTIAL = Credential("at_s3cr3t", "rt_s3cr3t", "id_s3cr3t", None, NOW)


class Told:
    """Whoever runs; it hears what came in, in order."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    async def before(self) -> None:
        self.heard.append("before")

    async def after(self, plan: Any) -> None:
        self.heard.append([member.account.id for member in plan.members])


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def operators() -> FakeOperators:
    return FakeOperators()


@pytest.fixture
def client(store: Store, told: Told, operators: FakeOperators) -> httpx2.AsyncClient:
    house = House(store.moves, lambda: NOW, told.before, told.after)
    return caller(FakeAccounts(), peer="127.0.0.1", house=house, operators=operators)


async def export(client: httpx2.AsyncClient, **body: Any) -> httpx2.Response:
    return await client.post("/api/bundle/export", json={"passphrase": PASSPHRASE} | body)


async def import_(
    client: httpx2.AsyncClient, file: bytes, passphrase: str = PASSPHRASE, **texts: str
) -> httpx2.Response:
    data = {"passphrase": passphrase} | texts
    return await client.post("/api/bundle/import", data=data, files={"file": ("x.bundle", file)})


async def test_everything_comes_out_as_a_file_that_nobody_keeps(
    client: httpx2.AsyncClient, store: Store, operators: FakeOperators, told: Told
) -> None:
    await store.put_account(ID, ALICE, CREDENTIAL, now=NOW)
    reply = await export(client)
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"] == 'attachment; filename="codex-lb-20260921.bundle"'
    [member] = unseal(reply.content, PASSPHRASE).members
    assert member.credential == CREDENTIAL
    assert told.heard == ["before"], "what only memory knows is written down first"
    assert [(entry.action, entry.actor) for entry in operators.entries] == [
        ("export_bundle", "local")
    ]
    assert PASSPHRASE not in str(operators.entries)


async def test_a_look_ahead_writes_nothing_and_an_import_is_in_force_at_once(
    client: httpx2.AsyncClient, store: Store, operators: FakeOperators, told: Told
) -> None:
    await store.put_account(ID, ALICE, CREDENTIAL, now=NOW)
    file = (await export(client)).content
    await store.delete_account(ID, delete_history=False)
    told.heard.clear()
    records = [
        {"kind": "account", "name": "alice@example.com", "status": "new", "detail": ""},
    ]

    looked = await import_(client, file, dry_run="true")
    assert looked.json() == {"dryRun": True, "records": records}
    assert (await store.accounts(), told.heard) == ([], [])

    done = await import_(client, file)
    assert done.json() == {"dryRun": False, "records": records}
    assert await store.credential(ID) == CREDENTIAL
    assert told.heard == ["before", [ID]]
    last = operators.entries[-1]
    assert last.action == "import_bundle"
    assert last.detail is not None
    assert (last.detail["dryRun"], last.detail["records"]) == (False, {"new": 1})


async def test_what_cannot_be_opened_changes_nothing_and_is_noted(
    client: httpx2.AsyncClient, operators: FakeOperators, told: Told
) -> None:
    file = seal(Bundle(NOW), PASSPHRASE)
    reply = await import_(client, file, "wrong horse battery")
    assert (reply.status_code, reply.json()["error"]) == (
        400,
        {"code": "invalid_bundle", "message": "The passphrase is wrong, or the file has been changed."},
    )  # fmt: skip
    assert [entry.action for entry in operators.entries] == ["import_bundle_failed"]
    assert told.heard == []


async def test_a_short_passphrase_is_refused(client: httpx2.AsyncClient) -> None:
    reply = await export(client, passphrase="short")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_bundle")


async def test_invalid_records_keep_all_out_unless_they_are_to_be_skipped(
    client: httpx2.AsyncClient, store: Store, told: Told
) -> None:
    await store.put_account("another-id", ALICE, CREDENTIAL, now=NOW)
    file = (await export(client)).content
    await store.delete_account("another-id", delete_history=False)
    told.heard.clear()

    refused = await import_(client, file)
    assert refused.status_code == 400
    assert "1 records cannot be; the first is account" in refused.json()["error"]["message"]
    assert told.heard == ["before"]

    skipped = await import_(client, file, skip_invalid="true")
    assert [record["status"] for record in skipped.json()["records"]] == ["invalid"]


@pytest.mark.parametrize(
    ("data", "files", "status"),
    [
        pytest.param({"passphrase": "x"}, {"other": ("x", b"x")}, 422, id="another file"),
        pytest.param(
            {}, [("file", ("a", b"x")), ("file", ("b", b"x"))], 422, id="two files"
        ),
        pytest.param({"dry_run": "maybe"}, {"file": ("x", b"x")}, 422, id="no truth"),
        pytest.param({}, {"file": ("x", b"x")}, 400, id="no bundle"),
        pytest.param({}, {"file": ("x", b"x" * (LARGEST + 20_000))}, 413, id="too large"),
    ],
)  # fmt: skip
async def test_a_form_that_is_none(
    client: httpx2.AsyncClient, data: Any, files: Any, status: int
) -> None:
    reply = await client.post("/api/bundle/import", data=data, files=files)
    assert reply.status_code == status, reply.text


async def test_strangers_get_nothing(store: Store) -> None:
    house = House(store.moves, lambda: NOW)
    stranger = caller(FakeAccounts(), peer="192.0.2.7", house=house)
    assert (await export(stranger)).status_code == 401
    assert (await import_(stranger, b"")).status_code == 401
