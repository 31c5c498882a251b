"""What does the server hand to an ASGI application? The types, and who asked with which headers."""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# An extension of our server. Its `call` writes whole pieces of a streamed body at once, from the event
# loop's own call. False: not now, because the client is behind or the body is not streamed.
WRITE_NOW = "codex_lb.write_now"
WriteNow = Callable[[bytes], bool]

_HOPS = "x-forwarded-for"
_REPEATABLE = re.compile(r"[\x21-\x7e]{1,128}")  # in a header and in a log line


class ClientGoneError(Exception):
    """The client has closed the connection before its answer was complete."""


def peer(scope: Scope) -> str | None:
    """The address at the other end of the connection."""
    client = scope.get("client")
    return client[0] if client else None


def write_now(scope: Scope) -> WriteNow | None:
    """None: the server has no such extension, and `send` is the only way."""
    extension = scope.get("extensions", {}).get(WRITE_NOW)
    return extension["call"] if extension else None


def first_values(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name; of a repeated one the first.

    Only a repeated `x-forwarded-for` is one list, because the first may be the caller's own word.
    """
    values: dict[str, str] = {}
    for name, value in scope["headers"]:
        values.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    if _HOPS in values:
        hops = [value for name, value in scope["headers"] if name.lower() == _HOPS.encode()]
        values[_HOPS] = b",".join(hops).decode("latin-1")
    return values


def own_request_id(headers: Mapping[str, str]) -> str | None:
    """What the caller calls the request, to be told back to it; None if it gave no usable id."""
    named = (headers.get(name, "") for name in ("x-request-id", "request-id"))
    return next((value for value in named if _REPEATABLE.fullmatch(value)), None)
