"""Routing as a table: each row is one rule of the policy in the words of its id."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.model import Block, BlockKind, QuotaWindow
from codex_lb.core.routing import Candidate, Choice, Refusal, choose

NOW = 1_000_000.0
HOUR = 3_600.0


def account(name: str, *used: float, resets_in: float = HOUR, **fields: object) -> Candidate:
    """An account with one window per `used` share, all resetting `resets_in` seconds from NOW."""
    windows = tuple(
        QuotaWindow(300 + i, share, NOW + resets_in, NOW, "headers") for i, share in enumerate(used)
    )
    return Candidate(name, windows=windows, **fields)  # type: ignore[arg-type]


def blocked(
    name: str,
    kind: BlockKind,
    seconds: float = HOUR,
    model: str | None = None,
    *,
    is_told: bool = True,
) -> Candidate:
    return account(name, blocks=(Block(kind, NOW, NOW + seconds, "x", model, is_told),))


def said(answer: Choice | Refusal) -> tuple[object, ...]:
    if isinstance(answer, Choice):
        return (answer.account_id, answer.reason)
    return (answer.kind, answer.retry_at, {name: o.kind for name, o in answer.obstacles})


@pytest.mark.parametrize(
    ("candidates", "request_", "expected"),
    [
        pytest.param([], {}, ("unusable", math.inf, {}), id="an empty pool refuses for ever"),
        pytest.param(
            [account("a", 0.9), account("b", 0.2)], {}, ("b", "headroom"), id="most left wins"
        ),
        pytest.param(
            [account("a", 0.1, 0.9), account("b", 0.5, 0.5)], {}, ("b", "headroom"),
            id="the tightest window counts",
        ),
        pytest.param(
            [account("a", 0.5, plan="pro"), account("b", 0.1)], {}, ("a", "headroom"),
            id="half of a large plan is more than most of a small one",
        ),
        pytest.param(
            [account("a", 0.0, in_flight=3), account("b", 0.5)], {}, ("b", "headroom"),
            id="requests in flight share the headroom",
        ),
        pytest.param(
            [account("a", chosen_seq=2), account("b", chosen_seq=1)], {}, ("b", "headroom"),
            id="among equals the one chosen longest ago",
        ),
        pytest.param([account("b"), account("a")], {}, ("a", "headroom"), id="then by id"),
        pytest.param(
            [account("a", 0.0), account("b", 0.9)], {"preferred": "b"}, ("b", "affinity"),
            id="affinity beats headroom",
        ),
        pytest.param(
            [account("a", 0.0), account("b", 1.0)], {"preferred": "b"}, ("a", "headroom"),
            id="affinity yields when its account is spent",
        ),
        pytest.param(
            [account("a", 0.0), account("b", 0.9)], {"exclude": {"a"}}, ("b", "headroom"),
            id="an account already tried is left out",
        ),
        pytest.param(
            [account("b", 0.5), account("a", 1.0, resets_in=0.0)], {}, ("a", "headroom"),
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
            [blocked("a", "fault"), account("b", 0.99)], {}, ("b", "headroom"),
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
            ("b", "headroom"), id="a refused model bars the account",
        ),
        pytest.param(
            [blocked("a", "model", model="x"), account("b", 0.9)], {"model": "y"},
            ("a", "headroom"), id="but no other model",
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
            [account("a", in_flight=99, limit=0)], {}, ("a", "headroom"), id="no limit is no limit"
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
            [account("b", 0.1)], {"bound": "gone"}, ("b", "headroom"),
            id="but an account that is gone binds nobody",
        ),
    ],
)  # fmt: skip
def test_choose(
    candidates: list[Candidate], request_: dict[str, object], expected: tuple[object, ...]
) -> None:
    assert said(choose(candidates, now=NOW, **request_)) == expected  # type: ignore[arg-type]


kinds: list[BlockKind] = ["usage_limit", "quota", "burst", "fault", "login", "model"]
times = st.integers(0, 2_000).map(lambda s: NOW - 1000 + s)
candidates_ = st.lists(
    st.builds(
        Candidate,
        account_id=st.sampled_from("abcdef"),
        state=st.sampled_from(["active", "active", "active", "paused", "deactivated"]),
        windows=st.lists(
            st.builds(
                QuotaWindow,
                minutes=st.sampled_from([300, 10_080]),
                used=st.sampled_from([0.0, 0.5, 1.0]),
                resets_at=times,
                measured_at=st.just(NOW),
                source=st.just("headers"),
            ),
            max_size=2,
        ).map(tuple),
        blocks=st.lists(
            st.builds(
                Block,
                kind=st.sampled_from(kinds),
                since=st.just(NOW),
                until=times,
                reason=st.just("x"),
                model=st.sampled_from(["x", "y"]),
                is_told=st.booleans(),
            ),
            max_size=2,
        ).map(tuple),
        in_flight=st.integers(0, 9),
        chosen_seq=st.integers(0, 3),
    ),
    unique_by=lambda candidate: candidate.account_id,
    max_size=5,
)


@given(candidates_)
def test_the_order_of_the_pool_does_not_matter(pool: list[Candidate]) -> None:
    assert choose(pool, now=NOW, model="x") == choose(pool[::-1], now=NOW, model="x")


@given(candidates_)
def test_at_the_promised_moment_the_refused_request_is_served(pool: list[Candidate]) -> None:
    answer = choose(pool, now=NOW, model="x")
    if isinstance(answer, Refusal) and answer.kind == "exhausted":
        assert answer.retry_at > NOW
        later = choose(pool, now=answer.retry_at, model="x")
        assert isinstance(later, Choice) or later.kind != "exhausted"


@given(candidates_)
def test_a_refusal_names_every_account(pool: list[Candidate]) -> None:
    answer = choose(pool, now=NOW, model="x")
    if isinstance(answer, Refusal):
        assert [name for name, _ in answer.obstacles] == sorted(c.account_id for c in pool)
