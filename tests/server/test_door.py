"""The door at the wire: what is let in, what is refused, and what ends a connection."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from codex_lb.core.framing import Bounds
from codex_lb.line import Line, Pipe

GET = b"GET /hello HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"

QUICK = Bounds(
    head_s=0.2, body_stall_s=0.2, idle_s=0.2, write_stall_s=0.2, linger_s=0.2, sweep_s=0.05
)


class Gone(asyncio.Transport):
    """What uvloop has between a client's reset and the word of it."""

    def is_closing(self) -> bool:
        return True

    def write(self, data: object) -> None:
        raise RuntimeError(f"the handler is closed: {data!r}")


async def test_what_is_said_to_a_client_that_has_just_gone_is_lost() -> None:
    gone = Gone()
    line = Line(gone, asyncio.get_running_loop(), gone.close)
    line.write(b"too late")
    line.begin()
    line.write(b"a head")
    line.write(b"too late")
    Pipe(gone, FlowControl(gone)).write(b"too late")


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(b"GET /hello HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(GET + b"host: b\r\n\r\n", 400, id="two Hosts"),
        pytest.param(GET + b"Host: a\r\n\r\n", 400, id="the same Host twice"),
        pytest.param(b"GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 400, id="an empty Host"),
        pytest.param(b"GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, id="a Host with a path"),
        pytest.param(b"GET /hello HTTP/1.0\r\n\r\n", 400, id="HTTP/1.0 without Host"),
        pytest.param(GET + b"X: " + b"a" * 200_000 + b"\r\n\r\n", 431, id="a 200 kB header"),
        pytest.param(GET + b"X: " + b"a" * 200_000, 431, id="a header without end"),
        pytest.param(GET + b"X: a\r\n" * 100 + b"\r\n", 431, id="101 fields"),
        pytest.param(GET + b"X: a\r\n" * 20_000 + b"\r\n", 431, id="20 000 fields"),
        pytest.param(
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, id="a 70 kB URI"
        ),
        pytest.param(b"GET /" + b"a" * 200_000, 414, id="a URI without end"),
        pytest.param(b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="a URL as target"),
        pytest.param(b"CONNECT b:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="a tunnel"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="an asterisk as target"),
        pytest.param(b"GET /hello HTTP/9.9\r\nHost: a\r\n\r\n", 400, id="HTTP/9.9"),
        pytest.param(b"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 400, id="HTTP/2.0 in clear"),
        pytest.param(b"GET /hello\r\n\r\n", 400, id="HTTP/0.9"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="the HTTP/2 preface"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, id="a TLS hello"),
        pytest.param(b"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="a byte above ASCII"),
        pytest.param(
            POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="a length and chunks",
        ),
        pytest.param(
            CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n", 400, id="chunks and a length"
        ),
        pytest.param(
            POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, id="two lengths"
        ),
        pytest.param(POST + b"Content-Length: +3\r\n\r\nabc", 400, id="a signed length"),
        pytest.param(POST + b"Content-Length: -3\r\n\r\nabc", 400, id="a negative length"),
        pytest.param(POST + b"Content-Length: \r\n\r\nabc", 400, id="an empty length"),
        pytest.param(
            POST + b"Transfer-Encoding: x\r\n\r\nabc", 400, id="an unknown transfer coding"
        ),
        pytest.param(
            POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            400,
            id="a transfer coding that nobody undoes",
        ),
        pytest.param(
            POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, id="a space before a colon"
        ),
        pytest.param(
            b"POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="chunks in HTTP/1.0",
        ),
        pytest.param(CHUNKED + b"\r\nzz\r\nabc\r\n0\r\n\r\n", 400, id="a bad chunk size"),
        pytest.param(CHUNKED + b"\r\n3\nabc\n0\n\n", 400, id="bare line feeds between chunks"),
        pytest.param(b"GET /hello HTTP/1.1\nHost: a\n\n", 400, id="bare line feeds"),
        pytest.param(GET + b"X: a\r\n b\r\n\r\n", 400, id="a folded header"),
        pytest.param(GET + b"X: a\0b\r\n\r\n", 400, id="a NUL in a header"),
    ],
)
async def test_refused(serving: Any, request_: bytes, expected: int) -> None:
    async with serving() as server:
        answer = await server.ask(request_ + b"GET /hello HTTP/1.1\r\nHost: smuggled\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert status(answer) == expected
    assert b"connection: close" in head
    assert b"\r\nserver:" not in head
    assert set(json.loads(body)["error"]) == {"message", "type", "code", "param"}  # and no more
    assert server.app.seen == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(b"", b"", id="an idle newcomer is closed without a word"),
        pytest.param(GET, b"HTTP/1.1 408 ", id="half a head gets 408"),
        pytest.param(
            POST + b"Content-Length: 9\r\n\r\nhalf", b"HTTP/1.1 408 ", id="half a body gets 408"
        ),
        pytest.param(
            CHUNKED + b"\r\n4\r\nhalf\r\n", b"HTTP/1.1 408 ", id="half of the chunks get 408"
        ),
        pytest.param(
            GET + b"\r\n", b"HTTP/1.1 200 ", id="a connection is closed if nothing follows"
        ),
        pytest.param(
            GET + b"\r\n\r\nGET", b"HTTP/1.1 200 ", id="half a second head ends it all the same"
        ),
    ],
)
async def test_silence_ends_a_connection(serving: Any, said: bytes, expected: bytes) -> None:
    async with serving(QUICK) as server:
        answer = await server.ask(said)
    assert answer.startswith(expected) if expected else answer == b""


async def test_trickling_headers_do_not_extend_their_time(serving: Any) -> None:
    async with serving(QUICK) as server, server.connect() as client:
        await client.say(GET)
        reading = asyncio.ensure_future(client.rest())
        while not reading.done():
            await client.say(b"X: a\r\n")
            await asyncio.sleep(0.02)
        assert status(await reading) == 408


async def test_a_body_that_keeps_coming_may_take_longer_than_a_stall(serving: Any) -> None:
    async with serving(QUICK) as server, server.connect() as client:
        await client.say(POST + b"Content-Length: 20\r\n\r\n")
        for _ in range(20):
            await asyncio.sleep(0.03)
            await client.say(b"x")
        assert (await client.reply()).endswith(b"20 bytes")


async def test_the_application_hears_of_a_stalled_body_as_a_hang_up(serving: Any) -> None:
    async with serving(QUICK) as server:
        await server.ask(POST + b"Content-Length: 9\r\n\r\nhalf")
        assert server.app.seen == ["/echo", "disconnect"]


async def test_a_client_that_reads_nothing_is_cut_off(serving: Any) -> None:
    async with serving(QUICK) as server, server.connect() as client:
        await client.say(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: "disconnect" in server.app.seen)


async def test_pieces_written_at_once_keep_their_place_and_wait_for_a_slow_client(
    serving: Any,
) -> None:
    async with serving() as server, server.connect() as client:
        await client.say(b"GET /pipe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = await client.rest()
        await until(lambda: len(server.app.seen) == 6)
    body = answer.split(b"\r\n\r\n", 1)[1]
    assert body.startswith(b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n10000\r\nx")
    assert body.endswith(b"x\r\n4\r\nlast\r\n0\r\n\r\n")
    assert server.app.seen == [
        "/pipe",
        "before the start: False",
        "streaming: True",
        "streaming: True",
        "the client is behind",
        "after the end: False",
    ]


async def test_an_answer_before_the_body_stops_the_upload(serving: Any) -> None:
    """50 MB are on their way; the server takes what was in flight, and no more."""
    async with serving(QUICK) as server:
        sock = server.socket()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(
            sock, b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n"
        )
        async with asyncio.timeout(5):
            answer = await loop.sock_recv(sock, 65_536)
        sent = 0
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                while sent < 50_000_000:
                    await loop.sock_sendall(sock, b"x" * 10_000)
                    sent += 10_000
        sock.close()

    assert status(answer) == 401
    assert b"connection: close" in answer
    assert sent < 4_000_000  # what both kernels buffer, not what the server reads


async def test_an_answer_before_the_body_reaches_a_client_that_sends_on(serving: Any) -> None:
    async with serving(QUICK) as server, server.connect() as client:
        await client.say(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
        await client.say(b"x" * 50_000)
        assert (await client.rest()).endswith(b"no")


async def test_an_answer_after_a_complete_body_keeps_the_connection(serving: Any) -> None:
    async with serving() as server, server.connect() as client:
        for _ in range(2):
            await client.say(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
            assert b"connection: close" not in await client.reply()


async def test_little_of_a_body_is_read_before_it_is_asked_for(serving: Any) -> None:
    async with serving(QUICK) as server, server.connect() as client:
        await client.say(b"POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n")
        client.writer.write(b"x" * 800_000)
        size = int((await client.reply()).rpartition(b"\n")[2])
        assert size <= 2 * 65_536


async def test_an_unread_upload_is_not_asked_for(serving: Any) -> None:
    expecting = b"Host: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    async with serving(QUICK) as server:
        assert status(await server.ask(b"POST /early HTTP/1.1\r\n" + expecting)) == 401
        async with server.connect() as client:
            await client.say(b"POST /echo HTTP/1.1\r\n" + expecting)
            assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.say(b"hello")
            assert (await client.reply()).endswith(b"5 bytes")


async def test_what_follows_an_unanswered_request_is_dropped(serving: Any) -> None:
    async with serving() as server:
        answer = await server.ask(GET + b"\r\n" + POST + b"\r\n")
        assert answer.count(b"HTTP/1.1") == 1
        assert b"connection: close" in answer
        assert server.app.seen == ["/hello"]


async def test_a_flood_behind_an_unanswered_request_ends_it(serving: Any) -> None:
    async with serving() as server, server.connect() as client:
        await client.say(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + GET + b"\r\n")
        with pytest.raises(ConnectionError):
            await flood(client)
        assert server.app.seen == ["/slow"]


async def test_trailers_do_not_become_headers(serving: Any) -> None:
    async with serving() as server, server.connect() as client:
        await client.say(
            b"POST /headers?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        await client.say(b"3\r\nabc\r\n0\r\nAuthorization: x\r\n\r\n")
        assert (await client.reply()).endswith(b"\r\n\r\nhost,transfer-encoding;q")


async def test_an_endless_trailer_is_refused(serving: Any) -> None:
    async with serving(QUICK) as server, server.connect() as client:
        await client.say(CHUNKED + b"\r\n0\r\nX: ")
        with pytest.raises(ConnectionError):
            await flood(client)
    assert server.app.seen == ["/echo", "disconnect"]


async def test_an_address_holds_a_limited_number_of_connections(serving: Any) -> None:
    async with serving(Bounds(connections_per_peer=2, sweep_s=0.05)) as server:
        async with server.connect() as first, server.connect():
            await first.say(GET + b"\r\n")
            await first.reply()
            with contextlib.suppress(ConnectionResetError):
                assert await server.ask(GET + b"\r\n") == b""
        await until(lambda: "connections refused" in server.log.getvalue())
        assert status(await server.ask(GET + b"Connection: close\r\n\r\n")) == 200


async def test_an_upgrade_nobody_speaks_is_served_as_http(serving: Any) -> None:
    async with serving() as server:
        answer = await server.ask(GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n")
        assert status(answer) == 200


async def test_a_crash_costs_one_request_and_leaks_nothing(serving: Any) -> None:
    async with serving() as server:
        async with server.connect() as client:
            await client.say(b"GET /crash HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = await client.reply()
            assert status(answer) == 500
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "server_error"
            await client.say(GET + b"\r\n")
            assert status(await client.reply()) == 200
        assert "ValueError" in server.log.getvalue()
        assert "secret-token-value" not in server.log.getvalue()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(b"/crash-late", b"half\r\n", id="a crash in the reply leaves it visibly cut"),
        pytest.param(b"/mute", b'"param": null}}', id="an application that says nothing is a 500"),
    ],
)
async def test_no_request_stays_open(serving: Any, path: bytes, expected: bytes) -> None:
    async with serving() as server:
        answer = await server.ask(
            b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert answer.endswith(expected)


async def test_the_log_names_no_query_string(serving: Any) -> None:
    async with serving() as server:
        await server.ask(
            b"GET /crash?api_key=sesame HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert "/crash" in server.log.getvalue()
        assert "sesame" not in server.log.getvalue()


async def until(true: Callable[[], bool]) -> None:
    """Poll, because what is awaited happens in the kernel or in the server; 5 s at most."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 # the kernel sets no event
            await asyncio.sleep(0.01)


async def flood(client: Any) -> None:
    """Send until the server has had enough, or 50 MB."""
    async with asyncio.timeout(5):
        for _ in range(5_000):
            await client.say(b"a" * 10_000)
