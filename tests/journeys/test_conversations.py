"""A conversation stays where its cache and its secrets are, and moves when that account cannot."""

import json
from typing import Any

import pytest
from tests.journeys import wire
from tests.journeys.pool import Member, Pool
from tests.journeys.service import JsonObject, Service

from codex_lb.simulator.steps import Compaction, Reasoning, Refuse

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

UNKNOWN_CIPHERTEXT = "gAAAAAB-of-another-time"


async def test_conversations_are_with_their_accounts_again_after_a_restart(
    service: Service, pool: Pool
) -> None:
    for _ in range(4):
        await pool.add()
    keys = [f"thread-{n}" for n in range(4)]
    for key in keys:
        await wire.ask(service, key=key)
    homes = dict(zip(keys, pool.asked(), strict=True))
    assert len(set(homes.values())) == 4, "each has an account of its own"

    assert await service.stop() == 0
    await service.start()

    again = [key for key in reversed(keys) for _ in range(2)]
    replies = [await wire.ask(service, key=key) for key in again]
    assert all(reply.is_completed for reply in replies)
    assert pool.asked()[4:] == [homes[key] for key in again]


@pytest.mark.parametrize("restarts", [False, True], ids=["at once", "after a restart"])
async def test_a_previous_response_is_asked_of_the_account_that_made_it(
    restarts: bool, service: Service, pool: Pool
) -> None:
    """Upstream keeps none over HTTP: its own word reaches the client, who then sends all."""
    await pool.add_two()
    answers = [await wire.ask(service, key=f"thread-{n}") for n in range(2)]
    owners = pool.asked()
    assert owners[0] is not owners[1]
    await pool.rows(2)
    if restarts:
        await service.kill()
        await service.start()

    replies = [await _continued(service, answer, key=f"new-{n}") for n, answer in _both(answers)]

    assert pool.asked()[2:] == [*owners, *owners]
    for reply in replies:
        assert (reply.status, reply.error["code"]) == (400, "previous_response_not_found")
        assert reply.error["param"] == "previous_response_id"


@pytest.mark.parametrize("restarts", [False, True], ids=["at once", "after a restart"])
async def test_a_file_is_used_on_the_account_that_has_it(
    restarts: bool, service: Service, pool: Pool
) -> None:
    await pool.add_two()
    about = {"file_name": "a.txt", "file_size": 3, "use_case": "codex"}
    data = json.dumps(about).encode()
    uploads = [await wire.send(service, data, path="/backend-api/files") for _ in range(2)]
    owners = [received.account for received in pool.sim.requests_to("/files")]
    assert owners[0] is not owners[1]
    await pool.rows(2)
    if restarts:
        await service.kill()
        await service.start()

    for n, upload in _both(uploads):
        part = {"type": "input_file", "file_id": upload.json["file_id"]}
        message = {"type": "message", "role": "user", "content": [part]}
        reply = await wire.ask(service, key=f"new-{n}", input=[message])
        assert reply.is_completed, reply

    assert [member.upstream for member in pool.asked()] == [*owners, *owners]


