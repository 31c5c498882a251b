"""What nobody here knows passes both ways untouched, and what is told of the model is true."""

import json
from typing import Any

import pytest
import zstandard
from tests.proxy.harness import CODEX, OPENAI, Proxy, ask
from tests.proxy.test_api_keys import add, bearer

from codex_lb.core import headers
from codex_lb.simulator import steps

PATHS = pytest.mark.parametrize("path", [CODEX, OPENAI])

STRANGE: list[dict[str, Any]] = [
    {"type": "hologram", "id": "h_1", "depth": [1.50, None, "é"]},
    {"type": "tool_search_output", "execution": "client", "tools": []},
]
TOOLS = [{"type": "namespace", "name": "n", "tools": []}, {"type": "computer_use"}, {"type": "new"}]


@PATHS
async def test_items_and_tools_that_nobody_knows_go_up(proxy: Proxy, path: str) -> None:
    body = ask(input=[*ask()["input"], *STRANGE], tools=TOOLS)
    assert (await proxy.post(path, body)).kinds[-1] == "response.completed"
    [call] = proxy.sim.requests_to("/codex/responses")
    assert call.json["input"][-2:] == STRANGE
    assert call.json["tools"] == TOOLS


@PATHS
async def test_items_that_nobody_knows_come_down(proxy: Proxy, path: str) -> None:
    proxy.sim.script(steps.Items(tuple(STRANGE)))
    answer = await proxy.post(path)
    done = [e["item"] for e in answer.events if e["type"] == "response.output_item.done"]
    assert done == STRANGE
    for item in STRANGE:
        assert json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode() in answer.body


@PATHS
@pytest.mark.parametrize("packed", [True, False], ids=["zstd", "plain"])
async def test_a_lite_request_goes_up_as_it_came_with_its_header(
    proxy: Proxy, path: str, packed: bool
) -> None:
    lite = {"type": "additional_tools", "role": "developer", "tools": TOOLS}
    data = json.dumps(ask(input=[lite, *ask()["input"]])).encode()
    sent = zstandard.compress(data) if packed else data
    coding = {"content-encoding": "zstd"} if packed else {}

    assert (await proxy.post(path, sent, headers=coding)).status == 200

    [call] = proxy.sim.requests_to("/codex/responses")
    assert call.headers[headers.LITE] == "true"
    assert "content-encoding" not in call.headers
    assert call.body == data


@pytest.mark.parametrize(
    "image",
    [
        pytest.param({"image_url": "https://example.com/a.png"}, id="a web address"),
        pytest.param({"image_url": "data:image/png;base64,QQ=="}, id="its bytes"),
        pytest.param({"image_url": "sediment://file_x"}, id="a stored file's address"),
        pytest.param({"file_id": "file_x"}, id="a file's id"),
    ],
)
async def test_an_image_is_upstreams_to_fetch_and_to_judge(
    proxy: Proxy, image: dict[str, str]
) -> None:
    part = {"type": "input_image", **image}
    message = {"type": "message", "role": "user", "content": [part]}
    await proxy.post(OPENAI, ask(input=[message]))
    [call] = proxy.sim.requests_to("/codex/responses")
    assert call.json["input"] == [message]


# -- headers ---------------------------------------------------------------------------------------


@PATHS
async def test_what_the_headers_say(proxy: Proxy, path: str) -> None:
    answer = await proxy.post(path, headers={"x-request-id": "mine"})
    [call] = proxy.sim.requests_to("/codex/responses")
    assert answer.headers["openai-model"] == "gpt-5.5"
    assert answer.headers["x-reasoning-included"] == "true"
    assert answer.headers["x-codex-turn-state"].startswith("turn_")
    assert answer.headers["x-request-id"] == "mine"
    assert "x-models-etag" not in answer.headers, "ours is another list than one account's"
    assert call.headers["x-request-id"] == "mine"
    assert not {"set-cookie", "cf-ray", "server"} & answer.headers.keys()


async def test_a_model_that_upstream_has_exchanged_is_told(proxy: Proxy) -> None:
    proxy.sim.script(steps.Text(model="gpt-5.4"))
    assert (await proxy.post(CODEX)).headers["openai-model"] == "gpt-5.4"


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        pytest.param("gpt-5.5", {"enforced_model": "gpt-5.4"}, id="imposed by the key"),
        pytest.param("gpt-5.4-high", {}, id="with its effort in its name"),
        pytest.param("gpt-5.4-fast", {}, id="with its tier in its name"),
    ],
)
async def test_a_model_that_we_have_exchanged_is_not_called_rerouted(
    proxy: Proxy, asked: str, terms: dict[str, Any]
) -> None:
    key = await add(proxy, **terms)
    answer = await proxy.post(CODEX, ask(model=asked), headers=bearer(key))
    [call] = proxy.sim.requests_to("/codex/responses")
    assert call.json["model"] == "gpt-5.4"
    assert "openai-model" not in answer.headers
    assert answer.kinds[-1] == "response.completed"


async def test_the_fast_tier_goes_up_under_upstreams_name(proxy: Proxy) -> None:
    await proxy.post(CODEX, ask(service_tier="fast"))
    [call] = proxy.sim.requests_to("/codex/responses")
    assert call.json["service_tier"] == "priority"
    assert proxy.receipt.actual_service_tier == "priority"
