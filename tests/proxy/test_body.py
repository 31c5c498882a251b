"""Reading a body: what arrives is what was meant, or an error of its own kind."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.asgi import ClientGoneError
from codex_lb.proxy import body

MIB = 2**20
TEXT = b'{"model": "gpt-5.4", "input": "\xc3\xa9t\xc3\xa9"}' * 50


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


EMPTY_BLOCK = b"\0\0\0\xff\xff"  # of raw deflate

CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
}


def sending(
    *chunks: bytes, gone: bool = False
) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """A client that sends `chunks` and then, perhaps, hangs up before the end."""
    messages: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    if gone:
        messages.append({"type": "http.disconnect"})
    else:
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    coming = iter(messages)

    async def receive() -> MutableMapping[str, Any]:
        return next(coming)

    return receive


async def read(
    *chunks: bytes, coding: str | None = None, length: int | None = None, limit: int = MIB
) -> bytes:
    headers = {"content-encoding": coding} if coding else {}
    if length is not None:
        headers["content-length"] = str(length)
    return await body.read(sending(*chunks), headers, limit=limit)


@pytest.mark.parametrize(
    ("chunks", "coding", "expected"),
    [
        pytest.param((), None, b"", id="no body is an empty one"),
        pytest.param((), "gzip", b"", id="also if it claims to be encoded"),
        pytest.param((TEXT,), None, TEXT, id="one chunk"),
        pytest.param((b"a", b"", b"b"), None, b"ab", id="chunks are joined"),
        pytest.param((TEXT,), "identity", TEXT, id="identity is no coding"),
        pytest.param((gzip.compress(TEXT),), "gzip", TEXT, id="gzip"),
        pytest.param((gzip.compress(TEXT),), "X-Gzip", TEXT, id="gzip by its old name"),
        pytest.param((zlib.compress(TEXT),), "deflate", TEXT, id="deflate with its wrapping"),
        pytest.param((raw_deflate(TEXT),), "deflate", TEXT, id="deflate without its wrapping"),
        pytest.param((zstandard.compress(TEXT),), "zstd", TEXT, id="zstd"),
        pytest.param((zstandard.compress(b""),), "zstd", b"", id="zstd of nothing"),
        pytest.param(
            (gzip.compress(b"a"), gzip.compress(b"b")), "gzip", b"ab", id="gzip members follow"
        ),
        pytest.param(
            (zstandard.compress(b"a") + zstandard.compress(b"b"),),
            "zstd",
            b"ab",
            id="zstd frames follow",
        ),
        pytest.param(
            (zstandard.compress(gzip.compress(TEXT)),),
            "gzip , ZSTD",
            TEXT,
            id="the last coding is undone first",
        ),
        pytest.param((gzip.compress(b"x" * 70_000),), "gzip", b"x" * 70_000, id="a high ratio"),
    ],
)
async def test_read(chunks: Sequence[bytes], coding: str | None, expected: bytes) -> None:
    assert await read(*chunks, coding=coding) == expected


@given(
    data=st.binary(max_size=2_000),
    repeat=st.integers(1, 300),
    coding=st.sampled_from(sorted(CODERS)),
    cut=st.integers(1, 500),
)
def test_any_body_comes_back_however_it_is_cut(
    data: bytes, repeat: int, coding: str, cut: int
) -> None:
    sent = CODERS[coding](data * repeat)
    chunks = [sent[start : start + cut] for start in range(0, len(sent), cut)]
    assert asyncio.run(read(*chunks, coding=coding)) == data * repeat


@given(data=st.binary(max_size=300), coding=st.sampled_from([*CODERS, "gzip, zstd"]))
def test_nonsense_is_refused_or_decoded_but_never_crashes(data: bytes, coding: str) -> None:
    try:
        asyncio.run(read(data, coding=coding))
    except body.BodyError as error:
        assert isinstance(error, body.BadEncodingError)  # noqa: PT017 # either outcome is right


@pytest.mark.parametrize("coding", CODERS)
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda sent: sent[:-1], id="the last byte is missing"),
        pytest.param(lambda sent: sent[: len(sent) // 2], id="half is missing"),
        pytest.param(lambda sent: sent[:1], id="only a byte came"),
        pytest.param(lambda sent: sent + b"!", id="something follows"),
        pytest.param(lambda sent: b"\0\0" + sent, id="something precedes"),
        pytest.param(lambda _: TEXT, id="it is not encoded"),
    ],
)
async def test_spoilt_data_is_refused(coding: str, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(body.BadEncodingError, match=coding):
        await read(spoil(CODERS[coding](TEXT)), coding=coding)


@pytest.mark.parametrize(
    ("coding", "named"),
    [
        pytest.param("br", "br", id="a coding we do not know"),
        pytest.param("gzip, br", "br", id="also in a chain"),
        pytest.param("gzip;q=1", "gzip;q=1", id="a parameter is not part of a coding"),
        pytest.param("gzip, gzip, gzip, gzip", "4 codings in a row", id="a long chain"),
        pytest.param("z" * 5_000, "z" * 50, id="a long name is cut"),
    ],
)
async def test_unsupported(coding: str, named: str) -> None:
    with pytest.raises(body.UnsupportedEncodingError) as caught:
        await read(coding=coding)
    assert caught.value.coding == named


@pytest.mark.parametrize(
    ("chunks", "coding", "length"),
    [
        pytest.param((), None, MIB + 1, id="a length over the cap is refused before reading"),
        pytest.param((b"x" * MIB, b"x"), None, None, id="chunks are counted"),
        pytest.param((gzip.compress(b"x" * (MIB + 1)),), "gzip", None, id="so is what they hold"),
        pytest.param(
            (gzip.compress(gzip.compress(bytes(50 * MIB))),), "gzip, gzip", None, id="twice over"
        ),
        pytest.param(
            (gzip.compress(EMPTY_BLOCK * MIB + raw_deflate(b"")),),
            "deflate, gzip",
            None,
            id="a stage between counts, although nothing comes out",
        ),
    ],
)
async def test_too_large(chunks: Sequence[bytes], coding: str | None, length: int | None) -> None:
    with pytest.raises(body.TooLargeError) as caught:
        await read(*chunks, coding=coding, length=length)
    assert caught.value.limit == MIB


async def test_a_body_of_exactly_the_cap_is_read() -> None:
    assert len(await read(b"x" * MIB, length=MIB)) == MIB
    assert len(await read(gzip.compress(bytes(MIB)), coding="gzip")) == MIB


async def test_an_absurd_length_is_too_large() -> None:
    with pytest.raises(body.TooLargeError):
        await body.read(sending(), {"content-length": "9" * 5_000}, limit=MIB)


async def test_nothing_is_read_if_the_length_is_over_the_cap() -> None:
    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError

    with pytest.raises(body.TooLargeError):
        await body.read(receive, {"content-length": "11"}, limit=10)


async def test_more_members_than_anyone_sends_are_refused() -> None:
    with pytest.raises(body.BadEncodingError):
        await read(gzip.compress(b"") * 2_000, coding="gzip")
    with pytest.raises(body.BadEncodingError):
        await read(zstandard.compress(b"") * 2_000, coding="zstd")


async def test_a_window_larger_than_http_allows_is_refused() -> None:
    settings = zstandard.ZstdCompressionParameters(window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    sent = compressor.compress(TEXT) + compressor.flush()
    with pytest.raises(body.BadEncodingError):
        await read(sent, coding="zstd")


async def test_a_client_that_hangs_up_is_gone() -> None:
    with pytest.raises(ClientGoneError):
        await body.read(sending(b"half", gone=True), {}, limit=MIB)


async def test_less_than_declared_is_truncated() -> None:
    with pytest.raises(body.TruncatedError):
        await read(b"half", length=8)


def bomb(coding: str) -> bytes:
    """200 MiB of zeros, made without holding them."""
    compressor = (
        zlib.compressobj(wbits=31) if coding == "gzip" else zstandard.ZstdCompressor().compressobj()
    )
    return b"".join(compressor.compress(bytes(MIB)) for _ in range(200)) + compressor.flush()


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_bomb_takes_no_memory_and_lets_others_run(coding: str) -> None:
    sent = bomb(coding)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    tracemalloc.start()
    other = asyncio.ensure_future(others())
    try:
        with pytest.raises(body.TooLargeError):
            await body.read(sending(sent), {"content-encoding": coding}, limit=128 * MIB, turn_s=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        other.cancel()
    assert peak < 40 * MIB
    assert turns >= 128 // 8  # one for each piece, of at most 8 MiB


async def test_a_large_body_within_the_cap_is_kept_after_all() -> None:
    sent = zstandard.compress(bytes(20 * MIB))
    assert await read(sent, coding="zstd", limit=32 * MIB) == bytes(20 * MIB)
