"""The endpoints beside the model: models, usage, files, audio, control paths."""

import pytest
from aiohttp import ClientSession, FormData
from tests.simulator.calls import START, body, get, login, post, user

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.quota import MONTH, Credits, ExtraLimit, Window
from codex_lb.simulator.steps import Refuse, Status, UsageLimit


async def slugs(sim: Simulator, account: SimAccount, version: str = "0.169.0") -> set[str]:
    answer = await get(sim, account, f"/codex/models?client_version={version}")
    return {m["slug"] for m in answer.json["models"] if not m["slug"].startswith("sim-")}


async def test_plans_see_different_models(sim: Simulator) -> None:
    free, plus, pro = (sim.add_account(f"{p}@example.com", p) for p in ("free", "plus", "pro"))
    seen = {
        plan: await slugs(sim, account) for plan, account in (("f", free), ("p", plus), ("P", pro))
    }
    assert seen["f"] < seen["p"] < seen["P"]
    assert {"gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-5.5", "gpt-5.3-codex"} <= seen["p"]
    assert "gpt-5.6-sol" not in seen["f"]
    assert "gpt-5.3-codex-spark" in seen["P"] - seen["p"]


@pytest.mark.parametrize(
    ("version", "sees"),
    [
        pytest.param("0.169.0", True, id="a current client"),
        pytest.param("0.144.0-alpha.2", True, id="a suffix is left out"),
        pytest.param("0.120.0", False, id="an old client"),
    ],
)
async def test_new_models_need_a_new_client(
    sim: Simulator, account: SimAccount, version: str, sees: bool
) -> None:
    assert ("gpt-5.6-sol" in await slugs(sim, account, version)) is sees


@pytest.mark.parametrize("query", ["", "?client_version=latest", "?client_version=1.2"])
async def test_a_version_is_required(sim: Simulator, account: SimAccount, query: str) -> None:
    assert (await get(sim, account, f"/codex/models{query}")).status == 400


async def test_sentinel_models_are_listed_but_hidden(sim: Simulator, account: SimAccount) -> None:
    answer = await get(sim, account, "/codex/models?client_version=0.169.0")
    listed = {m["slug"]: m["visibility"] for m in answer.json["models"]}
    assert {v for s, v in listed.items() if s.startswith("sim-")} == {"hide"}
    assert listed["gpt-5.5"] == "list"


