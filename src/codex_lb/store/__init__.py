"""Everything that outlives the process, as SQL: accounts, credentials, requests, settings.

`Store` is the whole interface; the other modules hold its parts.
"""

from codex_lb.store.errors import KeyFileError, StateConflict, StoreError, StoreInUseError
from codex_lb.store.log_records import (
    ConversationSums,
    Facets,
    Histogram,
    KeyLabel,
    LogDetail,
    LogFilter,
    LogOptions,
    LogPage,
)
from codex_lb.store.period_sums import Conversations, PeriodSums, Sums
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
    "ConversationSums",
    "Conversations",
    "Cursor",
    "DailySums",
    "EventRecord",
    "Facets",
    "Histogram",
    "HourlySums",
    "KeyFileError",
    "KeyLabel",
    "LogDetail",
    "LogFilter",
    "LogOptions",
    "LogPage",
    "PeriodSums",
    "RequestRecord",
    "StateConflict",
    "Store",
    "StoreError",
    "StoreInUseError",
    "Sums",
]
