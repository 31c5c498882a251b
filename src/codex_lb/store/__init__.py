"""Everything that outlives the process, as SQL: accounts, credentials, requests, settings.

`Store` is the whole interface; the other modules hold its parts.
"""

from codex_lb.store.errors import KeyFileError, StateConflict, StoreError, StoreInUseError
from codex_lb.store.records import (
    AccountTotals,
    Affinity,
    Cursor,
    DailySums,
    EventRecord,
    HourlySums,
    RequestRecord,
)
from codex_lb.store.store import Store

__all__ = [
    "AccountTotals",
    "Affinity",
    "Cursor",
    "DailySums",
    "EventRecord",
    "HourlySums",
    "KeyFileError",
    "RequestRecord",
    "StateConflict",
    "Store",
    "StoreError",
    "StoreInUseError",
]
