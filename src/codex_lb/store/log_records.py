"""What is asked of the request log, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from codex_lb.core.log_query import LogQuery
from codex_lb.core.request_log import ServedStatus
from codex_lb.store.records import RequestRecord


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which rows are wanted; what is empty or None does not narrow."""

    search: str = (
        ""  # part of any text of the row, of the account's address and alias, of the key's name
    )
    conversation_id: str | None = None
    account_ids: tuple[str, ...] = ()
    api_key_ids: tuple[str, ...] = ()
    statuses: frozenset[ServedStatus] = frozenset()
    models: tuple[str, ...] = ()
    efforts: tuple[str, ...] = ()
    model_options: tuple[tuple[str, str | None], ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None  # still wanted
    query: LogQuery = field(default_factory=LogQuery)  # but for its text and statuses


@dataclass(frozen=True, slots=True)
class KeyLabel:
    """What is shown of an API key."""

    id: str
    name: str
    prefix: str


@dataclass(frozen=True, slots=True)
class ConversationSums:
    requests: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class LogPage:
    records: list[RequestRecord]
    has_more: bool
    total: int
    total_is_exact: bool  # else there are more than `total`
    keys: dict[str, KeyLabel]  # by id, of the page; a deleted key is not in it
    conversation: ConversationSums | None  # None unless one was asked for


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What occurs among the rows."""

    account_ids: list[str]
    model_options: list[tuple[str, str | None]]
    keys: list[KeyLabel]
    statuses: frozenset[ServedStatus]


@dataclass(frozen=True, slots=True)
class LogDetail:
    record: RequestRecord
    key: KeyLabel | None
    conversation: ConversationSums | None


@dataclass(frozen=True, slots=True)
class Facets:
    """What occurs among the newest rows, and how often: by facet, value → rows."""

    counts: Mapping[str, Mapping[str, int]]
    is_whole: bool  # else there are more rows than were looked at


@dataclass(frozen=True, slots=True)
class Histogram:
    """Rows by piece of time, its start in Unix ms → (all, failed)."""

    pieces: Mapping[int, tuple[int, int]]
    is_whole: bool
