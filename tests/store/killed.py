"""Kill a process at each of its steps, and keep what each leaves: `killed.py WORK DATA FOLDER`.

WORK is one of the functions below; it works on a copy of DATA. FOLDER gets a copy for each step, as
the kill left it, and in the end one with nothing killed. A step is whatever may change something: a
statement or commit in a database, a file that is opened, renamed or removed. The process is forked
anew for each, which is why this is a program of its own: nothing else runs in it.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, event

from codex_lb.core.bundle import read
from codex_lb.store import Store
from codex_lb.store.backups import restore

NOW = 1_800_000_000.0
_FILE_STEPS = frozenset({"open", "os.rename", "os.remove", "os.truncate", "sqlite3.connect"})


def rotate(data: Path) -> None:
    async def rotated() -> None:
        store = await opened(data)
        await store.rotate_key(data / "encryption.key")
        await store.close()

    asyncio.run(rotated())


def put_back(data: Path) -> None:
    restore(data / "copy.db", data / "store.db", data / "encryption.key", NOW)


def unpack(data: Path) -> None:
    bundle = read((data / "bundle.json").read_bytes())

    async def unpacked() -> None:
        store = await opened(data)
        await store.moves.unpack(bundle, skip_invalid=False, now=NOW)
        await store.close()

    asyncio.run(unpacked())


async def opened(data: Path) -> Store:
    return await Store.open(None, data, data / "encryption.key", clock=lambda: NOW)


WORKS: dict[str, Callable[[Path], None]] = {"rotate": rotate, "restore": put_back, "unpack": unpack}


def main(work: str, data: str, folder: str) -> None:
    for steps in count():
        copy = Path(folder) / f"{steps:03}"
        shutil.copytree(data, copy)
        child = os.fork()
        if child == 0:
            _light(steps, copy)
            WORKS[work](copy)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))


def _light(steps: int, data: Path) -> None:
    """From now on this process ends itself when it has made so many steps."""
    left = steps

    def step(*_: object) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    def on_file(name: str, arguments: tuple[object, ...]) -> None:
        if name in _FILE_STEPS and str(data) in str(arguments[0]):
            step()

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    sys.addaudithook(on_file)


if __name__ == "__main__":
    main(*sys.argv[1:])
