"""Take a `multipart/form-data` body apart (RFC 7578), and put some of its parts together again.

A part's bytes stay as they came, so what is sent on needs no boundary and no escapes of ours.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from codex_lb.core.raw_fields import BadRequestError

_MAX_PARTS = 64  # a form of the public API has some 20 fields, and 16 images
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_DISPOSITION = re.compile(rb"^content-disposition:[^\r\n]*", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(rb';\s*name=(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    content: bytes = field(repr=False)
    raw: bytes = field(repr=False)  # from behind its boundary to the line end before the next

    def text(self) -> str:
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise BadRequestError(f"'{self.name}' is not a text.", param=self.name) from None


def is_form(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/form-data")


def read(body: bytes, content_type: str) -> list[Part]:
    """Raises `BadRequestError`."""
    delimiter = _delimiter(content_type)
    _, *pieces = (b"\r\n" + body).split(delimiter, _MAX_PARTS + 1)
    if len(pieces) > _MAX_PARTS:
        raise BadRequestError(f"The form has more than {_MAX_PARTS} fields.")
    if not pieces or not pieces.pop().startswith(b"--"):
        raise BadRequestError("The form lacks its closing boundary.")
    return [_part(piece) for piece in pieces]


def write(parts: Iterable[Part], content_type: str) -> bytes:
    """A body of `parts`, which came under `content_type`."""
    delimiter = _delimiter(content_type)
    whole = b"".join(delimiter + part.raw for part in parts) + delimiter + b"--\r\n"
    return whole.removeprefix(b"\r\n")


def one(parts: Sequence[Part], name: str) -> Part | None:
    """Raises `BadRequestError` if there are several."""
    found = [part for part in parts if part.name == name]
    if len(found) > 1:
        raise BadRequestError(f"'{name}' is given more than once.", param=name)
    return found[0] if found else None


def _delimiter(content_type: str) -> bytes:
    found = _BOUNDARY.search(content_type) if is_form(content_type) else None
    if found is None:
        raise BadRequestError("The body must be multipart/form-data with a boundary.")
    return b"\r\n--" + (found[1] or found[2]).encode("latin-1")


def _part(raw: bytes) -> Part:
    head, _, content = raw.partition(b"\r\n\r\n")
    disposition = _DISPOSITION.search(head)
    name = _NAME.search(disposition[0]) if disposition else None
    if name is None:
        raise BadRequestError("A field of the form has no name.")
    return Part((name[1] or name[2] or b"").decode("utf-8", "replace"), content, raw)
