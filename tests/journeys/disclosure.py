"""Secrets in what services leave behind and answer: files of every kind, looked through at one place.

A service's folder has its data, its log, and what its clients were answered. Tokens and API keys
are known by their shape. What has none, such as cookies, is written to a file of its own when it is
handed over, as it may be once; a test's own secrets begin with `made-up-`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

HANDED_OVER = "handed-over"  # file of the secrets that a service has told, one a line
_KEY_FILE = "encryption.key"
_OF_CLIENTS = {"auth.json", "codex"}  # their own files and folders

_SHAPES = {
    # In a row of the database a key's beginning and its hash stand side by side.
    "an API key": re.compile(rb"sk-clb-[\w-]{8}(?![0-9a-f]{35})[\w-]{35}"),
    "an access or id token": re.compile(rb"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"),
    "a refresh token": re.compile(rb"rt_[0-9a-f]{64}"),
    "a secret of the test": re.compile(rb"made-up-[\w-]+"),
}


def disclosures(folders: Iterable[Path]) -> list[str]:
    """Each file that holds a secret it should not, and of which kind."""
    files = [
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and not _OF_CLIENTS & {*file.relative_to(folder).parts}
    ]
    keepers = [file for file in files if file.name in (HANDED_OVER, _KEY_FILE)]
    known = [(secret, file.name) for file in keepers for secret in file.read_bytes().split()]
    return [
        f"{file}: {kind}" for file in files if file not in keepers for kind in _found(file, known)
    ]


def _found(file: Path, known: Iterable[tuple[bytes, str]]) -> set[str]:
    content = file.read_bytes()
    shaped = {kind for kind, shape in _SHAPES.items() if shape.search(content)}
    return shaped | {f"of {name}" for secret, name in known if secret in content}
