import json

import pytest

from codex_lb.core import answers, errors, frames, turns
from codex_lb.core.errors import Signal
from codex_lb.core.responses import Dialect
from codex_lb.core.turns import Action, Anchor, Due, Placing, Standing

HERE = Standing("a", "token", 10.0)
OLD = Standing("a", "token", turns.MAX_AGE_S)


@pytest.mark.parametrize(
    ("kind", "state", "action"),
    [
        pytest.param("response.create", {}, "serve", id="a turn"),
        pytest.param("", {}, "serve", id="what cannot be read is refused in its turn"),
        pytest.param(None, {}, "serve", id="and so is a binary frame"),
        pytest.param("response.create", {"is_full": True}, "hang up", id="one too many"),
        pytest.param("response.processed", {}, "pass on", id="a notice"),
        pytest.param("response.processed", {"is_full": True}, "pass on", id="a notice, in a turn"),
        pytest.param("odd", {"has_upstream": False}, "drop", id="a notice to nobody"),
        pytest.param("response.create", {"is_ending": True}, "drop", id="a turn at the end"),
        pytest.param("odd", {"is_ending": True}, "drop", id="anything at the end"),
    ],
)
def test_what_becomes_of_a_clients_frame(
    kind: str | None, state: dict[str, bool], action: Action
) -> None:
    usual = {"is_full": False, "is_ending": False, "has_upstream": True}
    assert turns.on_frame(kind, **usual | state) == action


@pytest.mark.parametrize(
    ("standing", "account", "token", "anchor", "placing"),
    [
        pytest.param(HERE, "a", "token", "none", "stay", id="a whole turn stays where it is warm"),
        pytest.param(HERE, "b", "token", "none", "connect", id="or moves to another account"),
        pytest.param(HERE, "a", "newer", "none", "connect", id="or takes the renewed credential"),
        pytest.param(OLD, "a", "token", "none", "connect", id="or leaves before upstream ends it"),
        pytest.param(None, "a", "token", "none", "connect", id="or finds no connection"),
        pytest.param(HERE, "a", "token", "here", "stay", id="a chain stays"),
        pytest.param(HERE, "a", "newer", "here", "stay", id="with the old credential"),
        pytest.param(OLD, "a", "token", "here", "stay", id="at any age"),
        pytest.param(HERE, "b", "token", "here", "lost", id="but on no other account"),
        pytest.param(None, "a", "token", "gone", "lost", id="nor without its connection"),
        pytest.param(HERE, "a", "token", "gone", "lost", id="nor on a later one"),
        pytest.param(HERE, "a", "token", "unknown", "stay", id="a foreign id is asked here"),
        pytest.param(HERE, "b", "token", "unknown", "connect", id="or at its owner's"),
        pytest.param(None, "a", "token", "unknown", "connect", id="on a new connection"),
    ],
)
def test_where_a_turn_goes(
    standing: Standing | None, account: str, token: str, anchor: Anchor, placing: Placing
) -> None:
    assert turns.place(standing, account_id=account, token=token, anchor=anchor) == placing


@pytest.mark.parametrize(
    ("heard", "pinged", "worked", "due"),
    [
        pytest.param(995, 0, 995, None, id="just heard of"),
        pytest.param(960, 0, 960, "ping", id="half a minute of silence"),
        pytest.param(960, 980, 960, None, id="asked a moment ago"),
        pytest.param(920, 965, 920, "ping", id="asked, and no word"),
        pytest.param(905, 995, 905, "dead", id="asked twice, and no word"),
        pytest.param(999, 999, 1000 - turns.IDLE_S - 1, "idle", id="answers, but asks nothing"),
    ],
)
def test_what_silence_asks_for(heard: float, pinged: float, worked: float, due: Due | None) -> None:
    assert turns.due(1000, heard_at=heard, pinged_at=pinged, worked_at=worked) == due


