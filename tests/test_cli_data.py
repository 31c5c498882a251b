"""Moving house from the command line, without a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.dashboard.builders import AuthFile
from tests.foreign import Foreign
from tests.test_cli import ALICE, BOB, IDS, Run, auth_file, listed, logging_restored

from codex_lb.cli import main

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs a command in the house that `house` names; no server listens."""
    runner = CliRunner()

    def ran(*arguments: str, house: str = "old", **more: str) -> Result:
        place = {"CODEX_LB_DATA_DIR": str(tmp_path / house), "CODEX_LB_PORT": "1"}
        return runner.invoke(main, arguments, env=place, **more)  # type: ignore[arg-type]  # texts

    with logging_restored():
        yield ran


@pytest.fixture
def packed(run: Run, tmp_path: Path) -> Path:
    """What a house with one account has packed."""
    assert run("accounts", "import", auth_file(tmp_path, ALICE)).exit_code == 0
    file = tmp_path / "house.bundle"
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    result = run("export", str(file), "--passphrase-file", str(tmp_path / "passphrase"))
    assert result.exit_code == 0, result.stderr
    assert "stop the old service for good" in result.stderr
    return file


def in_new(run: Run) -> dict[str, str]:
    return listed(lambda *arguments: run(*arguments, house="new"))


def test_a_house_moves_by_a_file_that_only_its_owner_reads(run: Run, packed: Path) -> None:
    assert packed.stat().st_mode & 0o777 == 0o600
    looked = run("import", str(packed), "--dry-run", house="new", input=PASSPHRASE)
    assert looked.exit_code == 0, looked.stderr
    assert f"new        account {ALICE}\nNothing has been written." in looked.stdout
    assert in_new(run) == {}

    done = run("import", str(packed), house="new", input=PASSPHRASE)
    assert (done.exit_code, in_new(run)) == (0, {IDS[ALICE]: "active"})
    assert "stop the old service for good" in done.stderr

    again = run("import", str(packed), house="new", input=PASSPHRASE)
    assert f"unchanged  account {ALICE}" in again.stdout


def test_a_wrong_passphrase_changes_nothing(run: Run, packed: Path) -> None:
    result = run("import", str(packed), house="new", input="wrong horse battery")
    assert result.exit_code == 1
    assert "The passphrase is wrong" in result.stderr
    assert in_new(run) == {}


def test_a_typed_passphrase_is_typed_twice(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.bundle"
    result = run("export", str(file), input=f"{PASSPHRASE}\nsomething else\n" * 3)
    assert result.exit_code != 0
    assert not file.exists()
    assert run("export", str(file), input=f"{PASSPHRASE}\n{PASSPHRASE}\n").exit_code == 0
    assert PASSPHRASE not in result.output


def test_a_file_is_never_replaced(run: Run, packed: Path) -> None:
    before = packed.read_bytes()
    result = run("export", str(packed), input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert result.exit_code == 1
    assert "is there already" in result.stderr
    assert packed.read_bytes() == before


def test_a_place_that_takes_no_file_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    target = tmp_path / "nowhere" / "x.bundle"
    result = run("export", str(target), "--passphrase-file", str(tmp_path / "passphrase"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["{file}", "--from-directory", "."]], ids=["no", "both"])
def test_one_source_is_needed(run: Run, packed: Path, arguments: list[str]) -> None:
    result = run("import", *(each.format(file=packed) for each in arguments), house="new")
    assert result.exit_code == 2


def test_the_directory_of_the_public_program_comes_in(run: Run, tmp_path: Path) -> None:
    foreign = Foreign(tmp_path / "foreign")
    foreign.account(IDS[ALICE], AuthFile().tokens, status="paused")
    foreign.account("x", AuthFile(email=BOB).tokens, access_token_encrypted=b"")
    foreign.settings(api_key_auth_enabled=1)
    foreign.api_key("sk-clb-" + "x" * 43)
    source = ("import", "--from-directory", str(foreign.directory))

    looked = run(*source, "--dry-run", house="new")
    assert looked.exit_code == 1, "something is invalid"
    refused = run(*source, house="new")
    assert refused.exit_code == 1
    assert "They can be skipped." in refused.stderr
    assert in_new(run) == {}

    result = run(*source, "--skip-invalid", house="new")
    assert result.exit_code == 0, result.stderr
    assert in_new(run) == {IDS[ALICE]: "paused"}
    assert "left out   other 1 tables (request_logs (2))" in result.stdout
    file = tmp_path / "again.bundle"
    run("export", str(file), house="new", input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    told = run("import", str(file), "--dry-run", house="new", input=PASSPHRASE).stdout
    assert "unchanged  api key ops (sk-clb-xxxxxxxx)" in told


def test_a_service_that_finds_the_public_programs_store_says_how_to_go_on(
    run: Run, tmp_path: Path
) -> None:
    foreign = Foreign(tmp_path / "old")
    before = (foreign.directory / "store.db").read_bytes()
    result = run("accounts", "list")
    assert result.exit_code == 1
    assert "codex-lb import --from-directory" in result.stderr
    assert (foreign.directory / "store.db").read_bytes() == before
