"""A compaction on its own: the turn it becomes, and what is told of it."""

import json
from typing import Any

import msgspec
import pytest

from codex_lb.core import compaction
from codex_lb.core.answers import Answer
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Dialect

USER = '{"type":"message","role":"user","content":[{"type":"input_text",  "text":"hi"}]}'
TRIGGER = '{"type":"compaction_trigger"}'


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(
    "items", [pytest.param(USER, id="a history"), pytest.param(f"{USER},{TRIGGER}", id="triggered")]
)
def test_the_turn_ends_with_one_trigger(items: str, dialect: Dialect) -> None:
    body = f'{{"model":"gpt-5.5","input":[{items}],"instructions":"x"}}'.encode()

    call = compaction.read(body, dialect, {})

    assert f"[{USER},{TRIGGER}]" in call.body.decode()
    assert (call.model, call.stream) == ("gpt-5.5", False)
    assert json.loads(call.body)["stream"] is True, "upstream only streams"


@pytest.mark.parametrize("fields", [{}, {"input": {}}, {"input": [], "model": 5}])
def test_what_is_no_history_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        compaction.read(json.dumps({"model": "m"} | fields).encode(), Dialect.CODEX, {})


ITEM = msgspec.Raw(b'{"type":"compaction", "id":"cmp_1",  "encrypted_content":"gAAA"}')
MESSAGE = msgspec.Raw(b'{"type":"message","id":"msg_1"}')
FINISHED = {"id": "resp_1", "created_at": 7, "usage": {"input_tokens": 3}, "object": "response"}


def test_the_item_is_told_byte_for_byte() -> None:
    told = compaction.told(FINISHED | {"output": [MESSAGE, ITEM]})
    assert msgspec.json.encode(told) == (
        b'{"id":"resp_1","object":"response.compaction","created_at":7,"output":['
        + bytes(ITEM)
        + b'],"usage":{"input_tokens":3}}'
    )


@pytest.mark.parametrize(
    "output",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"output": []}, id="no item"),
        pytest.param({"output": [MESSAGE]}, id="a text"),
        pytest.param({"output": [ITEM, ITEM]}, id="two of them"),
    ],
)
def test_without_exactly_one_item_the_history_stays(output: dict[str, Any]) -> None:
    told = compaction.told(FINISHED | output)
    assert isinstance(told, Answer)
    assert (told.status, told.code, told.final) == (400, "compaction_failed", True)
