"""What a chat client gets for upstream's events, streamed and whole."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.chat_reply import Chat, Chunks, completion
from codex_lb.core.sse import Scanner
from codex_lb.simulator import events as story
from codex_lb.simulator.events import Story, Usage

CHAT = Chat("chatcmpl-1", "gpt-5.5", 1_700_000_000)
COUNTED = Usage(10, 4, 3, reasoning_tokens=1)
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 3,
    "total_tokens": 13,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
JsonObject = dict[str, Any]


def message(text: str, **more: object) -> JsonObject:
    part = {"type": "output_text", "annotations": [], "text": text} | more
    return {"id": "m", "type": "message", "role": "assistant", "content": [part]}


def call(number: int, name: str = "weather", arguments: str = '{"city":"Oslo"}') -> JsonObject:
    ids = {"id": f"fc_{number}", "call_id": f"call_{number}"}
    return {**ids, "type": "function_call", "name": name, "arguments": arguments}


def custom_call(written: str) -> JsonObject:
    return {"id": "c", "call_id": "cc", "type": "custom_tool_call", "name": "p", "input": written}


def reasoning(*thoughts: str) -> JsonObject:
    parts = [{"type": "summary_text", "text": thought} for thought in thoughts]
    return {"id": "r", "type": "reasoning", "summary": parts}


def upstream(
    *items: JsonObject, deltas: int = 3, incomplete: str | None = None
) -> list[story.Event]:
    return story.tell(
        Story("resp_1", "gpt-5.5", 1, items, COUNTED, {}, deltas=deltas, incomplete=incomplete)
    )


def wire(told: Iterable[story.Event]) -> bytes:
    return b"".join(b"event: %b\ndata: %b\n\n" % (e.kind.encode(), e.data) for e in told)


def streamed(raw: bytes, chat: Chat = CHAT, size: int = 10_000) -> list[str]:
    """The data of every chunk, for a stream that comes in pieces of `size` bytes."""
    scanner, chunks = Scanner(), Chunks(chat)
    pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
    out = b"".join(chunks.take(event) for piece in pieces for event in scanner.feed(piece))
    assert out.endswith(b"\n\n")
    return [block.removeprefix("data: ") for block in out.decode().split("\n\n")[:-1]]


def deltas(raw: bytes, chat: Chat = CHAT) -> list[JsonObject]:
    """The deltas after the first, which is always the role."""
    *told, done = streamed(raw, chat)
    assert done == "[DONE]"
    chunks = [json.loads(data) for data in told]
    first, *rest = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert first == {"role": "assistant", "content": ""}
    return rest


def joined(told: list[str]) -> JsonObject:
    """The message that a client puts together, with the finish reason."""
    whole: JsonObject = {}
    calls: list[JsonObject] = []
    for data in told:
        if data == "[DONE]":
            continue
        for choice in json.loads(data)["choices"]:
            whole["finish"] = choice["finish_reason"]
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    _grow(calls, value)
                elif name in ("annotations", "function_call"):
                    whole[name] = value
                else:
                    whole[name] = whole.get(name, "") + value
    return {k: v for k, v in (whole | {"tool_calls": calls}).items() if v}


def _grow(calls: list[JsonObject], told: list[JsonObject]) -> None:
    for piece in told:
        if piece["index"] == len(calls):
            calls.append({k: v for k, v in piece.items() if k != "index"})
            continue
        kind = calls[piece["index"]]["type"]
        (name, value) = next(iter(piece[kind].items()))
        calls[piece["index"]][kind][name] += value


def collected(items: Iterable[JsonObject], chat: Chat = CHAT, **more: object) -> JsonObject:
    usage = COUNTED.body()
    return completion(chat, {"id": "resp_1", "output": list(items), "usage": usage} | more)


# -- streams -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param(
            [message("one two")],
            [{"content": "one"}, {"content": " tw"}, {"content": "o"}, {}],
            id="a text, delta by delta",
        ),
        pytest.param([], [{}], id="nothing"),
        pytest.param(
            [reasoning("ab", "c"), message("d")],
            [
                {"reasoning_content": "a"},
                {"reasoning_content": "b"},
                {"reasoning_content": "\n\n"},
                {"reasoning_content": "c"},
                {"content": "d"},
                {},
            ],
            id="thoughts, with a blank line between them",
        ),
        pytest.param(
            [call(1, arguments="{}"), call(2, "b", "[]")],
            [
                {"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                                 "function": {"name": "weather", "arguments": ""}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
                {"tool_calls": [{"index": 1, "id": "call_2", "type": "function",
                                 "function": {"name": "b", "arguments": ""}}]},
                {"tool_calls": [{"index": 1, "function": {"arguments": "["}}]},
                {"tool_calls": [{"index": 1, "function": {"arguments": "]"}}]},
                {},
            ],
            id="two calls, each with its place",
        ),
        pytest.param(
            [custom_call("ab")],
            [
                {"tool_calls": [{"index": 0, "id": "cc", "type": "custom",
                                 "custom": {"name": "p", "input": ""}}]},
                {"tool_calls": [{"index": 0, "custom": {"input": "a"}}]},
                {"tool_calls": [{"index": 0, "custom": {"input": "b"}}]},
                {},
            ],
            id="a custom tool",
        ),
        pytest.param([{"type": "web_search_call", "id": "w"}], [{}], id="upstream's own doings"),
    ],
)  # fmt: skip
def test_a_stream_says(items: list[JsonObject], expected: list[JsonObject]) -> None:
    assert deltas(wire(upstream(*items))) == expected


@pytest.mark.parametrize(
    "item",
    [message("Hello"), call(1), custom_call("x"), reasoning("a", "b")],
    ids=lambda item: item["type"],
)
def test_an_item_that_comes_without_deltas_is_said_once_it_is_done(item: JsonObject) -> None:
    told = [e for e in upstream(item) if not e.kind.endswith((".delta", "part.added"))]
    assert joined(streamed(wire(told))) == joined(streamed(wire(upstream(item))))


def test_a_call_of_which_only_the_end_is_told_is_whole() -> None:
    told = [e for e in upstream(call(1)) if "added" not in e.kind]
    assert joined(streamed(wire(told)))["tool_calls"] == [
        {"id": "call_1", "type": "function",
         "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
    ]  # fmt: skip


def test_a_refusal_is_one() -> None:
    raw = (
        b'data: {"type":"response.refusal.delta","output_index":0,"delta":"No"}\n\n'
        b'data: {"type":"response.refusal.delta","output_index":0,"delta":", never."}\n\n'
        b'data: {"type":"response.completed","response":{}}\n\n'
    )
    assert joined(streamed(raw)) == {"role": "assistant", "refusal": "No, never.", "finish": "stop"}


CITED = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
CITATION = {
    "type": "url_citation",
    "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1},
}


def test_citations_come_with_the_finish() -> None:
    item = message("Hello", annotations=[CITED, {"type": "file_citation"}])
    assert deltas(wire(upstream(item)))[-1] == {"annotations": [CITATION]}
    assert collected([item])["choices"][0]["message"]["annotations"] == [CITATION]


def test_all_chunks_have_one_head() -> None:
    told = [json.loads(data) for data in streamed(wire(upstream(message("Hello"), call(1))))[:-1]]
    heads = [{k: v for k, v in chunk.items() if k != "choices"} for chunk in told]
    assert heads[0] == {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "gpt-5.5",
    }
    assert heads == [heads[0]] * len(heads)


def test_usage_is_told_at_the_end_if_asked_for() -> None:
    chat = Chat("chatcmpl-1", "gpt-5.5", 1, wants_usage=True)
    *told, last = [json.loads(d) for d in streamed(wire(upstream(message("Hello"))), chat)[:-1]]
    assert (last["choices"], last["usage"]) == ([], USAGE)
    assert [chunk["usage"] for chunk in told] == [None] * len(told)


@pytest.mark.parametrize(
    ("items", "incomplete", "chat", "expected"),
    [
        ([message("a")], None, CHAT, "stop"),
        ([message("a"), call(1)], None, CHAT, "tool_calls"),
        ([message("a")], "max_output_tokens", CHAT, "length"),
        ([call(1)], "max_output_tokens", CHAT, "length"),
        ([message("a")], "content_filter", CHAT, "content_filter"),
        ([call(1)], None, Chat("c", "m", 1, knows_one_call=True), "function_call"),
    ],
)
def test_the_finish_reason(
    items: list[JsonObject], incomplete: str | None, chat: Chat, expected: str
) -> None:
    raw = wire(upstream(*items, incomplete=incomplete))
    assert joined(streamed(raw, chat))["finish"] == expected
    details = {"reason": incomplete} if incomplete else None
    whole = collected(items, chat, incomplete_details=details)
    assert whole["choices"][0]["finish_reason"] == expected


def test_a_client_of_old_gets_one_function_call() -> None:
    chat = Chat("c", "m", 1, knows_one_call=True)
    assert deltas(wire(upstream(call(1, arguments="{}"), call(2))), chat) == [
        {"function_call": {"name": "weather", "arguments": ""}},
        {"function_call": {"arguments": "{"}},
        {"function_call": {"arguments": "}"}},
        {},
    ]
    whole = collected([call(1, arguments="{}")], chat)["choices"][0]["message"]
    assert whole["function_call"] == {"name": "weather", "arguments": "{}"}
    assert "tool_calls" not in whole


def test_a_failure_is_an_error_without_a_done() -> None:
    told = upstream(message("Hello"))[:6]
    failed = story.failed(
        Story("r", "m", 1, (), COUNTED, {}), 6, "rate_limit_exceeded", "Too fast."
    )
    last = json.loads(streamed(wire([*told, failed]))[-1])
    assert last == {
        "error": {
            "message": "Too fast.",
            "type": "rate_limit_error",
            "code": "rate_limit_exceeded",
            "param": None,
        }
    }


@pytest.mark.parametrize(
    "data",
    [b"{}", b"5", b'{"type":"response.output_item.added","item":5}', b'{"type":"brand.new"}',
     b'{"type":"response.output_text.delta"}', b'{"type":"response.output_text.delta","delta":'],
)  # fmt: skip
def test_what_says_nothing_to_a_chat_client_is_left_out(data: bytes) -> None:
    [event] = Scanner().feed(b"data: %b\n\n" % data)
    chunks = Chunks(CHAT)
    assert b'"role":"assistant"' in chunks.take(event)
    assert chunks.take(event) == b""


# -- whole -------------------------------------------------------------------------------------


def test_a_completion_has_chats_shape() -> None:
    assert collected([reasoning("hm", "so"), message("Hello"), message(" you"), call(1)]) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-5.5",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hello you",
                    "refusal": None,
                    "reasoning_content": "hm\n\nso",
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
                        }
                    ],
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
        "usage": USAGE,
    }


def test_a_call_alone_has_no_content() -> None:
    told = collected([call(1)])["choices"][0]["message"]
    assert told["content"] is None


def test_an_odd_item_does_not_hide_the_others() -> None:
    odd = {"type": "brand_new", "arguments": {}, "content": "x"}
    told = collected([odd, message("Hello")])["choices"][0]["message"]
    assert told["content"] == "Hello"


# -- both --------------------------------------------------------------------------------------

TEXTS = st.text(min_size=1, max_size=40)
ITEMS = st.lists(
    st.one_of(
        TEXTS.map(message),
        st.lists(TEXTS, max_size=3).map(lambda thoughts: reasoning(*thoughts)),
        st.builds(call, st.integers(0, 9), TEXTS, TEXTS),
        TEXTS.map(custom_call),
        st.just({"type": "web_search_call", "id": "w"}),
    ),
    max_size=5,
)


@given(ITEMS, st.integers(1, 6), st.integers(1, 500))
def test_both_forms_say_what_upstream_said(items: list[JsonObject], pieces: int, size: int) -> None:
    chat = Chat("chatcmpl-1", "gpt-5.5", 1, wants_usage=True)
    told = streamed(wire(upstream(*items, deltas=pieces)), chat, size)
    streamed_whole = joined(told)
    [choice] = collected(items)["choices"]
    whole = choice["message"] | {"finish": choice["finish_reason"]}
    assert streamed_whole == {k: v for k, v in whole.items() if v}
    assert streamed_whole.get("content", "") == "".join(
        part["text"] for item in items for part in item.get("content", ())
    )
    assert [c["id"] for c in streamed_whole.get("tool_calls", [])] == [
        item["call_id"] for item in items if "call_id" in item
    ]
    assert json.loads(told[-2])["usage"] == USAGE
