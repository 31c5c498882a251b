"""Read a request's body."""

import zlib
from collections.abc import Mapping

import zstandard

from codex_lb.proxy.downstream import ClientGoneError, Receive

_SLICE = 1 << 20


class TooLargeError(Exception):
    pass


class BadEncodingError(Exception):
    pass


class UnsupportedEncodingError(Exception):
    pass


class TruncatedError(Exception):
    pass


async def read(receive: Receive, headers: Mapping[str, str], *, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        data = message.get("body", b"")
        size += len(data)
        if size > limit:
            raise TooLargeError
        parts.append(data)
        if not message.get("more_body"):
            break
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    for name in reversed([n.strip() for n in headers.get("content-encoding", "").split(",")]):
        if name in ("", "identity"):
            continue
        if name not in ("zstd", "gzip", "deflate"):
            raise UnsupportedEncodingError(name)
        try:
            if name == "zstd":
                body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
            else:
                body = zlib.decompress(body, 47)
        except (zstandard.ZstdError, zlib.error) as error:
            raise BadEncodingError(str(error)) from error
        if len(body) > limit:
            raise TooLargeError
    return body
