"""The attempt loop at the wire: real replies and faults of the simulator, both dialects."""

import asyncio
import gc
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.proxy.harness import CODEX, OPENAI, Answer, Proxy, ask, running

from codex_lb.core import responses
from codex_lb.core.model import QuotaWindow
from codex_lb.core.responses import Dialect
from codex_lb.proxy import forms
from codex_lb.proxy.exchange import Exchange
from codex_lb.proxy.parts import Request
from codex_lb.simulator import Simulator, steps

Step = Any

# The pre-output fault kinds: with another account healthy the client must never see them.
FAULTS: dict[str, Callable[[], Step]] = {
    "500": lambda: steps.Refuse("server_error"),
    "503 page": lambda: steps.Status(503, "<html>busy</html>", {"content-type": "text/html"}),
    "200 page": steps.Html,
    "403": lambda: steps.Refuse("firewall"),
    "429 usage": steps.UsageLimit,
    "429 burst": steps.Burst,
    "429 empty": lambda: steps.Refuse("bare_429"),
    "failed event": lambda: steps.FailedEvent("server_error", after="start"),
    "failed after created": lambda: steps.FailedEvent("usage_limit_reached"),
    "overloaded inside the stream": lambda: steps.FailedEvent("server_is_overloaded", after=2),
    "error event": lambda: steps.ErrorEvent("server_error", after="start"),
    "reset": steps.Reset,
    "reset after headers": lambda: steps.Reset(before_headers=False),
    "clean close": steps.Close,
    "garbage": steps.Garbage,
    "huge header": steps.HugeHeader,
    "wrong content type": steps.WrongType,
    "cut before content": lambda: steps.CutAfter(2, how="fin"),
    "end before content": lambda: steps.NoTerminal(2),
}


@pytest.mark.parametrize("path", [CODEX, OPENAI])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_before_content_is_never_seen(proxy: Proxy, path: str, fault: str) -> None:
    proxy.sim.script(FAULTS[fault](), times=1)

    answer = await proxy.post(path)

    assert answer.status == 200
    assert answer.text == "Hello from the simulator."
    assert answer.kinds.count("response.created") == 1
    assert answer.kinds[-1] == "response.completed"
    assert sorted(proxy.upstream_calls()) == ["a@example.com", "b@example.com"]
    assert proxy.receipt.status == "success"
    assert [attempt.verdict for attempt in proxy.receipt.attempts] == ["next", "relay"]
    assert (proxy.pool.in_flight, proxy.pool.unanswered) == (0, 0)


async def test_a_header_black_hole_is_left_at_the_first_event_deadline(sim: Simulator) -> None:
    async with running(sim, first_event_s=0.3) as proxy:
        sim.script(steps.BlackHole(), times=1)
        answer = await proxy.post()
        assert answer.kinds[-1] == "response.completed"
        assert proxy.receipt.attempts[0].code == "first_event_timeout"
        assert proxy.pool.unanswered == 0


async def test_a_refused_connection_is_an_answer(sim: Simulator) -> None:
    async with running(sim) as proxy:
        await sim.refuse()
        answer = await proxy.post(OPENAI, ask(stream=False))
        assert (answer.status, answer.error["code"]) == (502, "upstream_unavailable")
        assert len(proxy.receipt.attempts) <= 3
        await sim.listen()


@pytest.mark.parametrize("fault", ["500", "reset", "failed event"])
async def test_a_lone_account_gets_a_second_try(sim: Simulator, fault: str) -> None:
    async with running(sim, accounts=1) as proxy:
        sim.script(FAULTS[fault](), times=1)
        answer = await proxy.post()
        assert answer.kinds[-1] == "response.completed"


async def test_when_all_fail_upstream_is_called_three_times(sim: Simulator) -> None:
    async with running(sim, accounts=5) as proxy:
        sim.script(steps.Refuse("server_error"))
        answer = await proxy.post(OPENAI)
        assert (answer.status, answer.error["type"]) == (502, "server_error")
        assert len(proxy.upstream_calls()) == len(set(proxy.upstream_calls())) == 3


async def test_codex_hears_of_a_fault_in_the_form_it_repeats_least(sim: Simulator) -> None:
    async with running(sim) as proxy:
        sim.script(steps.Refuse("server_error"))
        answer = await proxy.post(CODEX)
        assert (answer.status, answer.kinds) == (200, ["response.failed"])
        assert answer.events[0]["response"]["error"]["code"] == "server_error"


