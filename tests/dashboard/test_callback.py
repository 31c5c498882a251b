"""The port at which the browser comes back: what is heard there, and that it is given back."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codex_lb.dashboard.callback import CallbackListener
from codex_lb.dashboard.port_holder import holder

GOOD = "/auth/callback?code=c&state=s"


@dataclass
class Taker:
    why_not: str | None = None
    taken: list[str] = field(default_factory=list)

    async def __call__(self, target: str) -> str | None:
        self.taken.append(target)
        return self.why_not


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def listening(taker: Taker, host: str = "localhost") -> AsyncIterator[tuple[str, int]]:
    port = free_port()
    listener = CallbackListener(host, port)
    assert await listener.open(taker) is None
    try:
        yield listener.address, port
    finally:
        listener.close()


async def ask(port: int, request: bytes, host: str = "127.0.0.1") -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def get(target: str = GOOD, host: str = "localhost:1455") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_the_browser_may_come_by_either_loopback_family(address: str) -> None:
    taker = Taker()
    async with listening(taker) as (url, port):
        assert url == f"http://localhost:{port}/auth/callback"
        page = (await ask(port, get(), address)).decode()
    assert page.startswith("HTTP/1.1 200 OK\r\n")
    assert "You may close this page" in page
    assert taker.taken == [GOOD]


async def test_the_page_has_no_script_and_no_place_in_a_frame_or_a_cache() -> None:
    async with listening(Taker()) as (_, port):
        head, _, body = (await ask(port, get())).decode().partition("\r\n\r\n")
    assert "<script" not in body
    assert "default-src 'none'; style-src 'sha256-" in head
    for header in ("frame-ancestors 'none'", "no-store", "no-referrer", "nosniff"):
        assert header in head


async def test_why_it_did_not_work_stands_on_the_page_as_text() -> None:
    async with listening(Taker(why_not="<b>No</b>")) as (_, port):
        page = (await ask(port, get())).decode()
    assert page.startswith("HTTP/1.1 400 ")
    assert "&lt;b&gt;No&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(get(host="evil.example:1455"), 421, id="a foreign name for this machine"),
        pytest.param(get(host="localhost.evil.example"), 421, id="a name that begins like ours"),
        pytest.param(get(host="LOCALHOST"), 200, id="ours in capitals, without a port"),
        pytest.param(get(host="[::1]:1455"), 200, id="ours as an address"),
        pytest.param(get(host="localhost:1455/x"), 421, id="a name that is none"),
        pytest.param(b"GET /auth/callback HTTP/1.1\r\n\r\n", 400, id="no name"),
        pytest.param(get()[:-2] + b"Host: localhost\r\n\r\n", 400, id="two names"),
        pytest.param(get().replace(b"GET", b"POST"), 405, id="another method"),
        pytest.param(get("/"), 404, id="another path"),
        pytest.param(get("/auth/callback/"), 404, id="nearly the path"),
        pytest.param(get("//auth/callback"), 404, id="nearly the path again"),
        pytest.param(get("/auth/callback?\x01"), 400, id="a control character"),
        pytest.param(b"GET http://localhost/auth/callback HTTP/1.1\r\n\r\n", 400, id="an address"),
        pytest.param(b"\x16\x03\x01\x02\r\n\r\n", 400, id="no HTTP"),
    ],
)
async def test_nothing_else_is_heard(request_: bytes, status: int) -> None:
    taker = Taker()
    async with listening(taker) as (_, port):
        answer = await ask(port, request_)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert len(taker.taken) == (status == 200)


async def test_a_head_without_end_is_cut() -> None:
    taker = Taker()
    async with listening(taker) as (_, port):
        assert await ask(port, b"GET /auth/callback?" + b"x" * 100_000) == b""
    assert taker.taken == []


async def test_a_crowd_is_turned_away_and_a_late_browser_still_served() -> None:
    taker = Taker()
    async with listening(taker) as (_, port):
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(32)]
        assert await ask(port, get()) == b""
        for _, writer in crowd:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(10):
            while not await ask(port, get()):
                pass  # those that left have yet to be noticed
    assert taker.taken == [GOOD]


async def test_an_open_listener_stays_as_it_is_and_a_closed_one_gives_the_port_back() -> None:
    taker, port = Taker(), free_port()
    listener = CallbackListener("localhost", port)
    for _ in range(3):
        assert await listener.open(taker) is None
        assert await listener.open(taker) is None
        assert (await ask(port, get())).startswith(b"HTTP/1.1 200")
        listener.close()
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
async def test_a_port_that_is_taken_in_one_family_is_taken(family: socket.AddressFamily) -> None:
    address = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.create_server((address, 0), family=family) as other:
        port = other.getsockname()[1]
        why = await CallbackListener("localhost", port).open(Taker())
    assert why is not None
    assert why.startswith(f"Port {port} is in use by ")
    assert f"(process {os.getpid()})" in why
    with socket.create_server(("127.0.0.1", port)):
        pass  # nothing of it is held


async def test_an_address_that_is_not_ours_is_a_sentence() -> None:
    why = await CallbackListener("192.0.2.1", 1455).open(Taker())
    assert why is not None
    assert why.startswith("Port 1455 cannot be listened on: ")


def test_nothing_is_known_of_a_port_where_the_system_tells_nothing(tmp_path: Path) -> None:
    assert holder(1455, tmp_path) is None
    assert holder(free_port()) is None
