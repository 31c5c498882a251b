"""The HTTP client at the wire: a raw server says bytes, the client makes sense of them or does not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.upstream.tls import server_context

from codex_lb.upstream.client import UpstreamClient, UpstreamFaultError

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Wire:
    """What the server saw: the requests, and on how many connections."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0


@asynccontextmanager
async def serving(
    *replies: bytes, tls: ssl.SSLContext | None = None, trust: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[UpstreamClient, Wire]]:
    """A server that gives each request the next of `replies`, and closes after the last."""
    wire, left = Wire(), list(replies)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.connections += 1
        try:
            while left:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                wire.requests.append(head + await reader.readexactly(length))
                writer.write(left.pop(0))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client let go
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    url = f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{port}"
    client = UpstreamClient(url, url, connect_timeout_s=2.0, tls=trust)
    try:
        yield client, wire
    finally:
        await client.close()
        server.close()
        await server.wait_closed()


async def fetch(client: UpstreamClient, body: bytes = b"") -> tuple[int, bytes]:
    async with asyncio.timeout(5):
        async with client.open("POST", f"{client.base_url}/x?y=1", {"a": "b"}, body) as reply:
            return reply.status, b"".join([chunk async for chunk in reply.chunks()])


PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n3\r\n!!!\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(PLAIN, (200, b"ok"), id="a length"),
        pytest.param(CHUNKED, (200, b"ok!!!"), id="chunks"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok", (200, b"ok"), id="until it closes"
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nold", (200, b"old"), id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", (204, b""), id="no content"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, (200, b"ok"), id="100 first"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + CHUNKED, (200, b"ok!!!"), id="hints"
        ),
        pytest.param(
            CHUNKED.replace(b"0\r\n\r\n", b"0\r\ntrailer: x\r\n\r\n"), (200, b"ok!!!"), id="trailer"
        ),
        pytest.param(b"HTTP/1.1 429 No\r\ncontent-length: 0\r\n\r\n", (429, b""), id="empty"),
    ],
)
async def test_replies(reply: bytes, expected: tuple[int, bytes]) -> None:
    async with serving(reply) as (client, _):
        assert await fetch(client) == expected


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        pytest.param(b"", "connection_closed", id="nothing"),
        pytest.param(b"HTTP/1.1 200", "connection_closed", id="half a head"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", "bad_reply", id="another protocol"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000 + b"\r\n\r\n", "bad_reply", id="huge head"
        ),
        pytest.param(PLAIN[:-1], "stream_incomplete", id="short of its length"),
        pytest.param(CHUNKED[:-5], "stream_incomplete", id="without the last chunk"),
        pytest.param(CHUNKED.replace(b"3\r\n", b"x\r\n"), "bad_reply", id="bad chunk"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx",
            "bad_reply", id="compressed unasked",
        ),
        pytest.param(
            b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "bad_reply",
            id="upgraded unasked",
        ),
    ],
)  # fmt: skip
async def test_faults(reply: bytes, fault: str) -> None:
    async with serving(reply) as (client, _):
        with pytest.raises(UpstreamFaultError) as caught:
            await fetch(client)
    assert caught.value.signal.word == fault


async def test_a_media_type_counts_in_any_case() -> None:
    stream = PLAIN.replace(b"OK\r\n", b"OK\r\ncontent-type: Text/Event-Stream\r\n")
    async with serving(stream) as (client, _), client.open("POST", client.base_url, {}) as reply:
        assert reply.is_stream


async def test_a_connection_serves_again_after_a_whole_reply() -> None:
    async with serving(PLAIN, CHUNKED, PLAIN) as (client, wire):
        for _ in range(3):
            await fetch(client, b"body")
        assert wire.connections == 1
    head, body = wire.requests[0].split(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert (first, body) == (b"POST /x?y=1 HTTP/1.1", b"body")
    assert {line.partition(b":")[0] for line in lines} == {b"host", b"a", b"content-length"}


@pytest.mark.parametrize(
    "reply",
    [PLAIN.replace(b"OK\r\n", b"OK\r\nconnection: close\r\n"), PLAIN + b"HTTP/1.1 200 OK\r\n"],
    ids=["told to close", "more than was asked for"],
)
async def test_a_connection_in_doubt_is_not_used_again(reply: bytes) -> None:
    async with serving(reply, PLAIN) as (client, wire):
        await fetch(client)
        await asyncio.sleep(0.01)
        await fetch(client)
        assert wire.connections == 2


async def test_leaving_early_closes_the_connection() -> None:
    endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"
    async with serving(endless, PLAIN) as (client, wire):
        async with client.open("GET", f"{client.base_url}/", {}) as reply:
            assert [chunk async for chunk in _first(reply.chunks())] == [b"ok"]
        assert await fetch(client) == (200, b"ok")
        assert wire.connections == 2


async def _first(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk
        return


async def test_a_reader_that_is_behind_holds_the_sender_back() -> None:
    size = 20_000_000
    big = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size
    async with serving(big) as (client, _), client.open("GET", client.base_url, {}) as reply:
        await asyncio.sleep(0.05)
        chunks = reply.chunks()
        first = await anext(chunks)
        assert len(first) < 2_000_000
        assert len(first) + sum([len(chunk) async for chunk in chunks]) == size


async def test_an_errors_body_is_cut_at_a_size_no_error_needs() -> None:
    size = 5_000_000
    big = b"HTTP/1.1 500 No\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size
    async with serving(big) as (client, _), client.open("GET", client.base_url, {}) as reply:
        assert len(await reply.read()) < 2_000_000


async def test_nobody_listens() -> None:
    client = UpstreamClient("http://127.0.0.1:9", "", connect_timeout_s=2.0)
    with pytest.raises(UpstreamFaultError) as caught:
        await fetch(client)
    assert caught.value.signal.word == "connect_failed"


async def test_a_header_cannot_smuggle_another() -> None:
    async with serving(PLAIN) as (client, wire):
        with pytest.raises(UpstreamFaultError, match="line end"):
            async with client.open("GET", f"{client.base_url}/", {"a": "b\r\nx: y"}):
                pass
    assert wire.requests == []


async def test_tls_with_a_trusted_name(certificate: Path) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))
    async with serving(PLAIN, CHUNKED, tls=server_context(certificate), trust=trust) as served:
        client, wire = served
        assert await fetch(client, b"x" * 200_000) == (200, b"ok")
        assert await fetch(client) == (200, b"ok!!!")
        assert wire.connections == 1


async def test_tls_with_an_unknown_signer_is_refused(certificate: Path) -> None:
    async with serving(PLAIN, tls=server_context(certificate)) as (client, wire):
        with pytest.raises(UpstreamFaultError) as caught:
            await fetch(client)
    assert caught.value.signal.word == "connect_failed"
    assert "certificate" in caught.value.signal.message
    assert wire.requests == []
