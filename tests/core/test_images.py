"""Images: which requests become which turn, and how its answer is told."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import image_reply, images
from codex_lb.core.answers import Answer
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Call, Dialect

PNG, JPEG, WEBP = b"\x89PNG\r\n\x1a\n..", b"\xff\xd8\xff\xe0..", b"RIFF\x10\0\0\0WEBPVP8 "
KIND = {"content-type": "multipart/form-data; boundary=b"}


def url(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def generation(**fields: Any) -> Call:
    return images.generation(json.dumps({"prompt": "a cat"} | fields).encode(), Dialect.OPENAI, {})


def edit(**fields: Any) -> Call:
    return images.edit(json.dumps({"prompt": "a hat"} | fields).encode(), Dialect.OPENAI, {})


def form(*fields: tuple[str, bytes]) -> Call:
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode()
        + value
        + b"\r\n"
        for name, value in fields
    )
    return images.edit(b"".join(parts) + b"--b--\r\n", Dialect.OPENAI, KIND)


def sent(call: Call) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(call.body)
    return body


def tool(call: Call) -> dict[str, Any]:
    [only] = sent(call)["tools"]
    return {k: v for k, v in only.items() if (k, v) != ("type", "image_generation")}


def test_an_image_is_a_turn_that_must_use_the_tool() -> None:
    call = generation()
    assert sent(call) == {
        "model": images.HOST_MODEL,
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "a cat"}],
            }
        ],
        "tools": [{"type": "image_generation", "model": "gpt-image-2"}],
        "tool_choice": {"type": "image_generation"},
        "store": False,
        "stream": True,
    }
    assert (call.model, call.stream, call.opening) == (images.HOST_MODEL, False, b"a cat")


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({"model": "gpt-image-1.5", "n": 1}, {"model": "gpt-image-1.5"}),
        ({"size": "1536x864", "quality": "high"}, {"size": "1536x864", "quality": "high"}),
        (
            {"background": "transparent", "model": "gpt-image-1.5"},
            {"background": "transparent", "model": "gpt-image-1.5"},
        ),
        (
            {"output_format": "webp", "output_compression": 80, "moderation": "low"},
            {"output_format": "webp", "output_compression": 80, "moderation": "low"},
        ),
        ({"stream": True, "partial_images": 2}, {"partial_images": 2}),
        ({"partial_images": 2}, {}),
        ({"size": None, "user": "u", "response_format": "b64_json"}, {}),
    ],
)
def test_settings_become_the_tools(fields: dict[str, Any], settings: dict[str, Any]) -> None:
    assert tool(generation(**fields)) == {"model": "gpt-image-2"} | settings


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"model": "dall-e-3"}, "model"),
        ({"n": 2}, "n"),
        ({"size": "large"}, "size"),
        ({"size": "100x100\n"}, "size"),
        ({"quality": "hd"}, "quality"),
        ({"background": "red"}, "background"),
        ({"background": "transparent"}, "background"),
        ({"output_format": "gif"}, "output_format"),
        ({"output_compression": 101}, "output_compression"),
        ({"moderation": "none"}, "moderation"),
        ({"partial_images": 4}, "partial_images"),
        ({"response_format": "url"}, "response_format"),
        ({"stream": "yes"}, "stream"),
        ({"style": "vivid"}, "style"),
        ({"input_fidelity": "high", "model": "gpt-image-1.5"}, "input_fidelity"),
        ({"image": "data:,"}, "image"),
    ],
)
def test_what_the_tool_lacks_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        generation(**fields)
    assert caught.value.param == param
    assert caught.value.message


def test_a_form_has_its_images_in_the_turn() -> None:
    call = form(
        ("prompt", b"a hat"), ("image[]", PNG), ("image[]", JPEG), ("image", WEBP), ("mask", PNG),
        ("n", b"1"), ("partial_images", b"1"), ("stream", b"true"), ("input_fidelity", b"high"),
        ("model", b"gpt-image-1.5"),
    )  # fmt: skip
    _, *shown = sent(call)["input"][0]["content"]
    assert shown == [
        {"type": "input_image", "image_url": url("png", PNG)},
        {"type": "input_image", "image_url": url("jpeg", JPEG)},
        {"type": "input_image", "image_url": url("webp", WEBP)},
    ]
    assert tool(call) == {
        "model": "gpt-image-1.5",
        "input_fidelity": "high",
        "partial_images": 1,
        "input_image_mask": {"image_url": url("png", PNG)},
    }
    assert call.stream


@pytest.mark.parametrize(
    "fields",
    [
        {"image": "data:1"},
        {"image": ["data:1"]},
        {"images": [{"image_url": "data:1"}]},
        {"images": ["data:1"]},
    ],
)
def test_an_edit_in_json_has_its_images_too(fields: dict[str, Any]) -> None:
    call = edit(**fields, mask={"file_id": "file_1"})
    _, shown = sent(call)["input"][0]["content"]
    assert shown == {"type": "input_image", "image_url": "data:1"}
    assert tool(call)["input_image_mask"] == {"file_id": "file_1"}
    assert call.files == ("file_1",)


@pytest.mark.parametrize("fields", [{}, {"images": []}, {"image": ["data:,"] * 17}])
def test_an_edit_needs_an_image(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as caught:
        edit(**fields)
    assert caught.value.param == "image"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ([("prompt", b"p"), ("image", b"GIF89a")], "image"),
        ([("prompt", b"\xff"), ("image", PNG)], "prompt"),
        ([("prompt", b"p"), ("image", PNG), ("n", b"2")], "n"),
        ([("prompt", b"p"), ("image", PNG), ("style", b"x")], "style"),
    ],
)
def test_a_form_is_checked_as_json_is(fields: list[tuple[str, bytes]], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        form(*fields)
    assert caught.value.param == param


@given(
    st.dictionaries(
        st.sampled_from(["prompt", "n", "size", "image", "images", "mask", "stream", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3),
        ),
    )
)
def test_any_object_is_read_or_refused(body: dict[str, Any]) -> None:
    for read in (images.generation, images.edit):
        try:
            read(json.dumps(body).encode(), Dialect.OPENAI, {})
        except BadRequestError:
            continue


# -- the answer ------------------------------------------------------------------------------------

DRAWN = {
    "type": "image_generation_call", "result": "QUJD", "revised_prompt": "a black cat",
    "size": "1024x1024", "quality": "low", "background": "opaque", "output_format": "png",
}  # fmt: skip
LOOKS = {name: DRAWN[name] for name in ("size", "quality", "background", "output_format")}
USAGE = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
OF_ALL = USAGE | {"input_tokens_details": {"text_tokens": 5, "image_tokens": 0}}
OF_TOOL = USAGE | {"input_tokens_details": {"text_tokens": 2, "image_tokens": 3}}


def response(*output: Any, **more: Any) -> dict[str, Any]:
    return {"created_at": 9, "output": list(output), "usage": USAGE} | more


def test_the_reply_has_the_image_and_how_it_looks() -> None:
    assert image_reply.told(response(msgspec.Raw(msgspec.json.encode(DRAWN)))) == {
        "created": 9,
        "data": [{"b64_json": "QUJD", "revised_prompt": "a black cat"}],
        "usage": OF_ALL,
        **LOOKS,
    }


def test_what_the_tool_has_used_is_told_where_upstream_says_so() -> None:
    told = image_reply.told(response(DRAWN, tool_usage={"image_gen": OF_TOOL}))
    assert isinstance(told, dict)
    assert told["usage"] == OF_TOOL


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ([], ""),
        (
            [{"type": "message", "content": [{"text": "I cannot draw that."}]}],
            "I cannot draw that.",
        ),
        ([DRAWN | {"result": None}], ""),
        ([5], ""),
    ],
)
def test_words_instead_of_an_image_are_the_error(output: list[Any], words: str) -> None:
    for told in (
        image_reply.told(response(*output)),
        image_reply.completed(response(*output), "image_edit"),
    ):
        assert isinstance(told, Answer)
        assert (told.status, told.code, told.final) == (400, "image_not_generated", True)
        assert words in told.message


def event(raw: bytes | Answer) -> dict[str, Any]:
    assert isinstance(raw, bytes)
    kind, data = raw.decode().strip().split("\n")
    said: dict[str, Any] = json.loads(data.removeprefix("data: "))
    assert kind == f"event: {said['type']}"
    return said


def test_a_stream_shows_previews_and_then_the_image() -> None:
    shown = LOOKS | {"partial_image_b64": "QQ==", "partial_image_index": 1}
    assert event(image_reply.partial(json.dumps(shown).encode(), "image_edit", 9)) == {
        "type": "image_edit.partial_image",
        "b64_json": "QQ==",
        "created_at": 9,
        "partial_image_index": 1,
        **LOOKS,
    }
    assert event(image_reply.completed(response(DRAWN), "image_generation")) == {
        "type": "image_generation.completed",
        "b64_json": "QUJD",
        "created_at": 9,
        "usage": OF_ALL,
        **LOOKS,
    }
    assert image_reply.partial(b"{}", "image_edit", 9) == b""
