"""How an account signs in: addresses, what comes back, and which stage follows on which."""

from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import oauth
from codex_lb.core.errors import Signal
from codex_lb.core.model import Identity
from codex_lb.core.oauth import Callback, DeviceAnswer, DeviceCode, Event, Flow, Stage

NOW = 1_790_000_000.0
BACK = "http://localhost:1455/auth/callback"


def flow(stage: Stage = "pending", code: str | None = None) -> Flow:
    return Flow("flow-1", "browser", NOW + 900, None, stage, code=code)


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert oauth.challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_secret_is_long_enough_and_fits_an_address() -> None:
    assert oauth.secret(bytes(range(32))) == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def test_the_address_to_open_says_all_that_the_login_host_wants() -> None:
    url = oauth.authorization_url(
        "https://auth.example/oauth/authorize", "app_1", redirect_uri=BACK, state="s", verifier="v"
    )
    address = urlsplit(url)
    assert address._replace(query="").geturl() == "https://auth.example/oauth/authorize"
    assert {name: value[0] for name, value in parse_qs(address.query).items()} == {
        "response_type": "code",
        "client_id": "app_1",
        "redirect_uri": BACK,
        "scope": "openid profile email offline_access",
        "code_challenge": oauth.challenge("v"),
        "code_challenge_method": "S256",
        "state": "s",
        "id_token_add_organizations": "true",
        "codex_cli_simplified_flow": "true",
        "originator": "codex_chatgpt_desktop",
    }


@pytest.mark.parametrize("stage", get_args(Stage))
@pytest.mark.parametrize("event", get_args(Event))
def test_only_what_the_table_names_moves_a_flow(stage: Stage, event: Event) -> None:
    before = flow(stage)
    after = oauth.moved(before, event, message="why", code="c")
    expected = oauth.NEXT.get((stage, event))
    if expected is None:
        assert after is before
    else:
        assert (after.stage, after.message, after.code) == (expected, "why", "c")


@pytest.mark.parametrize("ended", ["success", "error"])
def test_what_has_ended_stays_ended(ended: Stage) -> None:
    assert not [stage for stage, _ in oauth.NEXT if stage == ended]


@pytest.mark.parametrize(
    ("pasted", "read"),
    [
        pytest.param(f"{BACK}?code=c&state=s", Callback("s", "c"), id="the whole address"),
        pytest.param(f"  {BACK}?scope=x&state=s&code=c#frag\n", Callback("s", "c"), id="blanks"),
        pytest.param("code=c&state=s", Callback("s", "c"), id="the query alone"),
        pytest.param("?code=c&state=s", Callback("s", "c"), id="the query with its mark"),
        pytest.param("/auth/callback?code=c&state=s", Callback("s", "c"), id="a request's target"),
        pytest.param(
            "localhost:1455/auth/callback?code=a%2Bb&state=s", Callback("s", "a+b"), id="no scheme"
        ),
        pytest.param(
            f"{BACK}?error=access_denied&state=s",
            Callback("s", refusal=oauth.DECLINED),
            id="declined",
        ),
        pytest.param(
            f"{BACK}?error=access_denied&error_description=missing_codex_entitlement&state=s",
            Callback("s", refusal=oauth.NOT_ENTITLED),
            id="a workspace without Codex",
        ),
        pytest.param(
            f"{BACK}?error=server_error&error_description=a%0Ab&state=s",
            Callback("s", refusal="The login host refused the sign-in: server_error: a b"),
            id="another refusal, printable",
        ),
        pytest.param(f"{BACK}?code=c", None, id="no state"),
        pytest.param(f"{BACK}?state=s", None, id="neither code nor error"),
        pytest.param(f"{BACK}?state=s&code=c&error=e", None, id="both"),
        pytest.param(f"{BACK}?state=s&state=t&code=c", None, id="two states"),
        pytest.param(f"{BACK}?state=&code=c", None, id="an empty state"),
        pytest.param("https://chatgpt.com/", None, id="another address"),
        pytest.param("http://[::1", None, id="no address"),
        pytest.param("", None, id="nothing"),
        pytest.param(f"{BACK}?state=s&code=" + "c" * 20_000, None, id="too long"),
    ],
)
def test_what_was_pasted_is_read(pasted: str, read: Callback | None) -> None:
    assert oauth.read_callback(pasted) == read