async def test_an_overloaded_upstream_is_named_to_codex(sim: Simulator) -> None:
    async with running(sim) as proxy:
        sim.script(steps.Refuse("overloaded"))
        answer = await proxy.post(CODEX)
        assert (answer.status, answer.error["code"]) == (503, "server_is_overloaded")
        assert all(not account.blocks for account in proxy.pool.accounts())


# -- limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_an_exhausted_pool_says_until_when(proxy: Proxy, path: str) -> None:
    now = proxy.sim.now()
    first, second = proxy.accounts
    proxy.sim.script(steps.UsageLimit(resets_in_s=7200), account=first)
    proxy.sim.script(steps.UsageLimit(resets_in_s=3600), account=second)

    answer = await proxy.post(path)

    assert answer.status == 429
    assert answer.error["type"] == answer.error["code"] == "usage_limit_reached"
    assert answer.error["plan_type"] == "plus"
    assert answer.error["resets_at"] == pytest.approx(now + 3600, abs=3)
    assert int(answer.headers["retry-after"]) == pytest.approx(3600, abs=3)
    assert answer.headers["x-should-retry"] == "false"
    assert answer.error["message"].count("usage limit reached until") == 2
    again = await proxy.post(path)
    assert again.error["resets_at"] == answer.error["resets_at"]
    assert len(proxy.upstream_calls()) == 2, "an exhausted pool asks nobody"


async def test_spent_accounts_beyond_the_third_are_found_at_the_next_try(sim: Simulator) -> None:
    async with running(sim, accounts=4) as proxy:
        *spent, free = proxy.accounts
        for account in spent:
            sim.script(steps.UsageLimit(), account=account)
        nearly_spent = QuotaWindow(300, 0.9, sim.now() + 60, sim.now(), "usage")
        proxy.pool.measured(proxy.local_id(free), [nearly_spent])
        answer = await proxy.post(CODEX)
        (failed,) = answer.events
        assert failed["response"]["error"]["code"] == "rate_limit_exceeded"
        assert "try again in 1s" in failed["response"]["error"]["message"]
        assert (await proxy.post(CODEX)).kinds[-1] == "response.completed"


@pytest.mark.parametrize(("path", "status"), [(CODEX, 400), (OPENAI, 503)])
async def test_a_pool_without_accounts_says_so(sim: Simulator, path: str, status: int) -> None:
    async with running(sim, accounts=0) as proxy:
        answer = await proxy.post(path)
        assert (answer.status, answer.error["code"]) == (status, "no_accounts")
        assert answer.headers["x-should-retry"] == "false"


async def test_a_full_pool_is_waited_for(sim: Simulator) -> None:
    async with running(sim, accounts=1, limit=1) as proxy:
        sim.script(steps.Text(deltas=3, delay_s=0.05))
        answers = await asyncio.gather(*(proxy.post() for _ in range(4)))
        assert [answer.kinds[-1] for answer in answers] == ["response.completed"] * 4
        assert max(receipt.queue_ms for receipt in proxy.log.receipts) > 50
        assert proxy.pool.in_flight == 0


# -- login -----------------------------------------------------------------------------------------


async def test_an_expired_login_is_renewed_and_asked_again(proxy: Proxy) -> None:
    proxy.sim.script(steps.Refuse("token_expired"), times=1)
    answer = await proxy.post()
    assert answer.kinds[-1] == "response.completed"
    assert len(set(proxy.upstream_calls())) == 1
    assert [attempt.verdict for attempt in proxy.receipt.attempts] == ["renew", "relay"]
    assert proxy.sim.reuse_count == 0


async def test_a_dead_refresh_token_moves_on_and_asks_for_a_sign_in(proxy: Proxy) -> None:
    thread = {"thread-id": "one"}
    await proxy.post(headers=thread)
    dead = next(a for a in proxy.accounts if a.email == proxy.upstream_calls()[0])
    proxy.sim.script(steps.Refuse("token_expired"), account=dead)
    proxy.sim.script(steps.Refuse("refresh_token_expired"), account=dead, endpoint="refresh")

    answers = [await proxy.post(headers=thread) for _ in range(3)]

    assert [answer.kinds[-1] for answer in answers] == ["response.completed"] * 3
    account = proxy.account(dead)
    assert account.state == "reauth_required"
    assert "refresh_token_expired" in str(account.state_reason)
    assert proxy.upstream_calls().count(dead.email) == 2
    assert len(proxy.sim.requests_to("/oauth/token")) == 1


