"""The guard against a slow reference: depth is counted outside strings only."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.json_guard import deeper_than, refuse


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


texts = st.text(alphabet='[]{}"\\a\n', max_size=6)
values = st.recursive(
    texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)


@given(values, st.integers(0, 6))
def test_the_depth_is_the_reference_depth(value: object, depth: int) -> None:
    body = json.dumps(value).encode()
    assert deeper_than(body, depth) == (depth_of(value) > depth)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"a":' * 101 + b"1" + b"}" * 101, id="objects"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="a hundred thousand arrays"),
        pytest.param(b"[" * 500_000, id="half a million that are never closed"),
        pytest.param(b'{"a":[' * 600 + b"1" + b"]}" * 600, id="both in turn"),
    ],
)
def test_deep_bodies_are_refused(body: bytes) -> None:
    assert refuse(body) == "The request body is nested more than 100 levels deep."


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="nothing"),
        pytest.param(b"[" * 100 + b"]" * 100, id="exactly the limit"),
        pytest.param(json.dumps(["[" * 5000, "]" * 5000]).encode(), id="brackets in strings"),
        pytest.param(json.dumps([{"a": [{}]}] * 5000).encode(), id="wide and flat"),
        pytest.param('{"a":"\u00e9\u20ac"}'.encode(), id="text beyond ASCII"),
        pytest.param(json.dumps([[{"a": 1}]] * 200).encode()[:-40], id="cut off, but not deep"),
        pytest.param(b'{"a":"\\ud800"}', id="a lone surrogate, escaped: upstream's to judge"),
    ],
)
def test_ordinary_bodies_pass(body: bytes) -> None:
    assert refuse(body) is None


def test_what_is_not_utf_8_is_refused() -> None:
    assert refuse(b'{"a":"\xff"}') == "The request body is not valid UTF-8."


def test_more_nodes_than_can_be_parsed_in_passing_are_refused() -> None:
    assert "more than 1000000 arrays" in str(refuse(b"[" + b"[]," * 1_000_001 + b"1]"))
