"""Start and end of the process: readiness, drain, deadline, and a second signal."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

SLOW = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_a_live_request_finishes_and_says_that_the_connection_ends(serving: Any) -> None:
    async with serving() as server, server.connect() as client:
        await client.say(SLOW)
        await until(lambda: server.app.seen == ["/slow"])
        server.stop.request()
        await until(lambda: server.heard == ["drain"])
        server.app.release.set()
        answer = await client.rest()
        await asyncio.wait_for(server.ended.wait(), 5)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"slow")
    assert server.heard == ["drain"]


async def test_the_listener_stays_open_for_a_moment_so_that_probes_see_the_drain(
    serving: Any,
) -> None:
    async with serving() as server:
        server.stop.request()
        await until(lambda: server.heard == ["drain"])
        assert (await server.ask(HELLO)).startswith(b"HTTP/1.1 200 ")
        await asyncio.wait_for(server.ended.wait(), 5)
        with pytest.raises(ConnectionError):
            await server.ask(HELLO)


async def test_idle_connections_do_not_hold_the_end_up(serving: Any) -> None:
    async with serving(drain_s=60) as server, server.connect() as fresh, server.connect() as idle:
        await idle.say(HELLO)
        await idle.reply()
        server.stop.request()
        assert await fresh.rest() == await idle.rest() == b""
        await asyncio.wait_for(server.ended.wait(), 5)


async def test_at_the_deadline_the_application_has_the_last_word(serving: Any) -> None:
    async with (
        serving(drain_s=0.2, on_deadline=lambda app: app.release.set()) as server,
        server.connect() as client,
    ):
        await client.say(SLOW)
        await until(lambda: server.app.seen == ["/slow"])
        server.stop.request()
        assert (await client.rest()).endswith(b"slow")
        await asyncio.wait_for(server.ended.wait(), 5)
    assert server.heard == ["drain", "deadline"]


async def test_a_request_that_ignores_the_deadline_is_cut(serving: Any) -> None:
    async with serving(drain_s=0.2) as server, server.connect() as client:
        await client.say(SLOW)
        await until(lambda: server.app.seen == ["/slow"])
        server.stop.request()
        assert await client.rest() == b""
        await asyncio.wait_for(server.ended.wait(), 5)
    assert server.heard == ["drain", "deadline"]


async def test_a_second_wish_to_end_cuts_at_once(serving: Any) -> None:
    async with serving(drain_s=60) as server, server.connect() as client:
        await client.say(SLOW)
        await until(lambda: server.app.seen == ["/slow"])
        server.stop.request()
        server.stop.request()
        assert await client.rest() == b""
        await asyncio.wait_for(server.ended.wait(), 5)
    assert "deadline" not in server.heard


async def test_a_taken_port_is_an_error(serving: Any) -> None:
    async with serving() as first:
        with pytest.raises(ExceptionGroup) as caught:  # of the group that this test's server is in
            async with serving(port=first.port):
                pass
        [error] = caught.value.exceptions
        assert isinstance(error, OSError)


STREAMING_PROGRAM = Path(__file__).with_name("streaming_program.py")


@pytest.mark.journey
@pytest.mark.parametrize(
    ("events", "last"),
    [
        pytest.param(4, b"data: completed", id="a stream inside the budget completes"),
        pytest.param(1_000, b"data: failed", id="a stream over the budget gets its terminal event"),
    ],
)
async def test_sigterm_ends_streams_well(events: int, last: bytes) -> None:
    async with program("0.6") as (process, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % events)
        await reader.readuntil(b"data: 0")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            stream = await reader.read()
            assert await process.wait() == 0
        writer.close()
    assert stream.rstrip(b"\r\n0").endswith(last)
    assert stream.endswith(b"\r\n0\r\n\r\n")  # the reply is whole


@pytest.mark.journey
async def test_a_second_sigterm_ends_the_process_at_once() -> None:
    async with program("60") as (process, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /1000 HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"data: 0")
        process.send_signal(signal.SIGTERM)
        await reader.readuntil(b"data: draining")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        writer.close()


@asynccontextmanager
async def program(drain_s: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, STREAMING_PROGRAM, drain_s, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        yield process, int(await asyncio.wait_for(process.stdout.readline(), 20))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until(true: Callable[[], bool]) -> None:
    """Poll, because the server's tasks tell nobody; 5 s at most."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 # the application under test sets no event
            await asyncio.sleep(0.01)
