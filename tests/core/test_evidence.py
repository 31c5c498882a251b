"""What proof does to blocks, case by case."""

from dataclasses import replace

import pytest
from hypothesis import given
from tests.core.candidates import DAY, NOW, account, candidates_

from codex_lb.core import evidence
from codex_lb.core.model import Account, Block, BlockKind, Credits, ExtraLimit, QuotaWindow
from codex_lb.core.obstacles import Candidate, spent
from codex_lb.core.usage_report import UsageReport

SINCE = NOW - 100
CREDITS = Credits(has=True, unlimited=False, balance=5.0, measured_at=NOW)


def block(kind: BlockKind, *, since: float = SINCE, until: float = NOW + 3 * DAY) -> Block:
    return Block(kind, since, until, "x", is_told=True)


def window(
    minutes: int, used: float, *, at: float = NOW, resets_in: float | None = 900.5
) -> QuotaWindow:
    resets_at = None if resets_in is None else NOW + resets_in
    return QuotaWindow(minutes, used, resets_at, at, "headers")


def blocked(*blocks: Block, windows: tuple[QuotaWindow, ...] = ()) -> Account:
    return account("a", blocks=blocks, windows=windows).account


CLEARED = None
STAYS = NOW + 3 * DAY


@pytest.mark.parametrize(
    ("known", "read", "credits_", "until"),
    [
        pytest.param((), [window(300, 0.0), window(10_080, 0.3)], None, CLEARED,
                     id="something left in every window disproves a limit"),
        pytest.param((), [window(300, 0.0), window(10_080, 1.0)], None, NOW + 901,
                     id="a spent window's reset is the new end, rounded up"),
        pytest.param((), [window(300, 0.0), window(10_080, 1.0, resets_in=9 * DAY)], None,
                     NOW + 9 * DAY, id="also if it is later"),
        pytest.param((), [window(300, 1.0, resets_in=None)], None, STAYS,
                     id="a spent window without a reset says nothing new"),
        pytest.param((), [window(300, 0.0, at=SINCE)], None, STAYS,
                     id="a reading as old as the block says nothing"),
        pytest.param((window(10_080, 0.9, at=SINCE - 9),), [window(300, 0.0)], None, STAYS,
                     id="nor does one that leaves out a window"),
        pytest.param((window(10_080, 0.9, at=SINCE - 9, resets_in=-5),), [window(300, 0.0)], None,
                     CLEARED, id="unless that has begun anew since"),
        pytest.param((window(10_080, 0.9, at=SINCE - 9, resets_in=-150),), [window(300, 0.0)], None,
                     STAYS, id="and not before the block"),
        pytest.param((), [window(300, 1.0)], CREDITS, CLEARED, id="credits go on"),
        pytest.param((), [window(300, 1.0)], replace(CREDITS, balance=0.0), NOW + 901,
                     id="while there are any"),
        pytest.param((), [window(300, 1.0)], replace(CREDITS, measured_at=SINCE), NOW + 901,
                     id="and upstream has not refused in spite of them"),
        pytest.param((), [], None, STAYS, id="no reading says nothing"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["usage_limit", "quota"])
def test_a_limit_after_a_reading(
    kind: BlockKind,
    known: tuple[QuotaWindow, ...],
    read: list[QuotaWindow],
    credits_: Credits | None,
    until: float | None,
) -> None:
    after = evidence.after_reading(blocked(block(kind), windows=known), read, credits_, NOW)
    assert [b.until for b in after.blocks] == ([] if until is None else [until])


@pytest.mark.parametrize("kind", ["burst", "fault", "login", "model"])
def test_a_reading_says_nothing_of_rests_and_models(kind: BlockKind) -> None:
    before = blocked(block(kind))
    assert evidence.after_reading(before, [window(300, 0.0)], CREDITS, NOW).blocks == before.blocks


def test_a_spent_window_alone_makes_no_block() -> None:
    after = evidence.after_reading(blocked(), [window(300, 1.0)], None, NOW)
    assert after.blocks == ()
    assert spent(after, NOW) is not None


def test_the_headers_of_a_refusal_do_not_clear_its_block() -> None:
    """A burst of refusals with little used, each read before its block is made."""
    known = blocked()
    for at in (NOW, NOW + 0.01, NOW + 0.02):
        known = evidence.after_reading(known, [window(300, 0.3, at=at)], None, at)
        known = evidence.after_failure(known, block("usage_limit", since=at), at)
    assert [b.since for b in known.blocks] == [NOW + 0.02]


def test_a_success_disproves_what_was_thought_before_it_began() -> None:
    older, newer = block("usage_limit"), block("burst", since=NOW + 1)
    model = block("model")
    after = evidence.after_success(blocked(older, newer, model), since=NOW)
    assert after.blocks == (newer, model)


def test_there_is_one_block_of_a_kind_and_model() -> None:
    first = block("model")
    other = replace(first, model="y")
    over = block("burst", until=NOW)
    again = replace(first, since=NOW)
    after = evidence.after_failure(blocked(first, other, over), again, NOW)
    assert after.blocks == (other, again)


def test_a_report_replaces_what_was_known() -> None:
    weekly, monthly = window(10_080, 0.2), window(43_200, 0.1)
    extra = ExtraLimit("f", "F", ())
    before = blocked(windows=(window(300, 1.0), replace(weekly, measured_at=SINCE)))
    report = UsageReport(
        "pro", (monthly, weekly), credits=CREDITS, extras=(extra,), reset_credits=2
    )
    after = evidence.after_report(before, report, NOW)
    assert after.identity.plan == "pro"
    assert after.windows == (weekly, monthly)
    assert (after.credits, after.extras, after.reset_credits) == (CREDITS, (extra,), 2)


def test_what_a_report_does_not_say_stays() -> None:
    extra = ExtraLimit("f", "F", ())
    before = blocked(windows=(window(300, 1.0),))
    before = replace(before, credits=CREDITS, extras=(extra,), reset_credits=2)
    assert evidence.after_report(before, UsageReport(is_complete=False), NOW) == before


def test_a_report_after_an_early_reset_frees_the_account() -> None:
    before = blocked(block("usage_limit"), windows=(window(10_080, 1.0, at=SINCE),))
    after = evidence.after_report(before, UsageReport(windows=(window(10_080, 0.0),)), NOW)
    assert spent(after, NOW) is None


def test_a_limit_that_a_report_says_is_reached_ends_by_credits_alone() -> None:
    before = blocked(block("usage_limit"))
    report = UsageReport(windows=(window(10_080, 0.9),), limit_reached=True)
    assert evidence.after_report(before, report, NOW).blocks == before.blocks
    assert evidence.after_report(before, replace(report, credits=CREDITS), NOW).blocks == ()


@pytest.mark.parametrize(
    ("given_", "cause"),
    [
        (blocked(block("quota"), windows=(window(300, 1.0),)), "x"),
        (blocked(windows=(window(300, 0.5), window(10_080, 1.0))),
         "nothing left of the window of 10080 minutes"),
    ],
    ids=["upstream's words", "a window"],
)  # fmt: skip
def test_the_cause_of_a_limit_is_told(given_: Account, cause: str) -> None:
    assert evidence.cause(given_, NOW) == cause


@given(candidates_)
def test_every_spent_account_has_a_cause(pool: list[Candidate]) -> None:
    for candidate in pool:
        if spent(candidate.account, NOW) is not None:
            assert evidence.cause(candidate.account, NOW)