async def test_the_catalogue_is_sent_once_per_etag(sim: Simulator, account: SimAccount) -> None:
    path = "/codex/models?client_version=0.169.0"
    etag = (await get(sim, account, path)).headers["etag"]
    again = await get(sim, account, path, {"if-none-match": etag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    assert (await post(sim, account)).headers["x-models-etag"] == etag


async def test_usage_of_a_paid_plan(sim: Simulator, account: SimAccount) -> None:
    account.credits = Credits(has_credits=True, balance="12.5")
    account.reset_credits = 2

    seen = (await get(sim, account, "/wham/usage")).json

    assert seen["plan_type"] == "plus"
    assert seen["rate_limit"] == {
        "allowed": True,
        "limit_reached": False,
        "primary_window": {
            "used_percent": 10,
            "limit_window_seconds": 18_000,
            "reset_after_seconds": 9_000,
            "reset_at": START + 9_000,
        },
        "secondary_window": {
            "used_percent": 20,
            "limit_window_seconds": 604_800,
            "reset_after_seconds": 302_400,
            "reset_at": START + 302_400,
        },
    }
    assert (seen["credits"]["has_credits"], seen["credits"]["balance"]) == (True, "12.5")
    assert seen["rate_limit_reset_credits"] == {"available_count": 2}


async def test_usage_of_a_free_plan_is_a_month_in_the_first_place(sim: Simulator) -> None:
    free = sim.add_account("free@example.com", "free", used_week=0.5)
    limits = (await get(sim, free, "/wham/usage")).json["rate_limit"]
    assert limits["primary_window"]["limit_window_seconds"] == MONTH * 60
    assert limits["primary_window"]["used_percent"] == 50
    assert limits["secondary_window"] is None


async def test_usage_tells_of_a_feature_s_own_limit(sim: Simulator, account: SimAccount) -> None:
    spark = Window(300, 1.0, START + 60)
    account.extras = [ExtraLimit("codex_bengalfox", "GPT-5.3-Codex-Spark", [spark])]

    seen = (await get(sim, account, "/wham/usage")).json
    [extra] = seen["additional_rate_limits"]

    assert (extra["metered_feature"], extra["limit_name"]) == (
        "codex_bengalfox",
        "GPT-5.3-Codex-Spark",
    )
    assert extra["rate_limit"]["primary_window"]["used_percent"] == 100
    assert extra["rate_limit"]["limit_reached"] is True
    assert seen["rate_limit"]["limit_reached"] is False


async def test_accounts_check_names_the_real_host(sim: Simulator, account: SimAccount) -> None:
    seen = (await get(sim, account, "/wham/accounts/check")).json
    [entry] = seen["accounts"]
    assert entry["id"] == seen["default_account_id"] == account.account_id
    assert entry["workspace_backend_origin"] == "https://chatgpt.com"
    assert entry["account_routing_override"] == "NO_CONSTRAINT"


@pytest.mark.parametrize(
    ("credits_left", "used", "code"),
    [
        pytest.param(1, 0.9, "reset", id="a credit resets what is used"),
        pytest.param(1, 0.0, "nothing_to_reset", id="nothing is used"),
        pytest.param(0, 0.9, "no_credit", id="no credit is left"),
    ],
)
async def test_reset_credits(
    sim: Simulator, account: SimAccount, credits_left: int, used: float, code: str
) -> None:
    account.reset_credits, account.used_5h, account.used_week = credits_left, used, used
    answer = await post(
        sim, account, {"redeem_request_id": "r1"}, path="/wham/rate-limit-reset-credits/consume"
    )
    assert answer.json["code"] == code
    assert account.used_5h == (0.0 if code == "reset" else used)


async def test_a_file_goes_up_and_is_finished_at_the_second_poll(
    sim: Simulator, account: SimAccount
) -> None:
    created = await post(
        sim, account, {"file_name": "a.txt", "file_size": 3, "use_case": "codex"}, path="/files"
    )
    file_id = created.json["file_id"]
    async with (
        ClientSession() as session,
        session.put(created.json["upload_url"], data=b"abc") as put,
    ):
        assert put.status == 201
    polls = [await post(sim, account, {}, path=f"/files/{file_id}/uploaded") for _ in range(2)]
    assert [poll.json["status"] for poll in polls] == ["retry", "success"]
    assert polls[1].json["file_size_bytes"] == 3
    foreign = await post(
        sim, sim.add_account("b@example.com"), {}, path=f"/files/{file_id}/uploaded"
    )
    assert foreign.status == 404


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param({"file_name": "a", "file_size": 513 * 1024 * 1024}, 400, id="too large"),
        pytest.param({"file_name": "a"}, 422, id="no size"),
    ],
)
async def test_refused_files(
    sim: Simulator, account: SimAccount, request_: dict[str, object], status: int
) -> None:
    assert (await post(sim, account, request_, path="/files")).status == status


async def test_speech_is_transcribed(sim: Simulator, account: SimAccount) -> None:
    form = FormData()
    form.add_field("file", b"RIFF", filename="a.wav", content_type="audio/wav")
    async with (
        ClientSession() as session,
        session.post(f"{sim.base_url}/transcribe", data=form, headers=login(account)) as reply,
    ):
        assert (await reply.json())["text"]
    assert (await post(sim, account, {}, path="/transcribe")).status == 400


