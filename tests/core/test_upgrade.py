import pytest

from codex_lb.core import upgrade

ASKED = upgrade.asked(b"the sample nonce")


def test_the_answer_is_that_of_the_rfc() -> None:
    assert ASKED["sec-websocket-key"] == "dGhlIHNhbXBsZSBub25jZQ=="
    answer = upgrade.granted(ASKED)
    assert answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert upgrade.is_granted(ASKED, answer)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOa="}, id="another key"),
        pytest.param({"upgrade": "h2c"}, id="another protocol"),
        pytest.param({"sec-websocket-extensions": "permessage-deflate"}, id="what was not asked"),
    ],
)
def test_an_answer_to_something_else_is_none(change: dict[str, str]) -> None:
    assert not upgrade.is_granted(ASKED, upgrade.granted(ASKED) | change)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param({}, None, id="a good one"),
        pytest.param({"connection": "keep-alive, UPGRADE"}, None, id="one word among others"),
        pytest.param({"connection": "keep-alive"}, "Connection", id="no wish to upgrade"),
        pytest.param({"sec-websocket-version": "8"}, "version 13", id="an old draft"),
        pytest.param({"sec-websocket-key": "abc"}, "Sec-WebSocket-Key", id="no base64"),
        pytest.param({"sec-websocket-key": "YWJj"}, "Sec-WebSocket-Key", id="a short key"),
        pytest.param({"sec-websocket-key": "ä"}, "Sec-WebSocket-Key", id="no ASCII"),
    ],
)
def test_handshakes_that_cannot_be_taken_say_why(change: dict[str, str], word: str | None) -> None:
    told = upgrade.complaint(ASKED | change)
    assert told is None if word is None else told is not None and word in told


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param(
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate",
            id="what Codex offers",
        ),
        pytest.param(
            'permessage-deflate; server_max_window_bits="10"; server_no_context_takeover',
            'permessage-deflate; server_max_window_bits="10"; server_no_context_takeover',
            id="what binds only us, who never compress",
        ),
        pytest.param(
            "x-webkit-deflate, permessage-deflate; odd, permessage-deflate",
            "permessage-deflate",
            id="the first that can be kept",
        ),
        pytest.param("permessage-deflate; server_max_window_bits=7", None, id="a window of none"),
    ],
)
def test_compression_is_agreed_on(offer: str, answer: str | None) -> None:
    granted = upgrade.granted(ASKED | {"sec-websocket-extensions": offer})
    assert granted.get("sec-websocket-extensions") == answer
