"""Read the files of a multipart body, in memory: they hold secrets that no disk should see."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from codex_lb.dashboard.problems import Problem

_FRAMING_BYTES = 16_384  # boundaries and part headers around a file; generous
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class File:
    name: str  # as the caller calls it; may be empty
    content: bytes


async def read_files(request: Request, name: str, *, limit: int, most: int) -> list[File]:
    """One to `most` files of at most `limit` bytes, all in parts called `name`, and nothing else.

    Raises `Problem`: 413 above the limit, 422 for other parts, 400 for a body that is none.
    """
    body = await read_body(request, limit=limit, most=most)
    parts = _split(body, request.headers)
    if not parts or any((part.name, part.is_file) != (name.encode(), True) for part in parts):
        message = f"body.{name}: send one file or more, in multipart parts of this name"
        raise Problem(422, "validation_error", message)
    if len(parts) > most:
        raise Problem(422, "validation_error", f"body.{name}: at most {most} files")
    if any(len(part.content) > limit for part in parts):
        raise _too_large(limit)
    return [File(part.file_name, bytes(part.content)) for part in parts]


async def read_form(request: Request, name: str, *, limit: int) -> tuple[bytes, dict[str, str]]:
    """The one file, in the part `name`, and the texts of the other parts by their names.

    Raises `Problem` as `read_files` does.
    """
    parts = _split(await read_body(request, limit=limit, most=1), request.headers)
    files = [part for part in parts if part.is_file]
    if [part.name for part in files] != [name.encode()]:
        message = f"body.{name}: send one file, in a multipart part of this name"
        raise Problem(422, "validation_error", message)
    texts = {
        (part.name or b"").decode("utf-8", "replace"): part.content.decode("utf-8", "replace")
        for part in parts
        if not part.is_file
    }
    return bytes(files[0].content), texts


async def read_body(request: Request, *, limit: int, most: int) -> bytes:
    """The whole body, if it is no larger than `most` pieces of `limit` bytes. Raises `Problem`."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(400, "invalid_request", "Send the file without Content-Encoding.")
    most = most * (limit + _FRAMING_BYTES)
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > most:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> Problem:
    return Problem(413, "payload_too_large", f"The file is larger than {limit // 1024} KiB.")


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)

    @property
    def name(self) -> bytes | None:
        return self._disposition().get(b"name")

    @property
    def is_file(self) -> bool:
        return b"filename" in self._disposition()

    @property
    def file_name(self) -> str:
        given = self._disposition().get(b"filename", b"").decode("utf-8", "replace")
        return "".join(letter for letter in given if letter.isprintable())[:_LONGEST_NAME]

    def _disposition(self) -> dict[bytes, bytes]:
        return parse_options_header(self.headers.get(b"content-disposition"))[1]


def _split(body: bytes, headers: Mapping[str, str]) -> list[_Part]:
    """The parts that are whole; none if the body is of another type. Raises `Problem`."""
    kind, options = parse_options_header(headers.get("content-type"))
    if kind != b"multipart/form-data":
        return []
    if not options.get(b"boundary"):
        raise Problem(400, "invalid_request", "The content type names no boundary.")
    collector = _Collector()
    parser = MultipartParser(
        options[b"boundary"],
        {
            "on_part_begin": collector.begin,
            "on_header_field": collector.header_name,
            "on_header_value": collector.header_value,
            "on_header_end": collector.header_end,
            "on_part_data": collector.data,
            "on_part_end": collector.end,
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError:
        raise Problem(400, "invalid_request", "The multipart body is malformed.") from None
    return collector.parts


class _Collector:
    """Puts together what the parser finds, in the order in which it calls."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self._part = _Part()
        self._name = b""
        self._value = b""

    def begin(self) -> None:
        self._part = _Part()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._part.headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._part.content += data[start:end]

    def end(self) -> None:
        self.parts.append(self._part)
