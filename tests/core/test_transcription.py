"""Which transcriptions can be asked for, and how their text is told."""

import pytest

from codex_lb.core import multipart, transcription
from codex_lb.core.raw_fields import BadRequestError

KIND = "multipart/form-data; boundary=b"


def form(*fields: tuple[str, str]) -> bytes:
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    return ("".join(parts) + "--b--\r\n").encode()


FILE, MODEL = ("file", "RIFF"), ("model", "gpt-4o-transcribe")


def test_only_what_upstream_knows_is_sent() -> None:
    fields = (MODEL, FILE, ("prompt", "names: Ada"), ("language", "en"), ("temperature", "0"))
    call = transcription.read(form(*fields), KIND)
    sent = {part.name: part.text() for part in multipart.read(call.body, KIND)}
    assert sent == {"file": "RIFF", "prompt": "names: Ada", "language": "en"}
    assert (call.model, call.stream, call.shape) == ("gpt-4o-transcribe", False, "json")


def test_the_text_alone_can_be_asked_for() -> None:
    assert transcription.read(form(FILE, MODEL, ("response_format", "text")), KIND).shape == "text"
    assert transcription.plain_text(b'{"text":"Gr\\u00fc\\u00dfe"}') == "Grüße\n".encode()
    assert transcription.plain_text(b"<html>") is None


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        pytest.param([MODEL], "file", id="no file"),
        pytest.param([MODEL, ("file", "")], "file", id="an empty file"),
        pytest.param([MODEL, FILE, FILE], "file", id="two files"),
        pytest.param([MODEL, ("file", "x" * (25 * 2**20 + 1))], "file", id="a large file"),
        pytest.param([FILE], "model", id="no model"),
        pytest.param([FILE, ("model", "whisper-1")], "model", id="a model nobody has"),
        pytest.param([FILE, MODEL, ("response_format", "srt")], "response_format", id="subtitles"),
        pytest.param([FILE, MODEL, ("stream", "true")], "stream", id="a stream"),
        pytest.param(
            [FILE, MODEL, ("timestamp_granularities[]", "word")], "timestamp_granularities",
            id="timestamps",
        ),
    ],
)  # fmt: skip
def test_the_rest_is_refused_by_name(fields: list[tuple[str, str]], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        transcription.read(form(*fields), KIND)
    assert caught.value.param == param


def test_upstreams_own_form_passes_byte_for_byte() -> None:
    body = form(FILE, ("anything", "else"))
    assert transcription.as_it_came(body, KIND).body == body
    with pytest.raises(BadRequestError):
        transcription.as_it_came(form(("anything", "else")), KIND)
