"""What an ASGI request tells of its sender."""

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
        pytest.param({"x-request-id": "x" * 129}, None, id="not longer"),
        pytest.param({"x-request-id": "a\n"}, None, id="no line end"),
        pytest.param({"x-request-id": "é"}, None, id="nor what a header cannot say"),
        pytest.param({"x-request-id": ""}, None, id="nor nothing"),
        pytest.param({}, None, id="none given"),
    ],
)
def test_the_callers_own_id(headers: dict[str, str], expected: str | None) -> None:
    assert asgi.own_request_id(headers) == expected


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
