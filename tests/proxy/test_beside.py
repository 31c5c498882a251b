"""Calls beside the turns: recordings, files, control paths, and what is answered here."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.proxy.harness import CODEX, OPENAI, Answer, Proxy, ask, running
from tests.proxy.test_api_keys import LIMITED, add, bearer

from codex_lb.core import control
from codex_lb.core.model import Block
from codex_lb.simulator import Simulator, steps

SPEECH = ["/v1/audio/transcriptions", "/backend-api/transcribe"]
FORM = {"content-type": "multipart/form-data; boundary=b"}


def form(**fields: str) -> bytes:
    given = {"file": "RIFF", "model": "gpt-4o-transcribe"} | fields
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in given.items()
    )
    return ("".join(parts) + "--b--\r\n").encode()


async def speak(proxy: Proxy, path: str = SPEECH[0], **fields: str) -> Answer:
    return await proxy.post(path, form(**fields), headers=FORM | {"user-agent": "curl/8"})


def asked(proxy: Proxy, path: str) -> list[str]:
    calls = proxy.sim.requests_to(path)
    return [call.account.email if call.account else "?" for call in calls]


# -- recordings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SPEECH)
async def test_a_recording_is_transcribed(proxy: Proxy, path: str) -> None:
    answer = await speak(proxy, path)
    assert (answer.status, answer.json) == (200, {"text": "Hello from the simulator."})
    [row] = proxy.log.opened_rows
    assert (row.endpoint, row.transport, row.model) == (
        "transcriptions", "http", "gpt-4o-transcribe",
    )  # fmt: skip
    assert (proxy.receipt.status, proxy.receipt.http_status) == ("success", 200)
    assert proxy.pool.in_flight == 0


async def test_its_text_alone_can_be_asked_for(proxy: Proxy) -> None:
    answer = await speak(proxy, response_format="text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == b"Hello from the simulator.\n"


async def test_upstream_gets_few_headers_and_no_more_fields_than_it_knows(proxy: Proxy) -> None:
    await proxy.post(
        SPEECH[0], form(temperature="0"),
        headers=FORM | {"thread-id": "t", "x-codex-window-id": "w", "cookie": "c",
                        "x-codex-turn-state": "s", "openai-organization": "o"},
    )  # fmt: skip
    [call] = proxy.sim.requests_to("/transcribe")
    sent = {name.lower() for name in call.headers}
    assert sent == {
        "host", "content-length", "content-type", "accept", "accept-encoding", "user-agent",
        "authorization", "chatgpt-account-id", "x-codex-window-id",
    }  # fmt: skip
    assert b"temperature" not in call.body
    assert b"gpt-4o" not in call.body


REPEATED: dict[str, steps.Step] = {
    "500": steps.Refuse("server_error"),
    "429": steps.Burst(),
    "403": steps.Refuse("firewall"),
    "reset": steps.Reset(),
    "garbage": steps.Garbage(),
    "redirect": steps.Status(302, None, {"location": "/login"}),
}


@pytest.mark.parametrize("fault", REPEATED)
async def test_another_account_is_asked_before_the_client_hears_of_trouble(
    proxy: Proxy, fault: str
) -> None:
    proxy.sim.script(REPEATED[fault], endpoint="transcribe", times=1)
    answer = await speak(proxy)
    assert answer.status == 200
    assert sorted(asked(proxy, "/transcribe")) == ["a@example.com", "b@example.com"]
    assert all(not account.blocks for account in proxy.pool.accounts()), "turns may go on there"


async def test_a_lapsed_login_is_renewed(proxy: Proxy) -> None:
    proxy.sim.script(steps.Refuse("token_expired"), endpoint="transcribe", times=1)
    assert (await speak(proxy)).status == 200
    assert len(set(asked(proxy, "/transcribe"))) == 1


async def test_what_all_accounts_refuse_is_told_in_an_envelope(proxy: Proxy) -> None:
    proxy.sim.script(steps.Status(415, {"detail": "Not audio"}), endpoint="transcribe")
    answer = await speak(proxy)
    assert (answer.status, answer.error["message"]) == (415, "Not audio")
    assert len(asked(proxy, "/transcribe")) == 1


async def test_two_accounts_at_their_limit_are_asked_once_each(sim: Simulator) -> None:
    async with running(sim, accounts=4) as proxy:
        sim.script(steps.Burst(), endpoint="transcribe")
        answer = await speak(proxy)
        assert (answer.status, answer.error["code"]) == (429, "rate_limit_exceeded")
        assert len(asked(proxy, "/transcribe")) == 2


@pytest.mark.parametrize("path", SPEECH)
async def test_what_is_no_form_is_refused_here(proxy: Proxy, path: str) -> None:
    answer = await proxy.post(path, b"{}", headers={"content-type": "application/json"})
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert proxy.log.opened_rows == []


async def test_a_success_beside_the_turns_does_not_end_a_block(sim: Simulator) -> None:
    async with running(sim, accounts=1) as proxy:
        [account] = proxy.pool.accounts()
        burst = Block("burst", sim.now(), sim.now() + 60, "busy")
        proxy.pool.load([replace(account, blocks=(burst,))])
        assert (await speak(proxy)).status == 200, "a last resort"
        assert proxy.pool.accounts()[0].blocks == (burst,)


async def test_a_key_that_may_not_use_the_model_is_refused(proxy: Proxy) -> None:
    key = await add(proxy, allowed_models=("gpt-5.5",))
    answer = await proxy.post(SPEECH[0], form(), headers=FORM | bearer(key))
    assert (answer.status, answer.error["code"]) == (403, "model_not_allowed")
    assert proxy.sim.requests == []


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/backend-api/codex/alpha/search"])
async def test_what_uses_no_tokens_holds_none_of_a_keys_limits(proxy: Proxy, path: str) -> None:
    key = await add(proxy, limits=(LIMITED,))
    assert (await proxy.post(path, form(), headers=FORM | bearer(key))).status == 200
    assert proxy.keys.reserved == []


# -- files -----------------------------------------------------------------------------------------


async def upload(proxy: Proxy) -> str:
    answer = await proxy.post(
        "/backend-api/files", {"file_name": "a.txt", "file_size": 3, "use_case": "codex"}
    )
    assert answer.status == 200
    return str(answer.json["file_id"])


def named(file_id: str) -> dict[str, Any]:
    part = {"type": "input_file", "file_id": file_id}
    return ask(input=[{"type": "message", "role": "user", "content": [part]}])


@pytest.mark.parametrize("path", [CODEX, OPENAI])
async def test_a_file_binds_what_names_it_to_its_account(sim: Simulator, path: str) -> None:
    async with running(sim, accounts=3) as proxy:
        files = [await upload(proxy) for _ in range(3)]
        owners = asked(proxy, "/files")
        assert len(set(owners)) == 3
        for file_id, owner in zip(files, owners, strict=True):
            done = await proxy.post(f"/backend-api/files/{file_id}/uploaded", {})
            assert (done.status, done.json["status"]) == (200, "retry")
            assert asked(proxy, f"/{file_id}/uploaded") == [owner]
            assert (await proxy.post(path, named(file_id))).kinds[-1] == "response.completed"
            assert proxy.upstream_calls()[-1] == owner


async def test_a_file_is_known_again_by_its_row(sim: Simulator) -> None:
    async with running(sim, accounts=3) as proxy:
        proxy.log.owners["file_old"] = proxy.local_id(proxy.accounts[2])
        await proxy.post(CODEX, named("file_old"))
        assert proxy.upstream_calls() == [proxy.accounts[2].email]


async def test_the_row_of_an_upload_has_its_id(proxy: Proxy) -> None:
    assert await upload(proxy) == proxy.receipt.response_id
    assert proxy.log.opened_rows[0].endpoint == "files"


async def test_a_file_whose_account_is_gone_must_be_uploaded_again(proxy: Proxy) -> None:
    proxy.log.owners["file_old"] = proxy.local_id(proxy.accounts[0])
    proxy.pool.load([proxy.account(proxy.accounts[1])])
    answer = await proxy.post(CODEX, named("file_old"))
    assert (answer.status, answer.error["code"]) == (400, "file_not_found")
    assert "file_old" in answer.error["message"]
    assert proxy.upstream_calls() == []


async def test_a_file_that_nobody_uploaded_here_is_upstreams_to_judge(proxy: Proxy) -> None:
    done = await proxy.post("/backend-api/files/file_unknown/uploaded", {})
    assert (done.status, done.error["message"]) == (404, "File not found")


@pytest.mark.parametrize("name", ["..", "a/b", "a?b", "a\r\nb", "é", "x" * 200, ""])
async def test_a_strange_file_id_leads_nowhere(proxy: Proxy, name: str) -> None:
    answer = await proxy.post(f"/backend-api/files/{name}/uploaded", {})
    assert answer.status == 404
    assert proxy.sim.requests == []


# -- control paths ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", control.PASSED_ON)
async def test_a_control_path_is_passed_on_for_one_account(proxy: Proxy, path: str) -> None:
    method = control.PASSED_ON[path]
    body = b'{"a":  1}' if method == "POST" else b""

    answer = await proxy.post(
        "/backend-api" + path, body, method=method, query="q=1&r=%20",
        headers={"content-type": "application/json", "thread-id": "t", "cookie": "c"},
    )  # fmt: skip

    assert answer.status == 200
    assert answer.json["method"] == method
    assert answer.json["path"] == "/backend-api" + path
    assert answer.json["query"] == {"q": "1", "r": " "}
    [call] = proxy.sim.requests
    assert call.body == body
    assert call.headers["thread-id"] == "t"
    assert "cookie" not in call.headers
    assert proxy.log.opened_rows == [], "programs make these by themselves"


async def test_a_control_call_goes_where_the_conversation_is(sim: Simulator) -> None:
    async with running(sim, accounts=4) as proxy:
        for name in ("one", "two", "three"):
            await proxy.post(CODEX, headers={"thread-id": name})
            answer = await proxy.post(
                "/backend-api/codex/thread/goal/get", {}, headers={"thread-id": name}
            )
            owner = next(a for a in proxy.accounts if a.account_id == answer.json["account_id"])
            assert owner.email == proxy.upstream_calls()[-1]


@pytest.mark.parametrize(
    ("step", "calls", "status"),
    [
        pytest.param(steps.Reset(), 1, 502, id="cut after it was sent"),
        pytest.param(steps.Refuse("server_error"), 1, 502, id="a fault upstream"),
        pytest.param(steps.Status(409, {"detail": "again?"}), 1, 409, id="a conflict"),
        pytest.param(steps.Burst(), 2, 429, id="refused as too many"),
        pytest.param(steps.Refuse("firewall"), 2, 403, id="refused at the door"),
    ],
)
async def test_what_may_have_been_done_is_not_done_twice(
    proxy: Proxy, step: steps.Step, calls: int, status: int
) -> None:
    proxy.sim.script(step, endpoint="control")
    answer = await proxy.post("/backend-api/codex/thread/goal/set", {})
    assert (answer.status, "message" in answer.error) == (status, True)
    assert len(proxy.sim.requests) == calls


async def test_what_only_reads_is_asked_of_another_account(proxy: Proxy) -> None:
    proxy.sim.script(steps.Reset(), endpoint="control", times=1)
    path = "/backend-api/wham/agent-identities/jwks"
    assert (await proxy.post(path, b"", method="GET")).status == 200
    assert len(proxy.sim.requests) == 2


async def test_an_answer_that_never_ends_is_given_up(proxy: Proxy) -> None:
    huge = {"x": "y" * (33 * 2**20)}
    proxy.sim.script(steps.Status(200, huge), endpoint="control")
    answer = await proxy.post("/backend-api/codex/alpha/search", {})
    assert (answer.status, answer.error["code"]) == (502, "upstream_unavailable")


# -- what is answered here -------------------------------------------------------------------------


async def test_a_client_is_never_sent_past_us(proxy: Proxy) -> None:
    answer = await proxy.post(
        "/backend-api/wham/accounts/check", b"", method="GET",
        headers={"chatgpt-account-id": "mine"},
    )  # fmt: skip
    [entry] = answer.json["accounts"]
    assert entry["id"] == answer.json["default_account_id"] == "mine"
    assert entry["workspace_backend_origin"] == entry["account_routing_override"] == "NO_CONSTRAINT"
    assert b"chatgpt.com" not in answer.body
    assert proxy.sim.requests == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/backend-api/wham/settings/user"),
        ("GET", "/backend-api/ps/plugins/installed"),
        ("GET", "/backend-api/ps/plugins/suggested/codex"),
        ("POST", "/backend-api/ps/mcp"),
        ("GET", "/v1/files"),
        ("POST", "/v1/files"),
        ("GET", "/v1/responses/resp_1"),
        ("DELETE", "/v1/responses/resp_1"),
        ("GET", "/v1/responses/resp_1/input_items"),
        ("POST", "/v1/responses/input_tokens"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/images/variations"),
        ("POST", "/v1/audio/speech"),
    ],
)
async def test_what_we_lack_is_a_clean_404(proxy: Proxy, method: str, path: str) -> None:
    answer = await proxy.post(path, b"{}", method=method)
    assert (answer.status, answer.error["code"]) == (404, "not_found")
    assert answer.headers["x-should-retry"] == "false"
    assert json.loads(answer.body).keys() == {"error"}
    assert proxy.sim.requests == []
