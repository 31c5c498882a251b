"""The data plane's paths: which exist, under which names, and who may pass."""

from typing import Any

import pytest
from tests.proxy.harness import CODEX, OPENAI, Proxy, ask, running

from codex_lb.core import upgrade
from codex_lb.simulator import Simulator, steps


@pytest.mark.parametrize(
    "path",
    [CODEX, OPENAI, f"{CODEX}/", f"{OPENAI}/", "/backend-api/codex/v1/responses",
     "/backend-api/codex/v1/responses/"],
)  # fmt: skip
async def test_a_turn_is_served_under_all_its_names(proxy: Proxy, path: str) -> None:
    assert (await proxy.post(path)).kinds[-1] == "response.completed"


@pytest.mark.parametrize(
    ("path", "query", "shape"),
    [
        ("/v1/models", "", {"object", "data"}),
        ("/v1/models/", "", {"object", "data"}),
        ("/v1/models", "client_version=0.169.0", {"models", "object", "data"}),
        ("/backend-api/codex/models", "client_version=0.169.0", {"models", "object", "data"}),
        ("/backend-api/codex/models", "", {"models", "object", "data"}),
        ("/backend-api/codex/v1/models", "", {"models", "object", "data"}),
    ],
)
async def test_models_come_in_the_shape_that_is_asked_for(
    proxy: Proxy, path: str, query: str, shape: set[str]
) -> None:
    answer = await proxy.post(path, method="GET", query=query)
    assert answer.status == 200
    assert set(answer.json) == shape
    assert "gpt-5.5" in {model["id"] for model in answer.json["data"]}
    assert not [model for model in answer.json["data"] if model["id"].startswith("sim-")]


async def test_the_catalogue_is_fetched_once_and_known_by_its_tag(proxy: Proxy) -> None:
    first = await proxy.post("/backend-api/codex/models", method="GET")
    tag = {"if-none-match": first.headers["etag"]}
    second = await proxy.post("/backend-api/codex/models", method="GET", headers=tag)
    assert (second.status, second.body) == (304, b"")
    assert len(proxy.sim.requests_to("/codex/models")) == 1


async def test_upstreams_entries_reach_codex_verbatim(proxy: Proxy) -> None:
    answer = await proxy.post("/backend-api/codex/models", method="GET")
    (entry,) = (e for e in answer.json["models"] if e["slug"] == "gpt-5.5")
    assert {"base_instructions", "shell_type", "truncation_policy"} <= entry.keys()


async def test_one_model_is_told_as_in_the_list(proxy: Proxy) -> None:
    listed = (await proxy.post("/v1/models", method="GET")).json["data"]
    for entry in listed:
        assert (await proxy.post(f"/v1/models/{entry['id']}", method="GET")).json == entry


async def test_a_model_that_nobody_has_is_not_found(proxy: Proxy) -> None:
    answer = await proxy.post("/v1/models/gpt-none", method="GET")
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert "gpt-none" in answer.error["message"]


async def test_models_are_named_before_upstream_has_told_any(sim: Simulator) -> None:
    async with running(sim, accounts=0) as proxy:
        answer = await proxy.post("/v1/models", method="GET")
        assert answer.status == 200
        assert "gpt-5.6-sol" in {model["id"] for model in answer.json["data"]}


async def test_a_catalogue_that_cannot_be_fetched_leaves_the_one_that_is_known(
    proxy: Proxy,
) -> None:
    proxy.sim.script(steps.Status(500), endpoint="models")
    answer = await proxy.post("/v1/models", method="GET")
    assert answer.status == 200
    assert answer.json["data"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("POST", "/backend-api/wham/nothing", 404, "not_found"),
        ("GET", OPENAI, 405, "method_not_allowed"),
        ("DELETE", CODEX, 405, "method_not_allowed"),
        ("POST", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v1//models", 404, "not_found"),
    ],
)
async def test_what_is_not_there_is_said_in_an_envelope(
    proxy: Proxy, method: str, path: str, status: int, code: str
) -> None:
    answer = await proxy.post(path, method=method)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert set(answer.error) == {"message", "type", "code", "param"}
    assert answer.headers["x-request-id"]


async def test_head_is_get_without_the_body(proxy: Proxy) -> None:
    answer = await proxy.post("/v1/models", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


async def test_a_websocket_is_refused_in_the_way_that_codex_understands(proxy: Proxy) -> None:
    """Where the server cannot hand the connection over."""
    answer = await proxy.post(CODEX, method="GET", headers=upgrade.asked(bytes(16)))
    assert answer.status == 426


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        pytest.param({"peer": "192.0.2.7"}, 401, "invalid_api_key", id="from elsewhere"),
        pytest.param(
            {"headers": {"host": "evil.example"}}, 401, "invalid_api_key", id="by a strange name"
        ),
        pytest.param(
            {"headers": {"x-forwarded-for": "192.0.2.7"}}, 401, "invalid_api_key",
            id="through a proxy",
        ),
        pytest.param(
            {"headers": {"origin": "https://evil.example"}}, 403, "cross_site_request",
            id="from a page of another site",
        ),
        pytest.param(
            {"headers": {"sec-fetch-site": "cross-site"}}, 403, "cross_site_request",
            id="as the browser says",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_who_stays_outside(
    proxy: Proxy, path: str, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = await proxy.post(path, None, **fields)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert proxy.upstream_calls() == []
    assert proxy.log.opened_rows == []


async def test_the_clients_request_id_comes_back(proxy: Proxy) -> None:
    answer = await proxy.post(headers={"x-request-id": "mine"})
    assert answer.headers["x-request-id"] == "mine"


@pytest.mark.parametrize(
    ("path", "status"), [(CODEX, 400), (OPENAI, 413)], ids=["Codex would repeat a 413", "others"]
)
async def test_a_body_over_the_cap(proxy: Proxy, path: str, status: int) -> None:
    answer = await proxy.post(path, ask(instructions="x" * 2_000_000))
    assert (answer.status, answer.error["code"]) == (status, "payload_too_large")
    assert "1 MiB" in answer.error["message"]


async def test_a_deep_body_is_refused(proxy: Proxy) -> None:
    deep = b'{"model":"m","input":"a","x":' + b"[" * 500 + b"]" * 500 + b"}"
    answer = await proxy.post(OPENAI, deep)
    assert answer.status == 400
    assert "levels deep" in answer.error["message"]


async def test_rows_know_the_client(proxy: Proxy) -> None:
    await proxy.post(OPENAI, ask(stream=False, service_tier="fast"), headers={"user-agent": "me"})
    (row,) = proxy.log.opened_rows
    assert (row.user_agent, row.client_ip, row.transport) == ("me", "127.0.0.1", "http")
    assert (row.model, row.service_tier) == ("gpt-5.5", "priority")
    assert row.id == proxy.receipt.id


async def test_the_answer_says_under_which_id_the_request_was_written_down(proxy: Proxy) -> None:
    answer = await proxy.post()
    assert answer.headers["x-request-id"] == proxy.log.opened_rows[0].id


async def test_a_client_hears_its_own_request_id(proxy: Proxy) -> None:
    answer = await proxy.post(headers={"request-id": "mine"})
    assert answer.headers["x-request-id"] == "mine"
    assert proxy.log.opened_rows[0].id != "mine"
