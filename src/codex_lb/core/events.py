"""The stream events that we make ourselves, and the few facts we read from upstream's.

An event that we add continues the numbering of those that went before it.
"""

import re
from collections.abc import Callable

import msgspec

from codex_lb.core import sse
from codex_lb.core.foreign_json import JsonObject, decode
from codex_lb.core.model import Usage

KEEPALIVE = b'{"type":"codex.keepalive"}'
KEEPALIVE_CODEX = sse.block("codex.keepalive", KEEPALIVE)
KEEPALIVE_COMMENT = b": keepalive\n\n"

# Held back until the first content event: nothing of them commits us to an account.
METADATA = frozenset(
    {
        "",  # comments
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.metadata",
    }
)
FAILURES = frozenset({"response.failed", "error"})
COMPLETED = "response.completed"
GOOD_ENDS = frozenset({COMPLETED, "response.incomplete"})
TERMINAL = GOOD_ENDS | FAILURES

_MAX_TOKENS = 1_000_000_000

NUMBER = b'"sequence_number"'
# A number of more than 18 digits is none: it could not be counted on.
_SEQUENCE = re.compile(NUMBER + rb"\s*:\s*(\d{1,18})(?!\d)")


def is_metadata(kind: str) -> bool:
    return kind in METADATA or kind.startswith("codex.")


def next_sequence(sent: bytes) -> int:
    """The number after the last one in `sent` (events as sent to the client), 0 if there is none.

    A delta's text cannot fake it: inside a JSON string the quotes would be escaped.
    """
    number = sequence(sent)
    return 0 if number is None else number + 1


def sequence(raw: bytes) -> int | None:
    """The last sequence number in `raw`."""
    numbers = _SEQUENCE.findall(raw)
    return int(numbers[-1]) if numbers else None


# How an event of ours is put on the wire: its kind and payload → bytes.
Framing = Callable[[str, bytes], bytes]


def encode(event: JsonObject, framed: Framing = sse.block) -> bytes:
    return framed(event["type"], msgspec.json.encode(event))


def response_object(response_id: str, model: str, created_at: int, status: str) -> JsonObject:
    """A response that has no output, in the shape that the OpenAI SDKs parse."""
    return {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


def created(response: JsonObject, sequence: int, framed: Framing = sse.block) -> bytes:
    return encode(
        {"type": "response.created", "sequence_number": sequence, "response": response}, framed
    )


def failed(
    response: JsonObject, sequence: int, framed: Framing = sse.block, *, code: str, message: str
) -> bytes:
    ended = response | {"status": "failed", "error": {"code": code, "message": message}}
    return encode(
        {"type": "response.failed", "sequence_number": sequence, "response": ended}, framed
    )


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class Facts(msgspec.Struct):
    """What a terminal event's response tells of the exchange; all of it may be missing."""

    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: _Usage | None = None
    incomplete_details: _Incomplete | None = None

    def counted(self) -> Usage | None:
        if self.usage is None:
            return None
        given, made = self.usage.input_tokens_details, self.usage.output_tokens_details
        return Usage(
            input_tokens=_count(self.usage.input_tokens),
            output_tokens=_count(self.usage.output_tokens),
            cached_tokens=_count(given.cached_tokens if given else None),
            reasoning_tokens=_count(made.reasoning_tokens if made else None),
        )


def _count(tokens: int | None) -> int:
    """Nonsense is cut to what can be added up for years without leaving 64 bits."""
    return min(max(tokens or 0, 0), _MAX_TOKENS)


class _Carrier(msgspec.Struct):
    response: Facts | None = None


def facts(data: bytes) -> Facts:
    """The facts in an event that carries a `response`; empty if it has none or does not parse."""
    carrier = decode(data, _Carrier)
    return (carrier.response if carrier else None) or Facts()
