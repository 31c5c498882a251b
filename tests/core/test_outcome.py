"""The outcome table, line by line: what each of upstream's failures leads to, in each phase.

The cases are the lines of docs/wire.md, "Errors"; `BODIES` holds them as upstream sends them.
"""

import json
from typing import Any

import pytest

from codex_lb.core import errors
from codex_lb.core.errors import Signal, fault, read_event, read_reply
from codex_lb.core.outcome import (
    CONNECTION_FAULTS,
    CUT_FAULTS,
    DEACTIVATED,
    MODEL_REFUSED,
    OVERLOAD,
    REQUEST_FAULTS,
    SERVER_FAULTS,
    SESSION_ENDED,
    SIGN_IN_AGAIN,
    TABLE,
    Endpoint,
    Outcome,
    Phase,
    outcome,
)

RELAY = Outcome("relay")
AGAIN = Outcome("again")
LIGHTEN = Outcome("lighten")
RENEW = Outcome("renew")
FAULT = Outcome("next", block="fault", transient=True)
OVERLOADED = Outcome("next", transient=True)
LIMIT = Outcome("next", block="usage_limit")
QUOTA = Outcome("next", block="quota")
BURST = Outcome("next", block="burst")
LOGIN = Outcome("next", block="login")
MODEL = Outcome("next_once", block="model")
GONE = Outcome("next", state="deactivated")
SIGN_IN = Outcome("next", state="reauth_required")
UNKNOWN = Outcome("next_once", transient=True)


def http(status: int, error: Any = None, *, detail: str | None = None) -> Signal:
    body = {"error": error} if error is not None else {"detail": detail} if detail else None
    return read_reply(status, json.dumps(body).encode() if body else b"")


def html(status: int) -> Signal:
    return read_reply(status, b"<html><body>Attention Required!</body></html>")


def failed(code: str | None, message: str = "no") -> Signal:
    response = {"id": "resp_1", "status": "failed", "error": {"code": code, "message": message}}
    return read_event(json.dumps({"type": "response.failed", "response": response}).encode())


def error_event(code: str | None, message: str = "no") -> Signal:
    return read_event(json.dumps({"type": "error", "code": code, "message": message}).encode())


