"""The commands that move house: pack everything into a file, and take it in elsewhere."""

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

import click

from codex_lb.admin import Answer, Question
from codex_lb.asking import asking, demand
from codex_lb.settings import Settings

# Both would renew the same logins, and whoever comes second loses them.
ONE_SERVES = (
    "Refresh tokens are good for one use: stop the old service for good before the new one serves."
)

_LONGEST = 1_024  # characters of a passphrase

_passphrase_file = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help='Read the passphrase from the first line of this file ("-" is standard input).',
)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-history", is_flag=True, help="Pack the newest 100,000 requests too.")
@_passphrase_file
@click.pass_obj
def export(read: Settings, file: Path, passphrase_file: Path | None, *, with_history: bool) -> None:
    """Pack accounts, API keys, limits and settings into FILE, sealed with a passphrase.

    The operator's password and one-time codes stay where they are.
    """
    if file.exists():
        raise click.ClickException(f"{file} is there already")
    passphrase = _passphrase(passphrase_file, confirm=True)
    wish = {"passphrase": passphrase, "withHistory": with_history}
    answer = _ask(read, Question("POST", "/api/bundle/export", document=wish))
    _keep(file, answer.content)
    click.echo(f"Packed into {file}. Take it in with: codex-lb import {file.name}")
    click.echo(ONE_SERVES, err=True)


@click.command("import")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--from-directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take in the data directory of the public codex-lb instead of a file.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would become of each record.")
@click.option("--skip-invalid", is_flag=True, help="Leave out records that cannot be right.")
@_passphrase_file
@click.pass_obj
def import_(
    read: Settings,
    file: Path | None,
    from_directory: Path | None,
    passphrase_file: Path | None,
    *,
    dry_run: bool,
    skip_invalid: bool,
) -> None:
    """Take in what `export` has packed into FILE: all of it, or nothing.

    A known account is signed in anew unless its sign-in here is newer. Doing it twice changes nothing.
    """
    if (file is None) == (from_directory is None):
        raise click.UsageError("Give either FILE or --from-directory.")
    if from_directory is not None:
        content, passphrase = _foreign(from_directory)
    else:
        content = _content(file or Path())
        passphrase = _passphrase(passphrase_file, confirm=False)
    form: dict[str, str | bytes] = {
        "file": content,
        "passphrase": passphrase,
        "dry_run": str(dry_run).lower(),
        "skip_invalid": str(skip_invalid).lower(),
    }
    told = _ask(read, Question("POST", "/api/bundle/import", form=form)).document
    for record in told["records"]:
        click.echo(_line(record))
    click.echo("Nothing has been written." if dry_run else "Done.")
    click.echo(ONE_SERVES, err=True)
    if dry_run and any(record["status"] == "invalid" for record in told["records"]):
        raise click.exceptions.Exit(1)


def _line(record: Mapping[str, str]) -> str:
    detail = f" ({record['detail']})" if record["detail"] else ""
    return f"{record['status']:<10} {record['kind']} {record['name']}{detail}"


def _foreign(directory: Path) -> tuple[bytes, str]:
    """As a file, sealed with a passphrase that is good for this once."""
    from codex_lb.store import StoreError  # noqa: PLC0415  slow to import, here and below
    from codex_lb.store.bundle_file import seal  # noqa: PLC0415
    from codex_lb.store.foreign_store import read  # noqa: PLC0415

    passphrase = secrets.token_urlsafe()
    try:
        return seal(read(directory, time.time()), passphrase), passphrase  # noqa: TID251
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    if file is None:
        typed: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
        return typed
    with click.open_file(str(file), encoding="utf-8") as opened:
        return str(opened.readline(_LONGEST)).rstrip("\r\n")


def _content(file: Path) -> bytes:
    from codex_lb.store.bundle_file import LARGEST  # noqa: PLC0415

    if file.stat().st_size > LARGEST:
        raise click.ClickException(f"{file} is too large for a bundle")
    return file.read_bytes()


def _keep(file: Path, content: bytes) -> None:
    """For the operator alone; whole or not at all."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
        except OSError:
            file.unlink()
            raise
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error}") from error


def _ask(read: Settings, question: Question) -> Answer:
    with asking(read) as ask:
        answer = ask(question)
    demand(answer)
    return answer
