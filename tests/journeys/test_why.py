"""Whoever asks why gets an answer: clients, their tools, and the operator."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from tests.journeys import codex, wire
from tests.journeys.patience import eventually
from tests.journeys.pool import Member, Pool
from tests.journeys.service import REPOSITORY, JsonObject, Service

from codex_lb.simulator.steps import Refuse, Status, UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

WRITTEN_S = 10.0  # timeline and rows are written in batches, within about a second


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CODEX_LB_USAGE_REFRESH_ENABLED": "true",
        "CODEX_LB_USAGE_REFRESH_INTERVAL_SECONDS": "1",
    }


async def test_a_refusal_gives_a_reason_for_each_account_and_no_mail_address(
    service: Service, pool: Pool
) -> None:
    spent, paused, lost = await pool.add(), await pool.add(), await pool.add()
    await service.admin("POST", f"/api/accounts/{paused.id}/pause")
    await _lose_login(pool, lost)
    pool.sim.script(UsageLimit(resets_in_s=1800), account=spent.upstream)

    reply = await wire.ask(service, path=wire.OPENAI)

    assert reply.status == 429
    told = {entry["account"]: entry for entry in reply.error["accounts"]}
    assert {name: entry["reason"] for name, entry in told.items()} == {
        spent.id[:8]: "spent",
        paused.id[:8]: "paused",
        lost.id[:8]: "reauth_required",
    }
    assert told[spent.id[:8]]["until"] == reply.error["resets_at"]
    assert told[paused.id[:8]]["until"] is None
    head, *lines = reply.error["message"].splitlines()
    assert "is free again at" in head
    assert len(lines) == 3
    assert all(any(line.startswith(f"- {name}") for line in lines) for name in told)
    assert b"@" not in reply.body


async def test_headers_event_and_both_usage_routes_say_the_same(
    service: Service, pool: Pool
) -> None:
    """Two accounts of one plan: the pool has used what they have used on average."""
    await pool.add(used_5h=0.2, used_week=0.5)
    await pool.add(used_5h=0.6, used_week=0.1)
    await _measured(service)

    reply = await wire.ask(service)
    as_header = {
        position: {
            name: int(reply.headers[f"x-codex-{position}-{name}"])
            for name in ("used-percent", "window-minutes", "reset-at")
        }
        for position in ("primary", "secondary")
    }
    [event] = [each for each in reply.events if each["type"] == "codex.rate_limits"]
    documents = [
        await service.admin("GET", path) for path in ("/api/codex/usage", "/backend-api/wham/usage")
    ]

    assert {name: told["used-percent"] for name, told in as_header.items()} == {
        "primary": 40,
        "secondary": 30,
    }
    assert _told_in_event(event) == as_header
    assert [_told_in_document(document) for document in documents] == [as_header] * 2
    assert {event["plan_type"], *(document["plan_type"] for document in documents)} == {"plus"}


async def test_codex_reads_the_quota_of_the_pool_as_its_own(
    service: Service, pool: Pool, tmp_path: Path
) -> None:
    await pool.add(used_5h=0.2, used_week=0.5)
    await pool.add(used_5h=0.6, used_week=0.1)
    await _measured(service)
    home = codex.with_key(service, tmp_path / "codex")

    run = await codex.run(home, "say hello")

    assert run.is_undisturbed, run
    limits = _last_limits(home)
    assert (limits["primary"]["used_percent"], limits["primary"]["window_minutes"]) == (40, 300)
    assert (limits["secondary"]["used_percent"], limits["secondary"]["window_minutes"]) == (
        30,
        10_080,
    )


async def test_a_request_keeps_who_was_asked_why_and_who_was_passed_over(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    first, second = await pool.tie("thread-why")
    paused = await pool.add()
    await service.admin("POST", f"/api/accounts/{paused.id}/pause")
    pool.sim.script(Status(500), account=first.upstream, times=1)

    assert (await wire.ask(service, key="thread-why")).is_completed

    tied, told = await _requests(service, pool, 2)
    assert [attempt["reason"] for attempt in tied["attempts"]] == ["capacity_weighted"]
    stayed, moved = told["attempts"]
    assert (stayed["accountId"], stayed["reason"]) == (first.id, "affinity")
    assert (stayed["status"], stayed["verdict"]) == (500, "next")
    assert (moved["accountId"], moved["reason"]) == (second.id, "only one left")
    assert (moved["status"], moved["verdict"]) == (200, "relay")
    assert {skipped["accountId"]: skipped["reason"] for skipped in moved["skipped"]} == {
        first.id: "tried for this request",
        paused.id: "paused by the operator",
    }
    assert told["accountId"] == second.id
    assert all(attempt["waitedMs"] >= 0 for attempt in told["attempts"])


async def test_the_timeline_tells_what_became_of_an_account_and_by_whom(
    service: Service, pool: Pool
) -> None:
    await pool.add_two()
    member, other = await pool.tie("thread-timeline")
    path = f"/api/accounts/{member.id}"
    pool.sim.script(UsageLimit(resets_in_s=1800), account=member.upstream, times=1)
    assert (await wire.ask(service, key="thread-timeline")).is_completed
    await eventually(lambda: _is_active(pool, member), within_s=WRITTEN_S)
    await service.admin("POST", f"{path}/pause")
    await service.admin("POST", f"{path}/reactivate")
    await service.admin("POST", f"/api/accounts/{other.id}/pause")
    pool.sim.script(Refuse("token_expired"), account=member.upstream, times=1)
    assert (await wire.ask(service, key="thread-timeline")).is_completed
    expected = [
        ("refreshed", "codex-lb"),
        ("reactivated", "operator"),
        ("paused", "operator"),
        ("recovered", "upstream"),
        ("failed_over", "codex-lb"),
        ("limited", "upstream"),
        ("added", "operator"),
    ]

    async def are_told() -> bool:
        return len(await _timeline(service, path)) >= len(expected)

    await eventually(are_told, within_s=WRITTEN_S)
    told = await _timeline(service, path)
    assert [(event["kind"], event["by"]) for event in told] == expected
    [limited] = [event for event in told if event["kind"] == "limited"]
    assert "usage limit" in limited["detail"]


async def test_the_status_command_asks_the_running_server(service: Service, pool: Pool) -> None:
    ready, spent = await pool.add(), await pool.add(used_week=1.0)
    await _measured(service)

    exit_code, said = await _status(service)
    told = json.loads(said)
    assert exit_code == 0
    assert (told["source"], told["canServe"]) == ("server", True)
    assert (told["readyAccounts"], told["totalAccounts"]) == (1, 2)
    assert {each["accountId"]: each["status"] for each in told["accounts"]} == {
        ready.id: "active",
        spent.id: "rate_limited",
    }

    await service.admin("POST", f"/api/accounts/{ready.id}/pause")
    exit_code, said = await _status(service)
    assert (exit_code, json.loads(said)["canServe"]) == (1, False)


async def _is_active(pool: Pool, member: Member) -> bool:
    return await pool.status(member) == "active"


async def _lose_login(pool: Pool, member: Member) -> None:
    """The login host refuses the account's refresh token for good."""
    member.upstream.expire()
    pool.sim.script(Refuse("invalid_grant"), account=member.upstream, endpoint="refresh")

    async def is_lost() -> bool:
        return await pool.status(member) == "reauth_required"

    await eventually(is_lost, within_s=WRITTEN_S)


