"""When a credential is renewed ahead of need, and how patiently a failure is repeated."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.model import Credential
from codex_lb.core.renewal import due_at, retry_s

NOW = 1_800_000_000.0
DAY_S = 86_400.0
MINUTE_S = 60.0
INTERVAL_S = 8 * DAY_S


def due_in(*, ends_in_s: float | None, age_s: float = 0.0, account_id: str = "a") -> float:
    """Seconds from now until the credential is due; negative when it is overdue."""
    expires_at = None if ends_in_s is None else NOW + ends_in_s
    credential = Credential("access", "refresh", "id", expires_at, NOW - age_s)
    return due_at(account_id, credential, interval_s=INTERVAL_S) - NOW


@pytest.mark.parametrize(
    ("ends_in_s", "age_s", "is_due"),
    [
        pytest.param(10 * DAY_S, DAY_S, False, id="a new one is not"),
        pytest.param(31 * MINUTE_S, DAY_S, False, id="one that lasts for a while is not"),
        pytest.param(15 * MINUTE_S, DAY_S, True, id="one that ends soon is"),
        pytest.param(-DAY_S, 2 * DAY_S, True, id="one that has ended is"),
        pytest.param(10 * DAY_S, 8 * DAY_S, True, id="an old one is, however long it lasts"),
        pytest.param(None, 8 * DAY_S, True, id="an old one that does not say when it ends is"),
        pytest.param(None, 6 * DAY_S, False, id="a younger one that does not say is not"),
        pytest.param(-1, 4 * MINUTE_S, False, id="one just renewed is not, however short it lasts"),
    ],
)
@given(account_id=st.text(max_size=12))
def test_a_credential_is_due(
    ends_in_s: float | None, age_s: float, is_due: bool, account_id: str
) -> None:
    due = due_in(ends_in_s=ends_in_s, age_s=age_s, account_id=account_id)
    assert (due <= 0) is is_due


def test_accounts_added_together_come_due_apart() -> None:
    names = [f"account-{number}" for number in range(40)]
    by_end = sorted(due_in(ends_in_s=DAY_S, account_id=name) for name in names)
    by_age = sorted(due_in(ends_in_s=None, account_id=name) for name in names)
    assert by_end[-1] - by_end[0] > 10 * MINUTE_S
    assert by_age[-1] - by_age[0] > DAY_S / 2
    assert by_end == sorted(due_in(ends_in_s=DAY_S, account_id=name) for name in names)


@pytest.mark.parametrize(
    ("failures", "wait_s"), [(1, 300), (2, 600), (3, 1200), (4, 2400), (5, 3600), (9_999, 3600)]
)
def test_each_failure_doubles_the_wait_up_to_an_hour(failures: int, wait_s: float) -> None:
    assert math.isclose(retry_s(failures), wait_s)
