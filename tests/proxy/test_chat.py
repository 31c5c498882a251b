"""Chat completions over the whole line of an exchange."""

import asyncio
import json
from typing import Any

import pytest
from tests.proxy.harness import Answer, Proxy, running
from tests.proxy.test_exchange import FAULTS

from codex_lb.simulator import Simulator, steps

CHAT = "/v1/chat/completions"
JsonObject = dict[str, Any]


def ask(*, stream: bool = True, **fields: object) -> JsonObject:
    hello = [{"role": "user", "content": "hi"}]
    return {"model": "gpt-5.5", "messages": hello, "stream": stream} | fields


def told(answer: Answer) -> list[Any]:
    """The chunks, and `[DONE]` as a text."""
    blocks = [b for b in answer.body.decode().split("\n\n") if b and not b.startswith(":")]
    data = [block.removeprefix("data: ") for block in blocks]
    return [text if text == "[DONE]" else json.loads(text) for text in data]


def content(answer: Answer) -> str:
    chunks = told(answer)[:-1]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_before_content_is_never_seen(proxy: Proxy, fault: str) -> None:
    proxy.sim.script(FAULTS[fault](), times=1)

    answer = await proxy.post(CHAT, ask())

    assert answer.status == 200
    assert content(answer) == "Hello from the simulator."
    assert told(answer)[-1] == "[DONE]"
    assert sorted(proxy.upstream_calls()) == ["a@example.com", "b@example.com"]
    assert proxy.receipt.status == "success"


async def test_one_answer_has_one_id_which_is_the_requests(proxy: Proxy) -> None:
    answer = await proxy.post(CHAT, ask())
    ids = {chunk["id"] for chunk in told(answer)[:-1]}
    assert ids == {f"chatcmpl-{proxy.receipt.id}"}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (steps.FailedEvent("context_length_exceeded"), 400, "context_length_exceeded"),
        (steps.FailedEvent("server_is_overloaded"), 503, "server_is_overloaded"),
        (steps.Refuse("bad_request"), 400, None),
        (steps.UsageLimit(), 429, "usage_limit_reached"),
    ],
    ids=["too long", "overloaded", "bad request", "usage limit"],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_fails_before_content_has_its_status(
    proxy: Proxy, fault: Any, status: int, code: str | None, stream: bool
) -> None:
    proxy.sim.script(fault)
    answer = await proxy.post(CHAT, ask(stream=stream))
    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (steps.CutAfter("delta"), "stream_incomplete"),
        (steps.CutAfter("delta", how="fin"), "stream_incomplete"),
        (steps.NoTerminal("delta"), "stream_incomplete"),
        (steps.FailedEvent("server_error", after="delta"), "server_error"),
        (steps.ErrorEvent("rate_limit_exceeded", after="delta"), "rate_limit_exceeded"),
    ],
    ids=["reset", "close", "end", "failed", "error"],
)
async def test_what_fails_after_content_ends_in_an_error(
    proxy: Proxy, fault: Any, code: str
) -> None:
    proxy.sim.script(fault)
    answer = await proxy.post(CHAT, ask())
    *chunks, last = told(answer)
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert last["error"]["code"] == code
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)
    assert answer.done


async def test_an_empty_pool_says_so_before_the_stream(sim: Simulator) -> None:
    async with running(sim, accounts=0) as proxy:
        answer = await proxy.post(CHAT, ask())
    assert (answer.status, answer.error["code"]) == (503, "no_accounts")
    assert answer.headers["x-should-retry"] == "false"


async def test_a_shutdown_ends_the_stream_with_an_error(proxy: Proxy) -> None:
    proxy.sim.script(steps.Silence("delta"))
    call = proxy.call(CHAT, ask())

    async def end() -> None:
        await call.until(b'"content":"H')
        proxy.plane.serving.stop_all()

    await asyncio.gather(call.run(), end())
    assert told(call.answer)[-1]["error"]["code"] == "server_shutting_down"


async def test_a_conversation_stays_by_its_header(proxy: Proxy) -> None:
    for _ in range(4):
        await proxy.post(CHAT, ask(), headers={"x-session-affinity": "ses_1"})
    assert len(set(proxy.upstream_calls())) == 1
    [first, *_] = proxy.sim.requests_to("/codex/responses")
    assert first.json["prompt_cache_key"] == "ses_1"
    assert proxy.log.opened_rows[0].conversation_id == "ses_1"


async def test_a_bad_request_names_its_place(proxy: Proxy) -> None:
    answer = await proxy.post(CHAT, ask(messages=[{"role": "bard"}]))
    assert (answer.status, answer.error["param"]) == (400, "messages[0].role")
    assert proxy.upstream_calls() == []
