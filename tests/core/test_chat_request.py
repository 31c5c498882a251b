"""Reading a chat completions body: what upstream gets for it."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.chat_request import read
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Call

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}


def called(fields: dict[str, Any], conversation: str | None = None) -> Call:
    hello = [{"role": "user", "content": "hi"}]
    body = {"model": "gpt-5.5", "messages": hello} | fields
    return read(json.dumps(body).encode(), conversation)


def sent(fields: dict[str, Any], conversation: str | None = None) -> dict[str, Any]:
    """What upstream gets beside the model, the mode, and a message left as it is here."""
    body: dict[str, Any] = json.loads(called(fields, conversation).body)
    assert (body.pop("model"), body.pop("store"), body.pop("stream")) == ("gpt-5.5", False, True)
    if body["input"] == [said("user", text("hi"))]:
        del body["input"]
    return body


def said(role: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": list(parts)}


def text(value: str, kind: str = "input_text") -> dict[str, Any]:
    return {"type": kind, "text": value}


def call(name: str, arguments: str, call_id: str = "c1") -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def tool_call(name: str, arguments: str, call_id: str = "c1") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def user(*parts: object) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        pytest.param(
            [{"role": "developer", "content": "be kind"}, {"role": "user", "content": "hi"}],
            [said("developer", text("be kind")), said("user", text("hi"))],
            id="texts become parts",
        ),
        pytest.param(
            user(
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,A", "detail": "low"}},
                {"type": "image_url", "image_url": "https://example.com/a.png"},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:x"}},
                text("as upstream says it"),
            ),
            [
                said(
                    "user",
                    text("look"),
                    {"type": "input_image", "image_url": "data:image/png;base64,A", "detail": "low"},
                    {"type": "input_image", "image_url": "https://example.com/a.png"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "data:x"},
                    text("as upstream says it"),
                )
            ],
            id="images and files",
        ),
        pytest.param(
            [
                {"role": "assistant", "content": "let me see", "reasoning_details": "",
                 "reasoning_content": "hm", "name": "x",
                 "tool_calls": [tool_call("a", "{}"), tool_call("b", '{"x": 1}', "c2")]},
                {"role": "tool", "tool_call_id": "c2", "content": "two"},
                {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "one"}]},
            ],
            [
                said("assistant", text("let me see", "output_text")),
                call("a", "{}"),
                call("b", '{"x": 1}', "c2"),
                {"type": "function_call_output", "call_id": "c2", "output": "two"},
                {"type": "function_call_output", "call_id": "c1", "output": [text("one")]},
            ],
            id="calls and their results; what other providers left is not said",
        ),
        pytest.param(
            [{"role": "assistant", "content": "", "tool_calls": [tool_call("a", "{}")]}],
            [call("a", "{}")],
            id="an assistant who only calls says nothing",
        ),
        pytest.param(
            [{"role": "assistant", "content": None, "refusal": "no"},
             {"role": "assistant", "content": [{"type": "refusal", "refusal": "never"}]}],
            [said("assistant", {"type": "refusal", "refusal": "no"}),
             said("assistant", {"type": "refusal", "refusal": "never"})],
            id="refusals",
        ),
        pytest.param(
            [
                {"role": "assistant", "tool_calls": [
                    {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "x"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "done"},
            ],
            [
                {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "x"},
                {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
            ],
            id="the result of a custom tool is told as one",
        ),
        pytest.param(
            [
                {"role": "assistant", "content": None, "function_call": {"name": "a", "arguments": "{}"}},
                {"role": "function", "name": "a", "content": "one"},
                {"role": "assistant", "content": None, "function_call": {"name": "a", "arguments": "[]"}},
                {"role": "function", "name": "a", "content": None},
            ],
            [
                call("a", "{}", "call_1"),
                {"type": "function_call_output", "call_id": "call_1", "output": "one"},
                call("a", "[]", "call_2"),
                {"type": "function_call_output", "call_id": "call_2", "output": ""},
            ],
            id="function calls of old get ids",
        ),
    ],
)  # fmt: skip
def test_messages_become_items(
    messages: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    assert sent({"messages": messages}) == {"input": expected}


WEATHER = {"name": "weather", "parameters": PARAMETERS}
FLAT = {"type": "function", "strict": False} | WEATHER


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, {}, id="nothing more"),
        pytest.param(
            {"max_tokens": 1, "max_completion_tokens": 1, "temperature": 1, "top_p": 1, "user": "u",
             "stop": ["x"], "seed": 1, "n": 1, "logprobs": True, "presence_penalty": 1,
             "modalities": ["text"], "prediction": {}, "metadata": {}, "store": True, "audio": None,
             "stream_options": {"include_usage": True}, "logit_bias": {}, "response_format": None},
            {}, id="what upstream refuses is left out",
        ),
        pytest.param(
            {"tools": [{"type": "function", "function": WEATHER | {"strict": True, "description": None}},
                       {"type": "function", "function": WEATHER}, FLAT]},
            {"tools": [FLAT | {"strict": True}, FLAT, FLAT]},
            id="functions are flat, and bind only if they say so",
        ),
        pytest.param(
            {"tools": [{"type": "custom", "custom": {"name": "patch", "format": {
                "type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}}},
                {"type": "web_search_preview"}]},
            {"tools": [{"type": "custom", "name": "patch", "format": {
                "type": "grammar", "syntax": "lark", "definition": "x"}}, {"type": "web_search"}]},
            id="custom tools and web search",
        ),
        pytest.param(
            {"web_search_options": {"search_context_size": "low", "user_location": {
                "type": "approximate", "approximate": {"city": "Oslo"}}}},
            {"tools": [{"type": "web_search", "search_context_size": "low",
                        "user_location": {"type": "approximate", "city": "Oslo"}}]},
            id="web search by its options",
        ),
        pytest.param(
            {"functions": [WEATHER], "function_call": {"name": "weather"}},
            {"tools": [FLAT], "parallel_tool_calls": False,
             "tool_choice": {"type": "function", "name": "weather"}},
            id="functions of old are tools",
        ),
        pytest.param({"tool_choice": "required"}, {"tool_choice": "required"}, id="choice by word"),
        pytest.param({"function_call": "none"}, {"tool_choice": "none"}, id="choice of old"),
        pytest.param(
            {"tool_choice": {"type": "function", "function": {"name": "a"}}},
            {"tool_choice": {"type": "function", "name": "a"}}, id="choice by name",
        ),
        pytest.param(
            {"tool_choice": {"type": "custom", "custom": {"name": "a"}}},
            {"tool_choice": {"type": "custom", "name": "a"}}, id="choice of a custom tool",
        ),
        pytest.param(
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {
                "mode": "auto", "tools": [{"type": "function", "function": {"name": "a"}}]}}},
            {"tool_choice": {"type": "allowed_tools", "mode": "auto",
                             "tools": [{"type": "function", "name": "a"}]}},
            id="choice among some",
        ),
        pytest.param(
            {"tool_choice": {"type": "web_search"}}, {"tool_choice": {"type": "web_search"}},
            id="a choice that is flat already",
        ),
        pytest.param({"parallel_tool_calls": False}, {"parallel_tool_calls": False}, id="one by one"),
        pytest.param({"response_format": {"type": "text"}}, {}, id="text is the usual form"),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": {
                "name": "city", "schema": PARAMETERS, "strict": True}}, "verbosity": "low"},
            {"text": {"verbosity": "low", "format": {
                "type": "json_schema", "name": "city", "schema": PARAMETERS, "strict": True}}},
            id="a schema",
        ),
        pytest.param(
            {"response_format": {"type": "json_object"}, "messages": [
                {"role": "system", "content": "answer in JSON"}]},
            {"text": {"format": {"type": "json_object"}},
             "input": [said("developer", text("answer in JSON"))]},
            id="JSON: the texts of the system stay in the input, where upstream looks for the word",
        ),
        pytest.param(
            {"messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"},
                          {"role": "system", "content": [{"type": "text", "text": "and brief"}]}]},
            {"instructions": "be kind\nand brief"}, id="else they are instructions",
        ),
        pytest.param(
            {"reasoning_effort": "high"}, {"reasoning": {"effort": "high", "summary": "auto"}},
            id="who sets the effort is told the thoughts",
        ),
        pytest.param(
            {"reasoning_effort": "low", "reasoning": {"summary": "detailed"}},
            {"reasoning": {"effort": "low", "summary": "detailed"}}, id="as it wants them",
        ),
        pytest.param(
            {"reasoning_effort": "none"}, {"reasoning": {"effort": "none"}}, id="if there are any"
        ),
        pytest.param({"service_tier": "fast"}, {"service_tier": "priority"}, id="the rules for all"),
        pytest.param({"brand_new": [1]}, {"brand_new": [1]}, id="the unknown passes"),
    ],
)  # fmt: skip
def test_the_rest_is_said_in_upstreams_words(
    fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert sent(fields) == expected


def test_what_is_not_translated_stays_byte_equal() -> None:
    body = (
        b'{"model":"gpt-5.5","messages":[{"role":"user","content":"\\u0068i  \\/"}],'
        b'"tools":[{"type":"function","function":{"name":"f","parameters":{"a":  1.0e2}}}]}'
    )
    upstream = read(body, None).body
    assert b'"text":"\\u0068i  \\/"' in upstream
    assert b'"parameters":{"a":  1.0e2}' in upstream


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        pytest.param({"messages": []}, "messages", id="no message"),
        pytest.param({"messages": None}, "messages", id="no messages"),
        pytest.param({"messages": "hi"}, "messages", id="messages are a text"),
        pytest.param({"messages": [5]}, "messages[0].role", id="a message is a number"),
        pytest.param({"messages": [{"role": "bard"}]}, "messages[0].role", id="unknown role"),
        pytest.param(
            {"messages": [{"role": "user", "content": 5}]}, "messages[0].content", id="content 5"
        ),
        pytest.param(
            {"messages": user({"type": "input_audio", "input_audio": {}})},
            "messages[0].content[0].type", id="audio",
        ),
        pytest.param(
            {"messages": user({"type": "text", "text": "a"}, {"type": "file", "file": {"file_id": "f"}})},
            "messages[0].content[1].file", id="a file by id",
        ),
        pytest.param(
            {"messages": user({"type": "image_url"})}, "messages[0].content[0].image_url.url",
            id="an image without address",
        ),
        pytest.param(
            {"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id",
            id="a result of nothing",
        ),
        pytest.param(
            {"messages": [{"role": "assistant", "audio": {"id": "a"}}]}, "messages[0].audio",
            id="an assistant's voice",
        ),
        pytest.param(
            {"messages": [{"role": "assistant", "tool_calls": [{"type": "function"}]}]},
            "messages[0].tool_calls[0].id", id="a call without id",
        ),
        pytest.param({"tools": [{"type": "image_generation"}]}, "tools[0].type", id="tool"),
        pytest.param({"tools": {}}, "tools", id="tools are an object"),
        pytest.param({"n": 2}, "n", id="two answers"),
        pytest.param({"modalities": ["text", "audio"]}, "modalities", id="audio asked for"),
        pytest.param({"response_format": {"type": "xml"}}, "response_format.type", id="format"),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a b", "schema": {}}}},
            "response_format.json_schema.name", id="schema's name",
        ),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
            "response_format.json_schema.schema", id="no schema",
        ),
        pytest.param({"model": ""}, "model", id="no model"),
        pytest.param({"input": "hi"}, "input", id="input and messages"),
        pytest.param({"stream_options": {"include_usage": 1}}, "include_usage", id="usage 1"),
    ],
)  # fmt: skip
def test_refusals_name_the_place(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        called(fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"messages":"\xff"}', b'{"model":"m","messages":[{"role":"\\ud800"}]}'],
)
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        read(body, None)


WORDS = (
    "type", "role", "content", "text", "function", "custom", "name", "arguments", "tool_calls", "id",
    "image_url", "url", "file", "file_data", "tool_call_id", "json_schema", "allowed_tools", "tools",
    "user", "assistant", "tool", "system", "refusal", "schema", "mode", "format", "grammar", "input",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
    ),
    max_leaves=25,
)
FIELDS = (
    "messages", "tools", "tool_choice", "functions", "function_call", "response_format", "n", "stream",
    "web_search_options", "stream_options", "reasoning", "text", "input", "modalities", "audio",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5))
def test_whatever_comes_is_a_call_or_a_bad_request(fields: dict[str, Any]) -> None:
    with contextlib.suppress(BadRequestError):
        upstream = json.loads(called(fields).body)
        assert upstream.keys().isdisjoint({"messages", "functions", "response_format"})


def test_a_responses_body_is_taken_as_one() -> None:
    tools = [{"type": "brand_new"}]
    body = {"model": "gpt-5.4-high-fast", "input": "hi", "tools": tools, "stream": True}
    made = read(json.dumps(body).encode(), None)
    upstream = json.loads(made.body)
    assert upstream["input"] == [said("user", text("hi"))]
    assert upstream["tools"] == tools
    assert (made.model, made.effort, made.service_tier) == ("gpt-5.4", "high", "priority")


def test_what_the_answer_needs_is_kept() -> None:
    made = called({"stream": True, "stream_options": {"include_usage": True}, "functions": []})
    assert (made.stream, made.wants_usage, made.knows_one_call) == (True, True, True)
    assert not called({}).wants_usage


@pytest.mark.parametrize(
    ("own", "named", "expected"),
    [
        pytest.param(None, "ses_1", "ses_1", id="the conversation's name helps upstream's cache"),
        pytest.param("k", "ses_1", "k", id="the body's key wins"),
        pytest.param(None, "x" * 65, None, id="what is too long for upstream is no key"),
    ],
)
def test_the_cache_key(own: str | None, named: str, expected: str | None) -> None:
    fields = {"prompt_cache_key": own} if own else {}
    assert called(fields, named).prompt_cache_key == expected


@pytest.mark.parametrize("told", [{"arguments": None}, {}])
def test_a_call_without_arguments_has_empty_ones(told: dict[str, None]) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f"} | told}
    messages = [{"role": "assistant", "content": None, "tool_calls": [call]}]
    items = sent({"messages": messages})["input"]
    assert [item["arguments"] for item in items] == [""]
