"""What a process leaves behind when it ends, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from codex_lb.core.model import OpenedRequest, Receipt, Usage
from codex_lb.store import AccountTotals, HourlySums, RequestRecord, Store
from codex_lb.store.addresses import connect, parse_url
from codex_lb.store.instances import Presence, lock_number, this_process
from codex_lb.store.records import Dimension

NOW = 1_800_000_000.0
NOW_MS = int(NOW * 1000)
DIED_AT = NOW + 60

Open = Callable[[], Awaitable[Store]]

SERVE_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from codex_lb.core.model import OpenedRequest, Receipt
from codex_lb.store import Store

async def main(url, directory):
    store = await Store.open(url or None, directory, directory / "encryption.key", clock=lambda: 1_800_000_060.0)
    for n in range(12):
        store.requests.opened(OpenedRequest(f"r{n}", 1_800_000_000_000 + n, "responses", "sse", "m"))
    store.requests.closed(Receipt("r0", "success", 1_800_000_000_500, account_id="a"))
    await store.requests.flushed()
    print(store.instance_id, flush=True)
    await asyncio.sleep(60)

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


def opened(name: str) -> OpenedRequest:
    return OpenedRequest(name, NOW_MS, "responses", "sse", "m")


def start(url: str | None, data_dir: Path) -> subprocess.Popen[str]:
    """A process that serves twelve requests, one of them finished, and says when it is so far."""
    process = subprocess.Popen(  # noqa: S603  our own interpreter and text
        [sys.executable, "-c", SERVE_UNTIL_KILLED, url or "", str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.journey
async def test_requests_cut_by_kill_9_are_interrupted(
    database_url: str | None, data_dir: Path, open_store: Open
) -> None:
    process = start(database_url, data_dir)
    end(process)

    store = await open_store()

    first, *others = reversed(await store.recent_requests(limit=100, before=None))
    assert first.status == "success"
    assert [record.opened.id for record in others] == [f"r{n}" for n in range(1, 12)]
    for record in others:
        assert record.status == "error"
        assert record.receipt is not None
        assert record.receipt.error_code == "interrupted"
        assert record.receipt.closed_at_ms == DIED_AT * 1000
        assert record.receipt.duration_ms == DIED_AT * 1000 - record.opened.opened_at_ms
        assert f"process {process.pid} on " in (record.receipt.error_message or "")
    (sums,) = await store.hourly("model", start_at=0, end_at=NOW + 1)
    assert (sums.requests, sums.errors) == (12, 11)


@pytest.mark.journey
async def test_a_process_that_serves_keeps_others_out_of_its_directory(data_dir: Path) -> None:
    process = start(None, data_dir)
    try:
        with pytest.raises(Exception, match=f"in use by process {process.pid}"):
            await Store.open(None, data_dir, data_dir / "encryption.key", clock=lambda: NOW)
    finally:
        end(process)


@pytest.mark.journey
async def test_a_replica_that_lives_keeps_its_open_requests(
    postgres_url: str, data_dir: Path
) -> None:
    key_file = data_dir / "encryption.key"
    process = start(postgres_url, data_dir)
    try:
        store = await Store.open(postgres_url, data_dir, key_file, clock=lambda: NOW)
        try:
            records = await store.recent_requests(limit=100, before=None)
        finally:
            await store.close()
    finally:
        end(process)
    assert [record.status for record in records] == ["in_progress"] * 11 + ["success"]


@pytest.mark.journey
async def test_a_living_replica_closes_what_a_dead_one_left(
    postgres_url: str, data_dir: Path
) -> None:
    store = await Store.open(postgres_url, data_dir, data_dir / "encryption.key", clock=lambda: NOW)
    database = connect(parse_url(postgres_url, data_dir / "none"))
    presence = Presence(database, this_process(NOW), lambda: NOW)
    try:
        process = start(postgres_url, data_dir)
        end(process)
        await presence.announce()  # as it does every half minute
        record = await store.request("r5")
        assert record is not None
        assert record.status == "error"
        await presence.leave()
    finally:
        await store.close()
        await database.dispose()


async def test_what_is_open_when_the_store_is_closed_is_interrupted(open_store: Open) -> None:
    store = await open_store()
    store.requests.opened(opened("r"))
    await store.close()

    later = await open_store()

    record = await later.request("r")
    assert record is not None
    assert record.receipt is not None
    assert record.receipt.error_code == "interrupted"


async def test_a_request_taken_for_interrupted_is_what_its_receipt_says(
    postgres_url: str, data_dir: Path, cut: Callable[[], Awaitable[None]]
) -> None:
    """The server cuts all connections, and another replica looks before ours is back."""
    key_file = data_dir / "encryption.key"
    store = await Store.open(postgres_url, data_dir, key_file, clock=lambda: NOW)
    try:
        row = replace(opened("r"), conversation_id="t")
        store.requests.opened(row)
        await store.requests.flushed()
        await cut()
        replica = await Store.open(postgres_url, data_dir, key_file, clock=lambda: NOW)
        mistaken = await replica.request("r")
        assert mistaken is not None
        assert mistaken.status == "error"

        receipt = Receipt("r", "success", NOW_MS + 9, account_id="a", usage=Usage(1, 2))
        store.requests.closed(receipt)
        await store.requests.flushed()

        assert await replica.request("r") == RequestRecord(row, receipt, "success")
        assert await replica.request_totals() == {"a": AccountTotals(1, 3)}
        hour_at = int(NOW) // 3600 * 3600
        counted: dict[Dimension, str] = {"model": "m", "account": "a", "conversation": "t"}
        for dimension, key in counted.items():
            assert await replica.hourly(dimension, start_at=0, end_at=NOW + 1) == [
                HourlySums(hour_at, key, 1, 0, 0, 1, 0, 2, 0, 0)
            ]
        assert await replica.hourly("error", start_at=0, end_at=NOW + 1) == []
        await replica.close()
    finally:
        await store.close()


async def test_a_lock_that_was_lost_is_taken_again(
    postgres_url: str, data_dir: Path, cut: Callable[[], Awaitable[None]]
) -> None:
    # The schema is there once a store has been opened.
    key_file = data_dir / "encryption.key"
    await (await Store.open(postgres_url, data_dir, key_file, clock=lambda: NOW)).close()
    database = connect(parse_url(postgres_url, data_dir / "none"))
    me = this_process(NOW)
    presence = Presence(database, me, lambda: NOW)

    async def is_free() -> bool:
        attempt = select(func.pg_try_advisory_xact_lock(lock_number(me.id)))
        return bool(await database.write(lambda connection: connection.scalar(attempt)))

    try:
        await presence.announce()
        assert not await is_free()
        await cut()
        await presence.announce()
        assert not await is_free()
        await presence.leave()
        assert await is_free()
    finally:
        await database.dispose()


@pytest.mark.parametrize(
    ("instance_id", "number"),
    [
        pytest.param("0000000000000001", 1, id="small"),
        pytest.param("7fffffffffffffff", 2**63 - 1, id="the largest"),
        pytest.param("8000000000000000", -(2**63), id="beyond it they are negative"),
        pytest.param("ffffffffffffffff", -1, id="all ones"),
    ],
)
def test_lock_numbers_fit_64_bits(instance_id: str, number: int) -> None:
    assert lock_number(instance_id) == number