@given(st.text())
def test_whatever_is_pasted_raises_nothing(pasted: str) -> None:
    oauth.read_callback(pasted)


GOOD, NO = Callback("s", "c"), Callback("s", refusal="no")


@pytest.mark.parametrize(
    ("known", "callback", "expected"),
    [
        pytest.param(flow(), GOOD, "exchange", id="the first code"),
        pytest.param(flow(), NO, "declined", id="no code"),
        pytest.param(flow("exchanging", "c"), GOOD, "repeated", id="the same code meanwhile"),
        pytest.param(flow("success", "c"), GOOD, "repeated", id="the same code afterwards"),
        pytest.param(flow("success", "c"), Callback("s", "d"), "spent", id="another code"),
        pytest.param(flow("success", "c"), NO, "spent", id="a refusal afterwards"),
        pytest.param(flow("error"), GOOD, "spent", id="a code after the end"),
    ],
)
def test_a_code_is_taken_once(known: Flow, callback: Callback, expected: str) -> None:
    assert oauth.judge(known, callback) == expected


CODE = {"device_auth_id": "d", "user_code": "AB-CD"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(CODE, (5.0, 900.0), id="no times"),
        pytest.param(CODE | {"interval": "7", "expires_in": 60}, (7.0, 60.0), id="both times"),
        pytest.param(CODE | {"interval": 3, "expires_at": NOW + 90}, (3.0, 90.0), id="an end"),
        pytest.param(CODE | {"interval": -1, "expires_in": -1}, (1.0, 900.0), id="nonsense"),
        pytest.param(CODE | {"interval": 0, "expires_in": 1e9}, (5.0, 900.0), id="far off"),
        pytest.param({"device_auth_id": "d", "usercode": "AB-CD"}, (5.0, 900.0), id="one word"),
    ],
)
def test_a_device_code_is_read(document: dict[str, object], expected: tuple[float, float]) -> None:
    interval_s, lasts_s = expected
    read = oauth.read_device_code(document, NOW)
    assert read == DeviceCode("d", "AB-CD", interval_s, NOW + lasts_s)


@pytest.mark.parametrize(
    "document",
    [{}, {"user_code": "x"}, {"device_auth_id": "d"}, CODE | {"user_code": "a\nb"}],
    ids=["nothing", "no id", "no code", "a code that no terminal should show"],
)
def test_what_is_no_device_code(document: dict[str, object]) -> None:
    assert oauth.read_device_code(document, NOW) is None


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        pytest.param(Signal(403, "deviceauth_authorization_pending"), "pending", id="not yet"),
        pytest.param(Signal(403), "pending", id="a 403 without a word"),
        pytest.param(Signal(404), "pending", id="not found, as long as nobody has typed it in"),
        pytest.param(Signal(400, "slow_down"), "slow_down", id="too often"),
        pytest.param(Signal(403, "access_denied"), "denied", id="declined"),
        pytest.param(Signal(400, "expired_token"), "expired", id="too late"),
        pytest.param(Signal(0, "connect_failed"), "pending", id="unreachable for the moment"),
        pytest.param(Signal(429), "pending", id="too many"),
        pytest.param(Signal(502), "pending", id="a fault for the moment"),
        pytest.param(Signal(400, "invalid_request"), "failed", id="a refusal for good"),
        pytest.param(Signal(401, "invalid_client"), "failed", id="another one"),
    ],
)
def test_what_a_device_code_without_a_grant_means(signal: Signal, expected: DeviceAnswer) -> None:
    assert oauth.device_answer(signal) == expected


def test_two_seats_under_one_address_are_told_apart() -> None:
    wanted = Identity("acc-1", "user", "a@example.com", "team", "ws-1", "Acme")
    got = Identity("acc-2", "user", "a@example.com", "plus")
    assert oauth.other_seat(wanted, got) == (
        "You signed in as a@example.com (acc-2), but this is for a@example.com (Acme)."
        " Nothing was changed."
    )


def test_nothing_secret_is_shown() -> None:
    grant = oauth.Grant("s3cr3t", "s3cr3t", BACK)
    shown = [GOOD, grant, flow(code="s3cr3t"), DeviceCode("s3cr3t", "AB-CD", 5, NOW)]
    assert "s3cr3t" not in repr(shown)
    assert "'c'" not in repr(GOOD)
