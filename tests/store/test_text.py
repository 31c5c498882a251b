"""Text from outside is bounded before it is kept."""

import pytest

from codex_lb.core.model import Attempt, OpenedRequest, Receipt, Skipped
from codex_lb.store.text import LONGEST, tidied


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("gpt-5.6-sol ü", "gpt-5.6-sol ü", id="ordinary text is kept"),
        pytest.param("two\nlines\t", "two\nlines\t", id="white space too"),
        pytest.param("x" * LONGEST, "x" * LONGEST, id="up to the longest"),
        pytest.param("x" * (LONGEST + 1), "x" * (LONGEST - 1) + "…", id="beyond it is clipped"),
        pytest.param("a\0b", "a\ufffdb", id="PostgreSQL has no NUL"),
        pytest.param("a\ud800b", "a?b", id="UTF-8 has no lone surrogates"),
        pytest.param("", "", id="nothing stays nothing"),
    ],
)
def test_tidied(given: str, kept: str) -> None:
    skipped = (Skipped("b", given),)
    attempt = Attempt("a", "bound", 0, 1, 500, None, "next", detail=given, skipped=skipped)
    receipt = Receipt("r", "error", 1, error_message=given, attempts=(attempt,))

    assert tidied(OpenedRequest("r", 1, "responses", "sse", given)).model == kept
    assert tidied(receipt).error_message == kept
    assert tidied(receipt).attempts[0].detail == kept
    assert tidied(receipt).attempts[0].skipped[0].reason == kept


def test_what_is_tidy_already_is_not_copied() -> None:
    row = OpenedRequest("r", 1, "responses", "sse", "m", user_agent="x" * LONGEST)
    receipt = Receipt("r", "success", 1)
    assert tidied(row) is row
    assert tidied(receipt) is receipt
