"""Bodies as broken and hostile programs send them: good ones, spoiled in one of many ways.

Everything comes out of the given `random.Random`, so the same seed spoils the same way.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import zstandard

_HERE = '"\ue000here\ue000"'  # stands in a document for raw text that no encoder would write


@dataclass(frozen=True, slots=True)
class Spoiled:
    body: bytes
    how: str
    headers: dict[str, str] = field(default_factory=dict)


def _nested(opening: bytes, closing: bytes, depth: int) -> bytes:
    return opening * depth + b"1" + closing * depth


# Raw JSON values, and what only looks like one.
_VALUES = {
    "null": b"null",
    "true": b"true",
    "zero": b"0",
    "negative": b"-1",
    "fraction": b"0.5",
    "beyond 64 bits": b"123456789012345678901234567890",
    "beyond a double": b"1e999",
    "5,000 digits": b"9" * 5_000,
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "nothing": b"",
    "empty text": b'""',
    "blank text": b'" \\t\\n"',
    "lone surrogate": b'"\\ud800"',
    "surrogates the wrong way round": b'"\\udc00\\ud800"',
    "an encoded surrogate": b'"\xed\xa0\x80"',
    "escaped NUL": b'"a\\u0000b"',
    "NUL": b'"a\x00b"',
    "a byte that is no text": b'"\xff"',
    "a right-to-left mark": '"\u202egnp.exe"'.encode(),
    "a line for the log": b'"x\\r\\n2026-01-01 error forged=yes"',
    "SQL": b'"\' OR 1=1; DROP TABLE requests; --"',
    "100 kB of text": b'"' + b"x" * 100_000 + b'"',
    "empty list": b"[]",
    "empty object": b"{}",
    "list of lists": b"[[[]]]",
    "list of anything": b'[null, true, 1, "x", {}, []]',
    "90 levels": _nested(b"[", b"]", 90),
    "150 levels": _nested(b'{"a":', b"}", 150),
    "5,000 levels": _nested(b"[", b"]", 5_000),
    "never closed": b"[" * 5_000,
    "50,000 items": b"[" + b"{}," * 49_999 + b"{}]",
    "50,000 members": b"{" + b",".join(b'"%d":0' % n for n in range(50_000)) + b"}",
}
_HEAVY = {"100 kB of text", "5,000 levels", "50,000 items", "50,000 members"}
_LIGHT = [name for name in _VALUES if name not in _HEAVY]


def spoil(document: object, rng: Random) -> Spoiled:
    return rng.choice(_WAYS)(document, rng)


def _swapped(document: object, rng: Random) -> Spoiled:
    """Another value in the place of some value."""
    name = rng.choice(list(_VALUES) if rng.random() < 0.1 else _LIGHT)
    parent, key = _place(document := _copied(document), rng)
    parent[key] = _HERE
    return Spoiled(_with_raw(document, _VALUES[name]), f"{key}: {name}")


def _doubled(document: object, rng: Random) -> Spoiled:
    """A member twice, or an element."""
    name = rng.choice(_LIGHT)
    parent, key = _place(document := _copied(document), rng)
    member = f"{json.dumps(key)}:".encode() if isinstance(parent, dict) else b""
    raw = json.dumps(parent[key]).encode() + b"," + member + _VALUES[name]
    parent[key] = _HERE
    return Spoiled(_with_raw(document, raw), f"{key} again: {name}")


def _dropped(document: object, rng: Random) -> Spoiled:
    parent, key = _place(document := _copied(document), rng)
    del parent[key]
    return Spoiled(json.dumps(document).encode(), f"without {key}")


def _renamed(document: object, rng: Random) -> Spoiled:
    """A member under a name that nobody expects."""
    parent, key = _place(document := _copied(document), rng)
    name = rng.choice(["", "\x00", "\ud800", "__proto__", "x" * 10_000, "é", "Model", "$ref"])
    if isinstance(parent, list):
        parent[key] = name
    else:
        parent[name] = parent.pop(key)
    return Spoiled(json.dumps(document).encode(), f"{key} as {name[:9]!r}")


def _flipped(document: object, rng: Random) -> Spoiled:
    body = bytearray(json.dumps(document).encode())
    for _ in range(rng.randint(1, 8)):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return Spoiled(bytes(body), "flipped bits")


def _spliced(document: object, rng: Random) -> Spoiled:
    """Bytes put in, taken out, or repeated."""
    body = json.dumps(document).encode()
    start, end = sorted(rng.randrange(len(body)) for _ in range(2))
    piece = rng.choice([b"", rng.randbytes(rng.randint(1, 40)), body[start:end] * 2])
    return Spoiled(body[:start] + piece + body[end:], f"spliced at {start}")


def _cut(document: object, rng: Random) -> Spoiled:
    body = json.dumps(document).encode()
    return Spoiled(body[: rng.randrange(len(body))], "cut short")


def _trailed(document: object, rng: Random) -> Spoiled:
    """More behind the end, or before the beginning."""
    body = json.dumps(document).encode()
    more = rng.choice([b"\x00", b"{}", b"garbage", b"\xef\xbb\xbf", b" " * 50_000, body])
    return Spoiled(rng.choice([body + more, more + body]), "more than one document")


def _recoded(document: object, rng: Random) -> Spoiled:
    """In another encoding than UTF-8."""
    coding = rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-7", "cp500"])
    return Spoiled(json.dumps(document).encode(coding), coding)


def _replaced(_document: object, rng: Random) -> Spoiled:
    """No object at all."""
    name = rng.choice(list(_VALUES))
    return Spoiled(_VALUES[name], f"only {name}")


def _packed(document: object, rng: Random) -> Spoiled:
    """With a `Content-Encoding`, which may be a lie."""
    body = json.dumps(document).encode()
    name, packed = rng.choice(
        [
            ("gzip", gzip.compress(body, mtime=0)),
            ("deflate", zlib.compress(body)),
            ("zstd", zstandard.compress(body)),
            ("zstd, gzip", gzip.compress(zstandard.compress(body), mtime=0)),
            ("gzip", body),
            ("zstd", body),
            ("deflate", rng.randbytes(100)),
            ("br", body),
            ("identity", body),
            ("gzip," * 9, gzip.compress(body, mtime=0)),
            ("gzip", gzip.compress(b" ", mtime=0) * 1_500),
        ]
    )
    if rng.random() < 0.3:
        packed = packed[: rng.randrange(len(packed))]
    return Spoiled(packed, f"packed as {name[:30]}", {"content-encoding": name})


_WAYS: tuple[Callable[[object, Random], Spoiled], ...] = (
    *(_swapped,) * 8,
    *(_doubled,) * 2,
    *(_dropped,) * 2,
    _renamed,
    _flipped,
    _spliced,
    _cut,
    _trailed,
    _recoded,
    _replaced,
    _packed,
)


def _copied(document: object) -> Any:
    return json.loads(json.dumps(document))


def _with_raw(document: object, raw: bytes) -> bytes:
    return json.dumps(document).encode().replace(json.dumps(_HERE).encode(), raw)


def _place(document: Any, rng: Random) -> tuple[Any, Any]:
    """Where some value stands: its object or list, and under which key there."""
    places = list(_places(document))
    # The top level decides most, so it gets its share whatever lies below.
    top = [(document, key) for key in document]
    return rng.choice(top if rng.random() < 0.4 else places)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield value, key
        yield from _places(value[key])