async def test_fifty_expired_logins_are_one_renewal(sim: Simulator) -> None:
    async with running(sim, accounts=1, limit=0) as proxy:
        sim.advance(7200)  # every access token has lapsed upstream
        answers = await asyncio.gather(*(proxy.post() for _ in range(50)))
        assert {answer.kinds[-1] for answer in answers} == {"response.completed"}
        assert sim.refresh_calls(proxy.accounts[0]) == 1
        assert sim.reuse_count == 0


# -- what is the request's own fault ---------------------------------------------------------------


@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_a_bad_request_is_passed_on_and_hurts_nobody(proxy: Proxy, path: str) -> None:
    proxy.sim.script(steps.Refuse("bad_request"))
    answer = await proxy.post(path)
    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"
    assert len(proxy.upstream_calls()) == 1
    assert all(not account.blocks for account in proxy.pool.accounts())


async def test_a_detail_becomes_an_error_that_sdks_can_read(proxy: Proxy) -> None:
    proxy.sim.script(steps.Status(400, {"detail": "Unsupported parameter: x"}))
    answer = await proxy.post(OPENAI)
    assert answer.error["message"] == "Unsupported parameter: x"
    assert answer.error["type"] == "invalid_request_error"


async def test_a_failed_stream_of_the_requests_own_fault_is_passed_whole(proxy: Proxy) -> None:
    proxy.sim.script(steps.FailedEvent("context_length_exceeded"))
    answer = await proxy.post(CODEX)
    assert answer.kinds == ["codex.rate_limits", "response.created", "response.failed"]
    assert answer.events[-1]["response"]["error"]["code"] == "context_length_exceeded"
    assert len(proxy.upstream_calls()) == 1


async def test_a_model_that_one_plan_lacks_is_asked_of_one_other_account(proxy: Proxy) -> None:
    refusal = steps.Status(
        400, {"detail": "The 'x' model is not supported when using Codex with a ChatGPT account."}
    )
    proxy.sim.script(refusal)
    answer = await proxy.post(OPENAI, ask(model="x"))
    assert answer.status == 400
    assert len(proxy.upstream_calls()) == 2
    assert (await proxy.post(OPENAI, ask(model="x"))).error["code"] == "model_not_supported"
    proxy.sim.script(steps.Text())
    assert (await proxy.post(OPENAI, ask(model="gpt-5.5"))).kinds[-1] == "response.completed"


# -- after content ---------------------------------------------------------------------------------

MID_STREAM: dict[str, tuple[Step, str]] = {
    "reset": (steps.CutAfter("delta"), "stream_incomplete"),
    "clean end": (steps.NoTerminal("delta"), "stream_incomplete"),
    "connection closed": (steps.CutAfter("delta", how="fin"), "stream_incomplete"),
    "half an event": (steps.HalfEvent("delta"), "stream_incomplete"),
    "failed": (steps.FailedEvent("server_error", after="delta"), "server_error"),
    "limit": (steps.FailedEvent("usage_limit_reached", after="delta"), "usage_limit_reached"),
}


@pytest.mark.parametrize("path", [CODEX, OPENAI])
@pytest.mark.parametrize("fault", MID_STREAM)
async def test_a_break_after_content_is_one_well_formed_failure(
    proxy: Proxy, path: str, fault: str
) -> None:
    step, code = MID_STREAM[fault]
    proxy.sim.script(step)

    answer = await proxy.post(path)

    terminal = [kind for kind in answer.kinds if kind in
                ("response.completed", "response.failed", "response.incomplete", "error")]  # fmt: skip
    assert terminal == ["response.failed"] == answer.kinds[-1:]
    assert answer.events[-1]["response"]["error"]["code"] == code
    numbers = [e["sequence_number"] for e in answer.events if "sequence_number" in e]
    assert numbers == sorted(set(numbers))
    ids = {e["response"]["id"] for e in answer.events if "response" in e}
    assert len(ids) == 1
    assert len(proxy.upstream_calls()) == 1
    assert proxy.receipt.status == "error"
    assert all(block.kind == "usage_limit" for a in proxy.pool.accounts() for block in a.blocks)


