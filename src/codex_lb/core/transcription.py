"""Which transcriptions can be asked for, and how the text is told.

Upstream takes a recording and answers with its text; it knows neither models nor formats.
"""

from codex_lb.core import multipart
from codex_lb.core.foreign_json import json_object, text
from codex_lb.core.multipart import Part
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Call

MODEL = "gpt-4o-transcribe"
_MAX_FILE = 25 * 1024 * 1024
_SENT = frozenset({"file", "prompt", "language"})
_FORMATS = ("json", "text")


def read(body: bytes, content_type: str) -> Call:
    """A form as the public API has it. Raises `BadRequestError`."""
    parts = multipart.read(body, content_type)
    _check_file(parts)
    _check(parts, "model", (MODEL,))
    _check(parts, "stream", ("false",), default="false")
    wanted = _check(parts, "response_format", _FORMATS, default="json")
    if any(part.name.startswith("timestamp_granularities") for part in parts):
        raise BadRequestError("Timestamps are not available.", param="timestamp_granularities")
    sent = multipart.write((part for part in parts if part.name in _SENT), content_type)
    return Call(sent, MODEL, stream=False, shape=wanted)


def as_it_came(body: bytes, content_type: str) -> Call:
    """A form for upstream itself. Raises `BadRequestError`."""
    _check_file(multipart.read(body, content_type))
    return Call(body, MODEL, stream=False)


def plain_text(body: bytes) -> bytes | None:
    """The text alone, with the line end that the public API sends; None if there is none."""
    said = (json_object(body) or {}).get("text")
    return f"{said}\n".encode() if isinstance(said, str) else None


def _check_file(parts: list[Part]) -> None:
    file = multipart.one(parts, "file")
    if file is None or not file.content:
        raise BadRequestError("'file' is missing.", param="file")
    if len(file.content) > _MAX_FILE:
        raise BadRequestError("'file' is larger than 25 MiB.", param="file")


def _check(
    parts: list[Part], name: str, known: tuple[str, ...], *, default: str | None = None
) -> str:
    part = multipart.one(parts, name)
    given = (text(part.text()) if part else None) or default
    if given not in known:
        raise BadRequestError(f"'{name}' must be {' or '.join(known)}.", param=name)
    return given
