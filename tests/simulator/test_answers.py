"""Answers at the wire: what each kind of answer looks like to a client."""

import base64

import pytest
from tests.simulator.calls import START, JsonObject, body, post, user

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.steps import (
    Answer,
    BigEvent,
    Compaction,
    CustomTool,
    Image,
    Items,
    Reasoning,
    Text,
    Tool,
)

ECHO = {"type": "function", "name": "echo"}
CALLED = {"type": "function_call", "call_id": "call_1", "name": "echo", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}


def done_items(events: list[JsonObject]) -> list[JsonObject]:
    return [event["item"] for event in events if event["type"] == "response.output_item.done"]


async def test_an_unscripted_call_gets_the_whole_life_of_a_short_text(
    sim: Simulator, account: SimAccount
) -> None:
    answer = await post(sim, account)

    assert answer.status == 200
    assert answer.kinds == [
        "codex.rate_limits",
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 5,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    events = answer.events[1:]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    deltas = [event["delta"] for event in events if "delta" in event]
    assert "".join(deltas) == "Hello from the simulator."
    [item] = done_items(events)
    assert (item["role"], item["content"][0]["text"]) == ("assistant", "Hello from the simulator.")


async def test_the_last_event_has_usage_and_an_empty_output(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Text("hi", input_tokens=1200, output_tokens=34))

    response = (await post(sim, account)).events[-1]["response"]

    assert response["output"] == []  # the real back end leaves it empty
    assert (response["status"], response["created_at"]) == ("completed", START)
    assert response["usage"] == {
        "input_tokens": 1200,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 34,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 1234,
    }


async def test_the_headers_tell_quota_model_and_ids(sim: Simulator, account: SimAccount) -> None:
    headers = (await post(sim, account)).headers

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["x-codex-primary-used-percent"] == "10"
    assert headers["x-codex-primary-window-minutes"] == "300"
    assert headers["x-codex-secondary-reset-at"] == str(round(START + 302_400))
    assert headers["openai-model"] == "gpt-5.5"
    assert headers["x-request-id"].startswith("req_")
    assert headers["x-codex-turn-state"].startswith("turn_")
    assert account.account_id in headers["set-cookie"]


async def test_a_turn_state_comes_back_as_it_was_sent(sim: Simulator, account: SimAccount) -> None:
    answer = await post(sim, account, headers={"x-codex-turn-state": "turn_mine"})
    assert answer.headers["x-codex-turn-state"] == "turn_mine"


@pytest.mark.parametrize(
    ("asked", "step", "served"),
    [
        pytest.param(..., Text(), "default", id="nothing asked is the default tier"),
        pytest.param("auto", Text(), "default", id="auto is the default tier"),
        pytest.param("priority", Text(), "priority", id="priority is served"),
        pytest.param(
            "priority", Text(service_tier="default"), "default", id="a script serves another tier"
        ),
    ],
)
async def test_service_tier(
    sim: Simulator, account: SimAccount, asked: object, step: Text, served: str
) -> None:
    sim.script(step)
    answer = await post(sim, account, body(service_tier=asked))
    assert answer.events[-1]["response"]["service_tier"] == served


async def test_a_script_serves_another_model_and_says_so(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Text(model="gpt-5.4-mini"))
    answer = await post(sim, account)
    assert answer.headers["openai-model"] == "gpt-5.4-mini"
    assert answer.events[-1]["response"]["model"] == "gpt-5.4-mini"


async def test_reasoning_carries_ciphertext_and_a_summary(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Reasoning("answer", summary="thought", deltas=2))

    answer = await post(sim, account)

    thought, said = done_items(answer.events)
    assert thought["encrypted_content"].startswith("gAAAAAB")
    assert thought["summary"] == [{"type": "summary_text", "text": "thought"}]
    assert said["content"][0]["text"] == "answer"
    assert answer.kinds.count("response.reasoning_summary_text.delta") == 2
    usage = answer.events[-1]["response"]["usage"]
    assert usage["output_tokens_details"]["reasoning_tokens"] == 64


@pytest.mark.parametrize(
    ("step", "request_", "calls"),
    [
        pytest.param(
            Tool("run", {"cmd": "ls"}), body(), [("run", '{"cmd":"ls"}')], id="a named tool"
        ),
        pytest.param(
            Tool(),
            body(tools=[ECHO]),
            [("echo", "{}")],
            id="a tool on offer",
        ),
        pytest.param(
            Tool(),
            body(input=[{"type": "additional_tools", "tools": [ECHO]}, user("hi")]),
            [("echo", "{}")],
            id="a tool on offer inside the input",
        ),
        pytest.param(
            Tool(),
            body(tools=[ECHO, {"type": "function", "name": "bash"}]),
            [
                (
                    "bash",
                    '{"command":"echo hello from the simulator","description":"Says hello"}',
                )
            ],
            id="of tools on offer one that is known, with arguments that do no harm",
        ),
        pytest.param(
            Tool("run", count=2), body(), [("run", "{}"), ("run", "{}")], id="parallel calls"
        ),
        pytest.param(Tool(), body(), [], id="nothing on offer: a text"),
        pytest.param(
            Tool("run"), body(input=[user("hi"), CALLED, RESULT]), [], id="a result ends the turn"
        ),
        pytest.param(
            Tool("run"),
            body(input=[user("hi"), CALLED, RESULT, user("again")]),
            [("run", "{}")],
            id="a new user message starts another turn",
        ),
        pytest.param(
            Tool("run", again=True),
            body(input=[user("hi"), CALLED, RESULT]),
            [("run", "{}")],
            id="unless the script wants another call",
        ),
    ],
)
async def test_function_calls(
    sim: Simulator,
    account: SimAccount,
    step: Tool,
    request_: JsonObject,
    calls: list[tuple[str, str]],
) -> None:
    sim.script(step)

    answer = await post(sim, account, request_)

    items = done_items(answer.events)
    assert [(item["name"], item["arguments"]) for item in items if "call_id" in item] == calls
    assert len({item["call_id"] for item in items if "call_id" in item}) == len(calls)
    assert [item["type"] for item in items] == (["function_call"] * len(calls) or ["message"])
    streamed = [e["delta"] for e in answer.events if e["type"].endswith("arguments.delta")]
    assert "".join(streamed) == "".join(arguments for _, arguments in calls)


async def test_a_custom_tool_call_streams_its_input(sim: Simulator, account: SimAccount) -> None:
    sim.script(CustomTool("apply_patch", "*** Begin Patch"))

    answer = await post(sim, account)

    [item] = done_items(answer.events)
    assert (item["type"], item["input"]) == ("custom_tool_call", "*** Begin Patch")
    streamed = [e["delta"] for e in answer.events if e["type"].endswith("input.delta")]
    assert "".join(streamed) == "*** Begin Patch"


async def test_a_compaction_trigger_gets_exactly_one_compaction_item(
    sim: Simulator, account: SimAccount
) -> None:
    answer = await post(sim, account, body(input=[user("hi"), {"type": "compaction_trigger"}]))
    [item] = done_items(answer.events)
    assert item["type"] == "compaction"
    assert item["encrypted_content"]


@pytest.mark.parametrize(
    ("step", "kinds"),
    [
        pytest.param(Compaction(), ["compaction"], id="a scripted compaction"),
        pytest.param(Image(), ["image_generation_call"], id="an image"),
        pytest.param(
            Items(({"type": "hologram", "id": "ho_1"}, {"type": "web_search_call", "id": "ws_1"})),
            ["hologram", "web_search_call"],
            id="items nobody knows, as they are",
        ),
        pytest.param(Items(), [], id="no item at all"),
    ],
)
async def test_items(sim: Simulator, account: SimAccount, step: Answer, kinds: list[str]) -> None:
    sim.script(step)
    answer = await post(sim, account)
    assert [item["type"] for item in done_items(answer.events)] == kinds
    assert answer.kinds.count("response.output_item.added") == len(kinds)
    assert answer.kinds[-1] == "response.completed"


async def test_an_image_is_a_real_png(sim: Simulator, account: SimAccount) -> None:
    sim.script(Image())
    answer = await post(sim, account)
    [item] = done_items(answer.events)
    assert base64.b64decode(item["result"]).startswith(b"\x89PNG\r\n\x1a\n")


async def test_a_big_event_is_as_big_as_asked(sim: Simulator, account: SimAccount) -> None:
    sim.script(BigEvent(2))
    answer = await post(sim, account)
    assert answer.kinds.count("response.output_text.delta") == 1
    assert len(done_items(answer.events)[0]["content"][0]["text"]) == 2_000_000


async def test_only_the_account_that_served_a_prompt_holds_it_warm(
    sim: Simulator, account: SimAccount
) -> None:
    other = sim.add_account("b@example.com")
    request = body(input=[user("long " * 2000)], prompt_cache_key="thread")

    cached = [
        (await post(sim, who, request)).events[-1]["response"]["usage"]["input_tokens_details"]
        for who in (account, account, other)
    ]

    size = (await post(sim, other, request)).events[-1]["response"]["usage"]["input_tokens"]
    assert [details["cached_tokens"] for details in cached] == [0, size // 128 * 128, 0]