# case → (signal, outcome when fresh, after a renewal, once content is out)
CASES: dict[str, tuple[Signal, Outcome, Outcome, Outcome]] = {
    "usage limit": (
        http(429, {"type": "usage_limit_reached", "message": "The usage limit has been reached"}),
        LIMIT, LIMIT, Outcome("relay", "usage_limit"),
    ),
    "usage limit inside a stream": (
        failed("usage_limit_reached"), LIMIT, LIMIT, Outcome("relay", "usage_limit"),
    ),
    "plan without Codex": (
        http(429, {"type": "usage_not_included"}), QUOTA, QUOTA, Outcome("relay", "quota"),
    ),
    "quota": (
        http(429, {"type": "insufficient_quota", "code": "insufficient_quota"}),
        QUOTA, QUOTA, Outcome("relay", "quota"),
    ),
    "quota by its other name": (
        failed("quota_exceeded"), QUOTA, QUOTA, Outcome("relay", "quota"),
    ),
    "burst": (
        http(429, {"type": "rate_limit_error", "code": "rate_limit_exceeded"}),
        BURST, BURST, Outcome("relay", "burst"),
    ),
    "burst inside a stream": (
        failed("rate_limit_exceeded"), BURST, BURST, Outcome("relay", "burst"),
    ),
    "bare 429 with a detail": (http(429, detail="Too Many Requests"), BURST, BURST, RELAY),
    "bare 429, empty": (http(429), BURST, BURST, RELAY),
    "login expired": (
        http(401, {"message": "expired", "type": None, "code": "token_expired"}),
        RENEW, LOGIN, RELAY,
    ),
    "login, detail only": (http(401, detail="Unauthorized"), RENEW, LOGIN, RELAY),
    "token invalidated": (http(401, {"code": "token_invalidated"}), RENEW, LOGIN, RELAY),
    "session ended": (http(401, {"code": "app_session_terminated"}), RENEW, SIGN_IN, RELAY),
    "account gone, 401": (
        http(401, {"code": "account_deactivated"}), GONE, GONE, Outcome("relay", None, "deactivated"),
    ),
    "account gone, 403": (
        http(403, {"code": "account_suspended"}), GONE, GONE, Outcome("relay", None, "deactivated"),
    ),
    "workspace unpaid": (http(402, detail="deactivated_workspace"), QUOTA, QUOTA, RELAY),
    "firewall": (html(403), FAULT, FAULT, RELAY),
    "workspace refuses": (http(403, detail="Forbidden"), FAULT, FAULT, RELAY),
    "safety refusal": (http(403, {"code": "cyber_policy"}), RELAY, RELAY, RELAY),
    "safety refusal in a stream": (failed("cyber_policy"), RELAY, RELAY, RELAY),
    "bad request": (
        http(400, {"type": "invalid_request_error", "param": "input[3]", "code": None}),
        RELAY, RELAY, RELAY,
    ),
    "unsupported parameter": (http(400, detail="Unsupported parameter: x"), RELAY, RELAY, RELAY),
    "no tool output": (
        http(400, {"message": "No tool output found for function call call_1."}),
        RELAY, RELAY, RELAY,
    ),
    "not found": (http(404, detail="Not Found"), RELAY, RELAY, RELAY),
    "too large": (http(413), RELAY, RELAY, RELAY),
    "unprocessable": (http(422, detail="no"), RELAY, RELAY, RELAY),
    "model not on this plan": (
        http(400, detail="The 'x' model is not supported when using Codex with a ChatGPT account."),
        MODEL, MODEL, RELAY,
    ),
    "model unknown": (http(404, {"code": "model_not_found"}), MODEL, MODEL, RELAY),
    "context": (http(400, {"code": "context_length_exceeded"}), RELAY, RELAY, RELAY),
    "context in a stream": (failed("context_length_exceeded"), RELAY, RELAY, RELAY),
    "prompt refused": (failed("invalid_prompt"), RELAY, RELAY, RELAY),
    "encrypted content": (
        http(400, {"code": "invalid_encrypted_content"}), LIGHTEN, LIGHTEN, RELAY,
    ),
    "encrypted content, in words": (
        http(400, {"code": None, "message": "could not be verified"}), LIGHTEN, LIGHTEN, RELAY,
    ),
    "encrypted content in a stream": (
        failed("invalid_encrypted_content"), LIGHTEN, LIGHTEN, RELAY,
    ),
    "lost anchor": (
        http(400, {"code": "previous_response_not_found", "param": "previous_response_id"}),
        RELAY, RELAY, RELAY,
    ),
    "WebSocket age": (
        http(400, {"code": "websocket_connection_limit_reached"}), AGAIN, AGAIN, RELAY,
    ),
    "overloaded": (http(503, {"code": "server_is_overloaded"}), OVERLOADED, OVERLOADED, RELAY),
    "overloaded in a stream": (failed("server_is_overloaded"), OVERLOADED, OVERLOADED, RELAY),
    "slow down": (failed("slow_down"), OVERLOADED, OVERLOADED, RELAY),
    "overloaded by type": (http(529, {"type": "overloaded_error"}), OVERLOADED, OVERLOADED, RELAY),
    "at capacity, in words": (
        http(503, {"message": "Selected model is at capacity. Please try a different model."}),
        OVERLOADED, OVERLOADED, RELAY,
    ),
    "fault 500": (http(500, {"type": "server_error", "code": "server_error"}), FAULT, FAULT, RELAY),
    "fault 502, HTML": (html(502), FAULT, FAULT, RELAY),
    "fault 504, text": (read_reply(504, b"upstream timeout"), FAULT, FAULT, RELAY),
    "fault 503 without a code": (http(503), FAULT, FAULT, RELAY),
    "upstream's own timeout": (http(408), FAULT, FAULT, RELAY),
    "stream failure": (failed("server_error"), FAULT, FAULT, RELAY),
    "stream failure of its back end": (failed("upstream_error"), FAULT, FAULT, RELAY),
    "stream error event": (error_event("server_error"), FAULT, FAULT, RELAY),
    "stream error event, request's fault": (
        error_event("invalid_request_error"), RELAY, RELAY, RELAY,
    ),
    "stream failure nobody knows": (failed("brand_new_code"), UNKNOWN, UNKNOWN, RELAY),
    "stream failure without a code": (failed(None), UNKNOWN, UNKNOWN, RELAY),
    "redirect": (http(302), FAULT, FAULT, RELAY),
    **{
        f"transport: {name}": (fault(name, "no"), FAULT, FAULT, RELAY)
        for name in sorted(CONNECTION_FAULTS | CUT_FAULTS)
    },
}  # fmt: skip

