"""The command line: serve, and look after the accounts of the pool.

Exit codes: 0 done, 1 refused or failed (a sentence on stderr says why), 2 wrong usage. `status`
also ends with 1 if no account can serve.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import click

from codex_lb import __version__, cli_data, settings, status_report
from codex_lb.admin import AdminError, Ask, JsonObject, Question, is_served, without_server
from codex_lb.asking import ACCOUNTS, asking, demand, find
from codex_lb.asking import accounts as every_account
from codex_lb.cli_db import db
from codex_lb.cli_login import export, login
from codex_lb.cli_setup import setup
from codex_lb.listing import table
from codex_lb.settings import SettingError, Settings

_LARGEST_FILE = 1_048_576  # bytes; the server refuses more

_host = click.option("--host", help="Listen on this address instead of CODEX_LB_HOST (127.0.0.1).")
_port = click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    metavar="NUMBER",
    help="Listen on this port instead of CODEX_LB_PORT (2455).",
)
_account = click.argument("account")


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="codex-lb")
@_host
@_port
@click.pass_context
def main(context: click.Context, host: str | None, port: int | None) -> None:
    """One OpenAI-compatible address in front of several ChatGPT accounts.

    Without a command it serves.
    """
    try:
        read, warnings = settings.read()
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
    context.obj = _aimed(read, host, port)
    if context.invoked_subcommand is None:
        _serve(context.obj)


for _command in (db, cli_data.export, cli_data.import_):
    main.add_command(_command)


@main.command()
@_host
@_port
@click.pass_obj
def serve(read: Settings, host: str | None, port: int | None) -> None:
    """Serve until a signal ends it. Running requests may finish."""
    _serve(_aimed(read, host, port))


def _aimed(read: Settings, host: str | None, port: int | None) -> Settings:
    return replace(read, host=host or read.host, port=read.port if port is None else port)


def _serve(read: Settings) -> None:
    from codex_lb import app  # noqa: PLC0415  slow to import; other commands start without it

    with _serving(read):
        app.run(read)


@contextmanager
def _serving(read: Settings) -> Iterator[None]:
    """Tells the operator in a sentence what kept us from serving."""
    from codex_lb.store import StoreError  # noqa: PLC0415  slow to import

    try:
        yield
    except (StoreError, OSError, ExceptionGroup) as error:
        cause = _only_leaf(error)
        if isinstance(cause, StoreError):
            raise click.ClickException(str(cause)) from error
        if isinstance(cause, OSError):
            message = f"Cannot serve on {read.host}:{read.port}: {cause}"
            raise click.ClickException(message) from error
        raise


def _only_leaf(error: Exception) -> Exception:
    """What task groups have wrapped, if it is one thing."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


@main.command()
@_host
@_port
@click.pass_obj
def demo(read: Settings, host: str | None, port: int | None) -> None:
    """Show the whole product with made-up accounts; your own data stays untouched."""
    from codex_lb import demo as demonstration  # noqa: PLC0415  slow to import

    aimed = _aimed(read, host, port)
    with _serving(aimed):
        demonstration.run(aimed)


@main.command()
@click.option(
    "--json", "as_json", is_flag=True, help="For programs; docs/quickstart.md has the names."
)
@click.pass_obj
def status(read: Settings, *, as_json: bool) -> None:
    """Show whether the pool can serve, and what its accounts have left.

    Ends with 0 if an account can serve and with 1 if none can.
    """
    now = time.time()  # noqa: TID251  where real time comes in
    source: status_report.Source = "server" if is_served(read) else "store"
    with asking(read) as ask:
        usage = demand(ask(Question("GET", "/api/usage/summary")))
        told = status_report.report(every_account(ask), usage, source, now)
    click.echo(json.dumps(told, indent=2) if as_json else status_report.text(told, now))
    if not told["canServe"]:
        raise click.exceptions.Exit(1)


main.add_command(setup)


@main.group()
def accounts() -> None:
    """The ChatGPT accounts of the pool.

    Each command asks the running server, or works on its data while none runs. ACCOUNT is an id, the
    beginning of one, the name you gave it, or an e-mail address.
    """


@accounts.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option("--dry-run", is_flag=True, help="Only say what would become of each file.")
@click.pass_obj
def import_(read: Settings, files: tuple[Path, ...], *, dry_run: bool) -> None:
    """Add the accounts of auth.json FILES that Codex CLI wrote ("-" is standard input).

    A known account keeps its settings and history, and is signed in anew.
    """
    with asking(read) as ask:
        if dry_run:
            _preview(ask, files)
            return
        known = {account["accountId"] for account in every_account(ask)}
        failed = [file for file in files if not _import_one(ask, file, known)]
    if failed:
        raise click.exceptions.Exit(1)


