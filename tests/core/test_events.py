"""Events of our own, and the facts in upstream's."""

import json

import pytest

from codex_lb.core import events
from codex_lb.core.model import Usage


@pytest.mark.parametrize(
    ("sent", "following"),
    [
        (b"", 0),
        (b'data: {"type":"x"}\n\n', 0),
        (b'data: {"sequence_number":4}\n\ndata: {"sequence_number": 17}\n\n', 18),
        (b'data: {"sequence_number":4,"delta":"\\"sequence_number\\":99"}\n\n', 5),
        (b'data: {"sequence_number":' + b"9" * 5000 + b"}\n\n", 0),
    ],
    ids=[
        "nothing sent",
        "not numbered",
        "the last counts",
        "text cannot fake it",
        "an absurd number is none",
    ],
)
def test_numbering_goes_on(sent: bytes, following: int) -> None:
    assert events.next_sequence(sent) == following


def test_a_failure_is_a_whole_event() -> None:
    response = events.response_object("resp_1", "m", 5, "failed")
    raw = events.failed(response, 7, code="c", message="m\nn")
    head, data, end, rest = raw.split(b"\n")
    assert (head, end, rest) == (b"event: response.failed", b"", b"")
    event = json.loads(data.removeprefix(b"data: "))
    assert (event["sequence_number"], event["response"]["id"]) == (7, "resp_1")
    assert event["response"]["error"] == {"code": "c", "message": "m\nn"}


@pytest.mark.parametrize(
    ("kind", "held"),
    [("", True), ("response.created", True), ("response.queued", True),
     ("response.in_progress", True), ("response.metadata", True), ("codex.rate_limits", True),
     ("codex.anything", True), ("response.output_item.added", False), ("deltas", False),
     ("response.completed", False), ("response.failed", False), ("brand.new", False)],
)  # fmt: skip
def test_what_is_held_back(kind: str, held: bool) -> None:
    assert events.is_metadata(kind) is held


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, None),
        ({}, Usage()),
        ({"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}, Usage(10, 5)),
        (
            {"input_tokens": 10, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4},
             "output_tokens_details": {"reasoning_tokens": 3}},
            Usage(10, 5, 4, 3),
        ),
        ({"input_tokens": None, "input_tokens_details": None}, Usage()),
        ({"input_tokens": -5, "output_tokens": 2**62}, Usage(0, 1_000_000_000)),
    ],
)  # fmt: skip
def test_usage(usage: dict[str, object] | None, expected: Usage | None) -> None:
    data = json.dumps({"response": {"id": "r", "usage": usage, "service_tier": "flex"}}).encode()
    facts = events.facts(data)
    assert (facts.id, facts.service_tier, facts.counted()) == ("r", "flex", expected)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"response":5}', b'{"response":{"id":5}}'])
def test_noise_tells_nothing(data: bytes) -> None:
    assert events.facts(data) == events.Facts()
