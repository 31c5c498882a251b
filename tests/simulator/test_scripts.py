"""Scripts and sentinel models: which step a call gets."""

import pytest
from tests.simulator.calls import body, post

from codex_lb.simulator import SimAccount, Simulator, refusals
from codex_lb.simulator.scripts import Scripts
from codex_lb.simulator.sentinels import Sentinels, is_sentinel, names, step_of
from codex_lb.simulator.steps import (
    Auto,
    CutAfter,
    Drip,
    Refuse,
    Reset,
    SlowHead,
    Status,
    Step,
    Text,
    UsageLimit,
)

A, B, C = Text("a"), Text("b"), Text("c")
Script = tuple[Step, str | None, int | None]


@pytest.mark.parametrize(
    ("scripts", "calls", "steps"),
    [
        pytest.param([], ["x"], [None], id="nothing scripted"),
        pytest.param([(A, None, 1)], ["x", "x"], [A, None], id="used up"),
        pytest.param(
            [(A, None, 2), (B, None, 1)], ["x"] * 4, [A, A, B, None], id="first in, first out"
        ),
        pytest.param([(A, None, None)], ["x"] * 3, [A, A, A], id="without times it stays"),
        pytest.param(
            [(A, None, None), (B, None, 1)], ["x", "x"], [B, None], id="until the next one comes"
        ),
        pytest.param([(A, None, 1), (B, None, None)], ["x"] * 3, [A, B, B], id="once, then always"),
        pytest.param(
            [(A, None, 1), (B, "x", 1)], ["x", "x"], [B, A], id="an account's own come first"
        ),
        pytest.param([(A, "x", 1)], ["y", "x"], [None, A], id="another account's do not count"),
        pytest.param(
            [(A, "x", None), (B, None, 1)], ["x", "y"], [A, B], id="accounts do not share a queue"
        ),
    ],
)
def test_next(scripts: list[Script], calls: list[str], steps: list[Step | None]) -> None:
    queue = Scripts()
    for step, account_id, times in scripts:
        queue.add(step, account_id, "responses", times)
    assert [queue.next(account_id, "responses") for account_id in calls] == steps


def test_endpoints_do_not_share_a_queue() -> None:
    queue = Scripts()
    queue.add(Status(500), None, "usage", None)
    assert queue.next("x", "responses") is None
    assert queue.next("x", "usage") == Status(500)


@pytest.mark.parametrize(
    ("step", "endpoint", "times", "problem"),
    [
        pytest.param(A, "nowhere", None, "no endpoint 'nowhere'", id="an unknown endpoint"),
        pytest.param(A, "usage", None, "Text needs a stream", id="a stream where there is none"),
        pytest.param(
            SlowHead(then=Drip()), "usage", None, "SlowHead needs a stream", id="nor inside"
        ),
        pytest.param(A, "responses", 0, "at least 1", id="no times at all"),
    ],
)
def test_scripts_that_make_no_sense(
    step: Step, endpoint: str, times: int | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Scripts().add(step, None, endpoint, times)


def test_a_refusal_nobody_knows_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="no refusal 'nonsense'"):
        Refuse("nonsense")


@pytest.mark.parametrize(
    ("model", "step"),
    [
        pytest.param("sim-usage_limit", UsageLimit(), id="a step by its name"),
        pytest.param("sim-cut_after-12", CutAfter(12), id="with a number"),
        pytest.param("sim-cut_after-delta-fin", CutAfter("delta", "fin"), id="with two words"),
        pytest.param("sim-slow_head-0-0.5", SlowHead(0, first_event_s=0.5), id="seconds"),
        pytest.param("sim-reset-false", Reset(before_headers=False), id="yes or no"),
        pytest.param("sim-refuse-slow_down", Refuse("slow_down"), id="a row of the table"),
        pytest.param("sim-refuse-nothing", None, id="no such row"),
        pytest.param("sim-refuse", None, id="a word is missing"),
        pytest.param("sim-cut_after-3-bang", None, id="a word that does not fit"),
        pytest.param("sim-black_hole-1", None, id="a word too many"),
        pytest.param("gpt-5.5", None, id="an ordinary model"),
        pytest.param("sim-", None, id="the prefix alone"),
    ],
)
def test_step_of(model: str, step: Step | None) -> None:
    assert step_of(model) == step
    assert is_sentinel(f"{model}-once") is (step is not None)


def test_every_listed_name_is_a_sentinel_and_every_refusal_has_one() -> None:
    assert all(is_sentinel(name) for name in names())
    assert {f"sim-refuse-{case}" for case in refusals.CASES} <= set(names())


@pytest.mark.parametrize(
    ("attempts", "failed"),
    [
        pytest.param(
            [({"prompt_cache_key": "k"}, b"1"), ({"prompt_cache_key": "k"}, b"2")],
            [True, False],
            id="once per conversation",
        ),
        pytest.param(
            [({"prompt_cache_key": "k"}, b"1"), ({"prompt_cache_key": "l"}, b"1")],
            [True, True],
            id="every conversation once",
        ),
        pytest.param(
            [({}, b"1"), ({}, b"1"), ({}, b"2")],
            [True, False, True],
            id="without a conversation, once per body",
        ),
    ],
)
def test_once(attempts: list[tuple[dict[str, str], bytes]], failed: list[bool]) -> None:
    sentinels = Sentinels()
    steps = [sentinels.step_for("sim-status-500-once", request, data) for request, data in attempts]
    assert [step != Auto() for step in steps] == failed


async def test_a_sentinel_model_misbehaves_at_the_wire(sim: Simulator, account: SimAccount) -> None:
    request = body(model="sim-refuse-overloaded-once", prompt_cache_key="thread")
    assert [(await post(sim, account, request)).status for _ in range(2)] == [503, 200]


async def test_a_script_wins_over_a_sentinel_model(sim: Simulator, account: SimAccount) -> None:
    sim.script(Text("scripted"), times=1)
    answer = await post(sim, account, body(model="sim-status-500"))
    assert answer.status == 200


async def test_a_reset_forgets_scripts_and_record(sim: Simulator, account: SimAccount) -> None:
    sim.script(Status(500))
    request = body(model="sim-status-500-once")
    await post(sim, account, request)
    sim.reset()
    assert sim.requests == []
    assert (await post(sim, account)).status == 200
    assert sim.account("a@example.com") is account
