"""Whether an account is signed in, as the operator reads it."""

from dataclasses import replace

import pytest

from codex_lb.core import login_state
from codex_lb.core.login_state import Kind
from codex_lb.core.model import Account, Block, Identity

NOW = 1_790_000_000.0  # 14:13:20 UTC
ALICE = Account(
    "a",
    Identity("acc-1", None, "alice@example.com", "plus"),
    "active",
    None,
    NOW,
    NOW - 3_600,
    NOW + 600,
)
REUSED = "HTTP 401: refresh_token_reused: Sign in."


@pytest.mark.parametrize(
    ("account", "kind", "text"),
    [
        pytest.param(
            ALICE, "signed_in", "signed in until 14:23 UTC, last refreshed 13:13 UTC", id="well"
        ),
        pytest.param(
            replace(ALICE, state="paused"),
            "signed_in",
            "signed in until 14:23 UTC, last refreshed 13:13 UTC",
            id="paused and well",
        ),
        pytest.param(
            replace(ALICE, access_expires_at=NOW - 1),
            "signed_in",
            "signed in, last refreshed 13:13 UTC",
            id="about to be renewed",
        ),
        pytest.param(
            replace(ALICE, access_expires_at=None),
            "signed_in",
            "signed in, last refreshed 13:13 UTC",
            id="no end known",
        ),
        pytest.param(
            replace(ALICE, blocks=(Block("login", NOW, NOW + 300, "HTTP 401"),)),
            "refused",
            "just now refused, tried again at 14:18 UTC: HTTP 401",
            id="refused for the moment",
        ),
        pytest.param(
            replace(ALICE, blocks=(Block("login", NOW - 9, NOW, "HTTP 401"),)),
            "signed_in",
            "signed in until 14:23 UTC, last refreshed 13:13 UTC",
            id="a refusal that is over",
        ),
        pytest.param(
            replace(ALICE, state="reauth_required", state_reason=REUSED),
            "sign_in_again",
            f"sign in again because another program has used the same sign-in ({REUSED})",
            id="dead, with the reason in plain words",
        ),
        pytest.param(
            replace(ALICE, state="paused", state_reason=REUSED),
            "sign_in_again",
            f"sign in again because another program has used the same sign-in ({REUSED})",
            id="dead behind a pause",
        ),
        pytest.param(
            replace(ALICE, state="reauth_required", state_reason="HTTP 400: odd"),
            "sign_in_again",
            "sign in again because HTTP 400: odd",
            id="a reason nobody knows",
        ),
        pytest.param(
            replace(ALICE, state="reauth_required"),
            "sign_in_again",
            "sign in again because the login host refused it",
            id="no reason",
        ),
        pytest.param(
            replace(ALICE, state="deactivated", state_reason="HTTP 403: account_deactivated"),
            "deactivated",
            "deactivated by ChatGPT: HTTP 403: account_deactivated",
            id="closed by ChatGPT",
        ),
    ],
)
def test_the_login_of_an_account_that_is(account: Account, kind: Kind, text: str) -> None:
    state = login_state.of(account, NOW)
    assert (state.kind, state.text) == (kind, text)
