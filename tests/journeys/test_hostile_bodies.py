"""Ten thousand spoiled bodies: none is answered with a fault of ours, and none holds others up."""

import asyncio
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Self

import aiohttp
import pytest
import schemathesis
import zstandard
from tests.journeys import mutations, wire
from tests.journeys.pool import Pool
from tests.journeys.service import REPOSITORY, JsonObject, Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import Text

pytestmark = [
    pytest.mark.journey,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # half a minute on an idle machine
]

ADMIN = "made-up-admin-token"
MEGABYTE = 1 << 20
SEED = 20_260_914
OF_CLIENTS, OF_OPERATORS = 8_000, 2_000
AT_ONCE = 4
LONGEST_CPU_S = 0.25  # that the service may work before it answers a health probe


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_ADMIN_API_TOKEN": ADMIN}


@dataclass(frozen=True, slots=True)
class Target:
    """A route that takes a body, and a good one for it."""

    method: str
    path: str
    good: JsonObject


@dataclass
class Barrage:
    """Sends spoiled bodies to `targets`, and keeps what should not have been answered."""

    service: Service
    targets: list[Target]
    tokens: list[str | None]  # one of them is shown, each as often as it stands here
    rng: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311  not for secrets
    statuses: Counter[int] = field(default_factory=Counter)
    offences: list[str] = field(default_factory=list)

    async def send(self, count: int) -> None:
        shots = self._shots(count)
        async with aiohttp.ClientSession(skip_auto_headers=["content-type"]) as session:
            await asyncio.gather(*(self._work(session, shots) for _ in range(AT_ONCE)))

    def _shots(self, count: int) -> Iterator[tuple[Target, mutations.Spoiled, dict[str, str]]]:
        for _ in range(count):
            target = self.rng.choice(self.targets)
            spoiled = mutations.spoil(target.good, self.rng)
            headers = {"content-type": "application/json", **spoiled.headers}
            token = self.rng.choice(self.tokens)
            if token:
                headers["authorization"] = f"Bearer {token}"
            yield target, spoiled, headers

    async def _work(self, session: aiohttp.ClientSession, shots: Iterator[Any]) -> None:
        for target, spoiled, headers in shots:
            url = self.service.url + target.path
            async with session.request(
                target.method, url, data=io.BytesIO(spoiled.body), headers=headers
            ) as reply:
                answer = await reply.read()
            self.service.heard(answer.decode(errors="replace"))
            self.statuses[reply.status] += 1
            complaint = _complaint(reply.status, reply.headers, answer)
            if complaint:
                self.offences.append(
                    f"{target.method} {target.path} {spoiled.how}: {complaint}"
                    f" for {spoiled.body[:200]!r}"
                )


def _is_end(event: Mapping[str, Any]) -> bool:
    """A chat's chunks have no type: one with a finish reason ends it, or one with an error."""
    finished = any(choice.get("finish_reason") for choice in event.get("choices", ()))
    return finished or "error" in event or event.get("type") in wire.TERMINAL


def _complaint(status: int, headers: Mapping[str, str], answer: bytes) -> str | None:
    kind = headers.get("content-type", "")
    if status >= 500:
        return f"{status} {answer[:200]!r}"
    if status >= 400:
        return None if kind == "application/json" and "error" in json.loads(answer) else f"{kind}"
    if kind.startswith("text/event-stream"):
        ends = [event for event in wire.read_events(answer) if _is_end(event)]
        return None if len(ends) == 1 else f"a stream with {len(ends)} ends"
    return None


class Probe:
    """Asks for `/health` over and over; how much the service worked meanwhile, at most.

    That is time on the processor, of all threads together (Linux): what else the machine does is not
    in it.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.longest_cpu_s = 0.0

    async def __aenter__(self) -> Self:
        self._probing = asyncio.ensure_future(self._probe())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._probing.cancel()
        await asyncio.wait([self._probing])

    async def _probe(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                before = self._cpu_s()
                async with session.get(f"{self._service.url}/health") as reply:
                    assert (await reply.json())["status"] == "ok"
                self.longest_cpu_s = max(self.longest_cpu_s, self._cpu_s() - before)
                await asyncio.sleep(0.002)

    def _cpu_s(self) -> float:
        threads = Path(f"/proc/{self._service.process.pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9


async def test_spoiled_bodies_of_clients_are_the_clients_fault(
    service: Service, pool: Pool, sim: Simulator
) -> None:
    await pool.add(plan="pro")
    sim.script(Text("ok", deltas=1, input_tokens=1, output_tokens=1))
    key = await service.admin("POST", "/api/api-keys", json={"name": "good"})
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": True})
    tokens = [key["key"]] * 8 + ["sk-clb-" + "0" * 43, None]
    barrage = Barrage(service, _targets_of_clients(), tokens)

    async with Probe(service) as probe:
        await barrage.send(OF_CLIENTS)
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": False})

    assert barrage.offences == []
    assert barrage.statuses[200] > 100, barrage.statuses
    assert barrage.statuses[400] > 100, barrage.statuses
    assert probe.longest_cpu_s < LONGEST_CPU_S


async def test_who_may_not_come_in_is_told_before_a_byte_of_the_body(service: Service) -> None:
    """So nothing is unpacked for it either: not a byte is sent before the answer is there."""
    document = await service.admin("GET", "/api/openapi.json")
    known = {"account_id": "a", "key_id": "k"}
    targets = _targets_of_clients() + _targets_of_operators(document, known)
    guarded = {
        (target.method, target.path)
        for target in targets
        if not target.path.startswith("/api/dashboard-auth")  # there one may come to sign in
    }
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": True})

    answers = {place: await _head_of_answer(service, *place) for place in sorted(guarded)}
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": False})

    assert len(answers) > 5
    assert all(head.startswith(b"HTTP/1.1 401 ") for head in answers.values()), answers
    assert all(b"connection: close" in head for head in answers.values()), answers


async def _head_of_answer(service: Service, method: str, path: str) -> bytes:
    """What is answered to a head that promises fifty megabytes, and has a bad key or no proof."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    head = (
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{service.port}",
        *(() if path.startswith("/api/") else (f"Authorization: Bearer sk-clb-{'0' * 43}",)),
        "Content-Type: application/json",
        "Content-Encoding: gzip",
        "Content-Length: 50000000",
    )
    writer.write("\r\n".join((*head, "", "")).encode())
    try:
        return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