async def _measured(service: Service) -> None:
    """Until the usage of each account has been read, which follows its import at once."""

    async def are_measured() -> bool:
        accounts = (await service.accounts()).values()
        return all(account["measuredAtSecondary"] for account in accounts)

    await eventually(are_measured, within_s=WRITTEN_S)


def _told_in_event(event: JsonObject) -> dict[str, dict[str, int]]:
    return {
        position: {
            "used-percent": event["rate_limits"][position]["used_percent"],
            "window-minutes": event["rate_limits"][position]["window_minutes"],
            "reset-at": event["rate_limits"][position]["reset_at"],
        }
        for position in ("primary", "secondary")
    }


def _told_in_document(document: JsonObject) -> dict[str, dict[str, int]]:
    windows = document["rate_limit"]
    return {
        position: {
            "used-percent": windows[f"{position}_window"]["used_percent"],
            "window-minutes": windows[f"{position}_window"]["limit_window_seconds"] // 60,
            "reset-at": windows[f"{position}_window"]["reset_at"],
        }
        for position in ("primary", "secondary")
    }


def _last_limits(home: Path) -> JsonObject:
    """The quota that Codex wrote last into the record of its session."""
    [record] = (home / "sessions").rglob("rollout-*.jsonl")
    payloads = [json.loads(line)["payload"] for line in record.read_text().splitlines()]
    limits: list[JsonObject] = [p["rate_limits"] for p in payloads if p.get("rate_limits")]
    return limits[-1]


async def _requests(service: Service, pool: Pool, count: int) -> list[JsonObject]:
    """The test's requests as the operator can open them, oldest first."""
    ids = [row["id"] for row in await pool.rows(count)]
    return [await service.admin("GET", f"/api/request-logs/{each}") for each in ids]


async def _timeline(service: Service, path: str) -> list[JsonObject]:
    events: list[JsonObject] = (await service.admin("GET", f"{path}/events"))["events"]
    return events


async def _status(service: Service) -> tuple[int, str]:
    """Exit code and output of `codex-lb status --json` beside the server."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "codex_lb", "status", "--json"),
        cwd=service.folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(service.folder),
            "PYTHONPATH": str(REPOSITORY / "src"),
            "CODEX_LB_DATA_DIR": str(service.data_dir),
            "PORT": str(service.port),
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
