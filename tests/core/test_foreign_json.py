"""Reading what others sent: the value, or None, and never an error."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import catalogue, errors, events, quota
from codex_lb.core.foreign_json import decode, json_object, number, spelled_number


class Named(msgspec.Struct):
    name: str = ""


@pytest.mark.parametrize(
    ("data", "read", "named"),
    [
        pytest.param(b'{"name": "a"}', {"name": "a"}, Named("a"), id="what was asked for"),
        pytest.param(b'{"name": 1}', {"name": 1}, None, id="a value of another type"),
        pytest.param(b"[]", None, None, id="another kind of document"),
        pytest.param(b"<html>", None, None, id="no JSON"),
        pytest.param(b"", None, None, id="nothing"),
        pytest.param(b'{"name": "\xff"}', None, None, id="bytes that are no UTF-8"),
        pytest.param(
            b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None, None, id="nested too deep"
        ),
    ],
)
def test_a_document_is_read_or_none(data: bytes, read: object, named: Named | None) -> None:
    assert json_object(data) == read
    assert decode(data, Named) == named


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(1, 1.0, id="an integer"),
        pytest.param("1", None, id="a text is no number"),
        pytest.param(True, None, id="nor is a truth"),
        pytest.param(None, None, id="nor is nothing"),
        pytest.param(math.nan, None, id="nor what is not a number"),
        pytest.param(math.inf, None, id="nor the infinite"),
        pytest.param(10**400, None, id="nor what no float can hold"),
    ],
)
def test_a_number_is_finite_or_none(value: object, expected: float | None) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1.5", 1.5, id="a number"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", None, id="a date is none"),
        pytest.param("inf", None, id="nor is the infinite"),
        pytest.param(None, None, id="nor is no header"),
    ],
)
def test_a_header_spells_a_number_or_none(text: str | None, expected: float | None) -> None:
    assert spelled_number(text) == expected


@given(
    st.binary(max_size=20).map(lambda b: b'{"rate_limits": {}, "limit_name": "' + b + b'"}')
    | st.binary(max_size=50)
)
def test_whatever_upstream_sends_its_readers_raise_nothing(data: bytes) -> None:
    assert quota.windows_in_event(data, 0.0) == ()
    assert events.facts(data).usage is None
    assert errors.read_event(data).status == 200
    assert not catalogue.read(data)
