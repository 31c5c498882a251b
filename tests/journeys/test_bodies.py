"""Request bodies: compressed in several ways, large, and hostile."""

import gzip
import json
import zlib
from pathlib import Path

import pytest
import zstandard
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import REPOSITORY, JsonObject, Service

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

CAPTURES = REPOSITORY / "tests/captures"
ROUTES = [wire.CODEX, wire.OPENAI]
LIMIT_MB = 128  # the default for responses
MEGABYTE = 1 << 20


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        pytest.param("zstd", zstandard.compress, id="zstd"),
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("deflate", zlib.compress, id="deflate"),
    ],
)
async def test_a_compressed_body_reaches_upstream_as_the_same_json(
    encoding: str, packed: type[bytes], path: str, service: Service, pool: Pool
) -> None:
    await pool.add()
    body = wire.request("compressed")

    reply = await wire.send(
        service,
        packed(json.dumps(body).encode()),
        path=path,
        headers={"content-encoding": encoding},
    )

    assert reply.is_completed
    [call] = pool.calls()
    assert call.json == body


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("codex-*.json")), ids=lambda p: p.stem)
async def test_what_codex_was_seen_to_send_is_served(
    capture: Path, service: Service, pool: Pool
) -> None:
    await pool.add()
    sent = _captured_posts(capture)

    replies = [await _resend(service, body, encoding) for body, encoding in sent]

    assert all(reply.is_completed for reply in replies)
    assert [call.json for call in pool.calls()] == [body for body, _ in sent]


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "deflate"])
@pytest.mark.parametrize("path", ROUTES)
async def test_a_corrupt_body_is_refused_before_upstream_hears_of_it(
    encoding: str, path: str, service: Service, pool: Pool
) -> None:
    await pool.add()

    reply = await wire.send(
        service,
        b"\x28\xb5\x2f\xfd certainly not compressed",
        path=path,
        headers={"content-encoding": encoding},
    )

    assert reply.status == 400
    assert reply.error["type"] == "invalid_request_error"
    assert pool.calls() == []


@pytest.mark.parametrize(("path", "status"), [(wire.CODEX, 400), (wire.OPENAI, 415)])
async def test_an_unknown_encoding_is_refused_by_name(
    path: str, status: int, service: Service, pool: Pool
) -> None:
    await pool.add()

    reply = await wire.send(service, b"?", path=path, headers={"content-encoding": "snappy"})

    assert reply.status == status
    assert "snappy" in reply.error["message"]


@pytest.mark.parametrize(("path", "status"), [(wire.CODEX, 400), (wire.OPENAI, 413)])
async def test_a_bomb_is_refused_with_the_limit_in_the_text(
    path: str, status: int, service: Service, pool: Pool
) -> None:
    await pool.add()
    bomb = zstandard.compress(b"0" * (400 * MEGABYTE))

    reply = await wire.send(service, bomb, path=path, headers={"content-encoding": "zstd"})

    assert reply.status == status
    assert reply.error["code"] == "payload_too_large"
    assert str(LIMIT_MB) in reply.error["message"]
    assert service.peak_memory_mb() < 100 + 2 * LIMIT_MB
    assert pool.calls() == []


async def test_sixty_megabytes_of_images_pass_with_default_settings(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    image = "data:image/png;base64," + "iVBORw0K" * (15 * MEGABYTE // 8)
    images = [{"type": "input_image", "image_url": image} for _ in range(4)]
    body = wire.request(input=[{"type": "message", "role": "user", "content": images}])
    data = json.dumps(body).encode()
    assert len(data) > 60 * MEGABYTE

    reply = await wire.send(service, zstandard.compress(data), headers={"content-encoding": "zstd"})

    assert reply.is_completed
    [call] = pool.calls()
    assert len(call.body) == len(data)
    assert call.body == data


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half a brace"),
        pytest.param(b"[1, 2]", id="a list"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b'{"model": 7, "input": []}', id="a model that is a number"),
        pytest.param(b'{"input": []}', id="no model"),
        pytest.param(b"\xff\xfe\x00", id="bytes that are no text"),
        pytest.param(b'{"model": "gpt-5.5", "input": ' + b"[" * 100_000, id="a deep nest"),
        pytest.param(b'{"model": "gpt-5.5", "input": 1e999}', id="a number out of range"),
    ],
)
async def test_a_malformed_body_is_the_clients_fault(
    body: bytes, path: str, service: Service, pool: Pool
) -> None:
    await pool.add()

    reply = await wire.send(service, body, path=path)

    assert reply.status == 400
    assert reply.error["type"] == "invalid_request_error"
    assert reply.headers["x-should-retry"] == "false"


def _captured_posts(capture: Path) -> list[tuple[JsonObject, str | None]]:
    """Bodies of the turns in a capture, and how each was compressed."""
    return [
        (turn["body"], turn["headers"].get("content-encoding"))
        for turn in json.loads(capture.read_text())
        if turn["path"].endswith("/responses")
    ]


async def _resend(service: Service, body: JsonObject, encoding: str | None) -> wire.Reply:
    data = json.dumps(body).encode()
    if encoding is None:
        return await wire.send(service, data)
    assert encoding == "zstd"
    return await wire.send(
        service, zstandard.compress(data), headers={"content-encoding": encoding}
    )
