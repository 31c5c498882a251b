"""Which changes of state an operator may make."""

from typing import get_args

import pytest

from codex_lb.core.accounts import PAUSE, REACTIVATE, Change, why_not
from codex_lb.core.model import AccountState


@pytest.mark.parametrize(
    ("change", "state", "allowed"),
    [
        pytest.param(PAUSE, "active", True, id="an active account may be paused"),
        pytest.param(PAUSE, "paused", True, id="pausing twice is harmless"),
        pytest.param(PAUSE, "reauth_required", False, id="one without a sign-in may not"),
        pytest.param(PAUSE, "deactivated", False, id="nor one that is deactivated"),
        pytest.param(REACTIVATE, "paused", True, id="a paused account may come back"),
        pytest.param(REACTIVATE, "deactivated", True, id="a deactivated one may be tried again"),
        pytest.param(REACTIVATE, "active", True, id="reactivating twice is harmless"),
        pytest.param(REACTIVATE, "reauth_required", False, id="a lost sign-in must be renewed"),
    ],
)
def test_changes(change: Change, state: AccountState, allowed: bool) -> None:
    assert (state in change.allowed_from) is allowed


def test_every_refusal_says_what_stands_in_the_way() -> None:
    for change in (PAUSE, REACTIVATE):
        sentences = {why_not(change, state) for state in get_args(AccountState)}
        assert len(sentences) == len(get_args(AccountState))
        assert all(f"cannot be {change.wish}: it " in sentence for sentence in sentences)
