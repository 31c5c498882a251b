"""What an ASGI request tells of its sender."""

import re

import pytest

from codex_lb import asgi


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"x-request-id": "a-1"}, "a-1", id="the caller's own"),
        pytest.param({"request-id": "b"}, "b", id="also under the shorter name"),
        pytest.param({"x-request-id": "a", "request-id": "b"}, "a", id="the longer name wins"),
        pytest.param({"x-request-id": "a b", "request-id": "b"}, "b", id="not with a blank in it"),
        pytest.param({"x-request-id": "x" * 128}, "x" * 128, id="as long as 128 characters"),
    ],
)
def test_a_request_keeps_its_id(headers: dict[str, str], expected: str) -> None:
    assert asgi.request_id(headers) == expected


@pytest.mark.parametrize("odd", ["", "é", "a\n", "x" * 129])
def test_a_request_without_a_usable_id_gets_a_new_one(odd: str) -> None:
    first, second = asgi.request_id({"x-request-id": odd}), asgi.request_id({})
    assert re.fullmatch(r"[0-9a-f-]{36}", first)
    assert first != second


def test_the_first_of_a_repeated_header_counts() -> None:
    scope = {"headers": [(b"Host", b"a"), (b"host", b"b"), (b"x", b"\xe9")]}
    assert asgi.first_values(scope) == {"host": "a", "x": "é"}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [({"client": ("::1", 5)}, "::1"), ({"client": None}, None), ({}, None)],
)
def test_the_peer_is_the_other_end_of_the_connection(
    scope: dict[str, object], expected: str | None
) -> None:
    assert asgi.peer(scope) == expected
