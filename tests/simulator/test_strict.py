"""What the back end does not take, refused with its own words."""

import gzip
import json

import pytest
import zstandard
from tests.simulator.calls import JsonObject, body, post, user

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.steps import Reasoning

CALL = {"type": "function_call", "call_id": "call_1", "name": "echo", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}


@pytest.mark.parametrize(
    ("request_", "detail"),
    [
        pytest.param(body(store=...), "Store must be set to false", id="store left out"),
        pytest.param(body(store=True), "Store must be set to false", id="store true"),
        pytest.param(body(stream=False), "Stream must be set to true", id="no stream"),
        pytest.param(body(input="hi"), "Input must be a list", id="input as text"),
        pytest.param(body(model=...), "Model is required", id="no model"),
        *(
            pytest.param(
                body(**{name: 1}), f"Unsupported parameter: {name}", id=f"parameter {name}"
            )
            for name in (
                "temperature",
                "top_p",
                "max_output_tokens",
                "metadata",
                "user",
                "truncation",
                "safety_identifier",
                "prompt_cache_retention",
                "background",
                "generate",
                "stop",
                "seed",
            )
        ),
        pytest.param(
            body(input=[user("hi") | {"role": "system"}]),
            "System messages are not allowed",
            id="a system message",
        ),
        pytest.param(
            body(service_tier="fast"), "Unsupported service_tier: fast", id="a tier by its nickname"
        ),
        pytest.param(
            body(model="gpt-2"),
            "The 'gpt-2' model is not supported when using Codex with a ChatGPT account.",
            id="a model nobody has",
        ),
        pytest.param(body(service_tier=["x"]), "Unsupported service_tier: ['x']", id="a tier list"),
        pytest.param(body(tools=5), "Tools must be a list", id="a number of tools"),
        pytest.param([1], "Request body must be a JSON object", id="a list for a body"),
    ],
)
async def test_refused_with_a_detail(
    sim: Simulator, account: SimAccount, request_: object, detail: str
) -> None:
    answer = await post(sim, account, request_)
    assert (answer.status, answer.json) == (400, {"detail": detail})


@pytest.mark.parametrize(
    ("items", "error"),
    [
        pytest.param(
            [user("hi"), CALL],
            ("No tool output found for function call call_1.", None, "input"),
            id="a call without its result",
        ),
        pytest.param(
            [user("hi"), RESULT],
            ("No tool call found for function call output with call_id call_1.", None, "input"),
            id="a result without its call",
        ),
    ],
)
async def test_history_must_be_whole(
    sim: Simulator,
    account: SimAccount,
    items: list[JsonObject],
    error: tuple[str, str | None, str],
) -> None:
    answer = await post(sim, account, body(input=items))
    told = answer.json["error"]
    assert answer.status == 400
    assert (told["message"], told["code"], told["param"]) == error


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(["text", 5, None], id="items that are no objects"),
        pytest.param([{"type": ["a"], "role": {}}], id="a type that is no text"),
        pytest.param([user("hi") | {"content": 5}], id="content that is no list"),
        pytest.param([], id="no items"),
    ],
)
async def test_odd_items_do_not_trouble_it(
    sim: Simulator, account: SimAccount, items: list[object]
) -> None:
    answer = await post(sim, account, body(input=items))
    assert answer.kinds[-1] == "response.completed"


async def test_every_refusal_has_a_request_id(sim: Simulator, account: SimAccount) -> None:
    answer = await post(sim, account, body(store=True))
    assert answer.headers["x-request-id"].startswith("req_")


async def test_an_anchor_is_never_alive_over_http(sim: Simulator, account: SimAccount) -> None:
    answer = await post(sim, account, body(previous_response_id="resp_1"))
    assert answer.status == 400
    assert answer.json["error"]["code"] == "previous_response_not_found"
    assert answer.json["error"]["param"] == "previous_response_id"


async def test_a_model_of_another_plan_is_refused(sim: Simulator) -> None:
    free = sim.add_account("free@example.com", "free")
    answer = await post(sim, free, body(model="gpt-5.6-sol"))
    assert answer.status == 400
    assert answer.json["detail"].startswith("The 'gpt-5.6-sol' model is not supported")


async def test_ciphertext_opens_only_for_the_account_that_made_it(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Reasoning(), times=1)
    events = (await post(sim, account)).events
    thought = next(e["item"] for e in events if e["type"] == "response.output_item.done")
    request = body(input=[user("hi"), thought, user("more")])

    assert (await post(sim, account, request)).status == 200
    refused = await post(sim, sim.add_account("b@example.com"), request)

    assert refused.status == 400
    assert refused.json["error"]["code"] == "invalid_encrypted_content"
    assert thought["id"] in refused.json["error"]["message"]


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        pytest.param("zstd", zstandard.ZstdCompressor().compress, id="zstd"),
        pytest.param("gzip", gzip.compress, id="gzip"),
    ],
)
async def test_compressed_bodies_are_read(
    sim: Simulator, account: SimAccount, encoding: str, encode: object
) -> None:
    assert callable(encode)
    request = body()
    data = encode(json.dumps(request).encode())

    answer = await post(sim, account, data, headers={"content-encoding": encoding})

    assert answer.status == 200
    assert sim.requests[-1].json == request


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        pytest.param("zstd", b"not zstd", id="a broken zstd body"),
        pytest.param("gzip", b"not gzip", id="a broken gzip body"),
        pytest.param("compress", b"\x1f\x9d", id="an encoding nobody knows"),
        pytest.param("identity", b'{"model":', id="half an object"),
        pytest.param("identity", b"[" * 100_000, id="a nest too deep"),
    ],
)
async def test_unreadable_bodies_are_refused(
    sim: Simulator, account: SimAccount, encoding: str, data: bytes
) -> None:
    answer = await post(sim, account, data, headers={"content-encoding": encoding})
    assert answer.status == 400
    assert answer.json["detail"].startswith("Could not parse")


@pytest.mark.parametrize(
    ("spoil", "detail"),
    [
        pytest.param({"authorization": "Bearer nobody"}, "Unauthorized", id="an unknown token"),
        pytest.param({"authorization": "Basic YTpi"}, "Unauthorized", id="no bearer token"),
        pytest.param({"chatgpt-account-id": "other"}, "Unauthorized", id="another account's id"),
    ],
)
async def test_login_must_fit(
    sim: Simulator, account: SimAccount, spoil: dict[str, str], detail: str
) -> None:
    answer = await post(sim, account, headers=spoil)
    assert (answer.status, answer.json) == (401, {"detail": detail})
