"""Moving house: from one running service to another, and from the public program's directory."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.foreign import Foreign
from tests.journeys import wire
from tests.journeys.conftest import UNASKED
from tests.journeys.patience import eventually
from tests.journeys.service import JsonObject, Service

from codex_lb.simulator import SimAccount, Simulator

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

PASSPHRASE = "correct horse battery staple"
COMMAND_LIMIT_S = 60.0
LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Houses:
    """Two services of their own; `new` runs, `old` is started by whoever needs it."""

    old: Service
    new: Service


@pytest_asyncio.fixture(loop_scope="module")
async def houses(sim: Simulator, tmp_path: Path) -> AsyncIterator[Houses]:
    sim.reset()
    made = []
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        made.append(Service(sim, tmp_path / name, UNASKED))
    both = Houses(*made)
    await both.new.start()
    try:
        yield both
    finally:
        for each in made:
            if each.port:
                await each.kill()


async def command(service: Service, *arguments: str, code: int = 0) -> str:
    """What the program says, run where the service's data are; passphrases come from its input."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "codex_lb", *arguments),
        cwd=service.folder,
        env=service.environment() | {"CODEX_LB_PORT": str(service.port)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(COMMAND_LIMIT_S):
        said, _ = await process.communicate(f"{PASSPHRASE}\n".encode())
    assert process.returncode == code, said.decode()
    return said.decode()


async def respond(service: Service, key: str | None) -> tuple[int, JsonObject]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    body = {"model": "gpt-5.4", "input": "Hello!", "stream": False}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{service.url}/v1/responses", json=body) as reply,
    ):
        return reply.status, await reply.json()


async def key_of(service: Service, secret: str) -> JsonObject:
    [found] = [
        key for key in await keys(service) if key["keyPrefix"] == secret[: len(key["keyPrefix"])]
    ]
    return found


async def keys(service: Service) -> list[JsonObject]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{service.url}/api/api-keys") as reply,
    ):
        listed: list[JsonObject] = await reply.json()
        return listed


async def furnished(houses: Houses, sim: Simulator) -> tuple[SimAccount, SimAccount, str]:
    """The old house with two accounts, and a key that everybody needs and that has been used."""
    old = houses.old
    await old.start()
    accounts = tuple(sim.add_account(email=f"{name}@example.com") for name in ("ann", "ben"))
    for account in accounts:
        await old.import_account(account)
    wanted: dict[str, Any] = {
        "name": "laptop",
        "limits": [{"limitType": "total_tokens", "limitWindow": "weekly", "maxValue": 1_000_000}],
    }
    key = (await old.admin("POST", "/api/api-keys", json=wanted))["key"]
    await old.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": True})
    await eventually(lambda: _is_served(old, key), within_s=LIMIT_S)
    await old.closed_rows(since=0, count=1)
    return accounts[0], accounts[1], key


async def _is_served(service: Service, key: str) -> bool:
    return (await respond(service, key))[0] == 200


async def test_a_running_house_moves_into_another_that_runs(houses: Houses, sim: Simulator) -> None:
    ann, ben, key = await furnished(houses, sim)
    await command(houses.old, "export", "x.bundle", "--with-history", "--passphrase-file", "-")
    bundle = str(houses.old.folder / "x.bundle")
    used = (await key_of(houses.old, key))["limits"][0]["currentValue"]
    assert used > 0
    await houses.old.stop()

    looked = await command(houses.new, "import", bundle, "--dry-run", "--passphrase-file", "-")
    assert "new        account ann@example.com" in looked
    assert "replaces   setting apiKeyAuthEnabled (False by True)" in looked
    assert await houses.new.accounts() == {}

    said = await command(houses.new, "import", bundle, "--passphrase-file", "-")
    assert "stop the old service for good" in said
    assert (await respond(houses.new, None))[0] == 401, "settings are in force at once"
    assert (await respond(houses.new, key))[0] == 200, "and so are keys and accounts"
    assert {a["email"] for a in (await houses.new.accounts()).values()} == {ann.email, ben.email}
    assert len(await houses.new.closed_rows(since=0, count=2)) == 2, "one came, one is new"
    again = (await key_of(houses.new, key))["limits"][0]["currentValue"]
    assert again == 2 * used, "what was used stays used"

    for account in (ann, ben):
        account.expire()
    assert (await respond(houses.new, key))[0] == 200, "the logins renew here"
    assert sim.reuse_count == 0
    said = await command(houses.new, "import", bundle, "--passphrase-file", "-")
    assert "replaces" not in said, "an older bundle takes nothing back"
    assert (await respond(houses.new, key))[0] == 200
    assert sim.reuse_count == 0


