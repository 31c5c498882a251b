"""Whoever is to be told of lost logins is told once of each, and once when it is back."""

from dataclasses import replace

from codex_lb.core.model import Account, Identity
from codex_lb.jobs.logins import LoginChange, LoginWatch

NOW = 1_790_000_000.0
WELL = Account("a", Identity("a", None, "a@example.com", "plus"), "active", None, NOW, NOW, None)
DEAD = replace(WELL, state="reauth_required", state_reason="reused")
CLOSED = replace(WELL, state="deactivated", state_reason="closed")
PAUSED = replace(WELL, state="paused")
DEAD_BEHIND_A_PAUSE = replace(PAUSED, state_reason="reused")


def told(known: list[Account], *seen: Account) -> list[LoginChange]:
    changes: list[LoginChange] = []
    watch = LoginWatch(changes.append, known)
    for account in seen:
        watch.see(account)
    return changes


LOST, BACK = LoginChange("a", False, "reused"), LoginChange("a", True)  # noqa: FBT003  as a table


def test_a_lost_login_and_its_return_are_told_once_each() -> None:
    assert told([WELL], WELL, DEAD, DEAD, WELL, WELL) == [LOST, BACK]


def test_a_pause_is_no_news_but_a_login_lost_behind_it_is() -> None:
    assert told([WELL], PAUSED, DEAD_BEHIND_A_PAUSE, PAUSED) == [LOST, BACK]


def test_a_closed_account_that_is_tried_again_and_is_closed_is_told_again() -> None:
    closed = LoginChange("a", False, "closed")  # noqa: FBT003  as a table
    assert told([WELL], CLOSED, WELL, CLOSED) == [closed, BACK, closed]


def test_what_was_lost_before_the_start_is_no_news() -> None:
    assert told([DEAD], DEAD) == []
    assert told([DEAD], WELL) == [BACK]


def test_a_new_account_is_no_news() -> None:
    assert told([], WELL) == []
