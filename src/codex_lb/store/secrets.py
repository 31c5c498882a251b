"""Sealing what must not be readable in a copy of the database.

The key file holds one Fernet key per line; the first seals, all of them open. It is created on
the very first start only. The database remembers a fingerprint of every key that has sealed
anything in it: a start whose key file lacks one of them is refused before anything is written.
"""

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from codex_lb.store.errors import KeyFileError, StoreError
from codex_lb.store.files import PRIVATE_DIRECTORY, PRIVATE_FILE


class Keyring:
    """The keys of one key file, in its order. Neither `repr` nor errors show them."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        """Raise `ValueError` if one of `keys` is not a Fernet key."""
        known = list(keys)
        self._fernet = MultiFernet([Fernet(key) for key in known])
        self.fingerprints = tuple(_fingerprint(key) for key in known)

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raise `StoreError` if none of the keys has sealed it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise StoreError("a stored secret was sealed with a key that is not here") from None


def read_key_file(path: Path) -> Keyring | None:
    """The keys in `path`, or None if there is no such file. Raises `KeyFileError`."""
    try:
        lines = path.read_bytes().split()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(path, "cannot be read", error.strerror or "") from error
    if not lines:
        raise KeyFileError(path, "is not a key", "it is empty")
    try:
        return Keyring(lines)
    except ValueError:  # its text may quote the file
        raise KeyFileError(path, "is not a key", "expected one Fernet key per line") from None


def create_key_file(path: Path) -> Keyring:
    """Write a new key; if another process was faster, take its key."""
    path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    except FileExistsError:
        return require(read_key_file(path), (), path)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), PRIVATE_FILE)
        key = Fernet.generate_key()
        file.write(key + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return Keyring([key])


def require(keys: Keyring | None, fingerprints: Collection[str], path: Path) -> Keyring:
    """`keys`, if they open what was sealed under all `fingerprints`. Raises `KeyFileError`."""
    if keys is None:
        raise KeyFileError(path, "is missing", "the secrets in the database need it; restore it")
    missing = set(fingerprints) - set(keys.fingerprints)
    if missing:
        kept = " and ".join(sorted(replaced_name(path, lacking).name for lacking in missing))
        detail = f"a key is missing in it; one that was replaced is kept as {kept}"
        raise KeyFileError(path, "does not match the database", detail)
    return keys


def replaced_name(path: Path, fingerprint: str) -> Path:
    """Where a key file that was replaced is kept, by the fingerprint of its first key."""
    return path.with_name(f"{path.name}.old-{fingerprint[:8]}")


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"codex-lb key fingerprint\n" + key.strip()).hexdigest()[:32]
