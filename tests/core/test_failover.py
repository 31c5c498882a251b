"""Failover as a table: how long an account rests, and why."""

import math

import pytest

from codex_lb.core.errors import Signal, fault, read_reply
from codex_lb.core.failover import (
    MAX_CALLS,
    Verdict,
    describe,
    ending,
    ending_of_refusal,
    judge,
    may_go_on,
)
from codex_lb.core.model import QuotaWindow
from codex_lb.core.outcome import Endpoint, Phase
from codex_lb.core.routing import Choice, Refusal

NOW = 1_000_000.0
HOUR = 3_600.0
SPENT_WEEK = QuotaWindow(10_080, 1.0, NOW + 50_000, NOW, "headers")
FREE_WEEK = QuotaWindow(10_080, 0.2, NOW + 400_000, NOW, "headers")


def limit(**fields: float) -> Signal:
    return Signal(429, "usage_limit_reached", type="usage_limit_reached", **fields)  # type: ignore[arg-type]


def burst(wait: float | None = None) -> Signal:
    return Signal(429, "rate_limit_exceeded", code="rate_limit_exceeded", resets_in_s=wait)


@pytest.mark.parametrize(
    ("signal", "windows", "kind", "rest"),
    [
        pytest.param(
            limit(resets_at=NOW + HOUR), (), "usage_limit", HOUR, id="until the reset it names"
        ),
        pytest.param(
            limit(resets_in_s=90.5), (), "usage_limit", 91, id="or the seconds, rounded up"
        ),
        pytest.param(
            limit(resets_at=NOW - 5, resets_in_s=60), (), "usage_limit", 60,
            id="a reset in the past is ignored",
        ),
        pytest.param(
            limit(resets_at=(NOW + HOUR) * 1000), (), "usage_limit", 300,
            id="a reset in milliseconds is ignored",
        ),
        pytest.param(
            limit(resets_at=NOW + 80 * 365 * 24 * HOUR), (), "usage_limit", 300,
            id="a reset in eighty years is ignored",
        ),
        pytest.param(
            limit(), (SPENT_WEEK,), "usage_limit", 50_000, id="or the spent window's reset"
        ),
        pytest.param(limit(), (FREE_WEEK,), "usage_limit", 300, id="a free window says nothing"),
        pytest.param(
            Signal(429, "insufficient_quota", code="insufficient_quota"), (), "quota", HOUR,
            id="quota without a time rests an hour",
        ),
        pytest.param(burst(), (), "burst", 10, id="a burst rests seconds"),
        pytest.param(burst(1.2), (), "burst", 1.2, id="or what it names"),
        pytest.param(burst(0.0), (), "burst", 0, id="even nothing"),
        pytest.param(burst(18_000), (FREE_WEEK,), "burst", 60, id="but never a window's length"),
        pytest.param(
            Signal(429), (SPENT_WEEK,), "usage_limit", 50_000,
            id="a 429 without a word is a limit if a window is spent",
        ),
        pytest.param(Signal(429), (FREE_WEEK,), "burst", 10, id="and a burst if none is"),
        pytest.param(Signal(500), (), "fault", 5, id="a fault rests briefly"),
        pytest.param(
            Signal(400, None, "The 'x' model is not supported when using Codex"), (), "model", HOUR,
            id="a refused model is barred",
        ),
    ],
)  # fmt: skip
def test_rests(signal: Signal, windows: tuple[QuotaWindow, ...], kind: str, rest: float) -> None:
    block = judge(
        Endpoint.RESPONSES, signal, Phase.FRESH, now=NOW, windows=windows, model="x"
    ).block
    assert block is not None
    assert (block.kind, block.since) == (kind, NOW)
    assert block.until - NOW == pytest.approx(rest)
    assert block.model == ("x" if kind == "model" else None)


@pytest.mark.parametrize(
    ("signal", "told"),
    [
        (limit(resets_at=NOW + HOUR), True),
        (limit(resets_in_s=5), True),
        (limit(), False),
        (burst(1.0), True),
        (burst(), False),
        (Signal(500), False),
    ],
    ids=["a reset", "seconds", "a limit without", "a burst", "a burst without", "a fault"],
)
def test_a_guess_is_not_told_as_upstreams_word(signal: Signal, told: bool) -> None:
    block = judge(Endpoint.RESPONSES, signal, Phase.FRESH, now=NOW).block
    assert block is not None
    assert block.is_told is told


@pytest.mark.parametrize(
    ("faults", "rest"), [(0, 5), (1, 10), (2, 20), (5, 160), (6, 300), (40, 300)]
)
def test_faults_in_a_row_rest_longer(faults: int, rest: float) -> None:
    signal = fault("connection_reset", "")
    verdict = judge(Endpoint.RESPONSES, signal, Phase.FRESH, now=NOW, faults=faults)
    assert verdict.block is not None
    assert verdict.block.until - NOW == rest


