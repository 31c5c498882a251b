import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import frames
from codex_lb.core.frames import BINARY, CLOSE, PING, TEXT, BrokenError, Message, Reader
from codex_lb.core.sse import DELTAS

KEY = b"\x01\x82\x03\xff"
DELTA = b'{"type":"response.output_text.delta","delta":"%b"}'


def chunks(stream: bytes, sizes: list[int]) -> list[bytes]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(stream[start : start + size])
        start += size
    return [*pieces, stream[start:]]


def pieces(data: bytes, count: int, key: bytes | None) -> bytes:
    """One text message in `count` frames."""
    step = len(data) // count + 1
    parts = [data[i * step : (i + 1) * step] for i in range(count)]
    built = bytearray()
    for i, part in enumerate(parts):
        head = bytearray(frames.frame(TEXT if i == 0 else 0, part, key))
        if i < count - 1:
            head[0] &= 0x7F
        built += head
    return bytes(built)


@given(
    texts=st.lists(st.binary(max_size=300) | st.just(b"x" * 70_000), max_size=5),
    count=st.integers(1, 4),
    sizes=st.lists(st.integers(0, 90), max_size=30),
    key=st.none() | st.binary(min_size=4, max_size=4),
)
def test_messages_come_out_as_they_went_in_however_they_were_cut(
    texts: list[bytes], count: int, sizes: list[int], key: bytes | None
) -> None:
    stream = b"".join(pieces(text, count, key) + frames.frame(PING, b"p", key) for text in texts)
    reader = Reader(masked=key is not None, max_bytes=100_000)
    found = [message for chunk in chunks(stream, sizes) for message in reader.feed(chunk)]
    assert [(m.opcode, m.data) for m in found] == [
        each for text in texts for each in ((TEXT, text), (PING, b"p"))
    ]
    assert reader.is_between
    assert all(m.raw in (None, frames.frame(TEXT, m.data)) for m in found)


@given(
    kinds=st.lists(st.sampled_from([b"d", b"o", b"p"]), max_size=20),
    size=st.integers(0, 400),
    sizes=st.lists(st.integers(0, 300), max_size=20),
)
def test_events_come_out_as_they_went_in_however_they_were_cut(
    kinds: list[bytes], size: int, sizes: list[int]
) -> None:
    """Runs of deltas, other events and pings; deltas take a shorter way where they are whole."""
    made = {
        b"d": frames.frame(TEXT, DELTA % (b"a" * size)),
        b"o": frames.frame(TEXT, b'{"type":"odd"}'),
        b"p": frames.frame(PING, b""),
    }
    stream = b"".join(made[kind] for kind in kinds)
    reader = Reader(masked=False, max_bytes=1_000)
    messages = [m for chunk in chunks(stream, sizes) for m in reader.feed(chunk)]
    found = frames.events(m for m in messages if m.opcode == TEXT)
    assert b"".join(e.raw for e in found) == stream.replace(made[b"p"], b"")
    assert sum(e.deltas for e in found) == kinds.count(b"d")
    assert [e.kind for e in found if e.kind != DELTAS] == ["odd"] * kinds.count(b"o")


def test_a_ping_may_come_within_a_message() -> None:
    first, second = bytearray(frames.frame(TEXT, b"ab")), frames.frame(0, b"cd")
    first[0] &= 0x7F
    reader = Reader(masked=False, max_bytes=10)
    found = reader.feed(bytes(first) + frames.frame(PING, b"!") + second)
    assert found == [Message(PING, b"!"), Message(TEXT, b"abcd")]


def packed(data: bytes, packer: "zlib._Compress") -> bytes:
    built = bytearray(
        frames.frame(TEXT, (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4], KEY)
    )
    built[0] |= 0x40
    return bytes(built)


def test_a_message_may_end_its_compression_and_the_next_begin_anew() -> None:
    reader = Reader(masked=True, max_bytes=1000, inflates=True)
    for text in (b"hello hello hello", b"once more", b""):
        packer = zlib.compressobj(wbits=-15)
        last = packer.compress(text) + packer.flush(zlib.Z_FINISH) + b"\0"  # RFC 7692, 7.2.3.5
        frame = bytearray(frames.frame(TEXT, last, KEY))
        frame[0] |= 0x40
        assert [message.data for message in reader.feed(bytes(frame))] == [text]


