"""The scanner: any chunking gives the same events and the same bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import sse
from codex_lb.core.sse import COMMENT, DELTAS, Event, EventTooLargeError, Scanner

DELTA = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta"}\n\n'


def scan(stream: bytes, cuts: list[int] | None = None) -> tuple[list[Event], bytes]:
    """All events of `stream`, fed in pieces that end at `cuts`; runs of deltas are merged."""
    scanner, events, start = Scanner(), [], 0
    for cut in [*sorted(cuts or []), len(stream)]:
        events += scanner.feed(stream[start:cut])
        start = cut
    merged: list[Event] = []
    for event in events:
        if merged and event.kind == DELTAS == merged[-1].kind:
            merged[-1] = Event(merged[-1].raw + event.raw, DELTAS)
        else:
            merged.append(event)
    return merged, scanner.rest


@pytest.mark.parametrize(
    ("stream", "kinds", "rest"),
    [
        pytest.param(b"", [], b"", id="nothing is nothing"),
        pytest.param(b'data: {"type":"a"}\n\n', ["a"], b"", id="the data says the type"),
        pytest.param(b"event: b\ndata: {}\n\n", ["b"], b"", id="else the event line"),
        pytest.param(
            b'event: b\ndata: {"type":"a"}\n\n', ["a"], b"", id="the data is believed over the line"
        ),
        pytest.param(b": keepalive\n\n", [COMMENT], b"", id="a comment has no kind"),
        pytest.param(b"data: [DONE]\n\n", ["[DONE]"], b"", id="data that is not JSON"),
        pytest.param(DELTA * 3, [DELTAS], b"", id="deltas come as one piece"),
        pytest.param(
            DELTA + b'data: {"type":"x"}\n\n' + DELTA,
            [DELTAS, "x", DELTAS],
            b"",
            id="order is kept",
        ),
        pytest.param(DELTA + DELTA[:20], [DELTAS], DELTA[:20], id="half an event waits"),
        pytest.param(
            b'data: {"type":"a"}\r\n\r\ndata: {"type":"b"}\r\n\r\n', ["a", "b"], b"", id="CRLF"
        ),
        pytest.param(b'data: {"type":"a"}\r\rdata: x', ["a"], b"data: x", id="CR"),
        pytest.param(b'data: {\ndata: "type":"a"}\n\n', ["a"], b"", id="data over several lines"),
        pytest.param(b'\n\n\ndata: {"type":"a"}\n\n', [COMMENT, "a"], b"", id="extra blank lines"),
        pytest.param(
            b'data: {"type":"x","delta":"response.completed"}\n\n',
            ["x"],
            b"",
            id="a word inside the text is not a type",
        ),
        pytest.param(
            b'event: response.output_text.delta\ndata: {"type":"response.completed"}\n\n',
            ["response.completed"],
            b"",
            id="the data is believed over the line of a delta, too",
        ),
        pytest.param(b'data: {"type": 5}\n\n', ['{"type": 5}'], b"", id="a type that is no text"),
    ],
)
def test_events(stream: bytes, kinds: list[str], rest: bytes) -> None:
    events, left = scan(stream)
    assert [event.kind for event in events] == kinds
    assert left == rest
    assert b"".join(event.raw for event in events) + left == stream


line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
lines = st.sampled_from(
    [
        b'data: {"type":"response.completed"}',
        b'data: {"type":"x","t":"\xc3\xa9\xe2\x82\xac"}',
        b"event: response.output_text.delta",
        b'data: {"type":"response.output_text.delta","delta":"hi"}',
        b": comment",
        b"data: half",
        b"",
        b"",
    ]
)
streams = st.lists(st.tuples(lines, line_ends)).map(
    lambda parts: b"".join(line + end for line, end in parts)
)
lf_streams = st.lists(lines).map(lambda parts: b"".join(line + b"\n" for line in parts))


@given(st.one_of(streams, lf_streams), st.data())
def test_chunking_changes_neither_events_nor_bytes(stream: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream))))
    events, rest = scan(stream, cuts)
    assert b"".join(event.raw for event in events) + rest == stream
    each_byte = scan(stream, list(range(len(stream))))
    assert (_significant(events), rest) == (_significant(each_byte[0]), each_byte[1])


def _significant(events: list[Event]) -> list[tuple[str, bytes]]:
    # In a stream of CR lines a delta is looked into and named, in one of LF it is in a run.
    return [(e.kind, e.raw) for e in events if e.kind != DELTAS and not e.kind.endswith(".delta")]


def test_a_last_event_that_ends_in_a_bare_cr_is_given_at_the_end() -> None:
    scanner = Scanner()
    assert scanner.feed(b'data: {"type":"a"}\r\r') == []
    assert [event.kind for event in scanner.finish()] == ["a"]
    assert scanner.rest == b""


def test_an_unfinished_event_is_not_given_at_the_end() -> None:
    scanner = Scanner()
    scanner.feed(b"data: half\n")
    assert scanner.finish() == []
    assert scanner.rest == b"data: half\n"


def test_a_large_event_in_small_chunks_is_joined_once_it_is_whole() -> None:
    stream = b'data: {"type":"x","t":"' + b"a" * 5_000_000 + b'"}\n\n'
    scanner = Scanner()
    chunks = [stream[i : i + 4096] for i in range(0, len(stream), 4096)]
    assert [event.raw for chunk in chunks for event in scanner.feed(chunk)] == [stream]


def test_an_endless_event_is_refused() -> None:
    scanner = Scanner()
    block = b"x" * (sse.MAX_EVENT_BYTES // 4)
    for _ in range(4):
        scanner.feed(block)
    with pytest.raises(EventTooLargeError):
        scanner.feed(b"x")


def test_data_gives_the_payload() -> None:
    (event,) = scan(b'event: a\ndata: {"type":"a",\ndata: "n":1}\n\n')[0]
    assert json.loads(event.data()) == {"type": "a", "n": 1}


DELTA = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta"}\n\n'


@pytest.mark.parametrize(
    ("before", "chunk", "expected"),
    [
        pytest.param(b"", DELTA, True, id="one whole delta"),
        pytest.param(b"", DELTA.split(b"\n", 1)[1], True, id="without an event line"),
        pytest.param(b"", DELTA + DELTA, False, id="two"),
        pytest.param(b"", DELTA[:-1], False, id="not finished"),
        pytest.param(b"", DELTA[:-2], False, id="no end at all"),
        pytest.param(DELTA[:9], DELTA, False, id="something is held back"),
        pytest.param(b": \r\n\r\n", DELTA, False, id="other line ends were used before"),
        pytest.param(b"", DELTA.replace(b"\n", b"\r\n"), False, id="other line ends"),
        pytest.param(b"", b'data: {"type":"response.completed"}\n\n', False, id="another event"),
        pytest.param(b"", b"", False, id="nothing"),
    ],
)
def test_one_whole_delta_is_recognised(before: bytes, chunk: bytes, expected: bool) -> None:
    scanner = Scanner()
    if before:
        scanner.feed(before)
    assert scanner.is_delta(chunk) is expected
