"""Images over the line of a turn: one reply or previews, with the same failover."""

import json
from typing import Any

import pytest
from tests.proxy.harness import Proxy

from codex_lb.simulator import steps

PATHS = pytest.mark.parametrize(
    "path", ["/v1/images/generations", "/backend-api/codex/images/generations"]
)
CAT = {"prompt": "a cat", "size": "1024x1024", "quality": "high"}
WORDS = steps.Text("I cannot draw that.", deltas=20)


@PATHS
async def test_an_image_comes_as_one_reply(proxy: Proxy, path: str) -> None:
    answer = await proxy.post(path, CAT)

    assert answer.status == 200
    [image] = answer.json["data"]
    assert image["b64_json"].startswith("iVBORw0KGgo")
    assert (answer.json["quality"], answer.json["size"]) == ("high", "1024x1024")
    assert answer.json["usage"]["total_tokens"] > 0
    [row] = proxy.log.opened_rows
    assert (row.endpoint, row.transport, row.model) == ("images", "http", "gpt-5.5")
    assert proxy.receipt.usage is not None


@PATHS
async def test_previews_come_before_the_image(proxy: Proxy, path: str) -> None:
    answer = await proxy.post(path, CAT | {"stream": True, "partial_images": 2})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [e.get("partial_image_index") for e in answer.events] == [0, 1, None]
    assert proxy.receipt.status == "success"


async def test_edits_have_names_of_their_own(proxy: Proxy) -> None:
    edit = {"prompt": "a hat", "image": "data:image/png;base64,QQ==", "stream": True}
    answer = await proxy.post("/v1/images/edits", edit)
    assert answer.kinds[-1] == "image_edit.completed"


@pytest.mark.parametrize("stream", [True, False])
async def test_another_account_draws_when_the_first_is_spent(proxy: Proxy, stream: bool) -> None:
    proxy.sim.script(steps.UsageLimit(), times=1)
    answer = await proxy.post("/v1/images/generations", CAT | {"stream": stream})
    assert answer.status == 200
    assert len(set(proxy.upstream_calls())) == 2


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (WORDS, "image_not_generated"),
        (steps.CutAfter("generating", then=steps.Image()), "stream_incomplete"),
        (
            steps.FailedEvent("content_policy_violation", after="generating", then=steps.Image()),
            "content_policy_violation",
        ),
    ],
)
async def test_a_stream_without_an_image_ends_in_an_error(
    proxy: Proxy, step: steps.Step, code: str
) -> None:
    proxy.sim.script(step)
    answer = await proxy.post("/v1/images/generations", CAT | {"stream": True})
    error = json.loads(answer.body.split(b"event: error\ndata: ")[1])
    assert error["error"]["code"] == code
    assert b"output_text" not in answer.body, "nothing of the host model's own talk"


async def test_words_instead_of_an_image_are_a_clear_refusal(proxy: Proxy) -> None:
    proxy.sim.script(WORDS)
    answer = await proxy.post("/v1/images/generations", CAT)
    assert (answer.status, answer.error["code"]) == (400, "image_not_generated")
    assert "I cannot draw that." in answer.error["message"]
    assert proxy.receipt.status == "error"


@pytest.mark.parametrize(
    ("body", "param"),
    [({"prompt": "x", "n": 3}, "n"), ({}, "prompt"), ({"prompt": "x", "style": "vivid"}, "style")],
)
async def test_what_is_not_there_is_refused_before_any_account(
    proxy: Proxy, body: dict[str, Any], param: str
) -> None:
    answer = await proxy.post("/v1/images/generations", body or b"{}")
    assert (answer.status, answer.error["param"]) == (400, param)
    assert proxy.upstream_calls() == []
