"""Captured traffic: what real clients send is taken; what a proxy must translate first is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.simulator.calls import JsonObject, open_socket, post, turn

from codex_lb.simulator import SimAccount, Simulator

REQUESTS = Path(__file__).parents[1] / "captures"
SOCKETS = Path(__file__).parent / "captures"


def captured(path: str) -> list[Any]:
    """Bodies of the requests that went to `path`."""
    return [
        pytest.param(entry["body"], id=f"{file.stem} {number}")
        for file in sorted(REQUESTS.glob("*.json"))
        for number, entry in enumerate(json.loads(file.read_text()), 1)
        if entry["path"] == path and entry["body"]
    ]


def frames(name: str) -> list[JsonObject]:
    """The frames of one WebSocket, in order."""
    return [entry["body"] for entry in json.loads((SOCKETS / f"{name}.json").read_text())]


@pytest.mark.parametrize("request_", captured("/backend-api/codex/responses"))
async def test_requests_of_codex_are_taken(
    sim: Simulator, account: SimAccount, request_: JsonObject
) -> None:
    answer = await post(sim, account, request_)
    assert answer.status == 200
    assert answer.kinds[-1] == "response.completed"


@pytest.mark.parametrize("name", ["codex-ws-hello", "codex-ws-tool"])
async def test_a_socket_of_codex_is_served_with_its_own_anchors(
    sim: Simulator, account: SimAccount, name: str
) -> None:
    anchor = None
    async with open_socket(sim, account) as socket:
        for request in frames(name):
            results = [i for i in request["input"] if i["type"] == "function_call_output"]
            if "previous_response_id" in request:
                request["previous_response_id"] = anchor
            if results:  # the call was made by another back end
                request["input"] = []
            events = await turn(socket, request)
            assert events[-1]["type"] == "response.completed"
            anchor = events[-1]["response"]["id"]


@pytest.mark.parametrize("request_", captured("/v1/responses"))
async def test_a_public_api_request_needs_translation(
    sim: Simulator, account: SimAccount, request_: JsonObject
) -> None:
    answer = await post(sim, account, request_)
    assert answer.json == {"detail": "Unsupported parameter: max_output_tokens"}
    del request_["max_output_tokens"]
    answer = await post(sim, account, request_)
    assert answer.json == {"detail": "System messages are not allowed"}


def test_there_are_captures_of_every_kind() -> None:
    assert len(captured("/backend-api/codex/responses")) >= 8
    assert len(captured("/v1/responses")) >= 1
