"""Who is the operator, as a table; how long a session lives; what may be a password."""

from dataclasses import replace

import pytest

from codex_lb.core import operator
from codex_lb.core.operator import LIFE_S, Login, Refused, Session, Shown

NOW = 1_800_000_000.0
OPEN = Login()
LOCKED = Login("$argon2id$...")
ENROLLED = replace(LOCKED, totp_secret="A" * 32)
STRICT = replace(ENROLLED, requires_code=True)

PLAIN = Session("hash", NOW, NOW, owes_code=True)
VERIFIED = replace(PLAIN, owes_code=False)

LOCAL, REMOTE = Shown(is_local=True), Shown(is_local=False)
RIGHT, WRONG = replace(REMOTE, bearer="right"), replace(REMOTE, bearer="wrong")


def case(login: Login, shown: Shown, expected: str, title: str, *, token: bool = False) -> object:
    return pytest.param(login, shown, token, expected, id=title)


@pytest.mark.parametrize(
    ("login", "shown", "has_token", "expected"),
    [
        case(OPEN, LOCAL, "local", "without password and token a local caller is it"),
        case(OPEN, REMOTE, "bootstrap_required", "a remote one is not"),
        case(
            OPEN,
            replace(LOCAL, is_foreign=True),
            "cross_site_request",
            "nor a link on another site's page that leads here",
        ),
        case(LOCKED, LOCAL, "authentication_required", "a password ends that"),
        case(OPEN, LOCAL, "authentication_required", "and so does a token", token=True),
        case(LOCKED, REMOTE, "authentication_required", "for remote callers too"),
        case(LOCKED, replace(REMOTE, session=PLAIN), "session", "a session is it from anywhere"),
        case(ENROLLED, replace(REMOTE, session=PLAIN), "session", "also if codes are optional"),
        case(STRICT, replace(REMOTE, session=PLAIN), "totp_required", "but not if one is due"),
        case(STRICT, replace(LOCAL, session=PLAIN), "totp_required", "not even from here"),
        case(STRICT, replace(REMOTE, session=VERIFIED), "session", "with the code it is"),
        case(
            LOCKED,
            replace(REMOTE, session=VERIFIED, is_foreign=True),
            "session",
            "a link may lead the operator here",
        ),
        case(
            LOCKED,
            replace(REMOTE, session=VERIFIED, is_foreign=True, is_cross_site=True),
            "cross_site_request",
            "a foreign page writes nothing, whoever is signed in",
        ),
        case(
            OPEN,
            replace(RIGHT, is_cross_site=True, is_foreign=True),
            "cross_site_request",
            "not even with the token",
            token=True,
        ),
        case(OPEN, RIGHT, "token", "the token is it", token=True),
        case(STRICT, RIGHT, "token", "beside a password and codes too", token=True),
        case(OPEN, WRONG, "invalid_admin_token", "a wrong token is refused", token=True),
        case(
            LOCKED,
            replace(WRONG, session=VERIFIED),
            "invalid_admin_token",
            "even beside a good session",
            token=True,
        ),
        case(
            OPEN, replace(WRONG, is_local=True), "invalid_admin_token", "or from here", token=True
        ),
    ],
)
def test_who_is_the_operator(login: Login, shown: Shown, has_token: bool, expected: str) -> None:
    judged = operator.judge(login, shown, has_token=has_token)
    assert (judged.code if isinstance(judged, Refused) else judged) == expected


@pytest.mark.parametrize(
    ("created", "seen", "life_s", "alive"),
    [
        pytest.param(0, 0, LIFE_S, True, id="a new session lives"),
        pytest.param(23 * 3600, 23 * 3600, LIFE_S, True, id="a day without use"),
        pytest.param(24 * 3600, 24 * 3600, LIFE_S, False, id="and no longer"),
        pytest.param(7 * 86_400 - 1, 0, LIFE_S, True, id="in use it lives a week"),
        pytest.param(7 * 86_400, 0, LIFE_S, False, id="and no longer"),
        pytest.param(3_600, 0, 3_600, False, id="or as long as the operator says"),
    ],
)
def test_sessions_end_by_themselves(
    created: float, seen: float, life_s: float, alive: bool
) -> None:
    session = Session("hash", NOW - created, NOW - seen, owes_code=False)
    assert operator.is_alive(session, NOW, life_s=life_s) is alive


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("1234567", "validation_error"),
        ("12345678", None),
        ("é" * 36, None),
        ("é" * 37, "password_too_long"),
        ("\ud800" * 8, None),
    ],
)
def test_passwords_have_a_length(password: str, code: str | None) -> None:
    unfit = operator.why_unfit(password)
    assert (unfit.code if unfit else None) == code


def test_nobody_reads_secrets_in_a_log() -> None:
    shown = repr(Login("h4sh", "S3CRET", 1, ("r3covery",)))
    assert not any(secret in shown for secret in ("h4sh", "S3CRET", "r3covery"))