def _targets_of_clients() -> list[Target]:
    """Every POST of the proxy's document with what clients were recorded to send there.

    A route that none was recorded at gets what was sent to the others.
    """
    document: Any = schemathesis.openapi.from_path(REPOSITORY / "docs/proxy-openapi.yaml")
    turns = [
        turn
        for capture in sorted((REPOSITORY / "tests/captures").glob("*.json"))
        for turn in json.loads(capture.read_text())
    ]
    targets = []
    for path, operations in document.raw_schema["paths"].items():
        if "post" in operations:
            own = [turn for turn in turns if turn["path"] == path] or turns
            targets += [Target("POST", path, turn["body"]) for turn in own]
    return targets


@pytest.mark.parametrize(
    ("begin", "piece", "megabytes"),
    [
        pytest.param(b"0", b",0", 0.95, id="as many values as may be"),
        pytest.param(b"{}", b",{}", 100, id="far more values"),
        pytest.param(b"", b"[", 100, id="nothing but brackets"),
        pytest.param(b"[],[],", b"{", 100, id="brackets after a good beginning"),
        pytest.param(b'"', b"x", 60, id="one long text"),
        pytest.param(b'"', b'\\"', 40, id="one long text of quotes"),
        pytest.param(b'"', b"\\u00e9", 40, id="one long text of escapes"),
        pytest.param(b'"', "é".encode(), 60, id="one long text beyond ASCII"),
        pytest.param(b'"\xff', b"x", 60, id="bytes that are no text"),
        pytest.param(b"", b"9", 60, id="one long number"),
        pytest.param(b"", b" ", 60, id="nothing but blanks"),
        pytest.param(b"", b" ", 200, id="more than may be"),
    ],
)
async def test_one_large_body_holds_nobody_up(
    begin: bytes, piece: bytes, megabytes: float, service: Service, pool: Pool, sim: Simulator
) -> None:
    await pool.add(plan="pro")
    sim.script(Text("ok", deltas=1, input_tokens=1, output_tokens=1))
    end = b'"' if begin.startswith(b'"') else b""
    middle = begin + piece * int(megabytes * MEGABYTE / len(piece)) + end
    body = b'{"model": "gpt-5.5", "stream": true, "input": [' + middle + b"]}"
    packed = zstandard.compress(body)

    async with Probe(service) as probe:
        reply = await wire.send(
            service, packed, path=wire.OPENAI, headers={"content-encoding": "zstd"}
        )

    assert reply.status < 500
    assert probe.longest_cpu_s < LONGEST_CPU_S


async def test_spoiled_bodies_of_operators_are_the_operators_fault(
    service: Service, pool: Pool
) -> None:
    account = await pool.add()
    key = await service.admin("POST", "/api/api-keys", json={"name": "good"})
    document = await service.admin("GET", "/api/openapi.json")
    targets = _targets_of_operators(document, {"account_id": account.id, "key_id": key["id"]})
    barrage = Barrage(service, targets, [ADMIN, ADMIN, ADMIN, None, None])

    async with Probe(service) as probe:
        await barrage.send(OF_OPERATORS)

    assert barrage.offences == []
    assert barrage.statuses[200] > OF_OPERATORS // 50, barrage.statuses
    assert barrage.statuses[422] > OF_OPERATORS // 20, barrage.statuses
    assert probe.longest_cpu_s < LONGEST_CPU_S


def _targets_of_operators(document: JsonObject, known: Mapping[str, str]) -> list[Target]:
    return [
        Target(method.upper(), path.format(**known), _sample(body, document))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if (body := _schema_of_body(operation)) is not None
    ]


def _schema_of_body(operation: JsonObject) -> JsonObject | None:
    schema: JsonObject | None = (
        operation.get("requestBody", {})
        .get("content", {})
        .get("application/json", {})
        .get("schema")
    )
    return schema


def _sample(schema: JsonObject, document: JsonObject) -> Any:
    """Some value of this schema, with every member that it may have."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _sample(document["components"]["schemas"][name], document)
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0], document)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            return {name: _sample(member, document) for name, member in members.items()}
        case "array":
            return [_sample(schema.get("items", {}), document)]
        case "string":
            return "2030-01-01T00:00:00Z" if schema.get("format") == "date-time" else "text"
        case "boolean":
            return False
        case _:
            return 1
