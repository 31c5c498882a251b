"""The request log while the database is not well: nothing is raised, rows arrive later."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from codex_lb.core.model import OpenedRequest, Receipt, Usage
from codex_lb.store import AccountTotals, Store, StoreError
from codex_lb.store.addresses import connect, parse_url
from codex_lb.store.postgresql import PostgresqlDatabase
from codex_lb.store.writer import GATHER_S, RequestWriter

NOW_MS = 1_800_000_000_000


def opened(name: str) -> OpenedRequest:
    return OpenedRequest(name, NOW_MS, "responses", "sse", "m")


def done(name: str, usage: Usage | None = None) -> Receipt:
    return Receipt(name, "success", NOW_MS, account_id="a", usage=usage)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  nothing tells us; bounded
            await asyncio.sleep(0.005)


@asynccontextmanager
async def locked(url: str | None, data_dir: Path) -> AsyncIterator[None]:
    """Another program holds every lock that a write could want."""
    if url is None:
        with closing(sqlite3.connect(data_dir / "store.db", isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
    else:
        other = PostgresqlDatabase(parse_url(url, data_dir))
        async with other.session() as session:
            await session.execute(text("BEGIN"))
            await session.execute(text("LOCK TABLE requests"))
            yield
            await session.execute(text("ROLLBACK"))
        await other.dispose()


async def test_an_opened_row_is_on_disk_within_50_ms(store: Store) -> None:
    store.requests.opened(opened("warm-up"))  # the first statement of a connection is slower
    await store.requests.flushed()
    took_s = []
    for n in range(5):
        started = asyncio.get_running_loop().time()
        store.requests.opened(opened(f"r{n}"))
        await until(lambda: store.requests.waiting == 0)
        took_s.append(asyncio.get_running_loop().time() - started)
        assert await store.request(f"r{n}") is not None
    assert min(took_s) < 0.05


async def test_while_another_program_holds_the_lock_rows_wait(
    store: Store, database_url: str | None, data_dir: Path
) -> None:
    store.requests.opened(opened("before"))
    await store.requests.flushed()
    async with locked(database_url, data_dir):
        store.requests.closed(done("before"))
        for n in range(10):
            store.requests.opened(opened(f"r{n}"))
            store.requests.closed(done(f"r{n}"))
        await asyncio.sleep(10 * GATHER_S)  # ample for a batch, were there no lock
        assert store.requests.waiting == 11
        if database_url is None:  # LOCK TABLE would also keep readers out
            assert await store.request("before") is not None

    await asyncio.wait_for(store.requests.flushed(), 5)

    assert (store.requests.waiting, store.requests.lost) == (0, 0)
    assert await store.request_totals() == {"a": AccountTotals(requests=11)}


async def test_beyond_the_bound_the_oldest_rows_are_lost_and_counted(
    store: Store, database_url: str | None, data_dir: Path
) -> None:
    database = connect(parse_url(database_url, data_dir / "store.db"))
    writer = RequestWriter(database, store.instance_id, capacity=100)
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(writer.run())
        async with locked(database_url, data_dir):
            for n in range(105):
                writer.opened(opened(f"r{n}"))
            assert (writer.waiting, writer.lost) == (100, 5)

        await asyncio.wait_for(writer.flushed(), 5)
        writing.cancel()
    await database.dispose()

    assert await store.request("r4") is None
    assert await store.request("r5") is not None
    assert await store.request("r104") is not None


async def test_a_row_that_no_database_takes_is_lost_alone(store: Store) -> None:
    store.requests.opened(opened("good"))
    store.requests.opened(opened("bad"))
    store.requests.closed(done("bad", Usage(input_tokens=2**70)))
    store.requests.opened(opened("better"))
    store.requests.closed(done("better"))

    await asyncio.wait_for(store.requests.flushed(), 5)

    assert store.requests.lost == 1
    assert await store.request("bad") is None
    assert await store.request("good") is not None
    assert await store.request_totals() == {"a": AccountTotals(requests=1)}


async def test_a_receipt_without_its_request_is_lost_and_counted(store: Store) -> None:
    store.requests.closed(done("never-opened"))
    assert (store.requests.waiting, store.requests.lost) == (0, 1)


async def test_a_request_closed_while_its_opening_is_written_is_closed_in_the_end(
    store: Store,
) -> None:
    for n in range(300):
        store.requests.opened(opened(f"r{n}"))
        await asyncio.sleep(0)
        if n % 7 == 0:
            await asyncio.sleep(0.003)  # let batches begin at any point
        store.requests.closed(done(f"r{n}"))
    await store.requests.flushed()
    assert await store.request_totals() == {"a": AccountTotals(requests=300)}


async def test_text_that_sql_cannot_hold_does_no_harm(store: Store) -> None:
    row = OpenedRequest("r", NOW_MS, "responses", "sse", "a\0b\ud800")
    store.requests.opened(row)
    await store.requests.flushed()
    record = await store.request("r")
    assert record is not None
    assert record.opened.model == "a\ufffdb?"
    assert store.requests.lost == 0


async def test_while_the_server_is_away_rows_wait(
    postgres_url: str, data_dir: Path, cut: Callable[[], Awaitable[None]]
) -> None:
    store = await Store.open(postgres_url, data_dir, data_dir / "key", clock=lambda: NOW_MS / 1000)
    url = make_url(postgres_url)
    server = PostgresqlDatabase(
        parse_url(url.set(database="postgres").render_as_string(), data_dir)
    )
    try:
        store.requests.opened(opened("r"))
        await store.requests.flushed()
        async with server.session() as session:
            await session.execute(
                text(f"ALTER DATABASE {url.database} WITH ALLOW_CONNECTIONS false")
            )
            await cut()
            store.requests.closed(done("r"))
            await until(lambda: store.requests.last_error is not None)
            assert (store.requests.waiting, store.requests.lost) == (1, 0)
            with pytest.raises(StoreError, match="the database failed: "):
                await store.accounts()

            await session.execute(
                text(f"ALTER DATABASE {url.database} WITH ALLOW_CONNECTIONS true")
            )
        await asyncio.wait_for(store.requests.flushed(), 10)

        assert store.requests.last_error is None
        assert await store.request_totals() == {"a": AccountTotals(requests=1)}
    finally:
        await store.close()
        async with server.session() as session:  # the next test has the same database
            await session.execute(
                text(f"ALTER DATABASE {url.database} WITH ALLOW_CONNECTIONS true")
            )
        await server.dispose()


DISK_FULL = """
import asyncio, resource, sys
from pathlib import Path
from codex_lb.core.model import OpenedRequest, Receipt
from codex_lb.store import Store, StoreError

