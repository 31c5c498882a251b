"""Compaction: inside a turn, and on its own, which is the same turn told in another shape."""

import json
from typing import Any

import pytest
from tests.proxy.harness import CODEX, OPENAI, Answer, Proxy, ask

from codex_lb.simulator import steps

TRIGGER = {"type": "compaction_trigger"}
HISTORY = ask()["input"]
COMPACT = pytest.mark.parametrize("path", [f"{CODEX}/compact", f"{OPENAI}/compact"])


def items(answer: Answer) -> list[dict[str, Any]]:
    return [e["item"] for e in answer.events if e["type"] == "response.output_item.done"]


@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_a_trigger_in_a_turn_streams_one_item_with_its_whole_life(
    proxy: Proxy, path: str
) -> None:
    answer = await proxy.post(path, ask(input=[*HISTORY, TRIGGER]))

    assert [kind for kind in answer.kinds if not kind.startswith("codex.")] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.completed",
    ]
    [item] = items(answer)
    assert item["type"] == "compaction"
    if path == OPENAI:
        assert answer.events[-1]["response"]["output"] == [item]


async def test_a_trigger_in_a_turn_without_a_stream_gives_the_item(proxy: Proxy) -> None:
    answer = await proxy.post(OPENAI, ask(input=[*HISTORY, TRIGGER], stream=False))
    [item] = answer.json["output"]
    assert item["type"] == "compaction"


async def test_the_item_arrives_byte_for_byte(proxy: Proxy) -> None:
    odd = {"type": "compaction", "id": "cmp_é", "encrypted_content": "gA+/=", "later": [1.50, None]}
    proxy.sim.script(steps.Items((odd,)))
    whole = json.dumps(odd, separators=(",", ":"), ensure_ascii=False).encode()
    for path in (CODEX, OPENAI, f"{CODEX}/compact"):
        answer = await proxy.post(path, ask(input=[*HISTORY, TRIGGER]))
        assert whole in answer.body


@COMPACT
async def test_compacting_on_its_own_answers_with_the_item(proxy: Proxy, path: str) -> None:
    answer = await proxy.post(path, {"model": "gpt-5.5", "input": HISTORY, "instructions": "x"})

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json) == {"id", "object", "created_at", "output", "usage"}
    assert answer.json["object"] == "response.compaction"
    [item] = answer.json["output"]
    assert set(item) == {"id", "type", "encrypted_content"}
    [call] = proxy.sim.requests_to("/codex/responses")
    assert call.json["input"][-1] == TRIGGER
    [row] = proxy.log.opened_rows
    assert (row.endpoint, row.transport) == ("compact", "http")
    assert proxy.receipt.usage is not None


@COMPACT
async def test_it_is_asked_of_the_account_that_has_the_conversation(
    proxy: Proxy, path: str
) -> None:
    thread = {"thread-id": "one"}
    for number in range(3):
        await proxy.post(CODEX, headers={"thread-id": f"another {number}"})
    await proxy.post(CODEX, headers=thread)
    sealed = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": ""}
    owner = next(a for a in proxy.accounts if a.email == proxy.upstream_calls()[-1])
    sealed["encrypted_content"] = owner.seal("n")

    answer = await proxy.post(
        path, {"model": "gpt-5.5", "input": [*HISTORY, sealed]}, headers=thread
    )

    assert answer.status == 200
    assert proxy.upstream_calls()[-2:] == [owner.email] * 2


@COMPACT
async def test_another_account_compacts_when_the_first_is_spent(proxy: Proxy, path: str) -> None:
    proxy.sim.script(steps.UsageLimit(), times=1)
    answer = await proxy.post(path)
    assert answer.json["output"][0]["type"] == "compaction"
    assert len(set(proxy.upstream_calls())) == 2


@COMPACT
@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        pytest.param(steps.Refuse("not_found"), 404, None, id="upstream has no such thing"),
        pytest.param(steps.Refuse("bad_request"), 400, None, id="it does not know the item"),
        pytest.param(steps.Text(), 400, "compaction_failed", id="it says something instead"),
    ],
)
async def test_where_upstream_cannot_compact_the_client_hears_it_once(
    proxy: Proxy, path: str, step: steps.Step, status: int, code: str | None
) -> None:
    proxy.sim.script(step)
    answer = await proxy.post(path)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.error["message"]
    assert len(proxy.upstream_calls()) == 1
    assert proxy.receipt.status == "error"


@COMPACT
async def test_a_history_of_another_account_is_told_clearly(proxy: Proxy, path: str) -> None:
    first, _ = proxy.accounts
    proxy.pool.set_state(proxy.local_id(first), "reauth_required", "gone")
    sealed = {"type": "compaction", "id": "c", "encrypted_content": first.seal("n")}
    answer = await proxy.post(path, {"model": "gpt-5.5", "input": [sealed, *HISTORY]})
    assert (answer.status, answer.error["code"]) == (400, "invalid_encrypted_content")
    assert "another ChatGPT account" in answer.error["message"]
