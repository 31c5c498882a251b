"""Is this JSON text fit to be parsed? Asked of every body before the parser.

Parsers recurse on nesting and make an object of every value, so a small body can exhaust the stack
or the memory. This looks at the text alone: it must be UTF-8, not nested too deep, and hold not too
many values. Whether it is JSON at all is left to the parser: for a text that is not, the answer
covers at least the part that a parser reads before it stops.

All steps run over the bytes in C, in windows, some milliseconds for a megabyte. `windows` stops after
each, for a caller that must not hold others up; `refuse` goes through in one go.
"""

import codecs
import re
from collections.abc import Iterator
from itertools import accumulate

# Codex nests about 12 levels deep in tool schemas; 100 leaves room and is far below the parsers' limits.
MAX_DEPTH = 100
# A full conversation of thousands of items holds some 100 000 values.
MAX_VALUES = 500_000

_WINDOW = 262_144  # bytes; a window takes about a millisecond
_utf8 = codecs.getincrementaldecoder("utf-8")
_STRUCTURE = b'"[]{},'
_NOT_STRUCTURE = bytes(set(range(256)) - set(_STRUCTURE))
_NOT_BRACKETS_OR_COMMAS = bytes(set(range(256)) - set(b"[]{},"))
_SQUARE = bytes.maketrans(b"{}", b"[]")
_ESCAPED = re.compile(rb'\\["\\]')
# An opening bracket is a step down (1), a closing one a step up (-1 as a signed byte).
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def is_harmless(body: bytes) -> bool:
    """Whether a glance suffices: few values, and brackets that fall into pairs within few rounds.

    The glance does not know strings from structure, so it may err for a text made to deceive it;
    what slips through meets the parser's own limit, which is higher. It costs a tenth of
    `windows`, and is right for what clients send.
    """
    decoder, structure = _utf8(), bytearray()
    for start in range(0, len(body), _WINDOW):
        window = body[start : start + _WINDOW]
        if not _continues(decoder, window, last=start + _WINDOW >= len(body)):
            return False
        structure += window.translate(_SQUARE, _NOT_BRACKETS_OR_COMMAS)
        if len(structure) > 2 * MAX_VALUES:  # as many brackets close as open
            return False
    if structure.count(b",") + structure.count(b"[") > MAX_VALUES:
        return False
    brackets = structure.translate(None, b",")
    for _ in range(MAX_DEPTH):
        rest = brackets.replace(b"[]", b"")
        if len(rest) == len(brackets):
            break
        brackets = rest
    return b"[]" not in brackets and brackets.count(b"[") <= MAX_DEPTH


def refuse(body: bytes, *, max_depth: int = MAX_DEPTH, max_values: int = MAX_VALUES) -> str | None:
    """Why `body` must not be parsed, as a sentence for the client, or None. Exact."""
    return next(filter(None, windows(body, max_depth=max_depth, max_values=max_values)), None)


def windows(
    body: bytes, *, max_depth: int = MAX_DEPTH, max_values: int = MAX_VALUES
) -> Iterator[str | None]:
    """One answer per window: None as long as nothing is wrong, and at last perhaps a reason.

    The count of values is that of commas and opening brackets, which is never less.
    """
    decoder = _utf8()
    depth = values = 0
    quoted, carried = False, b""  # a backslash whose escaped byte is in the next window
    for start in range(0, len(body), _WINDOW):
        window = body[start : start + _WINDOW]
        if not _continues(decoder, window, last=start + _WINDOW >= len(body)):
            yield "The request body is not valid UTF-8."
            return
        window = carried + window
        carried = b"\\" * ((len(window) - len(window.rstrip(b"\\"))) % 2)
        if quoted and b'"' not in window:
            yield None
            continue
        parts = _ESCAPED.sub(b"", window).translate(None, _NOT_STRUCTURE).split(b'"')
        outside = b"".join(parts[quoted::2])
        quoted ^= not len(parts) % 2
        steps = outside.translate(_STEPS, b",")
        values += len(outside) - steps.count(b"\xff")
        heights = memoryview(steps).cast("b")
        if depth + max(accumulate(heights), default=0) > max_depth:
            yield f"The request body is nested more than {max_depth} levels deep."
            return
        if values > max_values:
            yield f"The request body holds more than {max_values} values."
            return
        depth += sum(heights)
        yield None


def _continues(decoder: codecs.IncrementalDecoder, window: bytes, *, last: bool) -> bool:
    """Whether `window` goes on as UTF-8 after the windows before."""
    if window.isascii() and not decoder.getstate()[0]:
        return True
    try:
        decoder.decode(window, final=last)
    except UnicodeDecodeError:
        return False
    return True
