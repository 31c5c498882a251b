"""API keys at the wire: who is let in, what a key imposes, and what its limits answer."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.proxy.harness import CODEX, OPENAI, Proxy, ask

from codex_lb.core import keys
from codex_lb.core.keys import ApiKey, Terms
from codex_lb.core.limits import Limit, Rule, Spend
from codex_lb.simulator import steps
from codex_lb.store import StoreError

LIMITED = Limit(1, Rule("total_tokens", "daily", 1_000), used=0, held=0, resets_at=2e9)


async def add(proxy: Proxy, *, limits: tuple[Limit, ...] = (), **terms: Any) -> str:
    """A key of these terms is in force; what its client shows."""
    secret = keys.new_secret(bytes([len(proxy.keys.kept)]) * 32)
    named = replace(Terms("ops"), **terms)
    proxy.keys.kept.append(
        ApiKey(f"key-{len(proxy.keys.kept)}", secret.prefix, secret.hash, named, 0.0, limits=limits)
    )
    await proxy.ring.load()
    return secret.key


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


REMOTE = "192.0.2.1"


async def test_a_good_key_opens_the_proxy_to_a_remote_caller_and_is_written_down(
    proxy: Proxy,
) -> None:
    key = await add(proxy)
    answer = await proxy.post(headers=bearer(key), peer=REMOTE)
    assert answer.status == 200
    assert proxy.log.opened_rows[0].api_key_id == "key-0"


async def test_a_local_caller_without_a_key_is_nobodys(proxy: Proxy) -> None:
    await proxy.post(headers=bearer("anything"))
    assert proxy.log.opened_rows[0].api_key_id is None


@pytest.mark.parametrize(
    ("needed", "peer", "shown", "message"),
    [
        pytest.param(True, "127.0.0.1", "", "Missing API key in Authorization header", id="none"),
        pytest.param(True, "127.0.0.1", "Basic eA==", "Missing API key in Authorization header",
                     id="another scheme"),
        pytest.param(True, "127.0.0.1", "Bearer sk-clb-unknown", "Invalid API key", id="unknown"),
        pytest.param(False, REMOTE, "Bearer sk-clb-unknown", "Invalid API key",
                     id="unknown, from elsewhere"),
        pytest.param(False, REMOTE, "Bearer other", "Proxy authentication must be configured before"
                     " remote access is allowed.", id="something else, from elsewhere"),
    ],
)  # fmt: skip
async def test_who_shows_no_good_key_stays_outside_before_a_body_is_read(
    proxy: Proxy, needed: bool, peer: str, shown: str, message: str
) -> None:
    proxy.keys.needed = needed
    call = proxy.call(CODEX, headers={"authorization": shown} if shown else {}, peer=peer)
    answer = await call.run()
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    assert (answer.error["message"], answer.error["type"]) == (message, "authentication_error")
    assert proxy.log.opened_rows == []
    assert proxy.log.refused == [(CODEX, "invalid_api_key")]


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        pytest.param({"is_active": False}, "Invalid API key", id="deactivated"),
        pytest.param({"expires_at": 1.0}, "API key has expired", id="expired"),
    ],
)
async def test_a_key_that_is_no_longer_good(
    proxy: Proxy, terms: dict[str, Any], message: str
) -> None:
    proxy.keys.needed = True
    key = await add(proxy, **terms)
    answer = await proxy.post(OPENAI, headers=bearer(key))
    assert (answer.status, answer.error["message"]) == (401, message)


async def test_models_that_a_key_may_not_use_are_refused_and_not_listed(proxy: Proxy) -> None:
    key = await add(proxy, allowed_models=("gpt-5.4",))
    answer = await proxy.post(OPENAI, ask(model="gpt-5.5"), headers=bearer(key))
    assert (answer.status, answer.error["code"]) == (403, "model_not_allowed")
    assert proxy.log.refused == [(OPENAI, "model_not_allowed")]
    assert answer.error["message"] == "This API key does not have access to model 'gpt-5.5'"
    assert proxy.upstream_calls() == []
    listed = await proxy.post("/v1/models", method="GET", headers=bearer(key))
    assert [model["id"] for model in listed.json["data"]] == ["gpt-5.4"]
    codex = await proxy.post("/backend-api/codex/models", method="GET", headers=bearer(key))
    assert [model["slug"] for model in codex.json["models"]] == ["gpt-5.4"]
    one = await proxy.post("/v1/models/gpt-5.5", method="GET", headers=bearer(key))
    assert one.status == 404


async def test_a_key_may_show_codex_the_other_models_as_hidden(proxy: Proxy) -> None:
    key = await add(proxy, allowed_models=("gpt-5.4",), shows_hidden=True)
    codex = await proxy.post("/backend-api/codex/models", method="GET", headers=bearer(key))
    shown = {m["slug"] for m in codex.json["models"] if m.get("visibility") != "hide"}
    assert shown == {"gpt-5.4"}
    assert len(codex.json["models"]) > 1


async def test_what_a_key_imposes_reaches_upstream(proxy: Proxy) -> None:
    key = await add(proxy, enforced_model="gpt-5.4", enforced_effort="low", enforced_tier="fast")
    await proxy.post(CODEX, ask(model="gpt-5.5"), headers=bearer(key))
    (received,) = proxy.sim.requests_to("/codex/responses")
    sent = received.json
    assert (sent["model"], sent["reasoning"], sent["service_tier"]) == (
        "gpt-5.4",
        {"effort": "low"},
        "priority",
    )
    assert proxy.log.opened_rows[0].model == "gpt-5.4"


async def test_a_key_is_served_by_its_accounts_alone(proxy: Proxy) -> None:
    second = proxy.local_id(proxy.accounts[1])
    key = await add(proxy, assigned_accounts=(second,))
    for number in range(4):
        await proxy.post(headers=bearer(key) | {"thread-id": f"t{number}"})
    assert set(proxy.upstream_calls()) == {"b@example.com"}
    proxy.sim.script(steps.UsageLimit(), account=proxy.accounts[1])
    answer = await proxy.post(OPENAI, headers=bearer(key))
    assert (answer.status, answer.error["code"]) == (429, "usage_limit_reached")
    assert len(answer.error["accounts"]) == 1, "the others are none of its business"


async def test_the_same_conversation_under_two_keys_is_two(proxy: Proxy) -> None:
    ties = []
    for _ in range(2):
        key = await add(proxy)
        await proxy.post(headers=bearer(key) | {"thread-id": "same"})
        ties.append(proxy.upstream_calls()[-1])
    assert ties[0] != ties[1], "the second is new, and goes to the account that did less"


async def test_the_owner_of_a_key_is_told_its_use(proxy: Proxy) -> None:
    key = await add(proxy)
    answer = await proxy.post("/v1/usage", method="GET", headers=bearer(key))
    assert answer.json == {"key": "key-0"}
    nobody = await proxy.post("/v1/usage", method="GET")
    assert (nobody.status, nobody.error["message"]) == (401, keys.MISSING)


@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_the_pools_quota_can_be_hidden_from_those_with_a_key(proxy: Proxy, path: str) -> None:
    key = await add(proxy)
    shown = await proxy.post(path, headers=bearer(key))
    proxy.keys.hides_quota = True
    hidden, keyless = await proxy.post(path, headers=bearer(key)), await proxy.post(path)

    in_head = ["x-codex-plan-type" in each.headers for each in (shown, hidden, keyless)]
    in_stream = ["codex.rate_limits" in each.kinds for each in (shown, hidden, keyless)]
    assert in_head == [True, False, True]
    assert in_stream == (in_head if path == CODEX else [False] * 3)
    assert hidden.kinds[-1] == "response.completed"


@pytest.mark.parametrize("path", ["/api/codex/usage", "/backend-api/wham/usage"])
async def test_who_asks_for_a_hidden_quota_is_told_that_it_is(proxy: Proxy, path: str) -> None:
    key = await add(proxy)
    proxy.keys.hides_quota = True
    hidden = await proxy.post(path, method="GET", headers=bearer(key))
    assert (hidden.status, hidden.error["code"]) == (403, "quota_hidden")
    assert (await proxy.post(path, method="GET")).status == 200


# -- limits ----------------------------------------------------------------------------------------


async def test_a_key_without_limits_asks_the_store_nothing(proxy: Proxy) -> None:
    await proxy.post(headers=bearer(await add(proxy)))
    assert proxy.keys.reserved == []


@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_a_limit_that_is_spent_says_until_when(proxy: Proxy, path: str) -> None:
    key = await add(proxy, limits=(LIMITED,))
    resets_at = int(proxy.sim.now()) + 3600
    proxy.keys.verdicts = [replace(LIMITED, used=1_000, resets_at=float(resets_at))]

    answer = await proxy.post(path, headers=bearer(key))

    assert (answer.status, answer.error["code"]) == (429, "rate_limit_exceeded")
    assert answer.error["resets_at"] == resets_at
    assert 3595 <= int(answer.headers["retry-after"]) <= 3600
    assert answer.headers["x-should-retry"] == "false"
    assert "total_tokens daily limit exceeded" in answer.error["message"]
    kind = "usage_limit_reached" if path == CODEX else "rate_limit_error"
    assert answer.error["type"] == kind, "Codex then asks once and says it well"
    assert proxy.upstream_calls() == []
    assert proxy.receipt.error_code == "rate_limit_exceeded"


async def test_listing_models_is_not_limited(proxy: Proxy) -> None:
    key = await add(proxy, limits=(LIMITED,))
    proxy.keys.verdicts = [replace(LIMITED, used=1_000)]
    answer = await proxy.post("/v1/models", method="GET", headers=bearer(key))
    assert answer.status == 200


async def test_what_a_request_may_take_is_held_before_it_is_sent(proxy: Proxy) -> None:
    key = await add(proxy, limits=(LIMITED,))
    body = json.dumps(ask(input="x" * 4_000)).encode()
    await proxy.post(OPENAI, body, headers=bearer(key))
    ((key_id, request_id, need),) = proxy.keys.reserved
    assert (key_id, request_id) == ("key-0", proxy.log.opened_rows[0].id)
    assert 1_000 <= need.input_tokens <= 1_200
    assert need.output_tokens == 2_048, "whatever the client says of its bounds"


async def test_a_model_without_a_price_is_refused_where_money_is_limited(proxy: Proxy) -> None:
    key = await add(proxy, limits=(LIMITED,))
    proxy.keys.verdicts = ["unpriced"]
    answer = await proxy.post(OPENAI, headers=bearer(key))
    assert (answer.status, answer.error["code"]) == (403, "model_not_allowed")


async def test_limits_that_cannot_be_checked_refuse(proxy: Proxy) -> None:
    key = await add(proxy, limits=(LIMITED,))
    proxy.keys.verdicts = [StoreError("the database is locked")]
    answer = await proxy.post(OPENAI, headers=bearer(key))
    assert (answer.status, answer.error["code"]) == (503, "limits_unavailable")
    assert proxy.upstream_calls() == []


async def test_an_answer_that_outgrows_what_it_holds_holds_more(proxy: Proxy) -> None:
    key = await add(proxy, limits=(LIMITED,))
    proxy.keys.verdicts = [Spend(10, 8, None)]
    proxy.sim.script(steps.Text("word " * 40, deltas=40), times=1)
    await proxy.post(CODEX, headers=bearer(key))
    held = [need.output_tokens for need in proxy.keys.topped_up]
    assert held[0] > 8
    assert held[-1] >= 40
    assert held == sorted(held)
    assert len(held) <= 3, "each time twice as much"


async def test_a_client_that_leaves_pays_for_what_it_got(proxy: Proxy) -> None:
    key = await add(proxy)
    proxy.sim.script(steps.Text("word " * 200, deltas=200, delay_s=0.02), times=1)
    call = proxy.call(CODEX, headers=bearer(key))
    running = asyncio.ensure_future(call.run())
    await call.until(b"output_text.delta")
    call.hang_up()
    await asyncio.wait([running])
    assert proxy.receipt.status == "cancelled"
    assert proxy.receipt.usage is not None
    assert proxy.receipt.usage.output_tokens >= 1
    assert proxy.receipt.usage.input_tokens >= 1


async def test_the_stream_of_a_revoked_key_ends_and_others_go_on(proxy: Proxy) -> None:
    key, other = await add(proxy), await add(proxy)
    proxy.sim.script(steps.Text("word " * 100, deltas=100, delay_s=0.02), times=2)
    calls = [proxy.call(CODEX, headers=bearer(shown)) for shown in (key, other)]
    running = [asyncio.ensure_future(call.run()) for call in calls]
    for call in calls:
        await call.until(b"output_text.delta")

    del proxy.keys.kept[0]
    await proxy.ring.load()
    proxy.plane.serving.stop_revoked(proxy.ring.is_good)

    revoked, good = await asyncio.gather(*running)
    assert revoked.events[-1]["type"] == "response.failed"
    assert "revoked" in revoked.events[-1]["response"]["error"]["message"]
    assert good.kinds[-1] == "response.completed"
    assert proxy.log.receipts[0].error_code == "invalid_api_key"
