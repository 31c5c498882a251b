"""The files of the data directory: who may read them, and which process owns them."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codex_lb.store.errors import StoreInUseError

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600


def make_private_directory(directory: Path, *, ours_if_holds: str) -> None:
    """Create `directory` for its owner alone, or tighten it if it is ours.

    Ours is an empty directory or one that holds a file named `ours_if_holds`; any other
    (a home, `/tmp`) keeps its mode, and only the files in it are made private.
    """
    created = not directory.exists()
    directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    found = directory.stat()
    is_ours = (directory / ours_if_holds).exists() or not any(directory.iterdir())
    shared = found.st_mode & stat.S_ISVTX or found.st_uid != os.geteuid()
    if created or (is_ours and not shared):
        directory.chmod(PRIVATE_DIRECTORY)


def make_private_file(path: Path) -> None:
    """Create `path` empty if need be, and let only its owner read it, whatever the umask."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        os.fchmod(descriptor, PRIVATE_FILE)
    finally:
        os.close(descriptor)


def replace_private_file(path: Path, content: bytes) -> None:
    """From now on `path` holds `content`, also after a power cut; never anything in between."""
    new = path.with_name(path.name + ".new")
    make_private_file(new)
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    settle_directory(path.parent)


def settle_directory(directory: Path) -> None:
    """The names in it outlast a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held(lock_file: Path) -> Iterator[None]:
    """Own the directory of `lock_file` while the context lasts; the kernel frees it with us.

    The file stays behind, with the pid of its last owner in it: removing it would let two
    processes lock two files of the same name. Raises `StoreInUseError`.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise StoreInUseError(lock_file.parent, int(pid) if pid.isdecimal() else None) from None
        os.fchmod(descriptor, PRIVATE_FILE)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
