"""Which headers cross the proxy."""

import pytest

from codex_lb.core import headers
from codex_lb.core.model import Credential

CREDENTIAL = Credential("access", "refresh", "id", None, 0.0)


def sent(client: dict[str, str], **fields: object) -> dict[str, str]:
    return headers.upstream(client, CREDENTIAL, "acc", **fields)  # type: ignore[arg-type]


ALWAYS = {
    "accept": "text/event-stream",
    "accept-encoding": "identity",
    "content-type": "application/json",
    "authorization": "Bearer access",
    "chatgpt-account-id": "acc",
}
FOREIGN = {"user-agent": headers.OUR_USER_AGENT, "originator": "codex_cli_rs"}


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        pytest.param({}, FOREIGN, id="nothing given"),
        pytest.param(
            {"authorization": "Bearer k", "cookie": "c", "x-api-key": "k", "host": "h",
             "chatgpt-account-id": "other", "x-forwarded-for": "1.2.3.4", "forwarded": "f",
             "content-length": "5", "content-encoding": "zstd", "x-stainless-os": "L",
             "openai-organization": "o", "openai-project": "p", "connection": "close"},
            FOREIGN, id="nothing of the client's standing with us",
        ),
        pytest.param(
            {"x-codex-anything": "1", "x-openai-anything": "2", "openai-beta": "3",
             "session-id": "s", "thread-id": "t", "traceparent": "p", "x-request-id": "r"},
            FOREIGN | {"x-codex-anything": "1", "x-openai-anything": "2", "openai-beta": "3",
                       "session-id": "s", "thread-id": "t", "traceparent": "p",
                       "x-request-id": "r"},
            id="the families of Codex and OpenAI, and tracing",
        ),
        pytest.param(
            {"user-agent": "codex_exec/0.169.0 (Debian)", "originator": "codex_exec"},
            {"user-agent": "codex_exec/0.169.0 (Debian)", "originator": "codex_exec"},
            id="a native client keeps its name",
        ),
        pytest.param(
            {"user-agent": "OpenAI/Python 3.54.0", "originator": "me"}, FOREIGN,
            id="another is named honestly",
        ),
    ],
)  # fmt: skip
def test_upstream(client: dict[str, str], expected: dict[str, str]) -> None:
    assert sent(client) == ALWAYS | expected


def test_a_turn_state_stays_behind_when_the_conversation_moves() -> None:
    client = {"x-codex-turn-state": "t"}
    assert "x-codex-turn-state" in sent(client, keep_turn_state=True)
    assert "x-codex-turn-state" not in sent(client, keep_turn_state=False)


BESIDE = {
    "user-agent": "curl/8", "accept": "application/json", "content-type": "multipart/x",
    "thread-id": "t", "x-codex-window-id": "w", "x-codex-turn-state": "s", "x-openai-x": "x",
    "openai-beta": "b", "openai-project": "p", "cookie": "c", "if-none-match": "e",
}  # fmt: skip
BESIDE_ALWAYS = {
    "user-agent": headers.OUR_USER_AGENT, "accept": "application/json",
    "content-type": "multipart/x", "if-none-match": "e", "accept-encoding": "identity",
    "authorization": "Bearer access", "chatgpt-account-id": "acc",
    "x-codex-window-id": "w", "x-openai-x": "x",
}  # fmt: skip


def test_a_call_beside_the_turns_keeps_the_form_of_its_body() -> None:
    more = {"originator": "codex_cli_rs", "thread-id": "t", "openai-beta": "b"}
    assert headers.beside(BESIDE, CREDENTIAL, "acc") == BESIDE_ALWAYS | more


def test_a_recording_goes_up_with_few_headers() -> None:
    assert headers.transcription(BESIDE, CREDENTIAL, "acc") == BESIDE_ALWAYS


def test_what_comes_down_beside_the_turns() -> None:
    reply = {"content-type": "a/b", "etag": "e", "set-cookie": "c", "cf-ray": "r", "location": "/x"}
    assert headers.downstream_beside(reply) == {
        "content-type": "a/b", "etag": "e", "location": "/x",
    }  # fmt: skip


def test_a_lite_body_has_its_header() -> None:
    assert sent({}, lite=True)[headers.LITE] == "true"


def test_an_account_without_an_id_sends_none() -> None:
    assert headers.login(CREDENTIAL, None) == {"authorization": "Bearer access"}


def test_downstream_gets_what_clients_read_and_nothing_of_the_account() -> None:
    reply = [
        ("OpenAI-Model", "m"), ("x-codex-turn-state", "t"), ("x-reasoning-included", "true"),
        ("x-codex-primary-used-percent", "5"), ("set-cookie", "c"), ("server", "s"),
        ("x-models-etag", "e"), ("cf-ray", "r"),
    ]  # fmt: skip
    assert headers.downstream(reply) == {
        "openai-model": "m",
        "x-codex-turn-state": "t",
        "x-reasoning-included": "true",
    }


SOCKETS = "responses_websockets=2026-02-06"


@pytest.mark.parametrize(
    ("client", "state", "expected"),
    [
        pytest.param({}, None, {"openai-beta": SOCKETS}, id="the protocol's name is added"),
        pytest.param({"openai-beta": SOCKETS}, None, {"openai-beta": SOCKETS}, id="once"),
        pytest.param({"openai-beta": "a=1"}, None, {"openai-beta": f"a=1, {SOCKETS}"}, id="to others"),
        pytest.param(
            {"x-codex-turn-state": "old", "sec-websocket-key": "k", "upgrade": "websocket",
             headers.LITE: "true", "accept": "*/*", "cookie": "c"},
            "new", {"openai-beta": SOCKETS, "x-codex-turn-state": "new"}, id="nothing of its own",
        ),
    ],
)  # fmt: skip
def test_what_a_handshake_says_upstream(
    client: dict[str, str], state: str | None, expected: dict[str, str]
) -> None:
    login = {"authorization": "Bearer access", "chatgpt-account-id": "acc"}
    assert headers.handshake(client, CREDENTIAL, "acc", state) == FOREIGN | login | expected