async def test_an_error_event_is_said_in_codex_words(proxy: Proxy) -> None:
    proxy.sim.script(steps.ErrorEvent("server_error", after="delta"))
    assert (await proxy.post(CODEX)).kinds[-1] == "response.failed"
    assert (await proxy.post(OPENAI)).kinds[-1] == "error"


async def test_silence_in_mid_stream_is_ended(sim: Simulator) -> None:
    async with running(sim, idle_s=0.3) as proxy:
        sim.script(steps.Silence("delta"))
        answer = await proxy.post()
        assert answer.events[-1]["response"]["error"]["code"] == "stream_idle_timeout"


async def test_garbage_after_content_is_no_success(proxy: Proxy) -> None:
    proxy.sim.script(steps.GarbageEvent("delta"))
    call = proxy.call(CODEX)
    await call.run()
    assert call.answer.body.count(b"event: response.failed") == 1
    assert proxy.receipt.status == "error"


@pytest.mark.parametrize(
    "step",
    [steps.Drip(), steps.Crlf(), steps.Comments(), steps.DataOnly(), steps.SplitUtf8(),
     steps.BigEvent(10.0)],
    ids=lambda step: type(step).__name__,
)  # fmt: skip
@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_odd_deliveries_arrive_whole(proxy: Proxy, path: str, step: Step) -> None:
    proxy.sim.script(step)
    call = proxy.call(path)
    answer = await call.run()
    assert answer.status == 200
    assert answer.done
    assert proxy.receipt.status == "success"


async def test_incomplete_is_an_end(proxy: Proxy) -> None:
    proxy.sim.script(steps.Incomplete())
    answer = await proxy.post(OPENAI)
    assert answer.kinds[-1] == "response.incomplete"
    assert (proxy.receipt.status, proxy.receipt.error_code) == ("success", "max_output_tokens")


# -- one JSON reply --------------------------------------------------------------------------------


async def test_a_client_without_a_stream_gets_the_collected_response(proxy: Proxy) -> None:
    answer = await proxy.post(OPENAI, ask(stream=False))
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["status"] == "completed"
    (message,) = answer.json["output"]
    assert message["content"][0]["text"] == "Hello from the simulator."
    assert proxy.receipt.usage is not None
    assert answer.json["usage"]["output_tokens"] == proxy.receipt.usage.output_tokens


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        (steps.FailedEvent("context_length_exceeded"), 400, "context_length_exceeded"),
        (steps.FailedEvent("rate_limit_exceeded", after="delta"), 429, "rate_limit_exceeded"),
        (steps.CutAfter("delta"), 502, "stream_incomplete"),
    ],
)
async def test_a_failure_without_a_stream_is_a_status(
    proxy: Proxy, step: Step, status: int, code: str
) -> None:
    proxy.sim.script(step)
    answer = await proxy.post(OPENAI, ask(stream=False))
    assert (answer.status, answer.error["code"]) == (status, code)


async def test_a_v1_stream_ends_with_its_output_and_without_codex_events(proxy: Proxy) -> None:
    answer = await proxy.post(OPENAI)
    assert not [kind for kind in answer.kinds if kind.startswith("codex.")]
    (message,) = answer.events[-1]["response"]["output"]
    assert message["content"][0]["text"] == "Hello from the simulator."


# -- leaving ---------------------------------------------------------------------------------------


async def test_a_client_that_leaves_ends_the_upstream_call(proxy: Proxy) -> None:
    proxy.sim.script(steps.Text(deltas=100, delay_s=0.05))
    call = proxy.call()
    async with asyncio.TaskGroup() as group:
        running_call = group.create_task(call.run())
        await call.until(b"output_text.delta")
        call.hang_up()
        await running_call
    await proxy.sim.wait_for(lambda: proxy.sim.live_streams == 0, 1.0)
    assert (proxy.receipt.status, proxy.receipt.error_code) == ("cancelled", "client_disconnected")
    assert proxy.pool.in_flight == 0


