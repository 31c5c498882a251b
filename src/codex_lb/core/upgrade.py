"""The handshake of a WebSocket (RFC 6455 section 4), from both ends.

Header names are lower case. Compression (RFC 7692) is agreed on for what a client sends: its requests
are large. What it gets stays as it is, because events are small and cross without being touched.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = "13"
_KEY_BYTES = 16
_DEFLATE = "permessage-deflate"
_FOR_BOTH = re.compile(
    r"(?:client|server)_no_context_takeover|client_max_window_bits(?:=\"?(?:[89]|1[0-5])\"?)?"
    r"|server_max_window_bits=\"?(?:[89]|1[0-5])\"?"
)


def is_asked(headers: Mapping[str, str]) -> bool:
    return "websocket" in _words(headers.get("upgrade", ""))


def complaint(headers: Mapping[str, str]) -> str | None:
    """Why a handshake cannot be taken, as a sentence for the client."""
    if "upgrade" not in _words(headers.get("connection", "")):
        return "A WebSocket handshake needs 'Connection: Upgrade'."
    if headers.get("sec-websocket-version", "").strip() != _VERSION:
        return f"Only version {_VERSION} of the WebSocket protocol is spoken."
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except ValueError:
        key = b""
    return None if len(key) == _KEY_BYTES else "Sec-WebSocket-Key is not one."


def asked(key: bytes) -> dict[str, str]:
    """The headers of a client. `key`: 16 bytes of chance."""
    return {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": _VERSION,
        "sec-websocket-key": base64.b64encode(key).decode(),
    }


def granted(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of the server's answer; with `sec-websocket-extensions` if requests may be packed."""
    answer = {
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-accept": _accept(headers["sec-websocket-key"].strip()),
    }
    extension = _deflate(headers.get("sec-websocket-extensions", ""))
    return answer | ({"sec-websocket-extensions": extension} if extension else {})


def is_granted(sent: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """Whether the answer is one to the handshake that was `sent`, without anything unasked."""
    return (
        is_asked(headers)
        and headers.get("sec-websocket-accept", "").strip() == _accept(sent["sec-websocket-key"])
        and "sec-websocket-extensions" not in headers
    )


def _accept(key: str) -> str:
    return base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()  # noqa: S324  as the RFC has it


def _deflate(offers: str) -> str | None:
    """The answer to the first offer of compression that can be kept, None without one."""
    for name, *options in _offers(offers):
        if name == _DEFLATE and all(_FOR_BOTH.fullmatch(option) for option in options):
            ours = [option for option in options if option.startswith("server_")]
            return "; ".join([_DEFLATE, *ours])
    return None


def _offers(header: str) -> Iterator[list[str]]:
    for offer in header.split(","):
        yield ["".join(part.split()).lower() for part in offer.split(";")]


def _words(header: str) -> set[str]:
    return {word.strip().lower() for word in header.split(",")}
