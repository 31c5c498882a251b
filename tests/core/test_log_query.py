"""What the operator types, and what is looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import log_query
from codex_lb.core.log_query import LogQuery, Span


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", LogQuery()),
        ("  quota  spent ", LogQuery("quota spent")),
        ("model:gpt-5.4", LogQuery(wanted={"model": ("gpt-5.4",)})),
        ("model:a model:b", LogQuery(wanted={"model": ("a", "b")})),
        ('key:"my laptop" slow', LogQuery("slow", {"key": ("my laptop",)})),
        ("-client:curl", LogQuery(unwanted={"client": ("curl",)})),
        ("error:overloaded", LogQuery(wanted={"code": ("overloaded",)})),
        ("status:error status:quota", LogQuery(statuses=("error", "quota"))),
        ("ttft:>2s", LogQuery(times={"ttft": Span(at_least=2_000)})),
        (
            "total:>500ms total:<1.5m",
            LogQuery(times={"total": Span(at_least=500, at_most=90_000)}),
        ),
        ("queue:>=3", LogQuery(times={"queue": Span(at_least=3_000)})),
        # What is not understood is text, and half-typed words do no harm.
        ("ttft:fast", LogQuery("ttft:fast")),
        ("model: slow -key: ttft:> total:<=", LogQuery("slow")),
        ("colour: red", LogQuery("colour: red")),
        ("http://x", LogQuery("http://x")),
        ('"unclosed text', LogQuery("unclosed text")),
        ("colour:red", LogQuery("colour:red")),
    ],
)
def test_a_query_is_read(typed: str, expected: LogQuery) -> None:
    assert log_query.read(typed) == expected


@given(st.text())
def test_nothing_that_is_typed_is_an_error(typed: str) -> None:
    log_query.read(typed)