async def test_a_client_that_leaves_before_the_first_byte_is_written_down(proxy: Proxy) -> None:
    proxy.sim.script(steps.BlackHole())
    call = proxy.call()
    async with asyncio.TaskGroup() as group:
        running_call = group.create_task(call.run())
        await proxy.sim.wait_for(lambda: bool(proxy.upstream_calls()), 2.0)
        call.hang_up()
        await running_call
    await proxy.sim.wait_for(lambda: proxy.sim.live_streams == 0, 1.0)
    assert proxy.receipt.status == "cancelled"
    assert call.answer.status == 0


async def test_at_shutdown_a_stream_gets_its_terminal_event(proxy: Proxy) -> None:
    proxy.sim.script(steps.Text(deltas=100, delay_s=0.05))
    call = proxy.call()
    async with asyncio.TaskGroup() as group:
        running_call = group.create_task(call.run())
        await call.until(b"output_text.delta")
        proxy.plane.serving.stop_all()
        await running_call
    assert call.answer.done
    assert call.answer.kinds[-1] == "response.failed"
    assert "shutting down" in call.answer.events[-1]["response"]["error"]["message"]
    assert proxy.receipt.status == "error"


async def test_a_draining_proxy_takes_no_new_work(proxy: Proxy) -> None:
    proxy.plane.draining = True
    answer = await proxy.post(OPENAI)
    assert (answer.status, answer.error["code"]) == (503, "server_shutting_down")


# -- affinity --------------------------------------------------------------------------------------


async def test_a_conversation_stays_and_others_spread(sim: Simulator) -> None:
    async with running(sim, accounts=4) as proxy:
        for _ in range(3):
            await proxy.post(headers={"thread-id": "one"})
        assert len(set(proxy.upstream_calls())) == 1
        for number in range(8):
            await proxy.post(headers={"thread-id": f"other-{number}"})
        assert len(set(proxy.upstream_calls())) == 4


async def test_nothing_of_the_client_reaches_upstream_but_what_may(proxy: Proxy) -> None:
    await proxy.post(
        headers={
            "authorization": "Bearer sk-clb-secret", "cookie": "a=b", "x-api-key": "k",
            "proxy-authorization": "x", "x-anything": "y", "chatgpt-account-id": "mine",
            "openai-organization": "org", "user-agent": "curl/8", "x-codex-window-id": "w",
            "thread-id": "t", "x-stainless-os": "Linux",
        }
    )  # fmt: skip
    (call,) = proxy.sim.requests_to("/codex/responses")
    sent = {name.lower(): value for name, value in call.headers.items()}
    assert sent["x-codex-window-id"] == "w"
    assert sent["thread-id"] == "t"
    assert sent["originator"] == "codex_cli_rs"
    assert sent["user-agent"].startswith("codex-lb/")
    assert sent["chatgpt-account-id"] != "mine"
    assert not {"cookie", "x-api-key", "proxy-authorization", "x-anything", "openai-organization",
                "x-stainless-os"} & sent.keys()  # fmt: skip
    assert "sk-clb" not in str(sent)


# -- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, "500", "reset"])
async def test_a_finished_exchange_is_freed_at_once(proxy: Proxy, fault: str | None) -> None:
    """A body of megabytes must not wait for the garbage collector."""
    if fault:
        proxy.sim.script(FAULTS[fault](), times=1)
    gc.collect()
    gc.disable()
    try:
        await proxy.post()
        left = [thing for thing in gc.get_objects() if type(thing) in (Exchange, Request)]
    finally:
        gc.enable()
    assert left == []


async def test_forty_recoveries_in_a_row_are_not_too_many(proxy: Proxy) -> None:
    for _ in range(40):
        proxy.sim.script(steps.FailedEvent("server_is_overloaded"), times=1)
        assert (await proxy.post()).kinds[-1] == "response.completed"


@pytest.mark.parametrize(("items", "is_aside"), [(10, False), (100_000, True)])
async def test_a_long_body_is_rewritten_while_others_are_served(
    sim: Simulator, items: int, is_aside: bool
) -> None:
    readers: list[int] = []

    def read(body: bytes, dialect: Dialect, headers: Mapping[str, str]) -> responses.Call:
        readers.append(threading.get_ident())
        return forms.RESPONSES.read(body, dialect, headers)

    form = replace(forms.RESPONSES, read=read)
    data = json.dumps(ask(input=[{"role": "assistant", "content": ""}] * items)).encode()
    async with running(sim, accounts=0, max_body_mb=8) as proxy:
        call = await proxy.plane.serving.judge(form, proxy.asked(OPENAI), data)
    assert isinstance(call, responses.Call)
    assert [reader != threading.get_ident() for reader in readers] == [is_aside]


