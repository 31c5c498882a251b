"""The guard against a slow reading of the same text, and in the words of its ids."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_lb.core.json_guard import MAX_DEPTH, is_harmless, refuse, windows

DEEP = "nested more than"
MANY = "values"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", None, id="nothing is left to the parser"),
        pytest.param(b"]]]]}}}}", None, id="so is nonsense"),
        pytest.param(b'{"a": [1, 2]}', None, id="a small body is fine"),
        pytest.param(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None, id="the cap itself is allowed"),
        pytest.param(b"[" * 101 + b"]" * 101, DEEP, id="one level more is not"),
        pytest.param(b'{"a":' * 101 + b"1" + b"}" * 101, DEEP, id="objects count like arrays"),
        pytest.param(b"[" * 101, DEEP, id="it need not be closed"),
        pytest.param(b"[" * 300_000 + b"]" * 300_000, DEEP, id="however deep it is"),
        pytest.param(b"[]" * 200, None, id="what is closed does not count"),
        pytest.param(b'"' + b"[" * 200 + b'"', None, id="brackets in a string do not count"),
        pytest.param(b'"\\"' + b"[" * 200 + b'"', None, id="an escaped quote ends no string"),
        pytest.param(b'"\\\\"' + b"[" * 200 + b'"', DEEP, id="a quote after two backslashes does"),
        pytest.param(b'"\\\\\\"' + b"[" * 200 + b'"', None, id="after three it does not"),
        pytest.param(b'"",' + b'"' + b"{" * 200 + b'"', None, id="an empty string is a string"),
        pytest.param(b"[" + b"1," * 500_000 + b"1]", MANY, id="half a million commas are too many"),
        pytest.param(b"[" + b"[]," * 250_000 + b"1]", MANY, id="arrays and commas add up"),
        pytest.param(b'["' + b"," * 600_000 + b'"]', None, id="commas in a string do not count"),
        pytest.param(b'["\xff"]', "UTF-8", id="a byte that is not UTF-8"),
        pytest.param(b'["\xed\xa0\x80"]', "UTF-8", id="an encoded surrogate"),
        pytest.param(b'["\xc3', "UTF-8", id="half a character at the end"),
        pytest.param('["é"]'.encode("utf-16"), "UTF-8", id="UTF-16"),
        pytest.param(
            b'"' + b"x" * 262_142 + "é".encode() + b'"', None, id="a character across two windows"
        ),
    ],
)
def test_refuse(body: bytes, reason: str | None) -> None:
    answer = refuse(body)
    assert answer is None if reason is None else answer is not None and reason in answer


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 101 + b"]" * 101, id="a level too many"),
        pytest.param(b'{"a":' * 300 + b"1" + b"}" * 300, id="far too many"),
        pytest.param(b"[" * 300_000, id="never closed"),
        pytest.param(b"[" + b"1," * 500_000 + b"1]", id="too many values"),
        pytest.param(b'["\xff"]', id="not UTF-8"),
        pytest.param(json.dumps("[" * 200).encode(), id="odd text, which a closer look lets pass"),
        pytest.param(b"[" * 60 + b" " * 300_000 + b"[" * 60, id="too deep across two windows"),
        pytest.param(b'["' + b"x" * 300_000 + b"\xff", id="not UTF-8 at the far end"),
    ],
)
def test_a_glance_sends_on_what_needs_a_closer_look(body: bytes) -> None:
    assert not is_harmless(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="nothing"),
        pytest.param(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, id="the cap itself"),
        pytest.param(json.dumps([{"a": [{"b": []}]}] * 5000).encode(), id="wide and flat"),
        pytest.param(json.dumps(["if x[0]: {", "é"] * 40).encode(), id="code in strings"),
        pytest.param(json.dumps([[{"a": 1}]] * 200).encode()[:-40], id="cut off"),
        pytest.param(
            b'"' + b"x" * 262_142 + "é".encode() + b'"', id="a character across two windows"
        ),
    ],
)
def test_a_glance_suffices_for_ordinary_bodies(body: bytes) -> None:
    assert is_harmless(body)
    assert refuse(body) is None


def slow(text: str) -> tuple[int, int]:
    """Depth and count of values, reading character by character."""
    depth = deepest = values = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth, values = depth + 1, values + 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
        elif character == ",":
            values += 1
    return deepest, values


documents = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{},"\\aé\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text('"\\[{', max_size=3), inner, max_size=4)
    ),
    max_leaves=30,
)


@given(documents, st.booleans(), st.integers(0, 6), st.integers(0, 30))
def test_any_document_is_judged_as_by_a_slow_reading(
    document: object, ascii_only: bool, max_depth: int, max_values: int
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only)
    depth, values = slow(text)
    answer = refuse(text.encode(), max_depth=max_depth, max_values=max_values)
    assert (answer is None) == (depth <= max_depth and values <= max_values)


@settings(max_examples=40)
@given(documents, st.integers(0, 200), st.integers(262_080, 262_150), st.text('\\",', max_size=40))
def test_where_a_window_ends_does_not_matter(
    document: object, depth: int, padding: int, escaped: str
) -> None:
    first = json.dumps("," * padding + escaped)
    text = f"[{first}, {'[' * depth}{json.dumps(document)}{']' * depth}]"
    assert (refuse(text.encode()) is None) == (slow(text)[0] <= MAX_DEPTH)


def test_a_caller_may_do_other_things_between_windows() -> None:
    answers = list(windows(b'["' + b"x" * 1_000_000 + b'"]' + b"[" * 101))
    assert answers[:-1] == [None] * 3
    assert answers[-1] is not None
