"""The routes of signing an account in, as scripts and the dashboard call them."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from tests.dashboard.builders import caller
from tests.dashboard.login_scene import Scene, scene

from codex_lb.core import oauth
from codex_lb.simulator.steps import Reset

START, STATUS, PASTE = "/api/oauth/start", "/api/oauth/status", "/api/oauth/manual-callback"
EMPTY = dict.fromkeys(
    (
        "authorizationUrl",
        "callbackUrl",
        "verificationUrl",
        "userCode",
        "deviceAuthId",
        "intervalSeconds",
        "expiresInSeconds",
        "warning",
    )
)


@pytest.fixture
async def here() -> AsyncIterator[Scene]:
    async with scene() as built:
        yield built


def client_of(here: Scene, peer: str = "127.0.0.1", **more: str) -> httpx2.AsyncClient:
    return caller(
        here.accounts,
        peer=peer,
        operators=here.operators,
        clock=here.clock,
        flows=here.flows,
        **more,  # type: ignore[arg-type]  # only the admin token comes this way
    )


@pytest.fixture
def client(here: Scene) -> httpx2.AsyncClient:
    return client_of(here)


async def begin(client: httpx2.AsyncClient, **wish: str) -> dict[str, str]:
    answer = await client.post(START, json=wish)
    assert answer.status_code == 200, answer.text
    told: dict[str, str] = answer.json()
    return told


async def test_a_script_that_wishes_nothing_always_begins_a_flow(
    here: Scene, client: httpx2.AsyncClient
) -> None:
    for _ in range(2):
        told = await begin(client)
        assert told == EMPTY | {
            "flowId": told["flowId"],
            "method": "browser",
            "authorizationUrl": told["authorizationUrl"],
            "callbackUrl": "http://localhost:1455/auth/callback",
        }
        assert told["authorizationUrl"].startswith(f"{here.sim.auth_url}/oauth/authorize?")
        await here.flows.take(await here.consent(told["authorizationUrl"], "alice@example.com"))
    assert (await client.post(START)).status_code == 200


async def test_a_flow_from_begin_to_end_by_pasting(here: Scene, client: httpx2.AsyncClient) -> None:
    told = await begin(client, forceMethod="browser")
    flow = {"flowId": told["flowId"]}
    pending = {"status": "pending", "errorMessage": None, "accountId": None}
    assert (await client.get(STATUS, params=flow)).json() == pending
    url = await here.consent(told["authorizationUrl"], "alice@example.com")

    for _ in range(2):
        pasted = (await client.post(PASTE, json={"callbackUrl": url, **flow})).json()
        (id_,) = here.accounts.rows
        assert pasted == {"status": "success", "errorMessage": None, "accountId": id_}

    assert (await client.get(STATUS, params=flow)).json() == pasted
    assert (await client.get(STATUS)).json() == pasted
    for body in (flow, {}):
        done = await client.post("/api/oauth/complete", json=body)
        assert done.json() == {"status": "success"}
    assert (await client.post("/api/oauth/complete")).json() == {"status": "success"}
    assert [entry.action for entry in here.operators.entries] == [
        "start_oauth",
        "paste_oauth_callback",
        "paste_oauth_callback",
    ]


async def test_a_wrong_state_is_an_error_of_the_flow_and_not_of_the_request(
    client: httpx2.AsyncClient,
) -> None:
    await begin(client)
    url = "http://localhost:1455/auth/callback?code=c&state=wrong"
    answer = await client.post(PASTE, json={"callbackUrl": url})
    assert answer.status_code == 200
    assert answer.json() == {"status": "error", "errorMessage": oauth.UNKNOWN, "accountId": None}


async def test_an_unknown_flow_is_pending_as_ever_but_says_so(client: httpx2.AsyncClient) -> None:
    for path in (STATUS, f"{STATUS}?flowId=flow_nobody"):
        told = (await client.get(path)).json()
        assert told == {"status": "pending", "errorMessage": oauth.UNKNOWN, "accountId": None}


async def test_a_flow_is_given_up(here: Scene, client: httpx2.AsyncClient) -> None:
    told = await begin(client)
    given_up = await client.post("/api/oauth/cancel", json={"flowId": told["flowId"]})
    assert given_up.json()["errorMessage"] == oauth.CANCELLED
    assert not here.listener.is_open
    unknown = await client.post("/api/oauth/cancel", json={"flowId": "flow_nobody"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "flow_not_found")


async def test_a_port_that_is_taken_is_a_warning_that_names_the_other_ways(
    here: Scene, client: httpx2.AsyncClient
) -> None:
    here.listener.trouble = "Port 1455 is in use by codex (process 7)."
    warning = (await begin(client))["warning"]
    assert warning.startswith("Port 1455 is in use by codex (process 7). ")
    assert "paste the address" in warning
    assert "device code" in warning


@pytest.mark.parametrize(
    ("peer", "wish", "method"),
    [
        pytest.param("127.0.0.1", {}, "browser", id="who sits here gets the browser"),
        pytest.param("192.0.2.7", {}, "device", id="who sits elsewhere a device code"),
        pytest.param("192.0.2.7", {"forceMethod": "browser"}, "browser", id="or what is asked for"),
        pytest.param("127.0.0.1", {"forceMethod": "device"}, "device", id="here, too"),
    ],
)
async def test_the_way(here: Scene, peer: str, wish: dict[str, str], method: str) -> None:
    client = client_of(here, peer, admin_token="t0ken")
    client.headers["authorization"] = "Bearer t0ken"
    assert (await begin(client, **wish))["method"] == method


async def test_a_device_code_is_told_with_all_that_a_person_needs(
    here: Scene, client: httpx2.AsyncClient
) -> None:
    told = await begin(client, forceMethod="device")
    ((device_auth_id, device),) = here.sim.login.devices.items()
    assert told == EMPTY | {
        "flowId": told["flowId"],
        "method": "device",
        "verificationUrl": f"{here.sim.auth_url}/codex/device",
        "userCode": device.user_code,
        "deviceAuthId": device_auth_id,
        "intervalSeconds": 5,
        "expiresInSeconds": 900,
    }


async def test_device_codes_that_are_switched_off_are_said_to_be(
    here: Scene, client: httpx2.AsyncClient
) -> None:
    here.sim.login.device_enabled = False
    answer = await client.post(START, json={"forceMethod": "device"})
    assert answer.status_code == 502
    assert answer.json()["error"] == {
        "code": "device_auth_disabled",
        "message": oauth.DEVICE_DISABLED,
    }


async def test_a_login_host_that_cannot_be_reached_is_a_502_with_the_reason(
    here: Scene, client: httpx2.AsyncClient
) -> None:
    here.sim.script(Reset(), endpoint="device")
    answer = await client.post(START, json={"forceMethod": "device"})
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "connection_reset"


async def test_an_account_that_is_not_there_cannot_be_signed_in_anew(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post(START, json={"accountId": "nobody"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "account_not_found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (START, {"forceMethod": "magic"}),
        (PASTE, {}),
        (PASTE, {"callbackUrl": "x" * 20_000}),
        ("/api/oauth/cancel", {}),
    ],
)
async def test_what_cannot_be_is_refused(
    client: httpx2.AsyncClient, path: str, body: dict[str, str]
) -> None:
    assert (await client.post(path, json=body)).status_code == 422


async def test_nobody_but_the_operator_signs_accounts_in(here: Scene) -> None:
    remote = client_of(here, "192.0.2.7")
    for method, path in (("POST", START), ("GET", STATUS), ("POST", PASTE)):
        assert (await remote.request(method, path)).status_code == 401
    assert here.listener.opened == 0