async def test_comments_alone_are_no_first_event(sim: Simulator) -> None:
    async with running(sim, first_event_s=0.3, idle_s=5) as proxy:
        sim.script(steps.Comments(steps.Silence("start")), times=1)
        answer = await proxy.post()
        assert answer.kinds[-1] == "response.completed"
        assert proxy.receipt.attempts[0].code == "first_event_timeout"


async def test_another_account_of_the_plan_tells_the_models(proxy: Proxy) -> None:
    proxy.sim.script(steps.Status(500), endpoint="models", times=1)
    answer = await proxy.post("/v1/models", method="GET")
    assert "gpt-5.5" in {model["id"] for model in answer.json["data"]}
    assert len(proxy.sim.requests_to("/codex/models")) == 2


async def test_refused_sign_ins_are_told_to_the_right_person(sim: Simulator) -> None:
    async with running(sim, accounts=1) as proxy:
        sim.script(steps.Refuse("token_expired"))
        answer = await proxy.post(OPENAI)
        assert (answer.status, answer.error["code"]) == (502, "upstream_error")
        assert "operator" in answer.error["message"]


# -- a conversation that moves -------------------------------------------------------------------


def sealed(proxy: Proxy, kind: str = "reasoning") -> dict[str, Any]:
    """An item that only the first account can read."""
    return {
        "type": kind,
        "id": "rs_1",
        "summary": [],
        "encrypted_content": proxy.accounts[0].seal("n"),
    }


def history(*items: dict[str, Any]) -> dict[str, Any]:
    message = {"type": "message", "role": "user", "content": "hi"}
    return ask(input=[message, *items, message])


@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_encrypted_reasoning_of_another_account_is_left_out_once(
    proxy: Proxy, path: str
) -> None:
    proxy.pool.set_state(proxy.local_id(proxy.accounts[0]), "reauth_required", "gone")

    answer = await proxy.post(path, history(sealed(proxy)))

    assert answer.text == "Hello from the simulator."
    assert proxy.upstream_calls() == ["b@example.com", "b@example.com"]
    assert [a.verdict for a in proxy.receipt.attempts] == ["lighten", "relay"]
    assert proxy.receipt.attempts[0].code == "invalid_encrypted_content"


async def test_the_words_alone_are_understood_too(proxy: Proxy) -> None:
    proxy.pool.set_state(proxy.local_id(proxy.accounts[1]), "reauth_required", "gone")
    proxy.sim.script(steps.Refuse("encrypted_unverified"), times=1)

    answer = await proxy.post(CODEX, history(sealed(proxy)))

    assert answer.text == "Hello from the simulator."
    assert [a.verdict for a in proxy.receipt.attempts] == ["lighten", "relay"]
    assert len(proxy.upstream_calls()) == 2


async def test_a_foreign_compaction_is_never_dropped(proxy: Proxy) -> None:
    proxy.pool.set_state(proxy.local_id(proxy.accounts[0]), "reauth_required", "gone")

    answer = await proxy.post(
        CODEX, history(sealed(proxy, "compaction"), sealed(proxy, "reasoning"))
    )

    assert (answer.status, answer.error["code"]) == (400, "invalid_encrypted_content")
    assert "another ChatGPT account" in answer.error["message"]
    assert len(proxy.upstream_calls()) == 2, "one with the reasoning, one without"


async def test_a_rejection_that_nothing_explains_is_passed_on(proxy: Proxy) -> None:
    proxy.sim.script(steps.Refuse("encrypted_content"))

    answer = await proxy.post(CODEX)

    assert (answer.status, answer.error["code"]) == (400, "invalid_encrypted_content")
    assert len(proxy.upstream_calls()) == 1


# -- a response that one account has ---------------------------------------------------------------


async def test_a_previous_response_is_asked_of_its_owner(sim: Simulator) -> None:
    async with running(sim, accounts=3) as proxy:
        owner = proxy.accounts[2]
        proxy.log.owners["resp_known"] = proxy.local_id(owner)
        await proxy.post(OPENAI, ask(previous_response_id="resp_known"))
        assert proxy.upstream_calls() == [owner.email]
        assert proxy.receipt.attempts[0].reason == "bound"


