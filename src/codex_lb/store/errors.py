"""What can be wrong with the store itself, and who has to act on it: the operator."""

from pathlib import Path
from typing import Literal

from codex_lb.core.model import AccountState

KeyFault = Literal["is missing", "cannot be read", "is not a key", "does not match the database"]


class StoreError(Exception):
    """The store cannot be used as it is; the message is a sentence for the operator."""


class StoreInUseError(StoreError):
    """Another process serves from this data directory. `pid` is None if it did not say."""

    def __init__(self, directory: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{directory} is in use by {who}; stop it first, or give this one its own directory"
        )
        self.directory = directory
        self.pid = pid


class KeyFileError(StoreError):
    """The key file cannot open the secrets of this database. Nothing has been written."""

    def __init__(self, path: Path, fault: KeyFault, detail: str = "") -> None:
        super().__init__(f"key file {path} {fault}{detail and f': {detail}'}")
        self.path = path
        self.fault = fault


class StateConflict(Exception):  # noqa: N818  an answer to the caller, not a fault of anything
    """The account is in a state from which the wanted change is not allowed."""

    def __init__(self, current: AccountState) -> None:
        super().__init__(f"the account is {current}")
        self.current = current