def _preview(ask: Ask, files: Sequence[Path]) -> None:
    contents = {file: content for file in files if (content := _read(file)) is not None}
    documents = [content.decode("utf-8", "replace") for content in contents.values()]
    wish = Question("POST", f"{ACCOUNTS}/import/preview", document={"documents": documents})
    told = demand(ask(wish))["documents"] if documents else []
    for file, each in zip(contents, told, strict=True):
        if each["status"] == "invalid":
            click.echo(f"{file}: {each['message']}", err=True)
            continue
        would = "signed in anew" if each["status"] == "replaces" else "added"
        about = f" {each['warning']}" if each["warning"] else ""
        click.echo(f"{file}: {each['email']} ({each['planType']}) would be {would}.{about}")
    if len(contents) < len(files) or any(each["status"] == "invalid" for each in told):
        raise click.exceptions.Exit(1)


def _read(file: Path) -> bytes | None:
    """Says why if it cannot."""
    try:
        with click.open_file(str(file), "rb") as opened:
            content: bytes = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        click.echo(f"{file}: {error.strerror}", err=True)
        return None
    return content


def _import_one(ask: Ask, file: Path, known: set[str]) -> bool:
    """Says what became of it; whether it is in the pool now."""
    content = _read(file)
    if content is None:
        return False
    answer = ask(Question("POST", f"{ACCOUNTS}/import", content))
    if not answer.ok:
        click.echo(f"{file}: {answer.message}", err=True)
        return False
    told = answer.document
    done = "signed in anew" if told["accountId"] in known else "added"
    known.add(told["accountId"])
    click.echo(f"{told['email']} ({told['planType']}) {done} as {told['accountId']}")
    return True


accounts.add_command(login)
accounts.add_command(export)


@accounts.command("list")
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /api/accounts.")
@click.pass_obj
def list_(read: Settings, *, as_json: bool) -> None:
    """Show all accounts and what they have left."""
    with asking(read) as ask:
        told = every_account(ask)
    if as_json:
        click.echo(json.dumps({"accounts": told}, indent=2))
    elif told:
        click.echo(table(told))
    else:
        click.echo("No accounts yet. Add one: codex-lb accounts login")


@accounts.command()
@_account
@click.pass_obj
def pause(read: Settings, account: str) -> None:
    """Keep ACCOUNT out of routing until it is resumed."""
    _do(read, account, "POST", "/pause", "paused")


@accounts.command()
@_account
@click.pass_obj
def resume(read: Settings, account: str) -> None:
    """Let ACCOUNT serve again, and forget what kept it from it."""
    _do(read, account, "POST", "/reactivate", "resumed")


@accounts.command()
@_account
@click.option("--delete-history", is_flag=True, help="Delete its rows in the request log too.")
@click.pass_obj
def remove(read: Settings, account: str, *, delete_history: bool) -> None:
    """Take ACCOUNT out of the pool and wipe its tokens."""
    query = f"?delete_history={str(delete_history).lower()}"
    _do(read, account, "DELETE", query, "removed")


@accounts.command()
@_account
@click.argument("name", required=False)
@click.pass_obj
def alias(read: Settings, account: str, name: str | None) -> None:
    """Call ACCOUNT by NAME; without one it goes by its e-mail address again."""
    done = f"is called {name}" if name else "has no name of its own"
    _do(read, account, "PUT", "/alias", done, {"alias": name})


@accounts.command()
@_account
@click.argument("order", type=click.Choice(["burn_first", "normal", "preserve"]))
@click.pass_obj
def priority(read: Settings, account: str, order: str) -> None:
    """Use ACCOUNT up before the others, like them, or only when no other can serve."""
    _do(read, account, "PUT", "/routing-policy", f"set to {order}", {"routingPolicy": order})


@main.group()
def operator() -> None:
    """The operator's own sign-in."""


@operator.command("reset-password")
@click.pass_obj
def reset_password(read: Settings) -> None:
    """Set a new password without the old one.

    It takes the data directory, and on SQLite a stopped server. Every session ends, and one-time codes
    are off until they are set up again.
    """
    try:
        with without_server(read) as ask:
            wanted = click.prompt("New password", hide_input=True, confirmation_prompt=True)
            target = "/api/dashboard-auth/password/reset"
            demand(ask(Question("POST", target, document={"password": wanted})))
    except AdminError as error:
        raise click.ClickException(str(error)) from error
    click.echo("The password is set. Every session has ended; one-time codes are off.")


def _do(
    read: Settings,
    wanted: str,
    method: str,
    suffix: str,
    done: str,
    document: JsonObject | None = None,
) -> None:
    with asking(read) as ask:
        found = find(ask, wanted)
        target = f"{ACCOUNTS}/{quote(found['accountId'], safe='')}{suffix}"
        demand(ask(Question(method, target, document=document)))
    click.echo(f"{found['email']} {done}")