@pytest.mark.parametrize("spent_by", ["the answer", "before", "leaving"])
async def test_without_its_owner_the_client_is_asked_for_everything(
    proxy: Proxy, spent_by: str
) -> None:
    owner = proxy.accounts[0]
    proxy.log.owners["resp_known"] = proxy.local_id(owner)
    if spent_by == "the answer":
        proxy.sim.script(steps.UsageLimit(), account=owner)
    elif spent_by == "before":
        proxy.pool.set_state(proxy.local_id(owner), "reauth_required", "gone")
    else:
        proxy.pool.load([proxy.account(proxy.accounts[1])])

    answer = await proxy.post(OPENAI, ask(previous_response_id="resp_known"))

    assert (answer.status, answer.error["code"]) == (400, "previous_response_not_found")
    assert answer.error["param"] == "previous_response_id"
    assert "b@example.com" not in proxy.upstream_calls(), "the id means nothing elsewhere"


async def test_an_unknown_previous_response_is_upstreams_to_judge(proxy: Proxy) -> None:
    proxy.sim.script(steps.Refuse("lost_anchor"))
    answer = await proxy.post(OPENAI, ask(previous_response_id="resp_unknown"))
    assert (answer.status, answer.error["code"]) == (400, "previous_response_not_found")
    assert len(proxy.upstream_calls()) == 1


async def test_the_timeline_tells_whom_a_request_left(proxy: Proxy) -> None:
    proxy.sim.script(steps.Refuse("server_error"), times=1)
    await proxy.post()
    left = [event for event in proxy.log.noted if event.kind == "failed_over"]
    assert [event.account_id for event in left] == [proxy.receipt.attempts[0].account_id]
    assert (left[0].by, left[0].detail) == ("codex-lb", proxy.receipt.attempts[0].detail)


# -- the pool's quota ------------------------------------------------------------------------------


def told(answer: Answer) -> list[tuple[str, str]]:
    """Share used and reset of both windows, from the headers."""
    return [
        (answer.headers[f"x-codex-{name}-used-percent"], answer.headers[f"x-codex-{name}-reset-at"])
        for name in ("primary", "secondary")
    ]


async def test_headers_event_and_document_say_the_same(proxy: Proxy) -> None:
    await proxy.post()  # so that both accounts have been measured
    await proxy.post()
    answer = await proxy.post(CODEX)
    event = next(each for each in answer.events if each["type"] == "codex.rate_limits")
    for path in ("/api/codex/usage", "/api/codex/usage/", "/backend-api/wham/usage"):
        document = (await proxy.call(path, method="GET").run()).json
        windows = [document["rate_limit"][f"{name}_window"] for name in ("primary", "secondary")]
        limits = [event["rate_limits"][name] for name in ("primary", "secondary")]
        expected = [(str(w["used_percent"]), str(w["reset_at"])) for w in windows]
        assert told(answer) == expected
        assert [(str(w["used_percent"]), str(w["reset_at"])) for w in limits] == expected


async def test_the_public_api_gets_the_headers_too(proxy: Proxy) -> None:
    await proxy.post()
    answer = await proxy.post(OPENAI, ask(stream=False))
    assert answer.headers["x-codex-primary-window-minutes"] == "300"
    assert answer.headers["x-codex-credits-has-credits"] == "false"


async def test_an_exhausted_pool_does_not_claim_to_have_quota(proxy: Proxy) -> None:
    for account in proxy.accounts:
        proxy.sim.script(steps.UsageLimit(), account=account)
    answer = await proxy.post(CODEX)
    assert (answer.status, answer.error["code"]) == (429, "usage_limit_reached")
    document = (await proxy.call("/api/codex/usage", method="GET").run()).json
    assert document["rate_limit"]["limit_reached"] is True
    assert answer.headers["x-codex-primary-used-percent"] == "100"


async def test_the_quota_of_the_pool_is_for_those_who_may_use_it(proxy: Proxy) -> None:
    answer = await proxy.call("/api/codex/usage", method="GET", peer="192.0.2.1").run()
    assert answer.status == 401