@pytest.mark.parametrize(
    ("code", "is_stale", "word"),
    [
        pytest.param(frames.CUT, False, "stream_incomplete", id="a cut"),
        pytest.param(1011, False, "stream_incomplete", id="a close"),
        pytest.param(1000, True, "connection_stale", id="between two turns"),
        pytest.param(1009, True, "payload_too_large", id="a frame beyond upstream's cap"),
    ],
)
def test_what_an_ended_connection_says(code: int, is_stale: bool, word: str) -> None:
    assert turns.ended(code, is_stale=is_stale).word == word


def test_the_lost_anchor_is_upstreams_own_word() -> None:
    signal = turns.lost_anchor("resp_1")
    answer = answers.of_signal(signal, dialect=Dialect.CODEX, body=b"")
    said = json.loads(turns.error_event(answer.status, answer.body(), {}))
    assert said == {
        "type": "error",
        "status": 400,
        "error": {
            "message": "Previous response with id 'resp_1' not found.",
            "type": "invalid_request_error",
            "code": "previous_response_not_found",
            "param": "previous_response_id",
        },
        "headers": {},
    }


@pytest.mark.parametrize(
    ("signal", "ends"),
    [
        pytest.param(Signal(400, "websocket_connection_limit_reached"), True, id="its age"),
        pytest.param(Signal(401, "token_expired"), True, id="its credential"),
        pytest.param(Signal(429, "usage_limit_reached"), False, id="quota"),
        pytest.param(Signal(400, "invalid_prompt"), False, id="the request"),
    ],
)
def test_which_errors_end_a_connection(signal: Signal, ends: bool) -> None:
    assert turns.ends_connection(signal) is ends


@pytest.mark.parametrize(
    ("event", "status"),
    [
        pytest.param({"status": 429, "error": {"type": "x"}}, 429, id="as it says"),
        pytest.param({"status_code": 503, "error": {"type": "x"}}, 503, id="by the other name"),
        pytest.param({"status": "429", "code": "invalid_prompt"}, 400, id="a text is none"),
        pytest.param({"status": 200, "code": "rate_limit_exceeded"}, 429, id="nor is a success"),
        pytest.param({"code": "usage_limit_reached"}, 429, id="as its code is over HTTP"),
        pytest.param({"code": "odd"}, 502, id="unknown"),
    ],
)
def test_every_error_frame_has_a_status(event: dict[str, object], status: int) -> None:
    data = json.dumps({"type": "error"} | event).encode()
    found = turns.status_of(errors.read_event(data))
    assert found == status
    assert json.loads(turns.error_event(found, data, {}))["status"] == status


def test_an_error_frame_keeps_upstreams_words_and_has_the_pools_quota() -> None:
    said = {
        "type": "error",
        "status": 429,
        "error": {"type": "usage_limit_reached", "eligible_promo": {"id": 1}},
        "headers": {"x-codex-primary-used-percent": "100"},
    }
    told = {"x-codex-primary-used-percent": "40", "x-request-id": "r"}
    made = json.loads(turns.error_event(429, json.dumps(said).encode(), told))
    assert made == said | {"headers": {"x-codex-primary-used-percent": "40"}}


def test_the_headers_of_an_error_frame_are_read() -> None:
    data = b'{"type":"error","headers":{"X-Codex-Primary-Used-Percent":"100","odd":1}}'
    assert errors.headers_in(data) == {"x-codex-primary-used-percent": "100"}
    assert errors.headers_in(b'{"type":"error","headers":[]}') == {}


@pytest.mark.parametrize(
    ("status", "dialect", "is_event"),
    [
        (400, Dialect.CODEX, False),
        (429, Dialect.CODEX, False),
        (401, Dialect.CODEX, True),
        (403, Dialect.CODEX, True),
        (502, Dialect.CODEX, True),
        (502, Dialect.OPENAI, False),
    ],
)
def test_which_failures_are_told_as_the_end_of_a_response(
    status: int, dialect: Dialect, is_event: bool
) -> None:
    assert turns.says_as_event(status, dialect) is is_event
