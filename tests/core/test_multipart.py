"""Forms with files in them: taken apart, and some of their parts put together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import multipart
from codex_lb.core.raw_fields import BadRequestError

KIND = 'multipart/form-data; boundary="a b"'


def part(name: str, content: bytes = b"x") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="f.wav"\r\n'
    return b"--a b\r\n" + head.encode() + b"Content-Type: audio/wav\r\n\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--a b--\r\n"


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_whatever_the_parts_hold_comes_back(contents: list[bytes]) -> None:
    body = form(*(part(f"n{i}", each) for i, each in enumerate(contents)))
    found = multipart.read(body, KIND)
    assert [(p.name, p.content) for p in found] == [(f"n{i}", c) for i, c in enumerate(contents)]
    assert multipart.write(found, KIND) == body


def test_a_form_of_some_parts_is_read_like_the_whole() -> None:
    found = multipart.read(form(part("a", b"1"), part("b", b"2"), part("c", b"3")), KIND)
    fewer = multipart.write([found[0], found[2]], KIND)
    assert fewer == form(part("a", b"1"), part("c", b"3"))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'content-disposition: form-data; name="file"; filename="name=x"', "file"),
        (b"CONTENT-DISPOSITION: form-data; filename=x; name=file", "file"),
        (b'Content-Type: a/b\r\nContent-Disposition: form-data; name="image[]"', "image[]"),
        ('Content-Disposition: form-data; name="é"'.encode(), "é"),
    ],
)
def test_a_part_is_known_by_its_name(head: bytes, name: str) -> None:
    [found] = multipart.read(form(b"--a b\r\n" + head + b"\r\n\r\nx\r\n"), KIND)
    assert (found.name, found.content) == (name, b"x")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(form(part("a")), "application/json", id="another type"),
        pytest.param(form(part("a")), "multipart/form-data", id="no boundary"),
        pytest.param(b"", KIND, id="empty"),
        pytest.param(part("a"), KIND, id="cut"),
        pytest.param(form(b"--a b\r\n\r\nx\r\n"), KIND, id="a part without a head"),
        pytest.param(form(b"--a b\r\nx: name=y\r\n\r\nx\r\n"), KIND, id="a part without a name"),
        pytest.param(form(*[part("a")] * 65), KIND, id="too many parts"),
        pytest.param(b"\r\n--a b" * 1_000_000, KIND, id="nothing but boundaries"),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(BadRequestError):
        multipart.read(body, kind)


@given(st.binary(max_size=200), st.text(st.characters(max_codepoint=255), max_size=30))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    for content_type in (KIND, f"multipart/form-data; boundary={kind}"):
        try:
            multipart.read(body, content_type)
        except BadRequestError:
            continue
