"""What does the server hand to an ASGI application? The types, and who asked with which headers."""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# An extension of our server. Its `call` writes whole pieces of a streamed body at once, from the event
# loop's own call. False: not now, because the client is behind or the body is not streamed.
WRITE_NOW = "codex_lb.write_now"
WriteNow = Callable[[bytes], bool]

# Another extension, there if the client wants to leave HTTP. Its `call` answers 101 with the headers given
# and hands the connection over; None: the client has sent more than it may before that answer.
UPGRADE = "codex_lb.upgrade"

_HOPS = "x-forwarded-for"
_REPEATABLE = re.compile(r"[\x21-\x7e]{1,128}")  # in a header and in a log line


class Pipe(Protocol):
    """The way to the client of a connection that has left HTTP."""

    @property
    def is_behind(self) -> bool:
        """Whether the client reads more slowly than is written."""
        ...

    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...
    def close(self) -> None: ...


class Successor(Protocol):
    """What takes over such a connection. All of it is called by the event loop and must not fail."""

    def received(self, data: bytes, /) -> None: ...
    def lost(self) -> None: ...

    def check(self, now: float, /) -> None:
        """Called every second or so; `now` is the event loop's clock."""
        ...

    def shutdown(self) -> None:
        """The server takes no new work."""
        ...


Upgrade = Callable[[Mapping[str, str], Successor], Pipe | None]


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


def upgrade(scope: Scope) -> Upgrade | None:
    """None: the client does not ask for it, or the server cannot."""
    extension = scope.get("extensions", {}).get(UPGRADE)
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
