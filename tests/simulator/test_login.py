"""The login host: browser login, device login, refresh."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from aiohttp import ClientSession
from tests.simulator.calls import START, Answer, Clock, JsonObject, post

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.accounts import CLIENT_ID
from codex_lb.simulator.steps import Refuse, Reset, Status

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
CALLBACK = "http://localhost:1455/auth/callback"
AUTHORIZE = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": CALLBACK,
    "scope": "openid profile email offline_access",
    "code_challenge": CHALLENGE.decode(),
    "code_challenge_method": "S256",
    "state": "s1",
    "id_token_add_organizations": "true",
    "codex_cli_simplified_flow": "true",
    "originator": "codex_chatgpt_desktop",
}


def claims(token: str) -> JsonObject:
    part = token.split(".")[1]
    decoded: JsonObject = msgspec.json.decode(base64.urlsafe_b64decode(part + "=="))
    return decoded


async def send(sim: Simulator, path: str, **how: object) -> Answer:
    async with (
        ClientSession() as session,
        session.post(sim.auth_url + path, **how) as reply,  # type: ignore[arg-type]  # json= or data=
    ):
        return Answer(reply.status, reply.headers, await reply.read())


async def refresh(sim: Simulator, token: str, **changes: str) -> Answer:
    request = {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "refresh_token": token,
        "scope": "openid profile email",
    }
    return await send(sim, "/oauth/token", json=request | changes)


async def exchange(sim: Simulator, code: str, **changes: str) -> Answer:
    request = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": CALLBACK,
    }
    return await send(sim, "/oauth/token", data=request | changes)


async def authorize(sim: Simulator, **changes: str) -> Answer:
    async with (
        ClientSession() as session,
        session.get(
            f"{sim.auth_url}/oauth/authorize", params=AUTHORIZE | changes, allow_redirects=False
        ) as reply,
    ):
        return Answer(reply.status, reply.headers, await reply.read())


async def code_for(sim: Simulator, account: SimAccount) -> str:
    location = (await authorize(sim, login_hint=account.email)).headers["location"]
    return parse_qs(urlsplit(location).query)["code"][0]


def test_the_tokens_are_jwts_with_the_real_claims(account: SimAccount) -> None:
    tokens = account.auth_json()["tokens"]
    identity, access = claims(tokens["id_token"]), claims(tokens["access_token"])
    assert identity["email"] == "a@example.com"
    assert identity["https://api.openai.com/auth"]["chatgpt_account_id"] == account.account_id
    assert identity["https://api.openai.com/auth"]["chatgpt_plan_type"] == "plus"
    assert access["exp"] == START + 3600
    assert access["https://api.openai.com/profile"]["email"] == "a@example.com"
    assert tokens["account_id"] == account.account_id
    assert account.auth_json()["last_refresh"] == "2027-01-15T08:00:00Z"


async def test_a_refresh_rotates_all_three_tokens(
    sim: Simulator, account: SimAccount, clock: Clock
) -> None:
    before = account.auth_json()["tokens"]
    clock.now += 10

    answer = await refresh(sim, account.refresh_token)

    fresh = {name: answer.json[name] for name in ("id_token", "access_token", "refresh_token")}
    assert answer.status == 200
    assert fresh == {name: account.auth_json()["tokens"][name] for name in fresh}
    assert all(fresh[name] != before[name] for name in fresh)
    assert (await post(sim, account)).status == 200
    assert (sim.refresh_calls(account), sim.reuse_count) == (1, 0)


async def test_a_refresh_token_used_twice_ends_the_session(
    sim: Simulator, account: SimAccount
) -> None:
    first = account.refresh_token
    await refresh(sim, first)

    again = await refresh(sim, first)

    assert again.status == 401
    assert again.json["error"]["code"] == "refresh_token_reused"
    assert (sim.refresh_calls(account), sim.reuse_count) == (2, 1)
    dead = await post(sim, account)
    assert (dead.status, dead.json["error"]["code"]) == (401, "token_invalidated")
    after = await refresh(sim, account.refresh_token)
    assert (after.status, after.json["error"]["code"]) == (401, "refresh_token_reused")


@pytest.mark.parametrize(
    ("session", "code"),
    [
        ("expired", "refresh_token_expired"),
        ("invalidated", "refresh_token_invalidated"),
        ("deactivated", "account_deactivated"),
    ],
)
async def test_sessions_that_ended_otherwise(
    sim: Simulator, account: SimAccount, session: str, code: str
) -> None:
    account.session = session  # type: ignore[assignment]  # one of the Session words, by the table
    answer = await refresh(sim, account.refresh_token)
    assert (answer.status, answer.json["error"]["code"]) == (401, code)


@pytest.mark.parametrize(
    ("token", "changes", "status"),
    [
        pytest.param("rt_unknown", {}, 401, id="an unknown token"),
        pytest.param("", {"client_id": "app_other"}, 401, id="another client"),
        pytest.param("", {"grant_type": "authorization_code"}, 400, id="a code in JSON"),
    ],
)
async def test_refused_refreshes(
    sim: Simulator, account: SimAccount, token: str, changes: dict[str, str], status: int
) -> None:
    before = account.refresh_token
    answer = await refresh(sim, token or before, **changes)
    assert answer.status == status
    assert account.refresh_token == before


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Status(500, "oops"), id="a fault"),
        pytest.param(Refuse("invalid_grant"), id="a permanent refusal"),
        pytest.param(Refuse("refresh_token_expired", status=500), id="its words with a 500"),
    ],
)
async def test_scripted_refreshes_spend_no_token(
    sim: Simulator, account: SimAccount, step: Status | Refuse
) -> None:
    sim.script(step, account=account, endpoint="refresh", times=1)
    refused = await refresh(sim, account.refresh_token)
    assert refused.status in (400, 401, 500)
    assert (await refresh(sim, account.refresh_token)).status == 200
    assert (sim.refresh_calls(account), sim.reuse_count) == (2, 0)


async def test_a_refresh_may_be_reset(sim: Simulator, account: SimAccount) -> None:
    sim.script(Reset(), endpoint="refresh", times=1)
    with pytest.raises(OSError, match="reset"):
        await refresh(sim, account.refresh_token)
    assert (await refresh(sim, account.refresh_token)).status == 200


async def test_access_tokens_lapse_by_the_clock(sim: Simulator, account: SimAccount) -> None:
    sim.advance(3599)
    assert (await post(sim, account)).status == 200
    sim.advance(1)
    lapsed = await post(sim, account)
    assert (lapsed.status, lapsed.json["error"]["code"]) == (401, "token_expired")


async def test_access_tokens_lapse_when_told(sim: Simulator, account: SimAccount) -> None:
    account.expire()
    assert (await post(sim, account)).json["error"]["code"] == "token_expired"
    assert (await refresh(sim, account.refresh_token)).status == 200
    assert (await post(sim, account)).status == 200


async def test_a_browser_login_from_page_to_tokens(sim: Simulator, account: SimAccount) -> None:
    page = await authorize(sim)
    assert (page.status, b"a@example.com" in page.body) == (200, True)

    target = urlsplit((await authorize(sim, login_hint=account.account_id)).headers["location"])
    query = parse_qs(target.query)
    assert target._replace(query="").geturl() == CALLBACK
    assert query["state"] == ["s1"]

    answer = await exchange(sim, query["code"][0])
    assert answer.status == 200
    assert answer.json["access_token"] == account.access_token
    assert (await post(sim, account)).status == 200


async def test_a_new_login_revives_a_dead_account(sim: Simulator, account: SimAccount) -> None:
    account.session = "reused"
    old = account.refresh_token
    assert (await exchange(sim, await code_for(sim, account))).status == 200
    assert (await post(sim, account)).status == 200
    assert (await refresh(sim, old)).json["error"]["code"] == "invalid_refresh_token"
    assert (await post(sim, account)).status == 200


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        pytest.param({"code_verifier": "w" * 43}, 400, "invalid_grant", id="a wrong verifier"),
        pytest.param({"code": "ac_x"}, 400, "invalid_grant", id="an unknown code"),
        pytest.param({"redirect_uri": "http://x"}, 400, "invalid_grant", id="another redirect"),
        pytest.param({"client_id": "app_x"}, 401, "invalid_client", id="another client"),
        pytest.param(
            {"grant_type": "refresh_token"}, 400, "unsupported_grant_type", id="a refresh in a form"
        ),
    ],
)
async def test_refused_exchanges(
    sim: Simulator, account: SimAccount, changes: dict[str, str], status: int, told: str
) -> None:
    sound = {"code": await code_for(sim, account)}
    answer = await exchange(sim, **(sound | changes))
    assert (answer.status, answer.json["error"]) == (status, told)


async def test_a_code_works_once_and_not_for_long(sim: Simulator, account: SimAccount) -> None:
    first, second = await code_for(sim, account), await code_for(sim, account)
    assert (await exchange(sim, first)).status == 200
    assert (await exchange(sim, first)).status == 400
    sim.advance(600)
    assert (await exchange(sim, second)).status == 400


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_id": "app_x"}, id="another client"),
        pytest.param({"code_challenge_method": "plain"}, id="no S256"),
        pytest.param(
            {"redirect_uri": "http://evil.example/auth/callback"}, id="a foreign redirect"
        ),
        pytest.param({"redirect_uri": "http://localhost:1455/other"}, id="another path"),
        pytest.param({"state": ""}, id="no state"),
    ],
)
async def test_refused_authorizations(
    sim: Simulator, account: SimAccount, changes: dict[str, str]
) -> None:
    answer = await authorize(sim, login_hint=account.email, **changes)
    assert (answer.status, "location" in answer.headers) == (400, False)


async def test_signing_in_as_nobody_is_not_found(sim: Simulator) -> None:
    assert (await authorize(sim, login_hint="nobody@example.com")).status == 404


async def test_a_device_login_from_code_to_tokens(sim: Simulator, account: SimAccount) -> None:
    started = await send(sim, "/api/accounts/deviceauth/usercode", json={"client_id": CLIENT_ID})
    assert (started.json["interval"], started.json["expires_in"]) == ("5", 900)
    poll = {key: started.json[key] for key in ("device_auth_id", "user_code")}

    pending = await send(sim, "/api/accounts/deviceauth/token", json=poll)
    assert pending.status == 403
    sim.approve_device(poll["user_code"], account)
    granted = await send(sim, "/api/accounts/deviceauth/token", json=poll)

    assert granted.status == 200
    answer = await exchange(
        sim,
        granted.json["authorization_code"],
        code_verifier=granted.json["code_verifier"],
        redirect_uri=f"{sim.auth_url}/deviceauth/callback",
    )
    assert answer.json["refresh_token"] == account.refresh_token


@pytest.mark.parametrize(
    ("changes", "advance_s", "status"),
    [
        pytest.param({}, 0, 403, id="not approved yet"),
        pytest.param({"user_code": "WRONG"}, 0, 404, id="another code"),
        pytest.param({"device_auth_id": "x"}, 0, 404, id="an unknown login"),
        pytest.param({}, 900, 400, id="too late"),
    ],
)
async def test_device_polls(
    sim: Simulator, changes: dict[str, str], advance_s: float, status: int
) -> None:
    started = await send(sim, "/api/accounts/deviceauth/usercode", json={"client_id": CLIENT_ID})
    sim.advance(advance_s)
    poll = {key: started.json[key] for key in ("device_auth_id", "user_code")}
    answer = await send(sim, "/api/accounts/deviceauth/token", json=poll | changes)
    assert answer.status == status


async def test_device_login_may_be_switched_off(sim: Simulator) -> None:
    sim.login.device_enabled = False
    answer = await send(sim, "/api/accounts/deviceauth/usercode", json={"client_id": CLIENT_ID})
    assert answer.status == 404


async def test_a_person_may_decline(sim: Simulator) -> None:
    target = (await authorize(sim, login_hint="nobody")).headers["location"]
    assert parse_qs(urlsplit(target).query)["error"] == ["access_denied"]

    started = await send(sim, "/api/accounts/deviceauth/usercode", json={"client_id": CLIENT_ID})
    poll = {key: started.json[key] for key in ("device_auth_id", "user_code")}
    sim.deny_device(poll["user_code"])
    refused = await send(sim, "/api/accounts/deviceauth/token", json=poll)
    assert (refused.status, refused.json["error"]["code"]) == (403, "access_denied")
    with pytest.raises(LookupError, match="WRONG"):
        sim.deny_device("WRONG")


async def test_the_page_for_device_codes_works_in_a_browser(
    sim: Simulator, account: SimAccount
) -> None:
    started = await send(sim, "/api/accounts/deviceauth/usercode", json={"client_id": CLIENT_ID})
    poll = {key: started.json[key] for key in ("device_auth_id", "user_code")}
    typed = {"user_code": poll["user_code"], "login_hint": account.email}
    async with ClientSession() as session:
        for query, status in (({}, 200), (typed | {"user_code": "WRONG"}, 404), (typed, 200)):
            async with session.get(f"{sim.auth_url}/codex/device", params=query) as page:
                assert page.status == status
    granted = await send(sim, "/api/accounts/deviceauth/token", json=poll)
    assert granted.status == 200


def test_an_unknown_device_code_cannot_be_approved(sim: Simulator, account: SimAccount) -> None:
    with pytest.raises(LookupError, match="WRONG"):
        sim.approve_device("WRONG", account)
