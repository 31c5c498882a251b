"""A database of the first schema opens with today's program, and nothing in it is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from codex_lb.core.model import (
    Account,
    Block,
    Cost,
    Credential,
    Identity,
    OpenedRequest,
    QuotaWindow,
    Receipt,
    Usage,
)
from codex_lb.store import AccountTotals, HourlySums, RequestRecord, Store
from codex_lb.store.addresses import connect, parse_url
from codex_lb.store.migrate import SCRIPTS
from codex_lb.store.opening import schema_of
from codex_lb.store.records import Dimension
from codex_lb.store.secrets import Keyring, create_key_file

NOW = 1_800_000_000.0
HOUR_AT = 1_800_000_000

ACCOUNT = Account(
    id="a",
    identity=Identity("acc", "user", "alice@example.com", "plus", workspace_id="ws"),
    state="paused",
    state_reason="holidays",
    created_at=NOW,
    refreshed_at=NOW + 1,
    access_expires_at=NOW + 3600,
    windows=(QuotaWindow(300, 0.5, NOW + 60, NOW, "headers"),),
    blocks=(Block("model", NOW, NOW + 5, "not in the plan", model="gpt-x", is_told=True),),
)
CREDENTIAL = Credential("access", "refresh", "id", NOW + 3600, NOW + 1)
ROW = OpenedRequest(
    "r1",
    HOUR_AT * 1000,
    "responses",
    "sse",
    "m",
    conversation_id="t",
    user_agent="codex_exec/0.169 (Debian)",
)
RECEIPT = Receipt(
    "r1",
    "success",
    HOUR_AT * 1000 + 900,
    account_id="a",
    http_status=200,
    response_id="resp_1",
    usage=Usage(10, 20, 5, 7),
    cost=Cost(100, 50, 400),
)

# As the first version wrote them; never to be brought up to date.
_ROWS = """
INSERT INTO accounts VALUES ('a', 'acc', 'user', 'alice@example.com', 'plus', 'ws', NULL, NULL,
    'paused', 'holidays', 1800000000, 1800000001, 1800003600);
INSERT INTO credentials VALUES ('a', :access, :refresh, :id);
INSERT INTO quota_windows VALUES ('a', 300, 0.5, 1800000060, 1800000000, 'headers');
INSERT INTO blocks VALUES ('a', 'model', 'gpt-x', 1800000000, 1800000005, 'not in the plan', TRUE);
INSERT INTO affinities VALUES ('conversation', 't', 'a', 1800000099);
INSERT INTO settings VALUES ('theme', '"dark"'), ('key_fingerprints', :fingerprints);
INSERT INTO rollups VALUES ('model', 1800000000, 'm', 1, 0, 0, 10, 5, 20, 7, 550),
    ('account_ever', 0, 'a', 1, 0, 0, 10, 5, 20, 7, 550);
INSERT INTO requests VALUES ('r1', 'i', 1800000000000, 'responses', 'sse', 'm', NULL, NULL, NULL,
    't', 'codex_exec/0.169 (Debian)', NULL, 'success', 1800000000900, 'a', NULL, 200, NULL, NULL, NULL, NULL, 'resp_1',
    10, 5, 20, 7, 100, 50, 400, FALSE, FALSE, '[]', NULL, 0, 0);
"""


def fill(connection: Connection, keys: Keyring) -> None:
    """The first migration, and rows under it."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    values = {
        "access": keys.seal("access"),
        "refresh": keys.seal("refresh"),
        "id": keys.seal("id"),
        "fingerprints": f'["{keys.fingerprints[0]}"]',
    }
    for statement in filter(str.strip, _ROWS.split(";")):
        bound = text(statement)
        wanted = {name: values[name] for name in values if f":{name}" in statement}
        connection.execute(bound.bindparams(**wanted))


@pytest.fixture
async def store(database_url: str | None, data_dir: Path) -> AsyncIterator[Store]:
    """Opened by today's program, made by the first."""
    keys = create_key_file(data_dir / "key")
    database = connect(parse_url(database_url, data_dir / "store.db"))
    await database.write(lambda connection: fill(connection, keys))
    await database.dispose()
    store = await Store.open(database_url, data_dir, data_dir / "key", clock=lambda: NOW)
    yield store
    await store.close()


async def test_a_database_of_the_first_schema_keeps_all_it_holds(store: Store) -> None:
    assert await store.accounts() == [ACCOUNT]
    assert await store.credential("a") == CREDENTIAL
    assert [affinity.account_id for affinity in await store.affinities(now=NOW)] == ["a"]
    assert await store.setting("theme") == "dark"
    assert await store.request("r1") == RequestRecord(ROW, RECEIPT, "success")
    assert await store.request_totals() == {"a": AccountTotals(1, 30, 5, 550)}
    keys: dict[Dimension, str] = {"model": "m", "outcome": "served", "client": "codex_exec"}
    for dimension, key in keys.items():
        assert await store.hourly(dimension, start_at=0, end_at=NOW + 1) == [
            HourlySums(HOUR_AT, key, 1, 0, 0, 10, 5, 20, 7, 550)
        ]


async def test_what_is_new_works_on_what_is_old(store: Store) -> None:
    assert await store.response_owner("resp_1") == "a"
    wished = await store.set_priority("a", "preserve")
    assert wished is not None
    assert (wished.priority, wished.alias) == ("preserve", None)
    assert (wished.credits, wished.extras, wished.reset_credits) == (None, (), 0)


@pytest.mark.usefixtures("store")
async def test_what_was_there_is_kept_aside(database_url: str | None, data_dir: Path) -> None:
    copies = list((data_dir / "backups").glob("*"))
    if database_url is not None:
        assert copies == [], "PostgreSQL has tools of its own"
        return
    [copy] = copies
    assert schema_of(copy) == "0001"
