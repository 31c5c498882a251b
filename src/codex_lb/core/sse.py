"""Cut a byte stream into server-sent events without touching a byte.

Deltas are most of a stream and interest nobody here, so consecutive ones come back as one piece
of kind `DELTAS`, recognised by how they begin; only the other events are looked into. Pieces
are whole events: what upstream left half said is never passed on, so that a failure event can
always follow. Lines end in LF, CRLF or CR, and an event may have no `event:` line (the data's
own `type` counts).

Invariant: the pieces' bytes and `rest` are the input, whatever the chunks were.
"""

import re
from dataclasses import dataclass, field

import msgspec

from codex_lb.core.foreign_json import UNREADABLE

DELTAS = "deltas"  # one or more whole delta events
COMMENT = ""  # the kind of a block without an event in it

MAX_EVENT_BYTES = 64 * 1024 * 1024

DELTA_KINDS = (
    "response.output_text.delta",
    "response.function_call_arguments.delta",
    "response.custom_tool_call_input.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
)
_DELTA_STARTS = tuple(
    start
    for kind in DELTA_KINDS
    for typed in [f'data: {{"type":"{kind}"'.encode()]
    for start in (f"event: {kind}\n".encode() + typed, typed)
)
# Atomic groups: CR LF is one line end and never two.
_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_OVERLAP = 3  # bytes of a blank line that may stand before a chunk


class EventTooLargeError(Exception):
    """One event is larger than `MAX_EVENT_BYTES`."""


class _Typed(msgspec.Struct):
    type: str = COMMENT


_decode_type = msgspec.json.Decoder(_Typed).decode


@dataclass(frozen=True, slots=True)
class Event:
    """One event, or a run of deltas, as it goes on: with its blank line, or as WebSocket frames."""

    raw: bytes
    kind: str
    deltas: int = field(default=0, compare=False)  # how many, in a run
    payload: bytes | None = field(default=None, compare=False)  # of a frame

    def data(self) -> bytes:
        """The payload: the data lines joined; empty if there are none. Not for `DELTAS`."""
        return _field(self.raw, b"data") if self.payload is None else self.payload


class Scanner:
    """Feed it chunks, get whole events."""

    def __init__(self) -> None:
        self._held: list[bytes] = []  # an unfinished event in pieces, joined once it is whole
        self._size = 0
        self._has_cr = False

    @property
    def rest(self) -> bytes:
        """What has come of an event that is not finished."""
        return b"".join(self._held)

    def is_delta(self, chunk: bytes) -> bool:
        """Whether `chunk` is just one whole delta event, between two others, with plain line ends."""
        return (
            not self._held
            and not self._has_cr
            and chunk.startswith(_DELTA_STARTS)
            and chunk.find(b"\n\n") == len(chunk) - 2
            and b"\r" not in chunk
        )

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes. Raises `EventTooLargeError`."""
        before = self._held[-1][-_OVERLAP:] if self._held else b""
        self._has_cr = self._has_cr or b"\r" in chunk
        self._held.append(chunk)
        self._size += len(chunk)
        if not self._may_complete(before + chunk if before else chunk):
            if self._size > MAX_EVENT_BYTES:
                raise EventTooLargeError
            return []
        block = self._held[0] if len(self._held) == 1 else b"".join(self._held)
        events, rest = _cut_any(block) if self._has_cr else _cut_lf(block)
        self._held, self._size = ([rest], len(rest)) if rest else ([], 0)
        return events

    def finish(self) -> list[Event]:
        """At the end of the stream: a last event that lacks nothing but the byte behind it."""
        block = self.rest
        if not block.endswith((b"\r\r", b"\n\r", b"\r\n\r")):
            return []
        self._held, self._size = [], 0
        return [Event(block, _kind(block))]

    def _may_complete(self, window: bytes) -> bool:
        # A piece shorter than the overlap may hide a blank line that began two chunks ago.
        if len(self._held) > 1 and len(self._held[-2]) < _OVERLAP:
            return True
        return bool(_BLANK_LINE.search(window)) if self._has_cr else b"\n\n" in window


def _cut_lf(block: bytes) -> tuple[list[Event], bytes]:
    *events, rest = block.split(b"\n\n")
    odd = [i for i, event in enumerate(events) if not event.startswith(_DELTA_STARTS)]
    if not odd:
        whole = block[: len(block) - len(rest)] if rest else block
        return ([Event(whole, DELTAS, len(events))] if whole else []), rest
    pieces: list[Event] = []
    start = 0
    for i in odd:
        if start < i:
            pieces.append(_deltas(events[start:i]))
        pieces.append(Event(events[i] + b"\n\n", _kind(events[i])))
        start = i + 1
    if start < len(events):
        pieces.append(_deltas(events[start:]))
    return pieces, rest


def _deltas(events: list[bytes]) -> Event:
    return Event(b"\n\n".join(events) + b"\n\n", DELTAS, len(events))


def _cut_any(block: bytes) -> tuple[list[Event], bytes]:
    pieces: list[Event] = []
    start = 0
    for match in _BLANK_LINE.finditer(block):
        end = match.end()
        if end == len(block) and block.endswith(b"\r"):
            break  # an LF may follow and would belong to this line end
        raw = block[start:end]
        pieces.append(Event(raw, _kind(raw)))
        start = end
    return pieces, block[start:]


def block(kind: str, data: bytes) -> bytes:
    """An event of ours as it stands in a stream."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def kind_of(data: bytes) -> str:
    """The `type` inside a payload, `COMMENT` if there is none."""
    try:
        return _decode_type(data).type
    except UNREADABLE:
        return COMMENT


def _kind(raw: bytes) -> str:
    """The `type` inside the data, else the `event:` line's word, else `COMMENT`."""
    data = _field(raw, b"data")
    kind = kind_of(data) if data else COMMENT
    if kind:
        return kind
    name = _field(raw, b"event").decode("utf-8", "replace")
    return name or (data[:32].decode("utf-8", "replace") if data else COMMENT)


def _field(raw: bytes, name: bytes) -> bytes:
    prefix = name + b":"
    lines = raw.split(b"\n") if b"\r" not in raw else _LINE_END.split(raw)
    values = [line[len(prefix) :].removeprefix(b" ") for line in lines if line.startswith(prefix)]
    return values[0] if len(values) == 1 else b"\n".join(values)
