"""Read what the operator types to find requests: `model:gpt-5.4 status:error ttft:>2s quota`.

Words of one key widen, different keys narrow, `-` before a key excludes. What names no known key
is looked for as text. Nothing that is typed is an error, and a word that ends with its key, as
`model:` or `ttft:>`, says nothing yet: what is half typed must not empty the page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

TextKey = Literal[
    "model", "effort", "tier", "account", "key", "client", "code", "transport", "kind", "outcome",
    "conversation",
]  # fmt: skip
TimeKey = Literal["ttft", "total", "queue"]

TEXT_KEYS: Mapping[str, TextKey] = {
    "model": "model",
    "effort": "effort",
    "tier": "tier",
    "account": "account",
    "key": "key",
    "client": "client",
    "code": "code",
    "error": "code",
    "transport": "transport",
    "kind": "kind",
    "outcome": "outcome",
    "conversation": "conversation",
}
TIME_KEYS: Mapping[str, TimeKey] = {"ttft": "ttft", "total": "total", "queue": "queue"}
STATUS = "status"

_WORD = re.compile(r'(?:(-?[a-z]+):)?("[^"]*"?|[^\s"]+)')
_HALF = re.compile(rf"-?({'|'.join([*TEXT_KEYS, *TIME_KEYS, STATUS])}):[<>]?=?")
_TIME = re.compile(r"([<>])=?(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)?")
_UNITS = {"ms": 1.0, "s": 1_000.0, "m": 60_000.0, None: 1_000.0}


@dataclass(frozen=True, slots=True)
class Span:
    """Milliseconds; None: open at this end."""

    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class LogQuery:
    text: str = ""
    wanted: Mapping[TextKey, tuple[str, ...]] = field(default_factory=dict)
    unwanted: Mapping[TextKey, tuple[str, ...]] = field(default_factory=dict)
    statuses: tuple[str, ...] = ()  # words for `request_log.read_statuses`
    times: Mapping[TimeKey, Span] = field(default_factory=dict)


def read(text: str) -> LogQuery:
    plain: list[str] = []
    statuses: list[str] = []
    wanted: dict[TextKey, tuple[str, ...]] = {}
    unwanted: dict[TextKey, tuple[str, ...]] = {}
    times: dict[TimeKey, Span] = {}
    for match in _WORD.finditer(text):
        named, value = match[1] or "", match[2].strip('"')
        key = named.removeprefix("-")
        span = _span(value) if key in TIME_KEYS else None
        if key in TEXT_KEYS and value:
            into = unwanted if named != key else wanted
            into[TEXT_KEYS[key]] = (*into.get(TEXT_KEYS[key], ()), value)
        elif named == STATUS and value:
            statuses.append(value)
        elif span is not None:
            times[TIME_KEYS[key]] = _both(times.get(TIME_KEYS[key], Span()), span)
        elif not _HALF.fullmatch(match[0]):
            plain.append(match[0].strip('"'))
    return LogQuery(" ".join(plain), wanted, unwanted, tuple(statuses), times)


def _span(text: str) -> Span | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    ms = int(float(match[2]) * _UNITS[match[3]])
    return Span(at_least=ms) if match[1] == ">" else Span(at_most=ms)


def _both(one: Span, other: Span) -> Span:
    return Span(
        one.at_least if other.at_least is None else other.at_least,
        one.at_most if other.at_most is None else other.at_most,
    )
