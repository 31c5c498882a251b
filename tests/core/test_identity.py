"""Reading an `auth.json`: what is taken from it, and what is said when it cannot be used."""

import base64
import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.identity import InvalidAuthJson, claims_of, expiry, local_id, parse
from codex_lb.core.model import Credential, Identity

NOW = 1_790_000_000.0
AUTH = "https://api.openai.com/auth"
SECRET = "s3cr3t-s3cr3t"

Json = dict[str, object]


def jwt(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln"


def claims(**auth: object) -> Json:
    return {"email": "alice@example.com", AUTH: {"chatgpt_plan_type": "plus", **auth}}


def tokens(id_claims: object = None, **changes: object) -> Json:
    """The tokens of a usable file; a change to None takes the name away."""
    made: Json = {
        "id_token": jwt(claims() if id_claims is None else id_claims),
        "access_token": jwt({"exp": 1_800_000_000}),
        "refresh_token": "rt_1",
        "account_id": "acc-1",
    }
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


def document(given_tokens: object = None, **changes: object) -> bytes:
    root: Json = {"OPENAI_API_KEY": None, "tokens": given_tokens or tokens()}
    root.update(changes)
    return json.dumps(root).encode()


def who(id_claims: object, **changes: object) -> Identity:
    return parse(document(tokens(id_claims, **changes)), now=NOW)[0]


def test_a_file_gives_identity_and_credential() -> None:
    given_tokens = tokens(claims(chatgpt_user_id="user-1"))
    stamp = "2026-09-01T12:00:00.123456789Z"
    identity, credential = parse(document(given_tokens, last_refresh=stamp), now=NOW)
    assert identity == Identity("acc-1", "user-1", "alice@example.com", "plus")
    assert credential == Credential(
        access_token=str(given_tokens["access_token"]),
        refresh_token="rt_1",
        id_token=str(given_tokens["id_token"]),
        expires_at=1_800_000_000.0,
        refreshed_at=1_788_264_000.123456,
    )


@pytest.mark.parametrize(
    ("id_claims", "changes", "expected"),
    [
        pytest.param(
            claims(chatgpt_account_id="other"),
            {},
            {"chatgpt_account_id": "acc-1"},
            id="the account id beside the tokens stands over the claim",
        ),
        pytest.param(
            claims(chatgpt_account_id="claimed"),
            {"account_id": None},
            {"chatgpt_account_id": "claimed"},
            id="without it the claim counts",
        ),
        pytest.param(
            claims(), {"account_id": None}, {"chatgpt_account_id": None}, id="or there is none"
        ),
        pytest.param(claims(chatgpt_plan_type="ProLite"), {}, {"plan": "prolite"}, id="plan"),
        pytest.param({"email": "a@example.com"}, {}, {"plan": "unknown"}, id="a plan not told"),
        pytest.param(claims(chatgpt_plan_type="日本"), {}, {"plan": "unknown"}, id="an odd plan"),
        pytest.param(
            {AUTH: {}}, {}, {"email": "unknown@example.com"}, id="an e-mail address not told"
        ),
        pytest.param(
            {"email": "a@example.com", "chatgpt_plan_type": "team", "workspace_id": "w"},
            {},
            {"plan": "team", "workspace_id": "w"},
            id="claims at top level are a fallback",
        ),
        pytest.param(
            claims(workspace_id=7, org_id="w-2", organization_name="Acme", seat_type="chatgpt"),
            {},
            {"workspace_id": "w-2", "workspace_label": "Acme", "seat_type": "chatgpt"},
            id="the workspace goes by several names",
        ),
        pytest.param(
            {"email": "a@example.com", "sub": "auth0|1"},
            {},
            {"chatgpt_user_id": "auth0|1"},
            id="the subject stands in for a user id",
        ),
        pytest.param(
            {"email": ["x"], "sub": "u", AUTH: "x"},
            {},
            {"email": "unknown@example.com", "plan": "unknown"},
            id="claims of a foreign shape are passed over",
        ),
        pytest.param(
            {"email": "a\u001b[2J@example.com", "sub": "u"},
            {},
            {"email": "unknown@example.com"},
            id="a claim that would write control characters to a terminal is passed over",
        ),
    ],
)
def test_identity(id_claims: object, changes: Json, expected: Json) -> None:
    identity = who(id_claims, **changes)
    assert {name: getattr(identity, name) for name in expected} == expected


def test_camel_case_names_are_read_too() -> None:
    snake = tokens()
    camel = {
        "idToken": snake["id_token"],
        "accessToken": snake["access_token"],
        "refreshToken": snake["refresh_token"],
        "accountId": snake["account_id"],
    }
    stamp = "2026-09-01T12:00:00Z"
    assert parse(document(camel, lastRefreshAt=stamp), now=NOW) == parse(
        document(snake, last_refresh=stamp), now=NOW
    )


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        pytest.param(None, NOW, id="a file that does not say was refreshed now"),
        pytest.param("2026-09-01T14:00:00+02:00", 1_788_264_000.0, id="any offset is understood"),
        pytest.param("2026-09-01T12:00:00", 1_788_264_000.0, id="no offset means UTC"),
        pytest.param("2199-01-01T00:00:00Z", NOW, id="the future counts as now"),
        pytest.param("0001-01-01T00:00:00+14:00", 0.0, id="times before the epoch are the epoch"),
    ],
)
def test_last_refresh(stamp: str | None, expected: float) -> None:
    assert parse(document(last_refresh=stamp), now=NOW)[1].refreshed_at == expected


