"""What all the simulator's handlers share: how every call begins and ends.

`Site` holds the state. `receive` reads and records a request, `carry_out` delivers its outcome and
notes a client that went away.
"""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import zstandard
from aiohttp import web

from codex_lb.simulator import refusals, staging
from codex_lb.simulator.accounts import Accounts, SimAccount
from codex_lb.simulator.delivery import Headers, deliver
from codex_lb.simulator.record import Received, Recorder
from codex_lb.simulator.refusals import Reply
from codex_lb.simulator.scripts import Scripts
from codex_lb.simulator.sentinels import Sentinels
from codex_lb.simulator.staging import Outcome
from codex_lb.simulator.steps import Auto, Break, Refusal, SlowHead

JsonObject = dict[str, Any]


@dataclass(slots=True)
class Site:
    """The simulator's state, handed to every handler."""

    accounts: Accounts
    scripts: Scripts
    sentinels: Sentinels
    record: Recorder
    clock: Callable[[], float]
    new_id: Callable[[str], str]
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    cut: set[object] = field(default_factory=set)  # connections that we ended ourselves
    _connections: dict[object, int] = field(default_factory=dict)
    _connection_count: int = 0

    async def pause(self, seconds: float | None) -> None:
        """Wait in real time, None for ever; cut short when the simulator closes."""
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            return

    def has_left(self, request: web.BaseRequest, received: Received) -> None:
        """Note that the client went away, if it was not we who ended the connection."""
        ours = self.closing.is_set() or request.protocol in self.cut
        if not (received.finished or ours):
            received.left_at = self.clock()

    def connection_id(self, request: web.BaseRequest) -> int:
        """A number per TCP connection."""
        protocol = request.protocol
        if protocol not in self._connections:
            alive = {
                known: number
                for known, number in self._connections.items()
                if getattr(known, "transport", None) is not None
            }
            self._connection_count += 1
            self._connections = alive | {protocol: self._connection_count}
        return self._connections[protocol]


async def receive(site: Site, request: web.Request, endpoint: str) -> Received:
    """Read and record the request. A body that cannot be decompressed stays as it came."""
    raw = await request.read()
    encoding = request.headers.get("content-encoding", "identity").lower()
    received = Received(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers=request.headers,
        body=_decoded(raw, encoding),
        at=site.clock(),
        connection_id=site.connection_id(request),
        endpoint=endpoint,
    )
    site.record.add(received)
    return received


async def carry_out(
    site: Site,
    request: web.Request,
    outcome: Outcome,
    received: Received,
    headers: Headers = (),
) -> web.StreamResponse:
    """Deliver, and keep the record's books about it. Every answer has a request id."""
    known = headers or (("x-request-id", site.new_id("req")),)
    try:
        return await deliver(request, outcome, received, known, site.pause)
    except (asyncio.CancelledError, ConnectionError):
        site.has_left(request, received)
        raise
    finally:
        site.record.changed()


def signed_in(site: Site, request: web.BaseRequest) -> SimAccount | Reply:
    """The account whose live token and id the request carries, else the 401."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return refusals.CASES["unauthorized"]
    found = site.accounts.authenticate(token, request.headers.get("chatgpt-account-id"))
    if isinstance(found, str):
        return refusals.CASES[found]
    found.roll()
    return found


async def once(
    site: Site,
    request: web.Request,
    received: Received,
    account: SimAccount | None,
    default: Callable[[], Reply],
) -> web.StreamResponse:
    """Answer a call that has a single body: as scripted, else with `default()`."""
    step = site.scripts.next(account.account_id if account else None, received.endpoint)
    received.account = account
    received.step = type(step or Auto()).__name__
    wait_s = 0.0
    if isinstance(step, SlowHead):
        wait_s, step = step.seconds, step.then
    if isinstance(step, Refusal | Break):
        outcome = staging.simple(step, account, site.clock())
    else:
        outcome = default()
    if isinstance(outcome, Reply):
        outcome = replace(outcome, wait_s=wait_s)
    return await carry_out(site, request, outcome, received)


def request_object(received: Received) -> JsonObject | Reply:
    """The body as a JSON object, else the 400 (also for a body that was not decompressed)."""
    try:
        body = msgspec.json.decode(received.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return refusals.detail(400, f"Could not parse the request body as JSON: {error}")
    if not isinstance(body, dict):
        return refusals.detail(400, "Request body must be a JSON object")
    return body


def _decoded(raw: bytes, encoding: str) -> bytes:
    """The body decompressed; as it came if the encoding is unknown or broken."""
    try:
        if encoding == "zstd":
            with zstandard.ZstdDecompressor().stream_reader(raw) as reader:
                return reader.read()
        if encoding == "gzip":
            return zlib.decompress(raw, wbits=31)
    except (zlib.error, zstandard.ZstdError):
        return raw
    return raw
