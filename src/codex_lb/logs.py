"""How a log line is written, and what never gets into one.

`set_up` is called once, by the command line, and returns the logger that the composition root
hands to the parts. Lines of libraries (standard `logging`) take the same way. `redact` sees every
line last, when it is text, so that neither a field nor a message nor a traceback carries a secret
out. A call below the level costs one empty method.

A line that cannot be written (the disk is full, the reader of the pipe has gone) is lost, and the next
one that can be says how many were: what is served must not depend on its log.

Text: `2026-05-04T03:02:01.000000Z info request crashed path=/v1/models`, a traceback indented below.
JSON: one object a line with `at`, `level`, `event`, the fields, and `exception`.
"""

import json
import logging
import re
from dataclasses import dataclass
from textwrap import indent
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

Log = FilteringBoundLogger

Form = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]

_LONGEST_VALUE = 2_000  # characters; a hostile path must not fill the disk
_encode = json.JSONEncoder(default=str).encode  # `json.dumps` would make one for every value
_BARE = re.compile(r"[\w./:@+\-\[\]]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One kind of secret. Only a line that holds one of `signs`, in lower case, is searched."""

    signs: tuple[str, ...]
    secret: re.Pattern[str]
    replacement: str


# What stands between name and value: a name in quotes (JSON, a repr) has a value in quotes, or what
# follows is no secret and the line must stay JSON.
_NAMED = r"""(\\?["']\s*[:,]\s*\[?\s*b?\\?["']|\s*[:=]\s*(?:b?\\?["'])?)"""
_RULES = (
    _Rule(
        ("bearer", "basic"),
        re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE),
        r"\1 [redacted]",
    ),
    # API keys, ours and OpenAI's; JSON web tokens; OpenAI's refresh tokens
    _Rule(("sk-",), re.compile(r"\b(sk-(?:clb-)?)[\w-]{6,}"), r"\1[redacted]"),
    _Rule(("eyj",), re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*)*"), "[redacted]"),
    _Rule(("rt_",), re.compile(r"\brt_[\w.-]{12,}"), "[redacted]"),
    _Rule(
        (
            *("ess_token", "esstoken", "resh_token", "reshtoken", "id_token", "idtoken"),
            *("code_verifier", "client_secret", "password", "authorization"),
        ),
        re.compile(
            r"\b((?:access|refresh|id)_?token|code_verifier|client_secret|password|authorization)"
            + _NAMED
            + r"""[^\s"'\\,;&)}]+""",
            re.IGNORECASE,
        ),
        r"\1\2[redacted]",
    ),
    _Rule(
        ("cookie",),
        re.compile(
            r"\b((?:set-)?cookie)(?:" + _NAMED + r"""|(\\?["']\s*,\s*b?\\?["']))[^"'\\\r\n]+""",
            re.IGNORECASE,
        ),
        r"\1\2\3[redacted]",
    ),
    _Rule(("://",), re.compile(r"""://[^\s/@"':]*:[^\s/@"']+@"""), "://[redacted]@"),
)
# A word with a question mark in it. It starts only after a delimiter, so that a long path is
# scanned once and not once per slash.
_QUERY = re.compile(r"""(?<![^\s"'=(<,\[])([^\s"'=(<,\[?]+)\?[^\s"'<>\\]+""")


def redact(line: str) -> str:
    """`line` without tokens, keys, cookies, passwords and the query strings of URLs."""
    if "?" in line:
        line = _QUERY.sub(lambda m: f"{m[1]}?[redacted]" if "/" in m[1] else m[0], line)
    lower = line.lower()
    for rule in _RULES:
        if any(sign in lower for sign in rule.signs):
            line = rule.secret.sub(rule.replacement, line)
    return line


def set_up(form: Form, level: Level, stream: TextIO) -> Log:
    """Send the lines of this program and of its libraries to `stream`.

    Libraries speak from "warning" up, or from "info" if our level is "debug".
    """
    sink = _Sink(stream)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            sink.confess,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _json_line if form == "json" else _text_line,
            _redacted,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", sink)),
        cache_logger_on_first_use=True,
    )
    log: Log = structlog.get_logger()
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers = [_Bridge(log)]
    root.setLevel(logging.INFO if level == "debug" else logging.WARNING)
    return log


class _Sink:
    """All of a text file that a logger uses; it never fails."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0  # lines since the last that could be written

    def write(self, line: str) -> None:
        try:
            self._stream.write(line)
            self._stream.flush()
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def flush(self) -> None:
        """Done with every line."""

    def confess(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if self._lost:
            event["lines_lost_before"] = self._lost
        return event


class _Bridge(logging.Handler):
    """Hands a library's record to our logger."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )


def _redacted(_logger: WrappedLogger, _method: str, line: object) -> str:
    return redact(str(line))


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {name: event.pop(name, None) for name in ("at", "level", "event")}
    return _encode({**first, **event})


def _text_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One line however hostile the values are, and a traceback below it if there is one."""
    exception = event.pop("exception", None)
    words = [str(event.pop("at", "")), str(event.pop("level", "")), _plain(event.pop("event", ""))]
    line = " ".join(words + [f"{name}={_value(value)}" for name, value in event.items()])
    return f"{line}\n{indent(str(exception), '  ')}" if exception else line


def _plain(message: object) -> str:
    text = str(message)[:_LONGEST_VALUE]
    return text if text.isprintable() else _encode(text)


def _value(value: object) -> str:
    if isinstance(value, str):
        text = value[:_LONGEST_VALUE]
        return text if _BARE.fullmatch(text) else _encode(text)
    return _encode(value)[:_LONGEST_VALUE]
