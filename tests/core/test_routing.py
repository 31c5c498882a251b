"""Routing as a table: each row is one rule in the words of its id."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from tests.core.candidates import HOUR, NOW, account, blocked, candidates_

from codex_lb.core.model import Block, Credits, ExtraLimit, QuotaWindow, Skipped
from codex_lb.core.obstacles import Candidate
from codex_lb.core.routing import Choice, Need, Refusal, choose
from codex_lb.core.routing_settings import RoutingSettings

CAPACITY = "capacity_weighted"
ONLY = "only one left"
CREDITS = Credits(has=True, unlimited=False, balance=5.0, measured_at=NOW)
SPARK = ExtraLimit(
    "codex_bengalfox",
    "GPT-5.3-Codex-Spark",
    (QuotaWindow(10_080, 1.0, NOW + HOUR, NOW, "usage"),),
)


def said(answer: Choice | Refusal) -> tuple[object, ...]:
    if isinstance(answer, Choice):
        return (answer.account_id, answer.reason)
    return (answer.kind, answer.retry_at, {name: o.kind for name, o in answer.obstacles})


@pytest.mark.parametrize(
    ("candidates", "request_", "expected"),
    [
        pytest.param([], {}, ("unusable", math.inf, {}), id="an empty pool refuses for ever"),
        pytest.param(
            [account("a", 0.9), account("b", 0.2)], {}, ("b", CAPACITY), id="most left wins"
        ),
        pytest.param(
            [account("a", 0.1, 0.9), account("b", 0.5, 0.5)], {}, ("b", CAPACITY),
            id="the tightest window counts",
        ),
        pytest.param(
            [account("a", 0.5, plan="pro"), account("b", 0.1)], {}, ("a", CAPACITY),
            id="half of a large plan is more than most of a small one",
        ),
        pytest.param(
            [account("a", 0.0, in_flight=3), account("b", 0.05)], {}, ("b", CAPACITY),
            id="requests in flight count as used quota",
        ),
        pytest.param(
            [account("a", chosen_seq=2), account("b", chosen_seq=1)], {}, ("b", CAPACITY),
            id="among equals the one chosen longest ago",
        ),
        pytest.param([account("b"), account("a")], {}, ("a", CAPACITY), id="then by id"),
        pytest.param(
            [account("a", 0.0), account("b", 0.9)], {"preferred": "b"}, ("b", "affinity"),
            id="affinity beats the policy",
        ),
        pytest.param(
            [account("a", 0.0), account("b", 1.0)], {"preferred": "b"}, ("a", ONLY),
            id="affinity yields when its account is spent",
        ),
        pytest.param(
            [account("a", 0.0), account("b", 0.9)], {"exclude": {"a"}}, ("b", ONLY),
            id="an account already tried is left out",
        ),
        pytest.param(
            [account("b", 0.5), account("a", 1.0, resets_in=0.0)], {}, ("a", CAPACITY),
            id="at its reset a window is whole again",
        ),
        pytest.param(
            [blocked("a", "usage_limit", 90), account("b", 1.0, resets_in=30)], {},
            ("exhausted", NOW + 30, {"a": "spent", "b": "spent"}),
            id="a refusal names the first moment worth retrying",
        ),
        pytest.param(
            [account("a", state="paused"), account("b", state="reauth_required")], {},
            ("unusable", math.inf, {"a": "paused", "b": "reauth_required"}),
            id="only a person unpauses",
        ),
        pytest.param(
            [account("a", state="paused"), blocked("b", "quota", 60)], {},
            ("exhausted", NOW + 60, {"a": "paused", "b": "spent"}),
            id="one spent account makes the pool exhausted",
        ),
        pytest.param(
            [account("a", blocks=(
                Block("usage_limit", NOW, NOW + 30, "x", is_told=True),
                Block("quota", NOW, NOW + 60, "x"),
            ))],
            {}, ("exhausted", math.inf, {"a": "spent"}),
            id="a reset is not promised while a guess outlasts it",
        ),
        pytest.param(
            [
                account("a", blocks=(
                    Block("usage_limit", NOW, NOW + 30, "x", is_told=True),
                    Block("model", NOW, NOW + 60, "x", "x"),
                )),
                blocked("b", "usage_limit", 90),
            ],
            {"model": "x"}, ("exhausted", NOW + 90, {"a": "model", "b": "spent"}),
            id="nor one after which the model is still refused",
        ),
        pytest.param(
            [blocked("a", "fault"), account("b", 0.99)], {}, ("b", ONLY),
            id="a resting account is left alone",
        ),
        pytest.param(
            [blocked("a", "fault", 90), blocked("b", "burst", 30)], {}, ("b", "last resort"),
            id="a rest never takes out the last account",
        ),
        pytest.param(
            [blocked("a", "fault"), blocked("b", "usage_limit")], {}, ("a", "last resort"),
            id="suspicion is no proof, a limit is",
        ),
        pytest.param(
            [blocked("a", "model", model="x"), account("b", 0.9)], {"model": "x"},
            ("b", ONLY), id="a refused model bars the account",
        ),
        pytest.param(
            [blocked("a", "model", model="x"), account("b", 0.9)], {"model": "y"},
            ("a", CAPACITY), id="but no other model",
        ),
        pytest.param(
            [blocked("a", "model", model="x")], {"model": "x"},
            ("model", math.inf, {"a": "model"}), id="a model nobody serves is said so",
        ),
        pytest.param(
            [account("a", in_flight=8), blocked("b", "usage_limit", 60)], {},
            ("busy", NOW + 60, {"a": "busy", "b": "spent"}), id="a full account is worth waiting for",
        ),
        pytest.param(
            [account("a", in_flight=8), blocked("b", "fault", 60)], {},
            ("busy", math.inf, {"a": "busy", "b": "resting"}),
            id="better to wait for a full account than to use a resting one",
        ),
        pytest.param(
            [account("a", in_flight=99, limit=0)], {}, ("a", ONLY), id="no limit is no limit"
        ),
        pytest.param(
            [account("a", 0.9), account("b", 0.1)], {"bound": "a"}, ("a", "bound"),
            id="a bound request goes to its account",
        ),
        pytest.param(
            [blocked("a", "usage_limit", 60), account("b", 0.1)], {"bound": "a"},
            ("exhausted", NOW + 60, {"a": "spent"}), id="or nowhere",
        ),
        pytest.param(
            [account("b", 0.1)], {"bound": "gone"}, ("b", ONLY),
            id="but an account that is gone binds nobody",
        ),
        pytest.param(
            [account("b", 0.1)], {"bound": "gone", "preferred": "b"}, ("b", "affinity"),
            id="and its conversation may have another home",
        ),
        pytest.param(
            [account("a"), account("b", 0.9, priority="burn_first")], {}, ("b", CAPACITY),
            id="what is to be burnt goes first",
        ),
        pytest.param(
            [account("a", priority="preserve"), account("b", 0.9)], {}, ("b", CAPACITY),
            id="what is to be preserved goes last",
        ),
        pytest.param(
            [account("a", priority="preserve"), account("b", 1.0)], {}, ("a", ONLY),
            id="but it goes rather than nobody",
        ),
        pytest.param(
            [account("a", priority="preserve"), account("b", priority="burn_first")],
            {"preferred": "a"}, ("a", "affinity"), id="a conversation stays whatever the priority",
        ),
        pytest.param(
            [account("a", 1.0, credits=CREDITS)], {}, ("a", ONLY),
            id="credits keep a spent account serving",
        ),
        pytest.param(
            [account("a", 1.0, credits=CREDITS), account("b", 0.99)], {}, ("b", CAPACITY),
            id="but quota that is paid for already goes first",
        ),
        pytest.param(
            [account("a", 1.0, credits=replace(CREDITS, balance=0.0))], {},
            ("exhausted", NOW + HOUR, {"a": "spent"}), id="an empty balance buys nothing",
        ),
        pytest.param(
            [account("a", credits=CREDITS, blocks=blocked("b", "usage_limit", 60).account.blocks)],
            {}, ("exhausted", NOW + 60, {"a": "spent"}),
            id="what upstream refused in spite of credits stays refused",
        ),
        pytest.param(
            [account("a", extras=(SPARK,)), account("b", 0.9)], {"model": "gpt-5.3-codex-spark"},
            ("b", ONLY), id="a spent extra limit bars its model",
        ),
        pytest.param(
            [account("a", extras=(SPARK,)), account("b", 0.9)], {"model": "gpt-5.3-codex"},
            ("a", CAPACITY), id="and no other, however alike its name",
        ),
        pytest.param(
            [account("a", extras=(SPARK,))], {"model": "gpt-5.3-codex-spark"},
            ("model", NOW + HOUR, {"a": "model"}), id="until upstream's reset",
        ),
        pytest.param(
            [account("a", plan="free"), account("b", 0.9)], {"model": "x", "unserved": {"free"}},
            ("b", ONLY), id="a plan without the model is not asked",
        ),
        pytest.param(
            [account("a", 1.0, plan="free")], {"model": "x", "unserved": {"free"}},
            ("model", math.inf, {"a": "model"}), id="nor is its reset promised",
        ),
        pytest.param(
            [account("a", in_flight=8), blocked("b", "fault")], {"is_last_try": True},
            ("b", "last resort"), id="who cannot wait for a full account gets a resting one",
        ),
        pytest.param(
            [account("a", in_flight=8), blocked("b", "fault", in_flight=8)], {"is_last_try": True},
            ("busy", math.inf, {"a": "busy", "b": "resting"}), id="if that has a slot",
        ),
    ],
)  # fmt: skip
def test_choose(
    candidates: list[Candidate], request_: dict[str, object], expected: tuple[object, ...]
) -> None:
    assert said(choose(candidates, Need(**request_), now=NOW)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("candidates", "set_", "request_", "expected"),
    [
        pytest.param(
            [account("a"), account("b", 0.9)], {}, {}, ("b", "single_account"),
            id="all goes to the single account",
        ),
        pytest.param(
            [account("a"), account("b")], {}, {"preferred": "a"}, ("b", "single_account"),
            id="whatever account it had before",
        ),
        pytest.param(
            [account("a"), account("b")], {}, {"bound": "a"}, ("a", "bound"),
            id="but for what is stored elsewhere",
        ),
        pytest.param(
            [account("a"), account("b", 1.0)], {}, {}, ("exhausted", NOW + HOUR, {"b": "spent"}),
            id="if it cannot serve, the refusal says why",
        ),
        pytest.param(
            [account("a", 0.5), account("c")], {}, {},
            ("c", "capacity_weighted, the single account is gone"),
            id="if it is gone, the default policy says so",
        ),
        pytest.param(
            [account("a"), account("b", 0.9)], {"strategy": CAPACITY, "sticky": False},
            {"preferred": "b"}, ("a", CAPACITY), id="conversations need not stay",
        ),
    ],
)  # fmt: skip
def test_choose_as_the_operator_has_set(
    candidates: list[Candidate],
    set_: dict[str, object],
    request_: dict[str, object],
    expected: tuple[object, ...],
) -> None:
    given: dict[str, object] = {"strategy": "single_account", "single_account_id": "b"} | set_
    settings = RoutingSettings(**given)  # type: ignore[arg-type]
    need = Need(**request_)  # type: ignore[arg-type]
    assert said(choose(candidates, need, now=NOW, settings=settings)) == expected


def test_a_choice_says_who_was_passed_over_and_why() -> None:
    pool = [
        account("d", 0.5),
        blocked("a", "usage_limit", 3_700),
        account("b", in_flight=8),
        account("c", state="paused"),
        account("e"),
    ]
    answer = choose(pool, Need(exclude={"e"}), now=NOW)
    assert isinstance(answer, Choice)
    assert answer.skipped == (
        Skipped("a", "usage limit reached until 1970-01-12 14:48 UTC"),
        Skipped("b", "at 8 of 8 streams"),
        Skipped("c", "paused by the operator"),
        Skipped("e", "tried for this request"),
    )


def test_the_account_tried_as_a_last_resort_was_not_passed_over() -> None:
    answer = choose([blocked("a", "fault"), blocked("b", "quota")], Need(), now=NOW)
    assert isinstance(answer, Choice)
    assert [skipped.account_id for skipped in answer.skipped] == ["b"]


def test_counters_outlive_a_choice_that_needs_none() -> None:
    counters = {"a": 0.5, "b": -0.5}
    pool = [account("a"), account("b")]
    for need in (Need(preferred="b"), Need(bound="b"), Need(exclude={"a"})):
        answer = choose(pool, need, now=NOW, counters=counters)
        assert isinstance(answer, Choice)
        assert answer.counters == counters
    answer = choose([blocked("a", "fault")], Need(), now=NOW, counters=counters)
    assert isinstance(answer, Choice)
    assert answer.counters == counters


@given(candidates_)
def test_the_order_of_the_pool_does_not_matter(pool: list[Candidate]) -> None:
    assert choose(pool, Need("x"), now=NOW) == choose(pool[::-1], Need("x"), now=NOW)


@given(candidates_)
def test_at_the_promised_moment_the_refused_request_is_served(pool: list[Candidate]) -> None:
    spent = [limited(candidate, 700.0 + 200 * i) for i, candidate in enumerate(pool)]
    answer = choose(spent, Need("x"), now=NOW)
    if isinstance(answer, Refusal) and answer.retry_at < math.inf:
        assert answer.retry_at > NOW
        idle = [replace(candidate, in_flight=0) for candidate in spent]
        assert isinstance(choose(idle, Need("x"), now=answer.retry_at), Choice)


def limited(candidate: Candidate, seconds: float) -> Candidate:
    block = Block("usage_limit", NOW, NOW + seconds, "x", is_told=True)
    blocks = (*candidate.account.blocks, block)
    return replace(candidate, account=replace(candidate.account, blocks=blocks))


@given(candidates_)
def test_a_refusal_names_every_account(pool: list[Candidate]) -> None:
    answer = choose(pool, Need("x"), now=NOW)
    if isinstance(answer, Refusal):
        assert [name for name, _ in answer.obstacles] == sorted(c.account.id for c in pool)
