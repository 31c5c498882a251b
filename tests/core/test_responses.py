"""Reading a client's body: what upstream gets for it, rule by rule."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import responses
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Dialect, read, read_frame

UPSTREAM = {"store": False, "stream": True}


def sent(body: dict[str, Any], dialect: Dialect = Dialect.OPENAI) -> dict[str, Any]:
    """What upstream gets for `body`."""
    decoded: dict[str, Any] = json.loads(read(json.dumps(body).encode(), dialect).body)
    return decoded


def message(role: str, content: object, **more: object) -> dict[str, object]:
    return {"type": "message", "role": role, "content": content, **more}


def ask(**fields: object) -> dict[str, Any]:
    return {"model": "gpt-5.5", "input": [message("user", "hi")], **fields}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, {}, id="nothing to change but the mode"),
        pytest.param({"store": True, "stream": False}, {}, id="upstream never stores, always streams"),
        pytest.param(
            {"temperature": 1, "top_p": 0.5, "max_output_tokens": 5, "metadata": {"a": "b"},
             "user": "u", "truncation": "auto", "stop": "x", "seed": 1, "safety_identifier": "s"},
            {}, id="what upstream refuses is left out",
        ),
        pytest.param({"brand_new": {"a": [1]}}, {"brand_new": {"a": [1]}}, id="the unknown passes"),
        pytest.param(
            {"input": "hi"},
            {"input": [message("user", [{"type": "input_text", "text": "hi"}])]},
            id="text input is one message",
        ),
        pytest.param(
            {"input": [message("system", "be kind"), message("user", "hi")]},
            {"instructions": "be kind", "input": [message("user", "hi")]},
            id="a system message becomes instructions",
        ),
        pytest.param(
            {"instructions": "be brief",
             "input": [message("system", [{"type": "input_text", "text": "be kind"}])]},
            {"instructions": "be brief\nbe kind", "input": []},
            id="behind those that are there",
        ),
        pytest.param(
            {"input": [message("system", "JSON")], "text": {"format": {"type": "json_object"}}},
            {"input": [message("developer", "JSON")], "text": {"format": {"type": "json_object"}}},
            id="upstream looks for the word JSON in the input",
        ),
        pytest.param(
            {"input": [message("developer", "base")]}, {"input": [message("developer", "base")]},
            id="a developer message stays: native clients send their instructions so",
        ),
        pytest.param(
            {"input": [message("assistant", "hello")]},
            {"input": [message("assistant", [{"type": "output_text", "text": "hello"}])]},
            id="an assistant's text becomes a part",
        ),
        pytest.param(
            {"input": [{"role": "tool", "tool_call_id": "c1", "content": "42"}]},
            {"input": [{"type": "function_call_output", "call_id": "c1", "output": "42"}]},
            id="a tool message becomes an output item",
        ),
        pytest.param(
            {"input": [message("assistant", [], reasoning_content="x", tool_calls=[], id="m")]},
            {"input": [message("assistant", [], id="m")]},
            id="other providers' keys are left out of messages",
        ),
        pytest.param(
            {"input": [{"type": "function_call", "name": "f", "tool_calls": 1}]},
            {"input": [{"type": "function_call", "name": "f", "tool_calls": 1}]},
            id="but not of items that are no messages",
        ),
        pytest.param(
            {"reasoningEffort": "high", "reasoning": {"summary": "auto"}},
            {"reasoning": {"effort": "high", "summary": "auto"}}, id="effort by its other name",
        ),
        pytest.param(
            {"reasoning_effort": "low", "reasoning": {"effort": "high"}},
            {"reasoning": {"effort": "high"}}, id="the true name wins",
        ),
        pytest.param(
            {"reasoning": {"effort": "minimal", "x": 1}}, {"reasoning": {"effort": "low", "x": 1}},
            id="minimal would hang upstream",
        ),
        pytest.param(
            {"reasoning": {"effort": "ultra"}}, {"reasoning": {"effort": "max"}}, id="ultra is max"
        ),
        pytest.param(
            {"enable_thinking": True}, {"reasoning": {"effort": "medium"}}, id="thinking is effort"
        ),
        pytest.param({"thinking": {"type": "disabled"}}, {}, id="or nothing"),
        pytest.param(
            {"verbosity": "low", "text": {"format": {"type": "text"}}},
            {"text": {"verbosity": "low", "format": {"type": "text"}}}, id="verbosity",
        ),
        pytest.param({"promptCacheKey": "k"}, {"prompt_cache_key": "k"}, id="cache key"),
        pytest.param({"service_tier": "fast"}, {"service_tier": "priority"}, id="fast is priority"),
        pytest.param({"service_tier": "flex"}, {"service_tier": "flex"}, id="other tiers stay"),
        pytest.param(
            {"model": "gpt-5.4-high-fast"},
            {"model": "gpt-5.4", "reasoning": {"effort": "high"}, "service_tier": "priority"},
            id="effort and speed in the model's name",
        ),
        pytest.param({"model": "gpt-5.4-mini"}, {"model": "gpt-5.4-mini"}, id="mini is a model"),
        pytest.param(
            {"tools": [{"type": "web_search_preview", "x": 1}, {"type": "brand_new"}]},
            {"tools": [{"type": "web_search", "x": 1}, {"type": "brand_new"}]},
            id="web search by its old name",
        ),
        pytest.param({"tools": []}, {"tools": []}, id="an empty list of tools stays empty"),
        pytest.param({"input": [1, "x"]}, {"input": [1, "x"]}, id="odd items are upstream's to judge"),
    ],
)  # fmt: skip
def test_rewriting(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    kept = {k: v for k, v in ask(**fields).items() if k in ("model", "input", "instructions")}
    assert sent(ask(**fields)) == kept | UPSTREAM | expected


@pytest.mark.parametrize(
    ("body", "param"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"{", None, id="half an object"),
        pytest.param(b"[]", None, id="a list"),
        pytest.param(b"null", None, id="null"),
        pytest.param(b'{"model":"x","input":"a"} x', None, id="more behind"),
        pytest.param(b'{"model":"\xff","input":"a"}', None, id="not UTF-8"),
        pytest.param(b'{"model":"x","input":NaN}', None, id="NaN"),
        pytest.param(b"[" * 2000 + b"]" * 2000, None, id="too deep"),
        pytest.param(b'{"model":"\\ud800","input":"a"}', None, id="half a character in the model"),
        pytest.param(b'{"input":"a"}', "model", id="no model"),
        pytest.param(b'{"model":"","input":"a"}', "model", id="empty model"),
        pytest.param(b'{"model":5,"input":"a"}', "model", id="model is a number"),
        pytest.param(b'{"model":"a\\u0000b","input":"a"}', "model", id="NUL in the model"),
        pytest.param(
            json.dumps({"model": "x" * 100_000, "input": "a"}).encode(), "model", id="long model"
        ),
        pytest.param(b'{"model":"x"}', "input", id="no input"),
        pytest.param(b'{"model":"x","input":"a","stream":1}', "stream", id="stream is a number"),
        pytest.param(b'{"model":"x","input":"a","messages":[]}', "input", id="input and messages"),
        pytest.param(
            b'{"model":"x","input":"a","conversation":"c","previous_response_id":"r"}',
            "conversation",
            id="conversation and previous response",
        ),
        pytest.param(b'{"model":"x","input":"a","include":["y"]}', "include", id="odd include"),
        pytest.param(b'{"model":"x","input":"a","include":"y"}', "include", id="include no list"),
        pytest.param(b'{"model":"x","input":"a","truncation":"y"}', "truncation", id="truncation"),
        pytest.param(b'{"model":"x","input":"a","background":true}', "background", id="background"),
    ],
)
def test_refusals(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequestError) as caught:
        read(body, Dialect.OPENAI)
    assert caught.value.param == param


def test_a_native_client_is_believed() -> None:
    body = b'{"model":"x","include":["brand.new"],"store":false,"stream":true}'
    assert read(body, Dialect.CODEX).body is body


def test_what_is_known_of_a_call() -> None:
    call = read(
        json.dumps(
            ask(
                stream=True, prompt_cache_key="k", previous_response_id="r", service_tier="fast",
                reasoning={"effort": "xhigh"}, instructions="Be kind.",
            )
        ).encode(),
        Dialect.OPENAI,
    )  # fmt: skip
    assert (call.model, call.stream, call.effort) == ("gpt-5.5", True, "xhigh")
    assert (call.prompt_cache_key, call.previous_response_id) == ("k", "r")
    assert call.service_tier == "priority"
    assert call.opening == b'"Be kind."\n"hi"'


@pytest.mark.parametrize(("tier", "sent"), [("fast", None), ("ultrafast", None), ("flex", "flex")])
def test_a_slowed_call_pays_for_no_speed(tier: str, sent: str | None) -> None:
    body = json.dumps(ask(service_tier=tier)).encode()
    call = responses.slowed(read(body, Dialect.CODEX))
    assert (call.service_tier, json.loads(call.body).get("service_tier")) == (sent, sent)


@pytest.mark.parametrize(
    ("dialect", "stream", "expected"),
    [
        (Dialect.CODEX, None, True),
        (Dialect.CODEX, False, True),
        (Dialect.OPENAI, None, False),
        (Dialect.OPENAI, False, False),
        (Dialect.OPENAI, True, True),
    ],
)
def test_who_gets_a_stream(dialect: Dialect, stream: bool | None, expected: bool) -> None:
    assert read(json.dumps(ask(stream=stream)).encode(), dialect).stream is expected


CAPTURES = Path(__file__).parent.parent / "captures"


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("codex-*.json")), ids=lambda path: path.stem)
def test_a_captured_codex_request_passes_byte_for_byte(path: Path) -> None:
    for captured in json.loads(path.read_text()):
        body = json.dumps(captured["body"]).encode()
        call = read(body, Dialect.CODEX)
        assert call.body is body
        assert call.lite == (captured["body"]["input"][0].get("type") == "additional_tools")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OURS = {"model", "input", "store", "stream"}


@given(st.dictionaries(st.from_regex(r"x_[a-z]{1,6}", fullmatch=True), json_values, max_size=4))
def test_untouched_values_stay_byte_equal(extra: dict[str, Any]) -> None:
    raw = {key: json.dumps(value, indent=1) for key, value in extra.items()}
    body = (
        "{" + ",".join([*(f'"{k}": {v}' for k, v in raw.items()), '"model":"m","input":"a"']) + "}"
    )
    out = read(body.encode(), Dialect.OPENAI).body.decode()
    assert all(f'"{key}":{value}' in out for key, value in raw.items())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for dialect in Dialect:
        with contextlib.suppress(BadRequestError):
            assert read(body, dialect).model


@given(st.dictionaries(st.sampled_from(
    ["model", "input", "stream", "reasoning", "tools", "text", "include", "instructions",
     "service_tier", "reasoningEffort", "thinking", "promptCacheKey", "prompt_cache_key"]
), json_values))  # fmt: skip
def test_any_object_is_read_or_refused(body: dict[str, Any]) -> None:
    for dialect in Dialect:
        try:
            out = read(json.dumps(body).encode(), dialect).body
        except BadRequestError:
            continue
        assert json.loads(out)["store"] is False


@pytest.mark.parametrize(
    ("content", "files"),
    [
        pytest.param({"type": "input_file", "file_id": "file_1"}, ("file_1",), id="a file"),
        pytest.param(
            {"type": "input_image", "image_url": "sediment://file_2"}, ("file_2",), id="an image"
        ),
        pytest.param({"type": "input_text", "text": '"file_id": "file_3"'}, (), id="only a text"),
        pytest.param({"type": "input_file", "file_id": {"a": 1}}, (), id="no id"),
        pytest.param([{"file_id": "file_4"}] * 2, ("file_4",), id="named twice"),
        pytest.param([{"file_id": f"f{i}"} for i in range(99)], tuple(f"f{i}" for i in range(32)),
                     id="too many to look up"),
    ],
)  # fmt: skip
def test_the_files_that_a_body_names(content: Any, files: tuple[str, ...]) -> None:
    body = {"model": "m", "input": [{"role": "user", "content": content}]}
    assert read(json.dumps(body).encode(), Dialect.CODEX).files == files


def framed(body: dict[str, Any], dialect: Dialect = Dialect.CODEX) -> dict[str, Any]:
    """What upstream gets for a frame of `body`."""
    data = json.dumps({"type": "response.create"} | body).encode()
    decoded: dict[str, Any] = json.loads(read_frame(data, dialect).body)
    return decoded


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"stream": True}, {}, id="a frame does not say that it streams"),
        pytest.param({"store": True, "temperature": 1}, {}, id="else it is a body"),
        pytest.param({"generate": False}, {"generate": False}, id="a prewarm is one"),
        pytest.param(
            {"reasoning_effort": "minimal"}, {"reasoning": {"effort": "low"}}, id="tidied"
        ),
    ],
)
def test_a_frame_is_a_body_with_a_type(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert framed(ask(**fields)) == ask(type="response.create", store=False) | expected


def test_a_frame_that_needs_no_change_keeps_its_bytes() -> None:
    data = b'{ "type":"response.create","model":"gpt-5.5", "input":[],"store":false,"odd":1.50 }'
    call = read_frame(data, Dialect.CODEX)
    assert (call.body, call.stream, call.generates) == (data, True, True)
    assert not read_frame(data[:-1] + b',"generate":false}', Dialect.CODEX).generates


def test_a_lite_models_flag_stands_in_its_frames_metadata_once() -> None:
    tools = {"type": "additional_tools", "role": "developer", "tools": []}
    body = ask(input=[tools], client_metadata={"a": "b"})
    flagged = framed(body)
    flag = "ws_request_header_x_openai_internal_codex_responses_lite"
    assert flagged["client_metadata"] == {"a": "b", flag: "true"}
    data = json.dumps(flagged).encode()
    assert read_frame(data, Dialect.CODEX).body is data
