"""API keys from their creation to their end, as `docs/api.md` shows it, and their limits at work."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.journeys.service import JsonObject, Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import Text

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

ADMIN = "made-up-admin-token"
MODEL = "gpt-5.4"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_ADMIN_API_TOKEN": ADMIN, "CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT": "100"}


class Caller:
    """Calls the service with a token; `status` and `body` are of the last answer."""

    def __init__(self, service: Service, session: aiohttp.ClientSession) -> None:
        self._service = service
        self._session = session

    async def ask(
        self, method: str, path: str, token: str | None = ADMIN, **more: Any
    ) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = self._service.url + path
        async with self._session.request(method, url, headers=headers, **more) as reply:
            return reply.status, self._service.heard(await reply.text()) or None

    async def good(self, method: str, path: str, token: str | None = ADMIN, **more: Any) -> Any:
        status, body = await self.ask(method, path, token, **more)
        assert status == 200, body
        return body

    async def respond(self, key: str, **fields: Any) -> tuple[int, Any]:
        body = {"model": MODEL, "input": "Hello!", "stream": False} | fields
        return await self.ask("POST", "/v1/responses", key, json=body)


@pytest_asyncio.fixture(loop_scope="module")
async def caller(service: Service, sim: Simulator) -> AsyncIterator[Caller]:
    """With one account in the pool, and keys needed by nobody, at the beginning and the end."""
    sim.reset()
    async with aiohttp.ClientSession() as session:
        calling = Caller(service, session)
        account = sim.add_account(email="keys@example.com")
        form = aiohttp.FormData()
        document = json.dumps(account.auth_json())
        form.add_field("auth_json", document, filename="auth.json", content_type="application/json")
        imported = await calling.good("POST", "/api/accounts/import", data=form)
        yield calling
        await calling.good("PUT", "/api/settings", json={"apiKeyAuthEnabled": False})
        await calling.good("DELETE", f"/api/accounts/{imported['accountId']}")


async def test_the_life_of_a_key_step_by_step(caller: Caller) -> None:
    """The steps of `docs/api.md`, in its order; the import is the fixture's."""
    summary = await caller.good("GET", "/api/usage/summary")
    assert summary["primaryWindow"]["remainingPercent"] > 0
    assert {"resetAt", "remainingPercent"} <= summary["secondaryWindow"].keys()

    current = await caller.good("GET", "/api/settings")
    changed = await caller.good("PUT", "/api/settings", json=current | {"apiKeyAuthEnabled": True})
    assert changed["apiKeyAuthEnabled"] is True
    assert (await caller.respond("nothing"))[0] == 401

    limits = [
        {"limitType": "total_tokens", "limitWindow": "weekly", "maxValue": 2_500_000},
        {"limitType": "total_tokens", "limitWindow": "5h", "maxValue": 500_000},
        {"limitType": "cost_usd", "limitWindow": "monthly", "maxValue": 10_000_000},
    ]
    wanted = {"name": "ops-key", "allowedModels": [MODEL], "limits": limits}
    created = await caller.good("POST", "/api/api-keys/", json=wanted)
    key, place = created["key"], f"/api/api-keys/{created['id']}"
    assert key.startswith("sk-clb-")
    assert len(key) == 50
    assert created["keyPrefix"] == key[:15]

    await _until_known(caller, key)
    assert (await caller.respond(key))[0] == 200
    status, refused = await caller.respond(key, model="gpt-5.5")
    assert (status, refused["error"]["code"]) == (403, "model_not_allowed")

    await _until_used(caller, place)
    (listed,) = await caller.good("GET", "/api/api-keys/")
    assert (listed["id"], listed["isActive"], listed["expiresAt"]) == (created["id"], True, None)
    assert "key" not in listed
    used = {(e["limitType"], e["limitWindow"]): e["currentValue"] for e in listed["limits"]}
    assert all(value > 0 for value in used.values()), used
    assert used["total_tokens", "5h"] == used["total_tokens", "weekly"]

    renamed = await caller.good("PATCH", place, json={"name": "renamed", "isActive": True})
    assert (renamed["name"], renamed["allowedModels"]) == ("renamed", [MODEL])
    limits[0]["maxValue"] = 2_000_000
    raised = await caller.good("PATCH", place, json={"limits": limits})
    kept = {(e["limitType"], e["limitWindow"]): e["currentValue"] for e in raised["limits"]}
    assert kept == used, "a rule that stays keeps its counter"
    reset = await caller.good("PATCH", place, json={"resetUsage": True})
    assert {e["currentValue"] for e in reset["limits"]} == {0}

    again = (await caller.good("POST", f"{place}/regenerate"))["key"]
    assert again != key
    await _until_known(caller, again)
    assert (await caller.respond(key))[0] == 401, "the old secret is dead"
    models = await caller.good("GET", "/v1/models", again)
    assert [model["id"] for model in models["data"]] == [MODEL]
    own = await caller.good("GET", "/v1/usage", again)
    assert own["request_count"] >= 1
    assert {limit["source"] for limit in own["limits"]} == {"api_key_limit"}

    assert await caller.ask("DELETE", place) == (204, None)
    await _until(lambda: _status(caller, again), 401)


