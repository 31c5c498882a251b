"""What is left of a body that moves to an account which cannot read its encrypted items."""

import json
from typing import Any

import pytest

from codex_lb.core import ciphertext

USER = {"type": "message", "role": "user", "content": "hi"}
SEALED = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
PLAIN = {"type": "reasoning", "id": "rs_2", "summary": []}
COMPACTED = {"type": "compaction", "encrypted_content": "gAAB"}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def body(*items: Any) -> bytes:
    return json.dumps({"model": "m", "input": items, "tools": [{"x": 1.50}]}).encode()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param([USER, SEALED, CALL], [USER, CALL], id="whole items go"),
        pytest.param([SEALED, COMPACTED], [COMPACTED], id="a compaction stays"),
        pytest.param([USER, SEALED, "odd", 7, None], [USER, "odd", 7, None], id="odd items stay"),
        pytest.param([{"type": 5}, SEALED], [{"type": 5}], id="a type that is none"),
        pytest.param([SEALED], [], id="nothing else"),
    ],
)
def test_encrypted_reasoning_is_left_out(given: list[Any], kept: list[Any]) -> None:
    lighter = ciphertext.without_reasoning(body(*given))
    assert lighter is not None
    assert json.loads(lighter)["input"] == kept
    assert b'"tools":[{"x": 1.5}]' in lighter, "every other byte stays"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(body(USER, PLAIN), id="reasoning in the clear"),
        pytest.param(body(COMPACTED), id="only a compaction"),
        pytest.param(b'{"model":"m"}', id="no input"),
        pytest.param(b'{"input":"text"}', id="an input that is no list"),
        pytest.param(b"[]", id="no object"),
    ],
)
def test_without_any_there_is_nothing_to_try(given: bytes) -> None:
    assert ciphertext.without_reasoning(given) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [(body(USER, COMPACTED), True), (body(USER, SEALED), False), (b"{}", False)],
)
def test_a_compaction_is_seen(given: bytes, expected: bool) -> None:
    assert ciphertext.holds_compaction(given) is expected
