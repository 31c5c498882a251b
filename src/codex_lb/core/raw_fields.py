"""Read and write a JSON object whose values stay as they came, byte for byte.

`Fields` are the members of an object with their values unread. A member is read only when a rule asks
for it; one of the wrong kind is the client's mistake where we must know it, and otherwise left for
upstream to judge. `core/responses.py` has the rules.
"""

import msgspec
from msgspec import Raw

from codex_lb.core.foreign_json import UNREADABLE

Fields = dict[str, Raw]

ABSENT = Raw()
FALSE, TRUE, NULL = Raw(b"false"), Raw(b"true"), Raw(b"null")
read_fields = msgspec.json.Decoder(Fields).decode


class BadRequestError(Exception):
    """The request cannot be served by any account; `code` and `param` as in OpenAI's errors."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code


def encode(fields: Fields) -> bytes:
    return msgspec.json.encode(fields)


def encoded(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))


def given(fields: Fields, name: str) -> bool:
    return name in fields and fields[name] != NULL


def picked(fields: Fields, *names: str) -> Fields:
    """Those of `names` that say something."""
    return {name: fields[name] for name in names if given(fields, name)}


def is_text(raw: Raw | None) -> bool:
    return raw is not None and head(raw, 1) == b'"'


def head(raw: Raw, size: int) -> bytes:
    return bytes(memoryview(raw)[:size])


def as_text(raw: Raw | None) -> str | None:
    if not is_text(raw):
        return None
    return msgspec.json.decode(raw, type=str) if raw is not None else None


def text_in(fields: Fields, name: str) -> str | None:
    return as_text(fields.get(name))


def flag(fields: Fields, name: str) -> bool | None:
    raw = fields.get(name)
    if raw is None or raw == NULL:
        return None
    if raw not in (TRUE, FALSE):
        raise BadRequestError(f"'{name}' must be true or false.", param=name)
    return raw == TRUE


def object_in(fields: Fields, name: str) -> Fields:
    """The object under `name`; empty if absent, null or something else (upstream will say so)."""
    return as_object(fields[name]) if name in fields else {}


def as_object(raw: Raw) -> Fields:
    try:
        return read_fields(raw)
    except UNREADABLE:
        return {}


def list_in(fields: Fields, name: str) -> list[Raw]:
    try:
        return msgspec.json.decode(fields.get(name, NULL), type=list[Raw])
    except UNREADABLE as error:
        raise BadRequestError(f"'{name}' must be a list.", param=name) from error


def texts_in(fields: Fields, name: str) -> list[str]:
    try:
        return msgspec.json.decode(fields[name], type=list[str])
    except UNREADABLE as error:
        raise BadRequestError(f"'{name}' must be a list of strings.", param=name) from error
