"""Our own answers, as each client needs them (docs/wire.md, "What clients do on errors")."""

import json
import math

import pytest

from codex_lb.core import answers, pool_answers
from codex_lb.core.errors import Signal, fault, read_reply
from codex_lb.core.obstacles import Obstacle
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Dialect
from codex_lb.core.routing import Refusal

NOW = 1_000_000.0
PLANS = {"aaaaaaaa-1": "plus", "bbbbbbbb-2": "pro"}


def refusal(**obstacles: Obstacle) -> Refusal:
    from_kind = {o.kind for o in obstacles.values()}
    named = tuple((PLANS_IDS[name], hurdle) for name, hurdle in obstacles.items())
    waits = [o.until for o in obstacles.values() if o.kind in ("spent", "model")]
    kind = "exhausted" if "spent" in from_kind else "busy" if "busy" in from_kind else (
        "model" if "model" in from_kind else "unusable")  # fmt: skip
    return Refusal(kind, min(waits, default=math.inf), named)  # type: ignore[arg-type]


PLANS_IDS = {"a": "aaaaaaaa-1", "b": "bbbbbbbb-2"}
SPENT = Obstacle("spent", NOW + 90.4, "usage limit reached")
PAUSED = Obstacle("paused", math.inf, "paused by the operator")
BUSY = Obstacle("busy", NOW, "at 8 of 8 streams")
NO_MODEL = Obstacle("model", NOW + 50, "cannot serve x")


def said(found: Refusal, dialect: Dialect) -> answers.Answer:
    return pool_answers.of_refusal(found, dialect=dialect, now=NOW, plans=PLANS)


def error(answer: answers.Answer) -> dict[str, object]:
    document: dict[str, dict[str, object]] = json.loads(answer.body())
    return document["error"]


@pytest.mark.parametrize("dialect", Dialect)
def test_exhausted(dialect: Dialect) -> None:
    answer = said(refusal(a=SPENT, b=PAUSED), dialect)
    assert (answer.status, answer.event_code) == (429, "insufficient_quota")
    assert answer.headers()["retry-after"] == "91"
    assert answer.headers()["x-should-retry"] == "false"
    told = error(answer)
    assert told["type"] == told["code"] == "usage_limit_reached"
    assert told["plan_type"] == "plus"
    assert (told["resets_at"], told["resets_in_seconds"]) == (1_000_091, 91)
    assert told["accounts"] == [
        {"account": "aaaaaaaa", "reason": "spent", "until": 1_000_091},
        {"account": "bbbbbbbb", "reason": "paused", "until": None},
    ]
    assert answer.message.splitlines()[1:] == [
        "- aaaaaaaa (plus): usage limit reached until 1970-01-12 13:48:11 UTC",
        "- bbbbbbbb (pro): paused by the operator",
    ]


def test_a_guess_is_no_reset() -> None:
    guess = Obstacle("spent", NOW + 300, "usage limit reached", is_told=False)
    answer = said(Refusal("exhausted", math.inf, (("aaaaaaaa-1", guess),)), Dialect.CODEX)
    assert answer.status == 429
    assert "resets_at" not in error(answer)
    assert "retry-after" not in answer.headers()
    assert answer.message.endswith("- aaaaaaaa (plus): usage limit reached")


@pytest.mark.parametrize(("dialect", "status"), [(Dialect.CODEX, 400), (Dialect.OPENAI, 503)])
def test_unusable(dialect: Dialect, status: int) -> None:
    for found in (refusal(), refusal(a=PAUSED)):
        answer = said(found, dialect)
        assert (answer.status, answer.code, answer.final) == (status, "no_accounts", True)


def test_busy_is_worth_another_try() -> None:
    answer = said(refusal(a=BUSY), Dialect.OPENAI)
    assert (answer.status, answer.code, answer.final) == (429, "rate_limit_exceeded", False)
    assert answer.headers()["retry-after"] == "5"
    assert "try again in 5s" in answer.message
    assert "at 8 of 8 streams" in answer.message


def test_a_model_nobody_serves_is_the_requests_fault() -> None:
    answer = said(refusal(a=NO_MODEL), Dialect.OPENAI)
    assert (answer.status, answer.code, answer.param) == (400, "model_not_supported", "model")


@pytest.mark.parametrize(
    ("signal", "dialect", "status", "code"),
    [
        pytest.param(Signal(500), Dialect.OPENAI, 502, "upstream_error", id="a server's fault"),
        pytest.param(
            fault("connection_reset", "x"), Dialect.OPENAI, 502, "upstream_unavailable",
            id="a broken connection",
        ),
        pytest.param(Signal(401), Dialect.OPENAI, 502, "upstream_error", id="a login not the client's"),
        pytest.param(
            Signal(503, "slow_down", code="slow_down"), Dialect.CODEX, 503, "slow_down", id="overload"
        ),
        pytest.param(Signal(404), Dialect.OPENAI, 404, None, id="a client error keeps its status"),
        pytest.param(Signal(413), Dialect.CODEX, 400, None, id="Codex would repeat a 413"),
        pytest.param(Signal(413), Dialect.OPENAI, 413, None, id="others know it"),
        pytest.param(
            Signal(429, "usage_not_included", type="usage_not_included"), Dialect.CODEX, 429,
            "usage_not_included", id="a limit without a code gets its type as code",
        ),
    ],
)  # fmt: skip
def test_signals(signal: Signal, dialect: Dialect, status: int, code: str | None) -> None:
    answer = answers.of_signal(signal, dialect=dialect)
    assert (answer.status, error(answer)["code"]) == (status, code)


def test_an_envelope_of_upstream_is_passed_on_as_it_is() -> None:
    body = b'{"error":{"message":"m","type":"invalid_request_error","x":1}}'
    answer = answers.of_signal(read_reply(400, body), dialect=Dialect.OPENAI, body=body)
    assert answer.body() == body


def test_a_detail_gets_an_envelope() -> None:
    body = b'{"detail":"Unsupported parameter: x"}'
    answer = answers.of_signal(read_reply(400, body), dialect=Dialect.CODEX, body=body)
    assert error(answer)["message"] == "Unsupported parameter: x"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (answers.too_large(1024 * 1024, Dialect.CODEX), 400),
        (answers.too_large(1024 * 1024, Dialect.OPENAI), 413),
        (answers.unsupported_encoding("br", Dialect.CODEX), 400),
        (answers.unsupported_encoding("br", Dialect.OPENAI), 415),
        (answers.bad_request(BadRequestError("no", param="p")), 400),
        (answers.unauthorized("no"), 401),
        (answers.not_found("/x"), 404),
        (answers.wrong_method("PUT", "/x"), 405),
        (answers.forbidden("no", "c"), 403),
    ],
)
def test_what_is_refused_is_refused_for_good(answer: answers.Answer, status: int) -> None:
    assert (answer.status, answer.final) == (status, True)
    assert set(error(answer)) == {"message", "type", "code", "param"}


def test_the_limit_stands_in_the_text() -> None:
    assert "32 MiB" in answers.too_large(32 * 1024 * 1024, Dialect.OPENAI).message
