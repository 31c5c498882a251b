"""The migrations make the schema that the queries expect, and only ever on our own databases."""

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from codex_lb.store import Store, StoreError
from codex_lb.store.addresses import connect, parse_url
from codex_lb.store.database import Database
from codex_lb.store.migrate import SCRIPTS, upgrade
from codex_lb.store.opening import HEAD
from codex_lb.store.schema import metadata

NOW = 1_800_000_000.0


def make(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
async def database(database_url: str | None, data_dir: Path) -> AsyncIterator[Database]:
    """Migrated, and not in use."""
    await (await Store.open(database_url, data_dir, data_dir / "key", clock=lambda: NOW)).close()
    opened = connect(parse_url(database_url, data_dir / "store.db"))
    yield opened
    await opened.dispose()


def test_the_newest_migration_is_the_one_that_is_looked_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def described(connection: Connection) -> dict[str, object]:
    """Every table with all that it has, whatever the order."""
    found = inspect(connection)

    def index(one: Any) -> object:
        options = {name: str(value) for name, value in one.get("dialect_options", {}).items()}
        return {**one, "dialect_options": options}

    def of(table: str) -> dict[str, list[str]]:
        parts: dict[str, list[Any]] = {
            "columns": [*found.get_columns(table)],
            "key": [found.get_pk_constraint(table)],
            "references": [*found.get_foreign_keys(table)],
            "indexes": [index(each) for each in found.get_indexes(table)],
            "uniques": [*found.get_unique_constraints(table)],
            "checks": [*found.get_check_constraints(table)],
        }
        return {name: sorted(map(repr, part)) for name, part in parts.items()}

    return {table: of(table) for table in found.get_table_names()}


async def test_the_migrations_make_the_schema_of_a_new_store(
    database: Database, database_url: str | None
) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, metadata))

    def migrate(connection: Connection) -> None:
        for table in described(connection):
            connection.execute(text(f'DROP TABLE "{table}" {cascade}'))
        upgrade(connection)

    cascade = "" if database_url is None else "CASCADE"
    made = await database.read(described)
    await database.write(migrate)
    assert await database.read(differences) == []
    assert await database.read(described) == made


@pytest.mark.parametrize(
    ("version", "complaint"),
    [
        pytest.param("0999", "newer than this program", id="a newer version's"),
        pytest.param("20250101_add_things", "belongs to another program", id="another program's"),
    ],
)
async def test_a_foreign_database_is_refused(
    database: Database, database_url: str | None, data_dir: Path, version: str, complaint: str
) -> None:
    change = text("UPDATE alembic_version SET version_num = :version").bindparams(version=version)
    await database.write(lambda connection: connection.execute(change))

    with pytest.raises(StoreError, match=complaint):
        await Store.open(database_url, data_dir, data_dir / "key", clock=lambda: NOW)


async def test_tables_of_another_program_are_left_alone(
    database_url: str | None, data_dir: Path
) -> None:
    make(data_dir)
    other = connect(parse_url(database_url, data_dir / "store.db"))
    await other.write(lambda connection: connection.execute(text("CREATE TABLE accounts (x TEXT)")))

    with pytest.raises(StoreError, match="tables of another program"):
        await Store.open(database_url, data_dir, data_dir / "key", clock=lambda: NOW)

    assert not (data_dir / "key").exists()
    tables = await other.read(lambda connection: inspect(connection).get_table_names())
    await other.dispose()
    assert tables == ["accounts"]


async def test_a_first_start_that_fails_leaves_an_empty_database(data_dir: Path) -> None:
    """The key cannot be written, so the tables must not stay either."""
    key_file = make(data_dir) / "key"
    key_file.symlink_to("nowhere/key")

    with pytest.raises(StoreError):
        await Store.open(None, data_dir, key_file, clock=lambda: NOW)

    assert (data_dir / "store.db").exists()
    with closing(sqlite3.connect(data_dir / "store.db")) as connection:
        assert connection.execute("SELECT * FROM sqlite_schema").fetchall() == []


def test_alembic_is_loaded_to_migrate_only(data_dir: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from codex_lb.store import Store

async def main(directory):
    await (await Store.open(None, directory, directory / "key", clock=lambda: 1.8e9)).close()
    print("alembic" in sys.modules, "asyncpg" in sys.modules)

asyncio.run(main(Path(sys.argv[1])))
"""
    said = [
        subprocess.run(  # noqa: S603  our own interpreter and text
            [sys.executable, "-c", script, str(data_dir)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={"PYTHONPATH": ":".join(sys.path)},
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["False", "False"], ["False", "False"]]