async def main(directory):
    store = await Store.open(None, directory, directory / "key", clock=lambda: 1.8e9)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))  # the WAL cannot grow beyond
    for n in range(2_000):
        store.requests.opened(OpenedRequest(f"r{n}", n, "responses", "sse", "m", user_agent="u" * 200))
        store.requests.closed(Receipt(f"r{n}", "success", n, account_id="a"))
    async with asyncio.timeout(20):
        while store.requests.last_error is None:
            await asyncio.sleep(0.01)
    print(store.requests.last_error, file=sys.stderr)
    assert store.requests.waiting > 0
    assert await store.accounts() == []  # reading goes on
    try:
        await store.put_setting("large", "x" * 200_000)
    except StoreError as error:
        refusal = str(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    async with asyncio.timeout(20):
        await store.requests.flushed()
    print(refusal)
    print(store.requests.lost, store.requests.last_error, await store.request_totals())
    await store.close()

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.journey
def test_with_a_full_disk_rows_wait_for_room(data_dir: Path) -> None:
    run = subprocess.run(  # noqa: S603  our own interpreter and text
        [sys.executable, "-c", DISK_FULL, str(data_dir)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.returncode == 0, run.stderr
    expected = AccountTotals(requests=2_000)
    refusal, outcome = run.stdout.splitlines()[-2:]
    assert refusal.startswith("the database failed: ")
    assert outcome == f"0 None {{'a': {expected!r}}}"


async def test_closing_the_store_writes_what_waits(
    open_store: Callable[[], Awaitable[Store]],
) -> None:
    store = await open_store()
    for n in range(1_200):
        store.requests.opened(opened(f"r{n}"))
        store.requests.closed(done(f"r{n}"))
    await store.close()

    later = await open_store()
    assert await later.request_totals() == {"a": AccountTotals(requests=1_200)}
