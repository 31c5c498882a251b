"""What each dialect's client gets for an event."""

import json

import pytest

from codex_lb.core.sse import Event, Scanner
from codex_lb.proxy.sinks import CodexSink, JsonSink, OpenAISink


def item_event(kind: str, item_id: str, *, index: int = 0, more: str = "") -> Event:
    raw = (
        f'data: {{"type":"response.output_item.{kind}","output_index":{index},'
        f'"item":{{"type":"reasoning","id":"{item_id}"{more}}}}}\n\n'
    )
    (event,) = Scanner().feed(raw.encode())
    return event


def test_an_item_keeps_the_id_it_began_with() -> None:
    sink = OpenAISink({})
    added, done = item_event("added", "rs_1"), item_event("done", "rs_2", more=',"x": [1,  2]')
    assert sink.take(added) == added.raw
    out = sink.take(done)
    assert json.loads(out.split(b"data: ")[1])["item"] == {
        "type": "reasoning", "id": "rs_1", "x": [1, 2],
    }  # fmt: skip
    assert b'"x":[1,  2]' in out, "what is not ours to change stays byte for byte"


def test_items_that_keep_their_ids_are_not_touched() -> None:
    sink = OpenAISink({})
    for event in (item_event("added", "rs_1"), item_event("added", "rs_2", index=1),
                  item_event("done", "rs_1"), item_event("done", "rs_2", index=1)):  # fmt: skip
        assert sink.take(event) == event.raw


def test_codex_gets_ids_as_upstream_sent_them() -> None:
    sink = CodexSink({}, bytes)
    for event in (item_event("added", "rs_1"), item_event("done", "rs_2")):
        assert sink.take(event) == event.raw


@pytest.mark.parametrize("data", [b"{}", b'{"output_index":0}', b'{"output_index":0,"item":5}'])
def test_an_odd_item_event_passes(data: bytes) -> None:
    event = Event(b"data: " + data + b"\n\n", "response.output_item.done")
    assert OpenAISink({}).take(event) == event.raw
    assert JsonSink().take(event) == b""


def test_the_final_response_carries_the_kept_ids() -> None:
    sink = OpenAISink({})
    sink.take(item_event("added", "rs_1"))
    sink.take(item_event("done", "rs_2"))
    end = Event(
        b'data: {"type":"response.completed","response":{"id":"r","output":[]}}\n\n',
        "response.completed",
    )
    response = json.loads(sink.take(end).split(b"data: ")[1])["response"]
    assert [item["id"] for item in response["output"]] == ["rs_1"]
