"""The command line: serve, and look after the accounts of the pool.

Exit codes: 0 done, 1 refused or failed (a sentence on stderr says why), 2 wrong usage. `status`
also ends with 1 if no account can serve.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import click

from codex_lb import __version__, cli_data, settings, status_report
from codex_lb.admin import AdminError, Answer, Ask, JsonObject, Question, is_served, reach
from codex_lb.cli_db import db
from codex_lb.listing import matching, table
from codex_lb.settings import SettingError, Settings

_ACCOUNTS = "/api/accounts"
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
    with _asking(read) as ask:
        usage = _demand(ask(Question("GET", "/api/usage/summary")))
        told = status_report.report(_list(ask), usage, source, now)
    click.echo(json.dumps(told, indent=2) if as_json else status_report.text(told, now))
    if not told["canServe"]:
        raise click.exceptions.Exit(1)


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
@click.pass_obj
def import_(read: Settings, files: tuple[Path, ...]) -> None:
    """Add the accounts of auth.json FILES that Codex CLI wrote ("-" is standard input).

    A known account keeps its settings and history, and is signed in anew.
    """
    with _asking(read) as ask:
        known = {account["accountId"] for account in _list(ask)}
        failed = [file for file in files if not _import_one(ask, file, known)]
    if failed:
        raise click.exceptions.Exit(1)


def _import_one(ask: Ask, file: Path, known: set[str]) -> bool:
    """Says what became of it; whether it is in the pool now."""
    try:
        with click.open_file(str(file), "rb") as opened:
            content: bytes = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        click.echo(f"{file}: {error.strerror}", err=True)
        return False
    answer = ask(Question("POST", f"{_ACCOUNTS}/import", content))
    if not answer.ok:
        click.echo(f"{file}: {answer.message}", err=True)
        return False
    told = answer.document
    done = "signed in anew" if told["accountId"] in known else "added"
    known.add(told["accountId"])
    click.echo(f"{told['email']} ({told['planType']}) {done} as {told['accountId']}")
    return True


@accounts.command("list")
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /api/accounts.")
@click.pass_obj
def list_(read: Settings, *, as_json: bool) -> None:
    """Show all accounts and what they have left."""
    with _asking(read) as ask:
        told = _list(ask)
    if as_json:
        click.echo(json.dumps({"accounts": told}, indent=2))
    elif told:
        click.echo(table(told))
    else:
        click.echo("No accounts yet. Add one: codex-lb accounts import ~/.codex/auth.json")


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


def _do(
    read: Settings,
    wanted: str,
    method: str,
    suffix: str,
    done: str,
    document: JsonObject | None = None,
) -> None:
    with _asking(read) as ask:
        found = _find(ask, wanted)
        target = f"{_ACCOUNTS}/{quote(found['accountId'], safe='')}{suffix}"
        _demand(ask(Question(method, target, document=document)))
    click.echo(f"{found['email']} {done}")


@contextmanager
def _asking(read: Settings) -> Iterator[Ask]:
    try:
        with reach(read) as ask:
            yield ask
    except AdminError as error:
        raise click.ClickException(str(error)) from error


def _find(ask: Ask, wanted: str) -> JsonObject:
    found = matching(_list(ask), wanted)
    if not found:
        raise click.ClickException(f"No account is called {wanted!r}; see: codex-lb accounts list")
    if len(found) > 1:
        ids = ", ".join(account["accountId"] for account in found)
        raise click.ClickException(f"{wanted!r} may mean any of {ids}")
    return found[0]


def _list(ask: Ask) -> list[JsonObject]:
    told: list[JsonObject] = _demand(ask(Question("GET", _ACCOUNTS)))["accounts"]
    return told


def _demand(answer: Answer) -> JsonObject:
    if not answer.ok:
        raise click.ClickException(answer.message)
    return answer.document
