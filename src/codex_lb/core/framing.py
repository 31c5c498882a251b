"""Is this request well enough framed to be served? Asked by `door.py` before the application.

The numbers answer what the server's parser leaves open (it refuses doubtful lengths and
encodings itself); a refusal is an OpenAI error envelope, because that is what clients parse.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a connection may send, and how long it may take."""

    head_s: float = 10.0  # from connecting, or from a later request's first byte
    body_stall_s: float = 30.0  # without one byte of a body that is expected
    idle_s: float = 75.0  # between requests; longer than the 60 s of common load balancers
    write_stall_s: float = 300.0  # a client that does not read; as long as a silent upstream
    linger_s: float = 1.0  # after an answer to a request that is still being sent
    linger_bytes: int = 65_536
    header_bytes: int = 32_768
    header_fields: int = 100
    uri_bytes: int = 65_536
    connections_per_peer: int = 1_024
    sweep_s: float = 1.0  # how often the times are looked at, so how late a limit may strike


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer given without the application."""

    status: int
    code: str
    message: str
    kind: str = "invalid_request_error"  # the envelope's `type`

    def body(self) -> bytes:
        error = {"message": self.message, "type": self.kind, "code": self.code, "param": None}
        return json.dumps({"error": error}).encode()


MALFORMED = Refusal(400, "bad_request", "The request is not well-formed HTTP/1.1.")
ONE_HOST = Refusal(400, "bad_request", "A request needs exactly one valid Host header.")
FRAMING = Refusal(400, "bad_request", "The only Transfer-Encoding understood is chunked.")
SLOW_HEAD = Refusal(408, "request_timeout", "The request headers took too long to arrive.")
SLOW_BODY = Refusal(408, "request_timeout", "The request body stopped arriving.")
LONG_URI = Refusal(414, "uri_too_long", "The request URI is too long.")
LARGE_HEADERS = Refusal(431, "headers_too_large", "The request headers are too many or too large.")
CRASHED = Refusal(500, "server_error", "Internal server error", kind="server_error")

_SEPARATORS = len(": \r\n")  # of a header line
_HOST = re.compile(rb"[\w.:\[\]-]+")


def judge_head(
    version: str, target: bytes, headers: Sequence[tuple[bytes, bytes]], bounds: Bounds
) -> Refusal | None:
    """Judge a complete head: HTTP version as "1.1", request target, headers with lower-case names.

    Targets other than a path are refused because the path decided on must be the path served;
    transfer codings beside chunked because nothing here undoes them.
    """
    if len(target) > bounds.uri_bytes:
        return LONG_URI
    size = sum(map(len, chain.from_iterable(headers))) + _SEPARATORS * len(headers)
    if len(headers) > bounds.header_fields or size > bounds.header_bytes:
        return LARGE_HEADERS
    if version not in {"1.0", "1.1"} or not target.startswith(b"/"):
        return MALFORMED
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        return ONE_HOST
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if codings and (version == "1.0" or codings != [b"chunked"]):
        return FRAMING
    return None
