"""How a request is told: its end in one word, the client's name, the words of filters."""

import pytest

from codex_lb.core.model import RequestStatus
from codex_lb.core.request_log import (
    ServedStatus,
    client_name,
    read_model_option,
    read_statuses,
    served,
)


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        ("success", None, "ok"),
        ("success", "usage_limit_reached", "ok"),
        ("cancelled", "client_disconnected", "cancelled"),
        ("in_progress", None, "in_progress"),
        ("error", None, "error"),
        ("error", "server_error", "error"),
        ("error", "rate_limit_exceeded", "rate_limit"),
        ("error", "usage_limit_reached", "rate_limit"),
        ("error", "insufficient_quota", "quota"),
        ("error", "usage_not_included", "quota"),
        ("error", "quota_exceeded", "quota"),
    ],
)
def test_an_end_in_one_word(status: RequestStatus, code: str | None, told: ServedStatus) -> None:
    assert served(status, code) == told


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        pytest.param([], set(), id="no word, no filter"),
        pytest.param(["all"], set(), id="all is no filter"),
        pytest.param(["error", "ALL"], set(), id="not even beside others"),
        pytest.param([" Ok", "QUOTA"], {"ok", "quota"}, id="case and blanks do not count"),
    ],
)
def test_words_for_statuses(words: list[str], wanted: set[str]) -> None:
    assert read_statuses(words) == wanted


def test_a_word_that_is_no_status_is_refused() -> None:
    with pytest.raises(ValueError, match="success"):
        read_statuses(["ok", "success"])


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("gpt-5.5", ("gpt-5.5", None)),
        ("gpt-5.5:::high", ("gpt-5.5", "high")),
        ("gpt-5.5:::", ("gpt-5.5", None)),
        ("ft:gpt:::low", ("ft:gpt", "low")),
    ],
)
def test_a_model_option(text: str, option: tuple[str, str | None]) -> None:
    assert read_model_option(text) == option


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("/1.0", None),
        ("curl/7.88.1", "curl"),
        ("codex_cli_rs/0.169 (Debian 12)", "codex_cli_rs"),
        ("AsyncOpenAI/Python 3.54", "AsyncOpenAI"),
        ("my tool", "my"),
    ],
)
def test_a_client_has_the_name_its_user_agent_begins_with(
    user_agent: str | None, name: str | None
) -> None:
    assert client_name(user_agent) == name