PHASES = (Phase.FRESH, Phase.RENEWED, Phase.STREAMING)


@pytest.mark.parametrize(
    ("signal", "phase", "expected"),
    [
        pytest.param(signal, phase, expected, id=f"{name} ({phase.value})")
        for name, (signal, *row) in CASES.items()
        for phase, expected in zip(PHASES, row, strict=True)
    ],
)
def test_a_turn(signal: Signal, phase: Phase, expected: Outcome) -> None:
    assert outcome(Endpoint.RESPONSES, signal, phase) == expected


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        *(
            pytest.param(http(status, {"code": code}), SIGN_IN, id=f"{code} with {status} is final")
            for code in sorted(SIGN_IN_AGAIN)
            for status in (400, 401)
        ),
        *(
            pytest.param(http(400, {"code": code}), GONE, id=f"{code} is the account's end")
            for code in sorted(DEACTIVATED)
        ),
        pytest.param(http(400, "invalid_grant"), SIGN_IN, id="the OAuth form is read too"),
        *(
            pytest.param(http(500, {"code": code}), FAULT, id=f"{code} with 500 may pass")
            for code in sorted(SIGN_IN_AGAIN)
        ),
        pytest.param(http(400, {"code": "what"}), FAULT, id="an unknown refusal is not final"),
        pytest.param(http(429), FAULT, id="a busy login host may pass"),
        pytest.param(fault("connect_timeout", ""), FAULT, id="an unreachable login host may pass"),
    ],
)
def test_a_renewal(signal: Signal, expected: Outcome) -> None:
    assert outcome(Endpoint.REFRESH, signal, Phase.FRESH) == expected


@pytest.mark.parametrize(
    ("signal", "phase", "expected"),
    [
        pytest.param(http(401), Phase.FRESH, RENEW, id="a refused credential is renewed"),
        pytest.param(http(401), Phase.RENEWED, OVERLOADED, id="but once"),
        pytest.param(http(403, {"code": "account_deleted"}), Phase.FRESH, GONE, id="gone is gone"),
        pytest.param(http(429), Phase.FRESH, OVERLOADED, id="a limit here is not the turns' limit"),
    ],
)
def test_a_side_call(signal: Signal, phase: Phase, expected: Outcome) -> None:
    assert outcome(Endpoint.SUPPORT, signal, phase) == expected


OTHER = Outcome("next_once")
OTHER_OR_SAME = Outcome("next_once", transient=True)


