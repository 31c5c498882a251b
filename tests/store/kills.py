"""What a process leaves that is killed at each of its steps; see `killed.py`."""

import os
import subprocess
import sys
from pathlib import Path

import codex_lb

_PROGRAM = Path(__file__).with_name("killed.py")


def left_by_kills(work: str, data: Path, folder: Path) -> list[Path]:
    """The data directories, by the step of the kill; the last one saw none."""
    target = folder / "killed"
    target.mkdir()
    environment = os.environ | {"PYTHONPATH": str(Path(codex_lb.__file__).parents[1])}
    subprocess.run(  # noqa: S603  our own program
        [sys.executable, _PROGRAM, work, data, target], env=environment, check=True
    )
    return sorted(target.iterdir())
