"""WebSocket frames (RFC 6455): cut a byte stream into messages, and make frames.

Both halves of a relay use it. A frame from upstream to us has the bytes of a frame from us to a
client, because only clients mask, so events cross without being put together again. Messages may be
compressed when read (RFC 7692); what is written never is.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from codex_lb.core import sse
from codex_lb.core.sse import DELTAS, Event

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_DATA = frozenset({TEXT, BINARY})
_CONTROL = frozenset({CLOSE, PING, PONG})

NORMAL, AWAY, MALFORMED, UNREADABLE, POLICY, TOO_LARGE, RESTART = (
    1000, 1001, 1002, 1007, 1008, 1009, 1012,
)  # fmt: skip
NO_CODE, CUT = 1005, 1006  # never sent
_SENDABLE = frozenset(
    {*range(1000, 1015)} - {1004, NO_CODE, CUT}
)  # RFC 6455 section 7.4, and IANA's list
_PRIVATE = range(3000, 5000)

_FIN, _RESERVED, _COMPRESSED, _OPCODE = 0x80, 0x70, 0x40, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_SHORT, _MEDIUM, _LONG = (
    126,
    0xFFFF,
    127,
)  # lengths below, up to and beyond which it has 0, 2, 8 bytes
_WHOLE_TEXT = _FIN | TEXT
_WIDE_HEAD = 4  # bytes of an unmasked head with a length of 2 bytes; no delta is shorter
_TAIL = b"\x00\x00\xff\xff"  # which the sender of a compressed message leaves out
_DELTA_STARTS = tuple(f'{{"type":"{kind}"'.encode() for kind in sse.DELTA_KINDS)


class BrokenError(Exception):
    """The other side breaks the protocol; `code` is that of the close frame it deserves."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Message:
    """`opcode` is TEXT, BINARY, CLOSE, PING or PONG; `raw` the frame, if it came in one piece.

    With `deltas`, `raw` is that many frames in a row, each one delta, and `data` is empty.
    """

    opcode: int
    data: bytes
    raw: bytes | None = None
    deltas: int = 0


@dataclass(frozen=True, slots=True)
class _Head:
    flags: int
    length: int
    key: bytes | None
    end: int  # where the payload begins