@pytest.mark.parametrize(
    ("signal", "plain", "once"),
    [
        pytest.param(http(401), RENEW, RENEW, id="a refused credential is renewed"),
        pytest.param(http(429), OTHER, OTHER, id="a limit is asked of one other account"),
        pytest.param(http(403), OTHER, OTHER, id="so is what this one may not"),
        pytest.param(
            http(403, {"code": "account_deleted"}), GONE, GONE, id="gone is gone everywhere"
        ),
        pytest.param(
            fault("connect_failed", ""), OTHER_OR_SAME, OTHER_OR_SAME, id="nothing was sent"
        ),
        pytest.param(http(404), RELAY, RELAY, id="every account would say the same"),
        pytest.param(http(500), OVERLOADED, RELAY, id="a fault, and it may be done"),
        pytest.param(fault("connection_reset", ""), OVERLOADED, RELAY, id="cut, perhaps done"),
        pytest.param(fault("first_event_timeout", ""), OVERLOADED, RELAY, id="silence"),
        pytest.param(http(302), OVERLOADED, RELAY, id="no answer of an API"),
    ],
)
def test_a_clients_call_beside_the_turns(signal: Signal, plain: Outcome, once: Outcome) -> None:
    assert outcome(Endpoint.PLAIN, signal, Phase.FRESH) == plain
    assert outcome(Endpoint.ONCE, signal, Phase.FRESH) == once


def every_signal() -> list[Signal]:
    words = sorted(
        DEACTIVATED | SIGN_IN_AGAIN | OVERLOAD | REQUEST_FAULTS | SERVER_FAULTS | MODEL_REFUSED
        | SESSION_ENDED
    )  # fmt: skip
    by_word = [http(status, {"code": w}) for w in words for status in (400, 401, 403, 404, 500)]
    return [case[0] for case in CASES.values()] + by_word + [failed(word) for word in words]


@pytest.mark.parametrize("endpoint", Endpoint)
def test_every_row_is_reached(endpoint: Endpoint) -> None:
    reached = {
        next(i for i, row in enumerate(TABLE[endpoint]) if row.matches(signal, phase))
        for signal in every_signal()
        for phase in Phase
    }
    assert reached == set(range(len(TABLE[endpoint])))


@pytest.mark.parametrize("endpoint", Endpoint)
@pytest.mark.parametrize("phase", Phase)
def test_there_is_an_answer_to_every_status(endpoint: Endpoint, phase: Phase) -> None:
    actions = {outcome(endpoint, Signal(status), phase).action for status in (0, *range(100, 600))}
    assert actions <= {"relay", "renew", "next", "next_once"}


def test_nothing_is_replayed_once_content_is_out() -> None:
    for signal in [*every_signal(), *(Signal(status) for status in range(100, 600))]:
        assert outcome(Endpoint.RESPONSES, signal, Phase.STREAMING).action == "relay"


def test_a_credential_is_renewed_once_at_most() -> None:
    for signal in every_signal():
        assert outcome(Endpoint.RESPONSES, signal, Phase.RENEWED).action != "renew"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 1.2s.", 1.2),
        ("try again in 350ms", 0.35),
        ("Try again in 1h2m3s", 3723.0),
        ("try again in 20 seconds", 20.0),
        ("try again in 2 minutes", 120.0),
        ("try again later", None),
        ("", None),
    ],
)
def test_durations_in_words(text: str, seconds: float | None) -> None:
    found = errors.duration_in(text)
    assert found is None if seconds is None else found == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("words", "retry_after"),
    [("9" * 400 + "s", None), ("1" + "0" * 50 + "h", None), ("", "1e300"), ("", "-5")],
)
def test_an_absurd_wait_is_none(words: str, retry_after: str | None) -> None:
    body = f'{{"error":{{"message":"try again in {words}"}}}}'.encode()
    assert read_reply(429, body, retry_after=retry_after).resets_in_s is None


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b'{"error":null}', b'{"error":[1]}', b"\xff\xfe", b'{"error":{}}',
     b'{"error":{"code":5,"type":[],"message":{}}}', b'{"error":{"resets_at":"soon"}}'],
)  # fmt: skip
def test_noise_is_read_as_its_status(body: bytes) -> None:
    assert read_reply(500, body) == Signal(500)
