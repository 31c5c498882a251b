"""Which requests belong together."""

import pytest

from codex_lb.core import affinity
from codex_lb.core.responses import Call


def call(**fields: object) -> Call:
    return Call(b"", "gpt-5.5", stream=True, **fields)  # type: ignore[arg-type]


def key(
    headers: dict[str, str] | None = None, *, owner: str | None = None, **fields: object
) -> str:
    return affinity.of(call(**fields), headers or {}, api_key_id=owner).key


@pytest.mark.parametrize(
    "headers",
    [{"thread-id": "x"}, {"session-id": "x"}, {"session_id": "x"}, {"x-session-affinity": "x"},
     {"x-session-id": "x"}, {"conversation_id": "x"}, {"thread-id": "x", "session-id": "y"}],
)  # fmt: skip
def test_the_first_name_of_a_conversation_counts(headers: dict[str, str]) -> None:
    tie = affinity.of(call(prompt_cache_key="z"), headers, api_key_id=None)
    assert tie.conversation == "x"
    assert tie.key == key({"thread-id": "x"})


def test_the_prompt_cache_key_is_a_name() -> None:
    assert key(prompt_cache_key="x") == key({"thread-id": "x"})


def test_without_a_name_those_that_begin_alike_belong_together() -> None:
    assert key(opening=b"a") == key(opening=b"a") != key(opening=b"b")
    assert affinity.of(call(opening=b"a"), {}, api_key_id=None).conversation is None


def test_a_name_is_not_an_opening() -> None:
    assert key(opening=b"x") != key({"thread-id": "x"})


def test_two_api_keys_have_two_conversations() -> None:
    assert key({"thread-id": "x"}, owner="1") != key({"thread-id": "x"}, owner="2")


def test_a_request_id_is_no_conversation() -> None:
    assert key({"x-client-request-id": "x"}, opening=b"a") == key(opening=b"a")


def test_what_has_neither_name_nor_opening_belongs_nowhere() -> None:
    assert affinity.of(call(opening=b""), {}, api_key_id=None) == affinity.NONE
