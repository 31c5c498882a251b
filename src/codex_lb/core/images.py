"""Read a request for an image into a turn whose one tool draws it.

Upstream has no endpoint for images; its models have a tool. A host model gets the prompt and has to
use the tool, whose settings are the request's. What the tool lacks is refused by name.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, to_builtins

from codex_lb.core import json_guard, multipart
from codex_lb.core.foreign_json import UNREADABLE, JsonObject
from codex_lb.core.multipart import Part
from codex_lb.core.raw_fields import BadRequestError, Fields, encode, read_fields
from codex_lb.core.responses import Call, Dialect

T = TypeVar("T")

HOST_MODEL = "gpt-5.5"  # every plan has it, and it knows the tool
_MODEL = "gpt-image-2"
_FAITHFUL = ("gpt-image-1", "gpt-image-1.5")  # whose edits can be told how close to stay
_MAX_IMAGES = 16
_OPENING_BYTES = 512
_PLACES = frozenset({"images", "image", "mask"})
_PARAM = re.compile(r"(?:field `|`\$\.)(\w+)")  # where msgspec says it found the mistake
_TOOL = (
    "size", "quality", "background", "output_format", "output_compression", "moderation",
    "input_fidelity",
)  # fmt: skip
# How a file begins → its type. Clients often do not say.
_BEGINNINGS = (
    (b"\x89PNG", b"", "image/png"),
    (b"\xff\xd8\xff", b"", "image/jpeg"),
    (b"RIFF", b"WEBP", "image/webp"),
)


class _Wish(msgspec.Struct, forbid_unknown_fields=True):
    prompt: Annotated[str, Meta(min_length=1, max_length=32_000)]
    model: Annotated[str, Meta(pattern="^gpt-image-", max_length=64)] | None = None
    n: Literal[1] | None = None
    size: Annotated[str, Meta(pattern=r"\A(auto|[0-9]{2,4}x[0-9]{2,4})\Z")] | None = None
    quality: Literal["auto", "low", "medium", "high"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    moderation: Literal["auto", "low"] | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    input_fidelity: Literal["low", "high"] | None = None
    response_format: Literal["b64_json"] | None = None
    stream: bool | None = None
    user: str | None = None
    safety_identifier: str | None = None


class _Image(msgspec.Struct, omit_defaults=True):
    """Where an image is: a data or web address, or a file's id."""

    image_url: str | None = None
    file_id: str | None = None


class _Given(msgspec.Struct):
    """The images of an edit in JSON, in the spellings that clients have."""

    images: list[_Image | str] = []
    image: _Image | str | list[_Image | str] = []
    mask: _Image | str | None = None


def generation(body: bytes, dialect: Dialect, headers: Mapping[str, str]) -> Call:
    """Raises `BadRequestError`."""
    del dialect, headers
    return _call(_wish(encode(_json(body))), (), None)


def edit(body: bytes, dialect: Dialect, headers: Mapping[str, str]) -> Call:
    """In a form or in JSON. Raises `BadRequestError`."""
    del dialect
    kind = headers.get("content-type", "")
    wish, images, mask = (_read_form if multipart.is_form(kind) else _read_json)(body, kind)
    if not 0 < len(images) <= _MAX_IMAGES:
        raise BadRequestError(f"An edit needs 1 to {_MAX_IMAGES} images.", param="image")
    return _call(wish, images, mask)


# -- what was sent ---------------------------------------------------------------------------------

_Asked = tuple[_Wish, list[_Image], _Image | None]


def _json(body: bytes) -> Fields:
    complaint = json_guard.refuse(body)
    if complaint:
        raise BadRequestError(complaint)
    return _checked(lambda: read_fields(body))


def _read_json(body: bytes, _kind: str) -> _Asked:
    fields = _json(body)
    places = encode({name: fields.pop(name) for name in _PLACES & fields.keys()})
    given = _checked(lambda: msgspec.json.decode(places, type=_Given))
    image = given.image if isinstance(given.image, list) else [given.image]
    mask = _placed(given.mask) if given.mask is not None else None
    return _wish(encode(fields)), [_placed(each) for each in (*given.images, *image)], mask


def _placed(image: _Image | str) -> _Image:
    return _Image(image_url=image) if isinstance(image, str) else image


def _read_form(body: bytes, kind: str) -> _Asked:
    images: list[_Image] = []
    mask = None
    fields: dict[str, str] = {}
    for part in multipart.read(body, kind):
        match part.name.removesuffix("[]"):
            case "image":
                images.append(_Image(_data_url(part)))
            case "mask":
                mask = _Image(_data_url(part))
            case name:
                fields[name] = part.text()
    return _checked(lambda: msgspec.convert(fields, _Wish, strict=False)), images, mask


def _data_url(part: Part) -> str:
    for begins, then, kind in _BEGINNINGS:
        if part.content.startswith(begins) and part.content[8:].startswith(then):
            return f"data:{kind};base64,{base64.b64encode(part.content).decode()}"
    raise BadRequestError(f"'{part.name}' is not a PNG, JPEG or WebP image.", param=part.name)


def _wish(body: bytes) -> _Wish:
    return _checked(lambda: msgspec.json.decode(body, type=_Wish))


def _checked(read: Callable[[], T]) -> T:
    try:
        return read()
    except UNREADABLE as error:
        found = _PARAM.search(str(error))
        raise BadRequestError(
            f"The request cannot be read: {error}.", param=found[1] if found else None
        ) from error


# -- what is sent ----------------------------------------------------------------------------------


def _call(wish: _Wish, images: Sequence[_Image], mask: _Image | None) -> Call:
    content: list[JsonObject] = [{"type": "input_text", "text": wish.prompt}]
    content += [{"type": "input_image"} | to_builtins(image) for image in images]
    body = msgspec.json.encode(
        {
            "model": HOST_MODEL,
            "input": [{"type": "message", "role": "user", "content": content}],
            "tools": [_tool(wish, mask, is_edit=bool(images))],
            "tool_choice": {"type": "image_generation"},
            "store": False,
            "stream": True,
        }
    )
    return Call(
        body,
        HOST_MODEL,
        stream=wish.stream is True,
        files=tuple(image.file_id for image in (*images, mask) if image and image.file_id),
        opening=wish.prompt.encode()[:_OPENING_BYTES],
    )


def _tool(wish: _Wish, mask: _Image | None, *, is_edit: bool) -> JsonObject:
    model = wish.model or _MODEL
    if wish.background == "transparent" and model == _MODEL:
        raise BadRequestError(f"{model} draws no transparent background.", param="background")
    if wish.input_fidelity and not (is_edit and model in _FAITHFUL):
        wanted = " or ".join(_FAITHFUL)
        raise BadRequestError(f"Only edits by {wanted} have it.", param="input_fidelity")
    tool: JsonObject = {"type": "image_generation", "model": model}
    tool |= {name: value for name in _TOOL if (value := getattr(wish, name)) is not None}
    if wish.stream and wish.partial_images:
        tool["partial_images"] = wish.partial_images
    if mask is not None:
        tool["input_image_mask"] = to_builtins(mask)
    return tool
