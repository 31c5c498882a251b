"""What does the server hand to an ASGI application? The types, and who asked with which headers."""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_REPEATABLE = re.compile(r"[\x21-\x7e]{1,128}")  # in a header and in a log line


class ClientGoneError(Exception):
    """The client has closed the connection before its answer was complete."""


def peer(scope: Scope) -> str | None:
    """The address at the other end of the connection."""
    client = scope.get("client")
    return client[0] if client else None


def first_values(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name; of a repeated one the first."""
    values: dict[str, str] = {}
    for name, value in scope["headers"]:
        values.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return values


def own_request_id(headers: Mapping[str, str]) -> str | None:
    """What the caller calls the request, to be told back to it; None if it gave no usable id."""
    named = (headers.get(name, "") for name in ("x-request-id", "request-id"))
    return next((value for value in named if _REPEATABLE.fullmatch(value)), None)