async def test_compact_answers_with_one_item(sim: Simulator, account: SimAccount) -> None:
    answer = await post(sim, account, body(stream=..., store=...), path="/codex/responses/compact")
    assert answer.json["object"] == "response.compaction"
    [item] = answer.json["output"]
    assert item["type"] == "compaction"
    refused = await post(sim, account, body(), path="/codex/responses/compact")
    assert refused.json == {"detail": "Unsupported parameter: stream"}


@pytest.mark.parametrize(
    "path",
    [
        "/codex/thread/goal/get",
        "/codex/analytics-events/events",
        "/codex/memories/trace_summarize",
        "/codex/realtime/calls",
        "/codex/safety/arc",
        "/codex/alpha/search",
        "/codex/agent-identities/jwks",
        "/wham/settings/user",
        "/ps/plugins/installed",
    ],
)
async def test_control_paths_tell_what_arrived(
    sim: Simulator, account: SimAccount, path: str
) -> None:
    answer = await post(sim, account, {"a": 1}, path=f"{path}?q=1")
    assert answer.json == {
        "method": "POST",
        "path": f"/backend-api{path}",
        "query": {"q": "1"},
        "account_id": account.account_id,
        "body": {"a": 1},
    }


async def test_other_paths_are_not_found(sim: Simulator, account: SimAccount) -> None:
    answer = await get(sim, account, "/codex/nothing")
    assert (answer.status, answer.json) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("models", "/codex/models"),
        ("usage", "/wham/usage"),
        ("accounts_check", "/wham/accounts/check"),
    ],
)
async def test_every_endpoint_can_be_scripted(
    sim: Simulator, account: SimAccount, endpoint: str, path: str
) -> None:
    sim.script(Status(503, "no"), endpoint=endpoint, times=1)
    sim.script(Refuse("deactivated_workspace"), account=account, endpoint=endpoint, times=1)
    seen = [(await get(sim, account, f"{path}?client_version=0.169.0")).status for _ in range(3)]
    assert seen == [402, 503, 200]


async def test_every_endpoint_wants_a_login(sim: Simulator, account: SimAccount) -> None:
    for path in ("/codex/models", "/wham/usage", "/wham/accounts/check", "/codex/alpha/search"):
        answer = await get(sim, account, path, {"authorization": "Bearer nobody"})
        assert (answer.status, path) == (401, path)


async def test_what_is_served_runs_the_windows_down(sim: Simulator, account: SimAccount) -> None:
    await post(sim, account, body(input=[user("long " * 20_000)]))
    assert 0.1 < account.used_5h < 0.2
    assert 0.2 < account.used_week < 0.21


async def test_a_refusal_costs_nothing(sim: Simulator, account: SimAccount) -> None:
    sim.script(UsageLimit())
    await post(sim, account, body(input=[user("long " * 20_000)]))
    assert (account.used_5h, account.served) == (0.1, 0)


async def test_a_full_window_refuses_until_it_resets(sim: Simulator, account: SimAccount) -> None:
    account.used_5h = 1.0

    refused = await post(sim, account)
    assert refused.status == 429
    assert refused.json["error"]["resets_at"] == START + 9_000
    assert refused.headers["x-codex-primary-reset-at"] == str(round(START + 9_000))
    assert (await get(sim, account, "/wham/usage")).json["rate_limit"]["limit_reached"] is True

    sim.advance(9_000)
    account.sign_in()
    assert (await post(sim, account)).status == 200
    assert account.window(300).resets_at == START + 9_000 + 18_000


async def test_credits_override_a_full_window(sim: Simulator, account: SimAccount) -> None:
    account.used_5h, account.credits = 1.0, Credits(has_credits=True, balance="3")
    assert (await post(sim, account)).status == 200


async def test_of_two_full_windows_the_later_reset_counts(
    sim: Simulator, account: SimAccount
) -> None:
    account.used_5h = account.used_week = 1.0
    assert (await post(sim, account)).json["error"]["resets_at"] == START + 302_400
