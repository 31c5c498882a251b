"""The commands about the store as a whole. They work on its files, beside a server or without one."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from codex_lb.settings import Settings

T = TypeVar("T")

_clock = time.time  # noqa: TID251  where real time comes in


@click.group()
def db() -> None:
    """Check, copy and restore the store, and change its key."""


@db.command()
@click.pass_obj
def check(read: Settings) -> None:
    """Look whether the store is sound, and whether the key file opens every secret in it.

    Changes nothing. Ends with 1 if something is wrong.
    """
    from codex_lb.store import checking  # noqa: PLC0415  slow to import, here and below

    found = _done(checking.check(read.database_url, read.data_dir, read.key_file))
    for finding in found:
        click.echo(f"{finding.what}: {finding.fault or 'well'}")
    if any(finding.fault for finding in found):
        raise click.exceptions.Exit(1)


@db.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def backup(read: Settings, file: Path | None) -> None:
    """Copy the SQLite store to FILE, also while it is in use.

    Without FILE the copy goes to `backups` in the data directory, where the five newest are kept. The
    key file is not in it; keep a copy of that elsewhere.
    """
    from codex_lb.store import backups, checking  # noqa: PLC0415

    store = _sqlite_file(read, "pg_dump")
    _kept(lambda: checking.require_file(store))
    if file is None:
        file = _kept(lambda: backups.back_up_dated(store, _clock()))
    else:
        target = file.absolute()
        _kept(lambda: backups.back_up(store, target))
    click.echo(f"Copied to {file}. It opens only with {read.key_file}.")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(read: Settings, file: Path) -> None:
    """Put FILE, a copy made by `backup`, in the place of the SQLite store.

    The server must be stopped. The present store is kept in `backups`.
    """
    from codex_lb.store import backups  # noqa: PLC0415

    store = _sqlite_file(read, "pg_restore")
    copy = file.absolute()
    aside = _kept(lambda: backups.restore(copy, store, read.key_file, _clock()))
    click.echo(f"{store} is what {file} was." + (f" The old one is {aside}." if aside else ""))


@db.command("rotate-key")
@click.pass_obj
def rotate_key(read: Settings) -> None:
    """Seal every secret with a new key. The server, with all its replicas, must be stopped.

    The old key file is kept beside the new one, because older backups need it.
    """
    from codex_lb.store import Store  # noqa: PLC0415

    async def rotated() -> int:
        place = (read.database_url, read.data_dir, read.key_file)
        store = await Store.open(*place, clock=_clock)
        try:
            return await store.rotate_key(read.key_file)
        finally:
            await store.close()

    count = _done(rotated())
    click.echo(f"A new key seals {count} accounts. The old one is beside {read.key_file}.")


def _sqlite_file(read: Settings, tool: str) -> Path:
    from codex_lb.store.addresses import parse_url  # noqa: PLC0415

    url = _kept(lambda: parse_url(read.database_url, read.data_dir / "store.db"))
    if url.get_backend_name() != "sqlite":
        raise click.ClickException(f"The store is in PostgreSQL; its own {tool} does this.")
    return Path(url.database or "").absolute()


def _done(work: Coroutine[Any, Any, T]) -> T:
    return _kept(lambda: asyncio.run(work))


def _kept(work: Callable[[], T]) -> T:
    """What the store refuses is a sentence for the operator."""
    from codex_lb.store import StoreError  # noqa: PLC0415

    try:
        return work()
    except (StoreError, OSError) as error:
        raise click.ClickException(str(error)) from error