async def test_fifty_at_once_stay_within_a_limit_and_use_it(caller: Caller) -> None:
    """A limit that covers about ten: at most one call beyond it, and nine tenths of it used."""
    created = await caller.good("POST", "/api/api-keys/", json={"name": "small"})
    key, place = created["key"], f"/api/api-keys/{created['id']}"
    await _until_known(caller, key)
    status, first = await caller.respond(key)
    assert status == 200
    one = first["usage"]["total_tokens"]
    rule = {"limitType": "total_tokens", "limitWindow": "daily", "maxValue": one * 11}
    await caller.good("PATCH", place, json={"limits": [rule]})
    await _until(lambda: _used(caller, place), one)  # what was used before counts
    await _until_limited(caller, key)

    answers = await asyncio.gather(*(caller.respond(key) for _ in range(50)))

    served = sum(status == 200 for status, _ in answers)
    refused = [body["error"] for status, body in answers if status != 200]
    assert {error["code"] for error in refused} == {"rate_limit_exceeded"}
    assert served * one >= 0.9 * 10 * one, served
    await _until(lambda: _used(caller, place), one * (served + 1))
    assert one * (served + 1) <= one * 11 + one, "one call beyond it at the most"
    assert all("resets_at" in error for error in refused[-5:])
    assert (await caller.ask("GET", "/v1/models", key))[0] == 200, "listing stays allowed"

    raised = rule | {"maxValue": one * 1_000}
    await caller.good("PATCH", place, json={"limits": [raised]})
    assert (await caller.respond(key))[0] == 200, "a raised limit serves at once"
    await caller.ask("DELETE", place)


async def test_a_killed_process_holds_nothing(
    caller: Caller, service: Service, sim: Simulator
) -> None:
    created = await caller.good("POST", "/api/api-keys/", json={"name": "killed"})
    key, place = created["key"], f"/api/api-keys/{created['id']}"
    rule = {"limitType": "total_tokens", "limitWindow": "daily", "maxValue": 5_000}
    await caller.good("PATCH", place, json={"limits": [rule]})
    await _until_known(caller, key)
    sim.script(Text("word " * 500, deltas=500, delay_s=0.1), times=1)
    running = asyncio.ensure_future(caller.respond(key, stream=True))
    await _until(lambda: _calls(sim), 1)

    await service.kill()
    await asyncio.wait([running])
    assert running.exception() is not None
    await service.start()

    status, answer = await caller.respond(key)
    assert status == 200, answer
    own = answer["usage"]["total_tokens"]
    await _until(lambda: _used(caller, place), own)
    await caller.ask("DELETE", place)


async def _limits(caller: Caller, place: str) -> list[JsonObject]:
    keys = await caller.good("GET", "/api/api-keys")
    found: list[JsonObject] = next(k["limits"] for k in keys if place.endswith(k["id"]))
    return found


async def _used(caller: Caller, place: str) -> int:
    """What the first limit of the key counts; rows are written in batches."""
    used: int = (await _limits(caller, place))[0]["currentValue"]
    return used


async def _until_used(caller: Caller, place: str) -> None:
    async def is_used() -> bool:
        return await _used(caller, place) > 0

    await _until(is_used, wanted=True)


async def _calls(sim: Simulator) -> int:
    return len(sim.requests_to("/codex/responses"))


async def _status(caller: Caller, key: str) -> int:
    return (await caller.ask("GET", "/v1/usage", key))[0]


async def _until_known(caller: Caller, key: str) -> None:
    """A new key is known to the proxy within a second."""
    await _until(lambda: _status(caller, key), 200)


async def _until_limited(caller: Caller, key: str) -> None:
    """So is a new limit."""

    async def sources() -> set[str]:
        own = await caller.good("GET", "/v1/usage", key)
        return {limit["source"] for limit in own["limits"]}

    await _until(sources, {"api_key_limit"})
    await asyncio.sleep(
        1.0
    )  # /v1/usage asks the store; the proxy's own look is half a second apart


async def _until(ask: Any, wanted: Any) -> None:
    deadline = time.monotonic() + 10
    while (found := await ask()) != wanted:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)