@pytest.mark.parametrize(
    ("file", "field"),
    [
        pytest.param(b"", "auth_json", id="an empty file"),
        pytest.param(b"{", "auth_json", id="not JSON"),
        pytest.param(b"[]", "auth_json", id="not an object"),
        pytest.param(b'{"tokens":"\xff"}', "auth_json", id="not UTF-8"),
        pytest.param(b"[" * 100_000, "auth_json", id="nested without end"),
        pytest.param(b"{}", "tokens", id="no tokens"),
        pytest.param(b'{"tokens":[]}', "tokens", id="tokens of another shape"),
        pytest.param(b'{"OPENAI_API_KEY":"sk-1"}', "tokens", id="an API key only"),
        pytest.param(document(tokens(id_token=None)), "tokens.id_token", id="no id token"),
        pytest.param(document(tokens(access_token=None)), "tokens.access_token", id="no access"),
        pytest.param(document(tokens(refresh_token="")), "tokens.refresh_token", id="empty token"),
        pytest.param(document(tokens(refresh_token=5)), "tokens.refresh_token", id="a number"),
        pytest.param(
            document(tokens(access_token=f"{SECRET}\r\nx: y")),
            "tokens.access_token",
            id="a token that would end a header line",
        ),
        pytest.param(document(tokens(id_token=SECRET)), "tokens.id_token", id="not a JWT"),
        pytest.param(
            document(tokens(id_token=f"a.{SECRET}.c")), "tokens.id_token", id="not base64 of JSON"
        ),
        pytest.param(document(tokens(["x"])), "tokens.id_token", id="claims that are a list"),
        pytest.param(
            document(tokens({"n": 1}, account_id=None)), "tokens.id_token", id="nobody's token"
        ),
        pytest.param(
            document(tokens(claims(chatgpt_account_id="../x"), account_id=None)),
            "tokens.id_token",
            id="a claimed account id that would leave our paths",
        ),
        pytest.param(
            document(tokens(account_id="a/b")), "tokens.account_id", id="such an id beside them"
        ),
        pytest.param(document(last_refresh="yesterday"), "last_refresh", id="no time"),
        pytest.param(document(last_refresh=5), "last_refresh", id="a time that is no text"),
    ],
)
def test_a_file_is_refused_by_the_name_of_its_field(file: bytes, field: str) -> None:
    with pytest.raises(InvalidAuthJson) as refusal:
        parse(file, now=NOW)
    assert refusal.value.field == field
    assert field in refusal.value.message or field == "auth_json"
    assert SECRET not in refusal.value.message


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        pytest.param(jwt({"exp": 5}), 5.0, id="seconds"),
        pytest.param(jwt({"exp": 5.5}), 5.5, id="also with a fraction"),
        pytest.param(jwt({}), None, id="not told"),
        pytest.param(jwt({"exp": "5"}), None, id="not a number"),
        pytest.param(jwt({"exp": True}), None, id="a truth is not a number"),
        pytest.param(jwt({"exp": 10**400}), None, id="beyond all dates"),
        pytest.param("opaque", None, id="not a JWT"),
    ],
)
def test_expiry(token: str, expected: float | None) -> None:
    assert expiry(token) == expected


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        pytest.param(
            Identity("acc-1", None, "alice@example.com", "plus"),
            "acc-1_ff8d9819",
            id="account and e-mail address",
        ),
        pytest.param(
            Identity("acc-1", None, "Alice@Example.com", "plus"),
            "acc-1_ff8d9819",
            id="whatever the case of the address",
        ),
        pytest.param(
            Identity("acc-1", None, "alice@example.com", "team", workspace_id="w-1"),
            "acc-1_0065abd0",
            id="the workspace stands over the address",
        ),
        pytest.param(
            Identity("acc-1", None, "unknown@example.com", "plus"), "acc-1", id="account alone"
        ),
        pytest.param(
            Identity(None, None, "alice@example.com", "plus"),
            "email_ff8d9819fc0e",
            id="address alone",
        ),
        pytest.param(
            Identity(None, "user-1", "unknown@example.com", "plus"),
            "local_c6c289e49e9c",
            id="user alone",
        ),
    ],
)
def test_local_id(identity: Identity, expected: str) -> None:
    assert local_id(identity) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
odd_tokens = st.fixed_dictionaries(
    {},
    optional={
        name: json_values | json_values.map(jwt) | st.sampled_from([jwt(claims()), "rt_1"])
        for name in ("id_token", "access_token", "refresh_token", "account_id")
    },
)
documents = st.one_of(
    st.binary(),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.builds(document, odd_tokens | json_values),
    st.builds(
        lambda value, stamp: document(tokens(value), last_refresh=stamp),
        json_values,
        st.datetimes().map(str) | json_values,
    ),
)


@given(documents)
def test_whatever_the_file_it_is_read_or_refused(file: bytes) -> None:
    with contextlib.suppress(InvalidAuthJson):
        identity, credential = parse(file, now=NOW)
        assert local_id(identity)
        assert "/" not in local_id(identity)
        assert credential.refreshed_at <= NOW
        assert "token" not in repr(credential)


@pytest.mark.parametrize("read", [claims_of, expiry])
@given(token=st.text())
def test_any_text_may_be_taken_for_a_token(read: Callable[[str], object], token: str) -> None:
    assert read(token) is None