async def test_a_kill_around_an_import_leaves_all_of_it_or_nothing(
    houses: Houses, sim: Simulator
) -> None:
    _, _, key = await furnished(houses, sim)
    await command(houses.old, "export", "x.bundle", "--passphrase-file", "-")
    await houses.old.stop()
    new, bundle = houses.new, str(houses.old.folder / "x.bundle")

    before_mb = new.peak_memory_mb()
    async with asyncio.TaskGroup() as group:
        with locked(new):  # so that the import waits with its first word to the database
            asking = group.create_task(
                command(new, "import", bundle, "--passphrase-file", "-", code=1)
            )
            await eventually(lambda: _opens_it(new, before_mb), within_s=LIMIT_S)
            await new.kill()
        assert "did not answer" in await asking
    await new.start()
    assert (await new.accounts(), await keys(new)) == ({}, [])
    assert (await respond(new, None))[0] == 503, "no key is needed, and no account is there"

    await command(new, "import", bundle, "--passphrase-file", "-")
    await new.kill()
    await new.start()
    assert len(await new.accounts()) == 2
    assert (await respond(new, None))[0] == 401
    assert (await respond(new, key))[0] == 200


async def _opens_it(service: Service, before_mb: float) -> bool:
    """The server has the bundle whole: the passphrase takes 64 MiB."""
    return service.peak_memory_mb() > before_mb + 40


@contextmanager
def locked(service: Service) -> Iterator[None]:
    """The database can be read, and not written."""
    with closing(sqlite3.connect(service.data_dir / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_the_public_programs_directory_moves_in_with_its_clients_keys(
    houses: Houses, sim: Simulator, tmp_path: Path
) -> None:
    ann = sim.add_account(email="ann@example.com")
    foreign = Foreign(tmp_path / "foreign")
    foreign.account("acc-9_12345678", ann.auth_json()["tokens"], alias="Ann's")
    foreign.settings(api_key_auth_enabled=1, routing_strategy="round_robin")
    secret = "sk-clb-" + "k" * 43
    foreign.api_key(secret, ("total_tokens", "weekly", 1_000_000, 500, None))

    said = await command(houses.new, "import", "--from-directory", str(foreign.directory))
    assert "new        account Ann's" in said
    assert (await respond(houses.new, secret))[0] == 200, "the client has noticed nothing"
    assert (await respond(houses.new, secret[:-1] + "x"))[0] == 401
    await houses.new.closed_rows(since=0, count=1)
    assert (await key_of(houses.new, secret))["limits"][0]["currentValue"] > 500
    settings = await houses.new.admin("GET", "/api/settings")
    assert settings["routingStrategy"] == "round_robin"

    ann.expire()
    assert (await respond(houses.new, secret))[0] == 200
    assert (sim.refresh_calls(ann), sim.reuse_count) == (1, 0)
    [known] = await houses.new.accounts()
    ann.sign_in()
    assert await houses.new.import_account(ann) == known, "a later auth.json finds it again"


async def test_a_copy_of_a_running_store_comes_back(houses: Houses, sim: Simulator) -> None:
    new = houses.new
    account_id = await new.import_account(sim.add_account(email="ann@example.com"))
    await command(new, "db", "backup", "copy.db")
    assert "well" in await command(new, "db", "check")
    await new.admin("DELETE", f"/api/accounts/{account_id}")
    assert "in use by process" in await command(new, "db", "restore", "copy.db", code=1)
    assert "in use by process" in await command(new, "db", "rotate-key", code=1)
    await new.stop()
    await command(new, "db", "restore", "copy.db")
    await command(new, "db", "rotate-key")
    await new.start()
    assert list(await new.accounts()) == [account_id]
    assert (await wire.ask(new)).is_completed
