"""`codex-lb setup`: show or write a client's configuration, take it back, try it out."""

import difflib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import click

from codex_lb.core import client_check, client_setup
from codex_lb.core.client_setup import Client, Facts
from codex_lb.core.toml_edit import CannotEditError
from codex_lb.settings import CLIENT_KEY, Settings

_LIST_S = 10.0  # a list of models is quick
_ANSWER_S = 120.0  # a model may think, and a pool may be busy
_BACKUP = ".before-codex-lb"  # empty if there was no file
_UNDONE = ".undone"
_NEW = ".new"


@click.command()
@click.argument("client", type=click.Choice(client_setup.CLIENTS))
@click.option("--write", is_flag=True, help="Change the client's configuration file; keeps a copy.")
@click.option("--undo", is_flag=True, help="Put back what was there before --write.")
@click.option("--check", is_flag=True, help="Make one small request as the client would.")
@click.option("--url", help="Where codex-lb is, instead of where the settings say.")
@click.option(
    "--key-env",
    default=CLIENT_KEY,
    show_default=True,
    metavar="NAME",
    help="The environment variable that holds the API key.",
)
@click.option("--model", help="The model to use, instead of the first that codex-lb lists.")
@click.option("--chat", is_flag=True, help="Speak chat completions instead of responses.")
@click.pass_obj
def setup(
    read: Settings, client: Client, *, write: bool, undo: bool, check: bool, url: str | None,
    key_env: str, model: str | None, chat: bool,
) -> None:  # fmt: skip
    """Show the configuration with which CLIENT talks to codex-lb."""
    if client not in client_setup.FILES and (write or undo):
        message = f"There is no file to write; copy what `codex-lb setup {client}` shows."
        raise click.UsageError(message)
    path = _path(client)
    if undo:
        with _changing(path):
            return _undo(path)
    address = (url or read.local_url).rstrip("/")
    listed = _models(address, _key(key_env))
    models = client_setup.models(listed, model)
    facts = Facts(address, key_env, models, chosen=model is not None, chat=chat)
    if write:
        with _changing(path):
            _write(client, path, facts)
    elif not check:
        _show(client, path, facts)
    if check:
        _check(client, path, facts)
    return None


def _path(client: Client) -> Path:
    home = Path.home()
    match client:
        case "codex":
            return Path(os.environ.get("CODEX_HOME") or home / ".codex") / "config.toml"
        case "opencode":
            base = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "opencode"
            commented = base / "opencode.jsonc"
            return commented if commented.exists() else base / "opencode.json"
        case _:
            return Path(client_setup.FILES.get(client, "~")).expanduser()


# -- the file ----------------------------------------------------------------------------------


def _show(client: Client, path: Path, facts: Facts) -> None:
    if client in client_setup.FILES:
        click.echo(f"In {path} (--write puts it there):", err=True)
    click.echo(client_setup.configured(client, "", facts), nl=False)
    click.echo(f"The API key comes from the environment: {_export(facts)}", err=True)


def _export(facts: Facts) -> str:
    return f"export {facts.key_env}=sk-clb-... (any text while codex-lb asks for none)"


def _write(client: Client, path: Path, facts: Facts) -> None:
    old = _text(path)
    try:
        new = client_setup.configured(client, old, facts)
    except CannotEditError as error:
        advice = f"Add by hand what `codex-lb setup {client}` shows."
        raise click.ClickException(f"{path}: {error} {advice}") from error
    if new == old:
        return click.echo(f"{path} is as it should be.")
    backup = path.with_name(path.name + _BACKUP)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not backup.exists():
        _keep(backup, old)
    _put(path, new)
    _tell_change(path, old, new)
    click.echo(f"Written; `codex-lb setup {client} --undo` takes it back. Now: {_export(facts)}")
    return None


def _undo(path: Path) -> None:
    backup = path.with_name(path.name + _BACKUP)
    if not backup.exists():
        raise click.ClickException(f"There is nothing to undo: no {backup}.")
    old, new = _text(path), _text(backup)
    if path.exists():  # what was changed since must not be lost
        _keep(path.with_name(path.name + _UNDONE), old)
    if new:
        _put(path, new)
    else:
        path.unlink(missing_ok=True)
    backup.unlink()
    _tell_change(path, old, new)


@contextmanager
def _changing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{path} cannot be changed: {error}") from error


def _put(path: Path, text: str) -> None:
    """Whole or not at all; a link stays one."""
    real = path.resolve()
    new = real.with_name(real.name + _NEW)
    try:
        _keep(new, text)
        if real.exists():
            shutil.copymode(real, new)
        new.replace(real)
    finally:
        new.unlink(missing_ok=True)


def _keep(path: Path, text: str) -> None:
    path.touch(mode=0o600)  # it may hold keys of other services
    path.write_text(text, "utf-8")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from error


def _tell_change(path: Path, old: str, new: str) -> None:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), str(path), str(path)
    )
    for line in lines:
        click.echo(line.rstrip("\n"))


# -- the service -------------------------------------------------------------------------------


def _key(name: str) -> str | None:
    key = os.environ.get(name)
    if key and not (key.isascii() and key.isprintable()):
        raise click.UsageError(f"{name} holds no API key: no header takes all of its characters.")
    return key


def _models(address: str, key: str | None) -> bytes:
    """The answer of `/v1/models`; empty if there is none."""
    try:
        return _ask(f"{address}/v1/models", key, None, _LIST_S)[1]
    except (OSError, HTTPException):
        return b""


def _check(client: Client, path: Path, facts: Facts) -> None:
    key = _key(facts.key_env)
    base = client_setup.base_url(client, facts)
    if client in client_setup.FILES and base not in _text(path):
        click.echo(f"{path} does not point at {base}; --write makes it.", err=True)
    if not key:
        click.echo(f"{facts.key_env} is not set in this shell.", err=True)
    where, document = client_check.question(client, facts)
    try:
        status, body = _ask(base + where, key, json.dumps(document).encode(), _ANSWER_S)
        wrong = client_check.complaint(status, body, facts, has_key=bool(key))
    except (OSError, HTTPException) as error:
        wrong = client_check.unreachable(facts, str(error) or type(error).__name__)
    if wrong:
        raise click.ClickException(wrong)
    click.echo(f"It works: {facts.model} answered at {base}.")


def _ask(url: str, key: str | None, document: bytes | None, wait_s: float) -> tuple[int, bytes]:
    """Status and body. Raises `OSError`, `HTTPException`."""
    try:
        return _answer(url, key, document, wait_s)
    except ValueError as error:
        raise click.UsageError(f"{url} is no http address: {error}") from error


def _answer(url: str, key: str | None, document: bytes | None, wait_s: float) -> tuple[int, bytes]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it begins with http:// or https:// and a host")
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = make(parts.hostname, parts.port, timeout=wait_s)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        if document is None:
            connection.request("GET", parts.path, headers=headers)
        else:
            headers["content-type"] = "application/json"
            connection.request("POST", parts.path, document, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()