async def test_a_previous_response_that_nobody_knows_is_upstreams_to_judge(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()

    reply = await wire.ask(service, previous_response_id="resp_unheard_of")

    assert (reply.status, reply.error["code"]) == (400, "previous_response_not_found")
    assert len(pool.calls()) == 1


@pytest.mark.parametrize("trouble", ["spent", "paused", "deleted"])
async def test_a_previous_response_is_not_asked_of_another_account_if_its_own_is(
    trouble: str, service: Service, pool: Pool
) -> None:
    await pool.add_two()
    answer = await wire.ask(service, key="thread-21")
    [owner] = pool.asked()
    other = next(member for member in pool.members if member is not owner)
    await _bring_about(trouble, service, owner)

    refused = await _continued(service, answer, key="thread-21")
    assert (refused.status, refused.error["code"]) == (400, "previous_response_not_found")
    assert refused.headers["x-should-retry"] == "false"
    assert other not in pool.asked(), "it does not know the response either"

    resent = await wire.ask(service, key="thread-21")
    assert resent.is_completed, "the whole history just moves"
    assert pool.asked()[-1] is other


@pytest.mark.parametrize("named", [True, False], ids=["by its code", "by its words alone"])
async def test_encrypted_reasoning_that_the_new_account_cannot_read_is_left_out_once(
    named: bool, service: Service, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(Reasoning(), times=1)
    thought = await wire.ask(service, key="thread-24")
    [owner] = pool.asked()
    other = next(member for member in pool.members if member is not owner)
    items = _items(thought)
    if not named:
        items[0]["encrypted_content"] = UNKNOWN_CIPHERTEXT
        pool.sim.script(Refuse("encrypted_unverified"), account=other.upstream, times=1)
    owner.upstream.used_5h = 1.0
    history = [wire.message("think"), *items, wire.message("and now?")]

    moved = await wire.ask(service, key="thread-24", input=history)

    assert moved.is_completed
    assert pool.asked()[1:] == [owner, other, other]
    kept = [item["type"] for item in pool.calls()[-1].json["input"]]
    assert kept == ["message", "message", "message"]
    attempts = [attempt[1:] for attempt in await pool.last_attempts(2)]
    assert attempts[0] == ("usage_limit_reached", "next")
    assert attempts[1][1] == "lighten", "the row says what was done"
    assert attempts[2] == (None, "relay")


async def test_encrypted_reasoning_stays_with_its_account_and_untouched_while_that_serves(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(Reasoning(), times=1)
    items = _items(await wire.ask(service, key="thread-24"))
    history = [wire.message("think"), *items, wire.message("and now?")]

    replies = [await wire.ask(service, key="thread-24", input=history) for _ in range(3)]

    assert all(reply.is_completed for reply in replies)
    assert len(pool.spread()) == 1
    assert all(call.json["input"] == history for call in pool.calls()[1:])


async def test_a_compacted_history_is_never_dropped_and_waits_for_its_account(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(Compaction(), times=1)
    [compaction] = _items(await wire.ask(service, key="thread-27"))
    assert compaction["type"] == "compaction"
    [owner] = pool.asked()
    history = [compaction, wire.message("and now?")]
    owner.upstream.used_5h = 1.0

    refused = await wire.ask(service, key="thread-27", input=history)

    assert (refused.status, refused.error["code"]) == (400, "invalid_encrypted_content")
    assert "another ChatGPT account" in refused.error["message"]
    assert all(compaction in call.json["input"] for call in pool.calls()[1:])

    owner.upstream.used_5h = 0.0
    await service.admin("POST", f"/api/accounts/{owner.id}/probe")
    assert (await wire.ask(service, key="thread-27", input=history)).is_completed
    assert pool.asked()[-1] is owner


def _items(reply: wire.Reply) -> list[JsonObject]:
    """What the model produced, as a client sends it back."""
    assert reply.is_completed, reply
    done = [event for event in reply.events if event["type"] == "response.output_item.done"]
    return [event["item"] for event in done]


def _response_id(reply: wire.Reply) -> str:
    [end] = reply.ends
    return str(end["response"]["id"])


def _both(answers: list[wire.Reply]) -> list[tuple[int, wire.Reply]]:
    """Twice around, so that taking turns would not pass for knowing."""
    return list(enumerate([*answers, *answers]))


async def _continued(service: Service, answer: wire.Reply, **more: Any) -> wire.Reply:
    return await wire.ask(service, previous_response_id=_response_id(answer), **more)


async def _bring_about(trouble: str, service: Service, member: Member) -> None:
    path = f"/api/accounts/{member.id}"
    if trouble == "spent":
        member.upstream.used_5h = 1.0
        await service.admin("POST", f"{path}/probe")  # it is asked at once, and found spent
    elif trouble == "paused":
        await service.admin("POST", f"{path}/pause")
    else:
        await service.admin("DELETE", path)
