"""Which conversation a request belongs to, so that it can stay on the account with its warm cache.

The first name that exists wins: a header, then the body's `prompt_cache_key`. Without one, requests
that begin alike count as one conversation.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from codex_lb.core.responses import Call

TTL_S = 1800.0  # upstream keeps a prompt cache about that long

# Codex sends hyphens; older clients and OpenCode have their own names.
_CONVERSATION_HEADERS = (
    "thread-id",
    "session-id",
    "session_id",
    "x-session-affinity",
    "x-session-id",
    "conversation_id",
)


@dataclass(frozen=True, slots=True)
class Affinity:
    """`key` is opaque and safe to store, empty if nothing tells the conversation from others; `conversation` is the client's own id, if it gave one."""

    key: str  # empty: nothing to tell it by
    conversation: str | None


NONE = Affinity("", None)


def of(call: Call, headers: Mapping[str, str], *, api_key_id: str | None) -> Affinity:
    """Header names are lower case. The same id under two API keys is two conversations."""
    conversation = named(headers) or call.prompt_cache_key
    owner = api_key_id or ""
    if conversation:
        return Affinity(_digest("id", owner, conversation.encode()), conversation)
    if not call.opening:
        return NONE
    family = call.model.split("-codex")[0]
    return Affinity(_digest("opening", owner + family, call.opening), None)


def named(headers: Mapping[str, str]) -> str | None:
    """The client's own name for the conversation, if a header gives one."""
    return next((headers[name] for name in _CONVERSATION_HEADERS if headers.get(name)), None)


def _digest(kind: str, scope: str, value: bytes) -> str:
    return hashlib.sha256(b"\0".join((kind.encode(), scope.encode(), value))).hexdigest()[:32]