class Reader:
    """Feed it bytes, get messages. `masked`: whether the sender must mask, as clients must.

    A payload is unmasked as it comes, in pieces.
    """

    def __init__(self, *, masked: bool, max_bytes: int, inflates: bool = False) -> None:
        self._masked = masked
        self._max = max_bytes
        self._inflater = _inflater() if inflates else None
        self._rest = b""  # the beginning of a head
        self._head: _Head | None = None  # of the frame under way
        self._left = 0  # of its payload
        self._control = bytearray()  # its payload, if it is a control frame
        self._message = bytearray()  # not a list: a frame may hold a single byte
        self._opcode = CONTINUATION  # of the message under way; none at first
        self._compressed = False

    @property
    def is_between(self) -> bool:
        """Whether the next byte begins a message."""
        return self._head is None and not self._rest and self._opcode == CONTINUATION

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes. Raises `BrokenError`."""
        found: list[Message] = []
        data, self._rest = self._rest + data if self._rest else data, b""
        start, size = 0, len(data)
        while True:
            fresh = self._head is None
            if fresh and not self._masked and self._opcode == CONTINUATION:
                end, deltas = _skip_deltas(data, start)
                if deltas:
                    found.append(Message(TEXT, b"", data[start:end], deltas))
                    start = end
            if self._head is None:
                self._head = _read_head(data, start)
                if self._head is None:
                    self._rest = data[start:]
                    return found
                self._begin(self._head)
            begin = self._head.end if fresh else start
            end = min(size, begin + self._left)
            whole = fresh and end - begin == self._left
            self._take(self._head, data[begin:end])
            if self._left:
                return found
            message = self._finish(self._head, data[start:end] if whole else None)
            self._head = None
            if message is not None:
                found.append(message)
            start = end

    def _begin(self, head: _Head) -> None:
        opcode = head.flags & _OPCODE
        is_first = opcode in _DATA
        allowed = _COMPRESSED if is_first and self._inflater is not None else 0
        if head.flags & _RESERVED & ~allowed:
            raise BrokenError(MALFORMED, "A reserved bit is set.")
        if (head.key is not None) is not self._masked:
            raise BrokenError(MALFORMED, "A frame is masked that must not be, or the reverse.")
        if opcode in _CONTROL:
            if head.length >= _SHORT or not head.flags & _FIN:
                raise BrokenError(MALFORMED, "A control frame is long or in pieces.")
        elif (opcode == CONTINUATION) is (self._opcode == CONTINUATION) or opcode > BINARY:
            raise BrokenError(MALFORMED, "A frame is out of order or of an unknown kind.")
        elif len(self._message) + head.length > self._max:
            raise BrokenError(TOO_LARGE, f"A message is larger than {self._max} bytes.")
        elif is_first:
            self._opcode, self._compressed = opcode, bool(head.flags & _COMPRESSED)
        self._left = head.length

    def _take(self, head: _Head, piece: bytes) -> None:
        if head.key is not None:
            piece = mask(piece, head.key, head.length - self._left)
        self._left -= len(piece)
        if head.flags & _OPCODE in _CONTROL:
            self._control += piece
        else:
            self._message += piece

    def _finish(self, head: _Head, raw: bytes | None) -> Message | None:
        opcode = head.flags & _OPCODE
        if opcode in _CONTROL:
            data, self._control = bytes(self._control), bytearray()
            return Message(opcode, data)
        if not head.flags & _FIN:
            return None
        data, self._message = bytes(self._message), bytearray()
        message, self._opcode = self._opcode, CONTINUATION
        if self._compressed:
            return Message(message, self._inflated(data))
        is_plain = opcode == message and not self._masked
        return Message(message, data, raw if is_plain else None)

    def _inflated(self, data: bytes) -> bytes:
        assert self._inflater is not None  # noqa: S101  only then the bit is let pass
        try:
            inflated = self._inflater.decompress(data + _TAIL, self._max + 1)
        except zlib.error as error:
            raise BrokenError(UNREADABLE, "A compressed message is damaged.") from error
        if len(inflated) > self._max:
            raise BrokenError(TOO_LARGE, f"A message is larger than {self._max} bytes.")
        if self._inflater.eof:  # the sender may end with a last block, and begins anew
            self._inflater = _inflater()
        return inflated


def _inflater() -> "zlib._Decompress":
    return zlib.decompressobj(-zlib.MAX_WBITS)


def _read_head(data: bytes, start: int) -> _Head | None:
    """None: it is not complete."""
    if len(data) < start + 2:
        return None
    flags, second = data[start], data[start + 1]
    length, end = second & _LENGTH, start + 2
    if length >= _SHORT:
        wide = 2 if length == _SHORT else 8
        length, end = int.from_bytes(data[end : end + wide]), end + wide
    key = None
    if second & _MASKED:
        key, end = data[end : end + 4], end + 4
    return _Head(flags, length, key, end) if end <= len(data) else None


def mask(data: bytes, key: bytes, offset: int = 0) -> bytes:
    """Mask, or take the mask off; `offset`: of `data` in its frame."""
    turn, size = offset % 4, len(data)
    pad = ((key[turn:] + key[:turn]) * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(pad, "little")).to_bytes(size, "little")


# -- frames to send ----------------------------------------------------------------------------


def frame(opcode: int, payload: bytes, key: bytes | None = None) -> bytes:
    """A whole message. `key`: four bytes of chance, from a client."""
    size, masked = len(payload), _MASKED if key is not None else 0
    if size < _SHORT:
        head = bytes((_FIN | opcode, masked | size))
    elif size <= _MEDIUM:
        head = bytes((_FIN | opcode, masked | _SHORT)) + size.to_bytes(2)
    else:
        head = bytes((_FIN | opcode, masked | _LONG)) + size.to_bytes(8)
    return head + payload if key is None else head + key + mask(payload, key)


def close(code: int, key: bytes | None = None) -> bytes:
    return frame(CLOSE, code.to_bytes(2), key)


def close_code(payload: bytes) -> int:
    """The code in a close frame."""
    return int.from_bytes(payload[:2]) if len(payload) > 1 else NO_CODE


def reply_code(payload: bytes) -> int:
    """With which a close frame is answered: its own code, if that may be sent at all."""
    if not payload:
        return NORMAL
    code = close_code(payload)
    return code if code in _SENDABLE or code in _PRIVATE else MALFORMED


def text(_kind: str, data: bytes) -> bytes:
    """An event of ours as a frame to a client, in the place of `sse.block`."""
    return frame(TEXT, data)


# -- events in frames --------------------------------------------------------------------------


def is_delta(chunk: bytes) -> bool:
    """Whether `chunk`, between two messages, is one whole delta event and nothing else."""
    return _skip_deltas(chunk, 0) == (len(chunk), 1)


def _skip_deltas(data: bytes, start: int) -> tuple[int, int]:
    """Where the whole delta frames that begin at `start` end, and how many they are.

    Most of a stream is these: here they cost a few comparisons each, and no object.
    """
    count, size = 0, len(data) - _WIDE_HEAD
    while start <= size and data[start] == _WHOLE_TEXT:
        length, begin = data[start + 1], start + 2
        if length == _SHORT:
            length, begin = data[start + 2] << 8 | data[start + 3], start + _WIDE_HEAD
        elif length > _SHORT:
            break
        end = begin + length
        if end > len(data) or not data.startswith(_DELTA_STARTS, begin):
            break
        start, count = end, count + 1
    return start, count


def events(messages: Iterable[Message]) -> list[Event]:
    """Text messages as events, deltas in a row as one; `raw` is what a client is sent."""
    found: list[Event] = []
    for message in messages:
        raw = message.raw or frame(TEXT, message.data)
        if message.deltas or message.data.startswith(_DELTA_STARTS):
            found.append(Event(raw, DELTAS, message.deltas or 1))
        else:
            found.append(Event(raw, sse.kind_of(message.data), payload=message.data))
    return found