def test_compressed_messages_share_their_window() -> None:
    packer = zlib.compressobj(wbits=-15)
    reader = Reader(masked=True, max_bytes=1000, inflates=True)
    sent = [b"hello hello hello", b"hello hello hello", b""]
    found = [message.data for text in sent for message in reader.feed(packed(text, packer))]
    assert found == sent
    assert [m.data for m in reader.feed(frames.frame(TEXT, b"plain", KEY))] == [b"plain"]


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        pytest.param(frames.frame(TEXT, b"x"), 1002, id="a client that does not mask"),
        pytest.param(frames.frame(0, b"x", KEY), 1002, id="a continuation of nothing"),
        pytest.param(
            pieces(b"xy", 2, KEY)[:8] + frames.frame(TEXT, b"", KEY), 1002, id="a message in one"
        ),
        pytest.param(frames.frame(3, b"", KEY), 1002, id="an unknown kind"),
        pytest.param(frames.frame(11, b"", KEY), 1002, id="an unknown control frame"),
        pytest.param(frames.frame(PING, b"x" * 126, KEY), 1002, id="a long control frame"),
        pytest.param(b"\x09\x80" + KEY, 1002, id="a control frame in pieces"),
        pytest.param(b"\xa1\x80" + KEY, 1002, id="a reserved bit"),
        pytest.param(b"\xc9\x80" + KEY, 1002, id="a compressed control frame"),
        pytest.param(b"\xc1\x82" + KEY + b"\xff\xff", 1007, id="a damaged compressed message"),
        pytest.param(frames.frame(TEXT, b"x" * 101, KEY), 1009, id="a message beyond the bound"),
        pytest.param(b"\x81\xff" + b"\xff" * 8 + KEY, 1009, id="a length of 64 bits"),
        pytest.param(pieces(b"x" * 102, 3, KEY), 1009, id="pieces beyond the bound"),
        pytest.param(packed(b"x" * 20_000, zlib.compressobj(wbits=-15)), 1009, id="a bomb"),
    ],
)
def test_what_breaks_the_protocol_is_told_by_its_close_code(stream: bytes, code: int) -> None:
    with pytest.raises(BrokenError) as broken:
        Reader(masked=True, max_bytes=100, inflates=True).feed(stream)
    assert broken.value.code == code


def test_compression_that_was_not_agreed_on_is_refused() -> None:
    with pytest.raises(BrokenError):
        Reader(masked=True, max_bytes=100).feed(packed(b"x", zlib.compressobj(wbits=-15)))


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_of_every_length_are_read_back(size: int, key: bytes | None) -> None:
    reader = Reader(masked=key is not None, max_bytes=100_000)
    [message] = reader.feed(frames.frame(BINARY, b"x" * size, key))
    assert (message.opcode, message.data) == (BINARY, b"x" * size)


@pytest.mark.parametrize(
    ("payload", "code"), [(b"", 1005), (b"\x03\xe8", 1000), (b"\x03\xf4bye", 1012)]
)
def test_close_codes(payload: bytes, code: int) -> None:
    assert frames.close_code(payload) == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", 1000),
        (b"x", 1002),
        *((code.to_bytes(2) + b"bye", code) for code in (1000, 1001, 1003, 1011, 1014, 3000, 4999)),
        *((code.to_bytes(2), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)),
    ],
)
def test_a_close_frame_is_answered_with_a_code_that_may_be_sent(payload: bytes, code: int) -> None:
    assert frames.reply_code(payload) == code


def test_our_close_frame_is_read_back() -> None:
    [message] = Reader(masked=True, max_bytes=1).feed(frames.close(1012, KEY))
    assert (message.opcode, frames.close_code(message.data)) == (CLOSE, 1012)


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        pytest.param(frames.frame(TEXT, DELTA % b"a"), True, id="a short one"),
        pytest.param(frames.frame(TEXT, DELTA % (b"a" * 300)), True, id="a longer one"),
        pytest.param(frames.frame(TEXT, DELTA % b"a") * 2, False, id="two"),
        pytest.param(frames.frame(TEXT, DELTA % b"a")[:-1], False, id="most of one"),
        pytest.param(frames.frame(TEXT, b'{"type":"response.created"}'), False, id="another event"),
        pytest.param(frames.frame(BINARY, DELTA % b"a"), False, id="in a binary frame"),
        pytest.param(frames.frame(TEXT, DELTA % (b"a" * 70_000)), False, id="a very long one"),
        pytest.param(b"\x81", False, id="next to nothing"),
    ],
)  # fmt: skip
def test_single_deltas_are_recognised(chunk: bytes, expected: bool) -> None:
    assert frames.is_delta(chunk) is expected


def test_events_keep_their_bytes_and_neighbouring_deltas_are_one() -> None:
    sent = [b'{"type":"response.created"}', DELTA % b"a", DELTA % b"b", b"{", DELTA % b"c"]
    stream = b"".join(frames.frame(TEXT, data) for data in sent)
    found = frames.events(Reader(masked=False, max_bytes=1000).feed(stream))
    assert b"".join(event.raw for event in found) == stream
    assert [(event.kind, event.deltas) for event in found] == [
        ("response.created", 0), (DELTAS, 2), ("", 0), (DELTAS, 1),
    ]  # fmt: skip
    assert (found[0].data(), found[2].data()) == (sent[0], b"{")


def test_a_message_in_pieces_goes_on_as_one_frame() -> None:
    data = DELTA % b"abc"
    [event] = frames.events(Reader(masked=False, max_bytes=1000).feed(pieces(data, 3, None)))
    assert event.raw == frames.frame(TEXT, data)
