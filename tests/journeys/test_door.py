"""The operator's door and the clients', on the running service: who is let in, and for how long."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pyotp
import pytest
import pytest_asyncio
from tests.journeys import wire
from tests.journeys.conftest import UNASKED
from tests.journeys.service import Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import Text

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

ADMIN = {"authorization": "Bearer made-up-admin-token"}
PASSWORD = "correct horse battery staple"
AUTH = "/api/dashboard-auth"
SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return UNASKED | {"CODEX_LB_ADMIN_API_TOKEN": "made-up-admin-token"}


@asynccontextmanager
async def browser(service: Service, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=service.url, headers=headers, timeout=60) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def admin(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """Shows the admin token; afterwards there is no password and no key is needed."""
    async with browser(service, **ADMIN) as client:
        yield client
        await client.put("/api/settings", json={"apiKeyAuthEnabled": False})


async def set_up(client: httpx2.AsyncClient) -> None:
    client.headers |= ADMIN
    answer = await client.post(f"{AUTH}/password/setup", json={"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    del client.headers["authorization"]


async def tear_down(client: httpx2.AsyncClient) -> None:
    answer = await client.request("DELETE", f"{AUTH}/password", json={"password": PASSWORD})
    assert answer.status_code == 200, answer.text


async def log_in(client: httpx2.AsyncClient, password: str = PASSWORD) -> httpx2.Response:
    return await client.post(f"{AUTH}/password/login", json={"password": password})


async def reads(client: httpx2.AsyncClient) -> int:
    return (await client.get("/api/accounts")).status_code


async def test_a_session_ends_where_it_should_and_a_code_is_good_once(
    service: Service, sim: Simulator
) -> None:
    async with browser(service) as first, browser(service) as second:
        await set_up(first)
        await log_in(second)
        assert (await reads(first), await reads(second)) == (200, 200)

        listed = (await second.get(f"{AUTH}/sessions")).json()
        other = next(session["id"] for session in listed if not session["isCurrent"])
        await second.delete(f"{AUTH}/sessions/{other}")
        assert (await reads(first), await reads(second)) == (401, 200)

        await log_in(first)
        started = (await first.post(f"{AUTH}/totp/setup/start")).json()
        codes = pyotp.TOTP(started["secret"])
        step = int(sim.now()) // 30
        body = {"secret": started["secret"], "code": codes.generate_otp(step)}
        confirmed = (await first.post(f"{AUTH}/totp/setup/confirm", json=body)).json()
        await first.put("/api/settings", json={"totpRequiredOnLogin": True})
        assert (await reads(first), await reads(second)) == (200, 401)

        await log_in(second)
        assert await reads(second) == 401, "the password alone is not enough"
        again = {"code": codes.generate_otp(step)}
        assert (await second.post(f"{AUTH}/totp/verify", json=again)).status_code == 400
        recovery = {"code": confirmed["recoveryCodes"][0]}
        tries = [second.post(f"{AUTH}/totp/verify", json=recovery) for _ in range(3)]
        answers = await asyncio.gather(*tries)
        assert [answer.status_code for answer in answers].count(200) == 1
        assert await reads(second) == 200

        old = dict(first.cookies)
        await first.post(f"{AUTH}/logout")
        async with browser(service) as thief:
            thief.cookies.update(old)
            assert await reads(thief) == 401

        change = {"currentPassword": PASSWORD, "newPassword": PASSWORD + "!"}
        assert (await second.post(f"{AUTH}/password/change", json=change)).status_code == 200
        back = {"currentPassword": PASSWORD + "!", "newPassword": PASSWORD}
        assert (await second.post(f"{AUTH}/password/change", json=back)).status_code == 200
        await tear_down(second)


async def test_every_path_is_one_with_and_without_a_slash_and_none_is_open(
    service: Service, admin: httpx2.AsyncClient
) -> None:
    """Each route that the API announces, asked for by nobody, in both spellings."""
    document = (await admin.get("/api/openapi.json")).json()
    operations = [
        (method, path.format_map(Counter()))
        for path, methods in document["paths"].items()
        for method in methods
        if not path.startswith(AUTH)
    ]
    assert len(operations) > 30
    async with browser(service) as stranger:
        for method, path in [*operations, ("get", "/api/openapi.json"), ("get", "/api/nothing")]:
            for spelling in (path, f"{path}/"):
                answer = await stranger.request(method, spelling)
                assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")
                assert SAFE.items() <= dict(answer.headers).items()
        for spelling in ("/api/accounts", "/api/settings", "/api/api-keys", "/v1/models"):
            plain, slashed = await admin.get(spelling), await admin.get(f"{spelling}/")
            assert (plain.status_code, plain.json()) == (slashed.status_code, slashed.json())
        page = await stranger.get("/")
        assert SAFE.items() <= dict(page.headers).items()
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


async def test_what_stands_in_a_query_is_not_logged(
    service: Service, admin: httpx2.AsyncClient
) -> None:
    for path in ("/api/accounts", "/v1/models", "/v1/nothing", "/nowhere", "/health"):
        await admin.get(path, params={"api_key": "s3cret-in-a-query"})
    assert "s3cret-in-a-query" not in service.log()


async def test_a_key_serves_at_once_and_a_revoked_one_ends_with_its_streams(
    admin: httpx2.AsyncClient, sim: Simulator
) -> None:
    upload = {
        "auth_json": (
            "auth.json",
            json.dumps(sim.add_account(email="door@example.com").auth_json()),
            "application/json",
        )
    }
    await admin.post("/api/accounts/import", files=upload)
    await admin.put("/api/settings", json={"apiKeyAuthEnabled": True})
    key = (await admin.post("/api/api-keys", json={"name": "short-lived"})).json()
    shown = {"authorization": f"Bearer {key['key']}"}
    assert (await admin.get("/v1/models", headers=shown)).status_code == 200
    assert (await admin.get("/v1/models", headers={"authorization": ""})).status_code == 401

    sim.script(Text("word " * 3_000, deltas=3_000, delay_s=0.1), times=1)
    async with admin.stream(
        "POST", wire.OPENAI, headers=shown, json=wire.request(stream=True)
    ) as answer:
        lines = answer.aiter_lines()
        assert answer.status_code == 200
        async for line in lines:
            if "output_text.delta" in line:
                break
        await admin.delete(f"/api/api-keys/{key['id']}")
        assert (await admin.get("/v1/models", headers=shown)).status_code == 401
        async with asyncio.timeout(30):
            rest = [line async for line in lines]
    assert any('"response.failed"' in line for line in rest)


async def test_guesses_are_few_whatever_they_say_and_lock_nobody_out(service: Service) -> None:
    """Forty at once, each from another address by its headers. After this the door is slow."""
    async with browser(service) as known, browser(service) as stranger:
        await set_up(known)
        tries = [
            stranger.post(
                f"{AUTH}/password/login",
                json={"password": f"guess number {number}"},
                headers={
                    "x-forwarded-for": f"198.51.100.{number}",
                    "x-real-ip": f"198.51.100.{number}",
                    "forwarded": f"for=198.51.100.{number}",
                },
            )
            for number in range(40)
        ]
        answers = await asyncio.gather(*tries)
        told = Counter(answer.status_code for answer in answers)
        assert told.keys() == {401, 429}
        assert told[401] <= 8
        refused = [answer for answer in answers if answer.status_code == 429]
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        assert (await log_in(stranger)).status_code == 429, "nor is the right one looked at"

        assert await reads(known) == 200
        change = {"currentPassword": PASSWORD, "newPassword": PASSWORD}
        assert (await known.post(f"{AUTH}/password/change", json=change)).status_code == 200
        await tear_down(known)
