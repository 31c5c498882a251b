"""A request body, whole and decoded, or the reason why there is none.

`read` takes the ASGI `receive`, so nothing is read before it is called. The cap holds for what
arrives and for what it decodes to, at every stage of a chain. Content codings are zstd, gzip and
deflate (RFC 9110 section 8.4; zlib-wrapped or raw), at most three.

Decoding goes in slices that each take milliseconds, with other requests served in between. What
decodes to more than 16 MiB is measured to its end before it is kept, so that a bomb costs
time, bounded by the cap, but not memory.
"""

import asyncio
import io
import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import zstandard

from codex_lb.asgi import ClientGoneError, Receive

_MAX_CODINGS = 3  # no client uses more than one
_MAX_MEMBERS = 1_000  # of gzip, frames of zstd; each costs microseconds, whatever its size
_KEPT_ON_TRUST = 16 * 2**20  # bytes decoded before the rest is measured
_TURN_S = 0.005  # how long decoding holds the event loop
_INFLATE_SLICE = 262_144  # bytes out of zlib per step
_DEFLATED_SLICE = 16_384  # bytes into zlib per step, because it copies what it leaves over
# zstandard's streams bound what goes in, not what comes out. Four bytes can hold a block of 128 KiB,
# so this many bytes yield at most 8 MiB.
_ZSTD_SLICE = 256
_ZSTD_WINDOW = 8 * 2**20  # RFC 9659: a decoder need not support more in HTTP


class BodyError(Exception):
    """There is no body to work with. The message is for the client."""


class TooLargeError(BodyError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than the limit of {limit} bytes.")
        self.limit = limit


class UnsupportedEncodingError(BodyError):
    def __init__(self, coding: str) -> None:
        super().__init__(f"Unsupported Content-Encoding: {coding}")
        self.coding = coding


class BadEncodingError(BodyError):
    """The bytes are not what `Content-Encoding` says."""

    def __init__(self, coding: str) -> None:
        super().__init__(f"The request body is not valid {coding} data.")
        self.coding = coding


class TruncatedError(BodyError):
    """Less came than `Content-Length` says."""

    def __init__(self) -> None:
        super().__init__("The request body is shorter than its Content-Length.")


async def read(
    receive: Receive, headers: Mapping[str, str], *, limit: int, turn_s: float = _TURN_S
) -> bytes:
    """The body, decoded; empty if there is none. `headers` have lower-case names.

    Decoding holds the event loop for about `turn_s` at a time. Raises a `BodyError`, or `ClientGoneError`. A body declared to be too large, and an unsupported coding, are refused
    before anything is read.
    """
    codings = _codings(headers.get("content-encoding", ""))
    raw = await _receive_all(receive, headers.get("content-length", ""), limit)
    return await _decode(raw, codings, limit, _Turn(turn_s)) if codings and raw else raw


def _codings(text: str) -> list[str]:
    """The codings in the order in which they are undone."""
    names = [name.strip().lower() for name in text.split(",")]
    names = [name for name in reversed(names) if name not in {"", "identity"}]
    for name in names:
        if name not in _STAGES:
            raise UnsupportedEncodingError(name[:50])
    if len(names) > _MAX_CODINGS:
        raise UnsupportedEncodingError(f"{len(names)} codings in a row")
    return names


async def _receive_all(receive: Receive, declared: str, limit: int) -> bytes:
    length = int(declared) if declared.isdecimal() and len(declared) < 20 else None  # noqa: PLR2004 # digits
    if declared and (length is None or length > limit):
        raise TooLargeError(limit)
    # A BytesIO hands out its buffer without a copy, unlike a join of chunks.
    kept, size, more = io.BytesIO(), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise TooLargeError(limit)
        if not more and size == len(chunk):
            break  # all in one piece
        kept.write(chunk)
    if length is not None and size < length:
        raise TruncatedError
    return kept.getvalue() if kept.tell() else bytes(chunk)


async def _decode(raw: bytes, codings: Sequence[str], limit: int, turn: "_Turn") -> bytes:
    kept = io.BytesIO()
    for piece in _decoded(raw, codings, limit):
        await turn.yield_if_over()
        kept.write(piece)
        if kept.tell() > _KEPT_ON_TRUST:
            break
    else:
        return kept.getvalue()
    kept.close()
    for _ in _decoded(raw, codings, limit):  # raises if it comes to more than the limit
        await turn.yield_if_over()
    kept = io.BytesIO()
    for piece in _decoded(raw, codings, limit):
        await turn.yield_if_over()
        kept.write(piece)
    return kept.getvalue()


class _Turn:
    """The time since other tasks last had theirs."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()

    async def yield_if_over(self) -> None:
        if self._clock() - self._began >= self._length_s:
            await asyncio.sleep(0)
            self._began = self._clock()


def _decoded(raw: bytes, codings: Sequence[str], limit: int) -> Iterator[bytes]:
    """The decoded bytes in pieces, some of them empty, each soon after the last."""
    pieces: Iterator[bytes] = iter((raw,))
    for coding in codings:
        pieces = _bounded(_STAGES[coding](pieces), limit)
    return pieces


def _bounded(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise TooLargeError(limit)
        yield piece


def _slices(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]


def _gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    return _inflate("gzip", 31, pieces)


def _undeflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Deflate is meant to be wrapped in zlib's header (RFC 1950), but many senders leave it out."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) > 1:
            break
    wrapped = (
        len(head) > 1 and head[0] & 0x0F == zlib.DEFLATED and not (head[0] << 8 | head[1]) % 31
    )
    return _inflate("deflate", 15 if wrapped else -15, itertools.chain((head,), pieces))


def _inflate(coding: str, wbits: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Undo zlib's formats. gzip may have members one after another (RFC 1952 section 2.2)."""
    most = _MAX_MEMBERS if coding == "gzip" else 1
    decoder, members = zlib.decompressobj(wbits), 1
    try:
        for data in _slices(pieces, _DEFLATED_SLICE):
            left, full = data, False
            while left or full:
                if decoder.eof:
                    decoder, members = zlib.decompressobj(wbits), members + 1
                if members > most:
                    raise BadEncodingError(coding)
                out = decoder.decompress(left, _INFLATE_SLICE)
                left = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                full = len(out) == _INFLATE_SLICE and not decoder.eof  # zlib may hold more back
                yield out
    except zlib.error as error:
        raise BadEncodingError(coding) from error
    if not decoder.eof:
        raise BadEncodingError(coding)


def _unzstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Undo zstd; frames may follow one another (RFC 8878 section 3)."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    decoder, frames = decompressor.decompressobj(), 1
    try:
        for data in _slices(pieces, _ZSTD_SLICE):
            left = data
            while left:
                if decoder.eof:
                    decoder, frames = decompressor.decompressobj(), frames + 1
                if frames > _MAX_MEMBERS:
                    raise BadEncodingError("zstd")
                out = decoder.decompress(left)
                left = decoder.unused_data if decoder.eof else b""
                yield out
    except zstandard.ZstdError as error:
        raise BadEncodingError("zstd") from error
    if not decoder.eof:
        raise BadEncodingError("zstd")


_STAGES: Mapping[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "zstd": _unzstd,
}