def test_a_lost_account_is_told_with_its_reason() -> None:
    signal = read_reply(403, b'{"error":{"code":"account_deactivated","message":"Gone."}}')
    verdict = judge(Endpoint.RESPONSES, signal, Phase.FRESH, now=NOW)
    assert (verdict.state, verdict.block) == ("deactivated", None)
    assert verdict.reason == "HTTP 403: account_deactivated: Gone."


def test_overload_leaves_the_account_alone() -> None:
    signal = Signal(503, "server_is_overloaded", code="server_is_overloaded")
    verdict = judge(Endpoint.RESPONSES, signal, Phase.FRESH, now=NOW)
    assert (verdict.action, verdict.block, verdict.state) == ("next", None, None)


def test_the_limit_of_a_feature_bars_its_model_alone() -> None:
    signal = Signal(429, "usage_limit_reached", resets_at=NOW + 3600.0)
    verdict = judge(
        Endpoint.RESPONSES, signal, Phase.FRESH, now=NOW, model="m", feature="codex_spark"
    )
    assert verdict.block is not None
    assert (verdict.block.kind, verdict.block.model) == ("model", "m")
    assert (verdict.block.until, verdict.block.is_told) == (NOW + 3600.0, True)


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        (Signal(500), "HTTP 500"),
        (fault("connection_reset", "Broken."), "no reply: connection_reset: Broken."),
        (Signal(429, "x", "y" * 1000), "HTTP 429: x: " + "y" * 200),
        (Signal(400, "x" * 1000), "HTTP 400: " + "x" * 100),
        (
            Signal(403, "x", "The seat of <a@b.example> is\r\n\x1b[31mgone"),
            "HTTP 403: x: The seat of <[address]> is   [31mgone",
        ),
    ],
)
def test_descriptions(signal: Signal, text: str) -> None:
    assert describe(signal) == text


@pytest.mark.parametrize(
    ("verdict", "calls", "is_late", "expected"),
    [
        pytest.param(Verdict("next"), 1, False, True, id="another account may do better"),
        pytest.param(Verdict("next_once"), 1, False, True, id="or one other"),
        pytest.param(Verdict("relay"), 1, False, False, id="an answer is an answer"),
        pytest.param(Verdict("next"), MAX_CALLS - 1, False, True, id="up to the last call"),
        pytest.param(Verdict("next"), MAX_CALLS, False, False, id="but not beyond it"),
        pytest.param(Verdict("next"), 1, True, False, id="nor beyond the deadline"),
    ],
)
def test_another_attempt(verdict: Verdict, calls: int, is_late: bool, expected: bool) -> None:
    assert may_go_on(verdict, calls=calls, is_late=is_late) is expected


FREE = Choice("a", "affinity")
LAST = Choice("a", "last resort")
FULL = Refusal("busy", math.inf, ())
DRY = Refusal("exhausted", 100.0, ())
NEXT = Verdict("next")


@pytest.mark.parametrize(
    ("verdict", "choice", "is_bound", "holds_compaction", "expected"),
    [
        pytest.param(NEXT, DRY, False, False, "refusal", id="nobody else can"),
        pytest.param(NEXT, FREE, False, False, "try_again", id="others can"),
        pytest.param(NEXT, LAST, False, False, "upstream", id="only suspects are left"),
        pytest.param(NEXT, FREE, True, False, "lost_anchor", id="the owner cannot"),
        pytest.param(
            Verdict("next", transient=True), FREE, True, False, "upstream", id="a passing fault"
        ),
        pytest.param(Verdict("relay"), DRY, False, False, "upstream", id="the request's fault"),
        pytest.param(Verdict("lighten"), FREE, False, False, "upstream", id="no reasoning left"),
        pytest.param(Verdict("lighten"), FREE, False, True, "foreign_history", id="a compaction"),
    ],
)
def test_the_ending(
    verdict: Verdict,
    choice: Choice | Refusal,
    is_bound: bool,
    holds_compaction: bool,
    expected: str,
) -> None:
    given = ending(verdict, choice, is_bound=is_bound, holds_compaction=holds_compaction)
    assert given == expected


@pytest.mark.parametrize(
    ("refusal", "is_bound", "expected"),
    [
        pytest.param(DRY, True, "lost_anchor", id="the owner is spent"),
        pytest.param(FULL, True, "refusal", id="the owner is busy: worth waiting for"),
        pytest.param(DRY, False, "refusal", id="anybody would do"),
    ],
)
def test_the_ending_of_a_refusal(refusal: Refusal, is_bound: bool, expected: str) -> None:
    assert ending_of_refusal(refusal, is_bound=is_bound) == expected
