"""The commands about the store as a whole."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tests.test_cli import ALICE, IDS, Run, auth_file, listed, run

__all__ = ["run"]


@pytest.fixture
def data(run: Run, tmp_path: Path) -> Path:
    """The directory of a store with one account."""
    assert run("accounts", "import", auth_file(tmp_path, ALICE)).exit_code == 0
    return tmp_path / "data"


def test_a_sound_store_is_well_in_every_respect(run: Run, data: Path) -> None:
    before = (data / "store.db").read_bytes()
    result = run("db", "check")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "file: well",
        "references: well",
        "schema: well",
        "keys: well",
        "secrets of accounts: well",
        "secrets of the operator: well",
    ]
    assert (data / "store.db").read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "what", "fault"),
    [
        pytest.param(
            "UPDATE credentials SET access_token = x'00'",
            "secrets of accounts",
            f"none of the keys opens those of {IDS[ALICE]}",
            id="a token that does not open",
        ),
        pytest.param(
            "INSERT INTO settings VALUES ('login', '\"gAAAA\"')",
            "secrets of the operator",
            "a stored secret was sealed with a key that is not here",
            id="a proof that does not open",
        ),
        pytest.param(
            "INSERT INTO blocks VALUES ('gone', 'fault', '', 1, 2, 'why', 0)",
            "references",
            "1 faults, the first: blocks",
            id="a block of no account",
        ),
        pytest.param(
            "UPDATE alembic_version SET version_num = '0003'",
            "schema",
            "at 0003; the next start brings it to",
            id="a migration that is due",
        ),
        pytest.param(
            "UPDATE alembic_version SET version_num = '9999'",
            "schema",
            "newer than this program's",
            id="a newer program's",
        ),
    ],
)
def test_what_is_wrong_is_named(
    run: Run, data: Path, statement: str, what: str, fault: str
) -> None:  # fmt: skip
    with closing(sqlite3.connect(data / "store.db")) as connection:
        connection.execute(statement)
        connection.commit()
    result = run("db", "check")
    assert result.exit_code == 1
    [line] = [line for line in result.stdout.splitlines() if not line.endswith(": well")]
    assert line.startswith(f"{what}: ")
    assert fault in line


def test_a_key_file_of_another_store_is_found_out(run: Run, data: Path) -> None:
    (data / "encryption.key").write_bytes(Fernet.generate_key())
    result = run("db", "check")
    assert result.exit_code == 1
    assert "keys: key file" in result.stdout
    assert "does not match the database" in result.stdout


def test_without_a_store_nothing_is_created(run: Run, tmp_path: Path) -> None:
    for command in (["check"], ["backup"]):
        result = run("db", *command)
        assert result.exit_code == 1
        assert "there is no store at" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_store_goes_back_to_where_it_was(run: Run, data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert run("db", "backup", str(copy)).exit_code == 0
    assert "store-" in run("db", "backup").stdout
    assert run("accounts", "remove", ALICE).exit_code == 0
    assert listed(run) == {}
    result = run("db", "restore", str(copy))
    assert result.exit_code == 0, result.stderr
    assert str(data / "backups" / "replaced-") in result.stdout
    assert listed(run) == {IDS[ALICE]: "active"}


def test_a_new_key_takes_over(run: Run, data: Path) -> None:
    before = (data / "encryption.key").read_bytes()
    result = run("db", "rotate-key")
    assert result.exit_code == 0, result.stderr
    assert "A new key seals 1 accounts." in result.stdout
    assert (data / "encryption.key").read_bytes() != before
    assert run("db", "check").exit_code == 0


@pytest.mark.parametrize("command", [["backup"], ["restore", "x"]], ids=lambda c: c[0])
def test_of_postgresql_its_own_tools_are_named(
    run: Run, tmp_path: Path, command: list[str]
) -> None:  # fmt: skip
    (tmp_path / "x").touch()
    environment = {"CODEX_LB_DATABASE_URL": "postgresql://h/db"}
    result = run("db", *command, env=environment)
    assert result.exit_code == 1
    assert "its own pg_" in result.stderr
