"""One-time codes by the vectors of RFC 6238; each code and each recovery code is good once."""

import pytest

from codex_lb.core import one_time_codes as codes
from codex_lb.core import operator
from codex_lb.core.operator import Login

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890", as in the RFC
AT = 1_111_111_109
STEP = AT // 30


@pytest.mark.parametrize(
    ("code", "last_step", "step"),
    [
        pytest.param("081804", 0, STEP, id="the code of now"),
        pytest.param("081 804", 0, STEP, id="with the space that apps show"),
        pytest.param("050471", 0, STEP + 1, id="a clock ahead by a step"),
        pytest.param("081804", STEP - 1, STEP, id="after an earlier one"),
        pytest.param("081804", STEP, None, id="the same again"),
        pytest.param("081804", STEP + 1, None, id="an older one after a newer one"),
        pytest.param("081805", 0, None, id="a wrong one"),
        pytest.param("81804", 0, None, id="a digit short"),
        pytest.param("٠٨١٨٠٤", 0, None, id="digits of another script"),
        pytest.param("", 0, None, id="nothing"),
    ],
)
def test_a_code_and_its_step(code: str, last_step: int, step: int | None) -> None:
    assert codes.matching_step(SECRET, code, last_step=last_step, now=AT) == step


@pytest.mark.parametrize("apart", [-2, 2])
def test_two_steps_away_is_too_far(apart: int) -> None:
    step = codes.matching_step(SECRET, "081804", last_step=0, now=AT + apart * 30)
    assert step is None


@pytest.mark.parametrize(
    ("secret", "good"),
    [("A" * 32, True), ("A" * 31, False), ("a" * 32, False), ("1" * 32, False), ("", False)],
)
def test_only_secrets_of_our_making_are_taken(secret: str, good: bool) -> None:
    assert codes.is_secret(secret) is good


def test_a_code_is_used_up_once_taken() -> None:
    login = Login("hash", SECRET)
    taken = operator.taken(login, "081804", AT)
    assert taken is not None
    assert taken.last_step == STEP
    assert operator.taken(taken, "081804", AT) is None
    assert operator.taken(taken, "050471", AT) is not None


def test_a_recovery_code_is_used_up_once_taken() -> None:
    first, second = "abcd-efgh-ijkl-mnop", "qrst-uvwx-yz23-4567"
    login = Login("hash", SECRET, recovery=(codes.hashed(first), codes.hashed(second)))
    taken = operator.taken(login, " ABCDEFGH ijkl-mnop", AT)
    assert taken is not None
    assert taken.recovery == (codes.hashed(second),)
    assert operator.taken(taken, first, AT) is None


def test_without_enrolment_no_code_is_good() -> None:
    assert operator.taken(Login("hash", recovery=(codes.hashed("x"),)), "x", AT) is None


def test_a_recovery_code_is_written_in_groups() -> None:
    assert codes.shown("ABCDEFGHIJKLMNOP") == "abcd-efgh-ijkl-mnop"
