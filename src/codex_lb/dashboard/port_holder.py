"""Which program listens on a port of this machine? Linux tells it to whoever may look."""

from collections.abc import Iterator
from pathlib import Path

_LISTENING = "0A"
_PROC = Path("/proc")


def holder(port: int, proc: Path = _PROC) -> str | None:
    """`codex (process 123)`; None if that cannot be seen. Reads files, for some milliseconds."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port, proc)}
    if not sockets:
        return None
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(each.readlink()) in sockets for each in (process / "fd").iterdir()):
                return f"{_name(process)} (process {process.name})"
        except OSError:  # another user's, or gone by now
            continue
    return None


def _inodes(port: int, proc: Path) -> Iterator[str]:
    """Of the sockets that listen there: columns 1, 3 and 9 of Linux's tables."""
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for columns in map(str.split, lines):
            if columns[1].endswith(f":{port:04X}") and columns[3] == _LISTENING:
                yield columns[9]


def _name(process: Path) -> str:
    said = (process / "comm").read_text("utf-8", "replace").strip()
    return "".join(letter for letter in said if letter.isprintable())
