"""What upstream said when it failed, read from any of its shapes.

Shapes and their sources: `docs/wire.md`, "Errors". Several carry only a `code` or only a `type`,
so `word` is whichever is there, code first.
"""

import re
from dataclasses import dataclass

from codex_lb.core.foreign_json import JsonObject, json_object, member, number, spelled_number, text

# A transport fault has no status; its name stands where upstream's code would.
UNREACHABLE = 0
_ERROR_STATUSES = range(400, 600)

_TRY_AGAIN = re.compile(
    r"try again in\s+((?:\d+(?:\.\d+)?\s*(?:ms|h|m|s)[a-z]*\s*)+)", re.IGNORECASE
)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|h|m|s)", re.IGNORECASE)
_LONGEST_WAIT_S = (
    366 * 86_400.0
)  # as of a window's reset; more is nonsense, and so is less than none
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True, slots=True)
class Signal:
    """One failed attempt: an HTTP reply, a failure event or a transport fault."""

    status: int  # HTTP status; 200 for an event that names none; `UNREACHABLE`
    word: str | None = None  # `code`, else `type`, else the name of the fault
    message: str = ""
    param: str | None = None
    plan_type: str | None = None
    resets_at: float | None = None  # Unix seconds, as sent
    resets_in_s: float | None = None  # from `resets_in_seconds`, "try again in", `retry-after`
    code: str | None = None
    type: str | None = None


def duration_in(text: str) -> float | None:
    """Seconds named by "try again in 1h2m3s", "… in 350ms", "… in 1.2s"; None without them."""
    found = _TRY_AGAIN.search(text)
    if not found:
        return None
    return sum(float(n) * _SECONDS[unit.lower()] for n, unit in _PART.findall(found.group(1)))


def read_reply(status: int, body: bytes, *, retry_after: str | None = None) -> Signal:
    """The signal in an HTTP error reply. Never raises; HTML and noise give only the status."""
    return _read(status, json_object(body) or {}, retry_after)


def read_event(data: bytes) -> Signal:
    """The signal in a `response.failed`, `response.incomplete` or `error` event's payload."""
    event = json_object(data) or {}
    response = event.get("response")
    if isinstance(response, dict):
        return _read(200, response, None)
    return _read(_status(event), event if "error" in event else {"error": event}, None)


def headers_in(data: bytes) -> dict[str, str]:
    """What an `error` frame carries in the place of headers, by lower-case name."""
    found = member(json_object(data), "headers")
    return {name.lower(): value for name, value in found.items() if isinstance(value, str)}


def fault(name: str, message: str) -> Signal:
    """A transport fault under the name that the outcome table knows."""
    return Signal(UNREACHABLE, name, message)


def _status(event: JsonObject) -> int:
    """Frames name the status that an HTTP reply would have; events in a stream do not."""
    for name in ("status", "status_code"):
        status = number(event.get(name))
        if status is not None and status in _ERROR_STATUSES:
            return int(status)
    return 200


def _read(status: int, document: JsonObject, retry_after: str | None) -> Signal:
    error = document.get("error")
    if isinstance(error, str):  # OAuth style: {"error": "invalid_grant", "error_description": …}
        error = {"code": error, "message": document.get("error_description")}
    if not isinstance(error, dict):
        error = {"message": document.get("detail")}
    code, kind = text(error.get("code")), text(error.get("type"))
    if kind == "error":  # the event's own type, not the error's
        kind = None
    message = text(error.get("message")) or ""
    wait = number(error.get("resets_in_seconds"))
    if wait is None:
        wait = duration_in(message)
    if wait is None:
        wait = spelled_number(
            retry_after
        )  # an HTTP date is none: upstream has not been seen to send one
    return Signal(
        status=status,
        word=code or kind,
        message=message,
        param=text(error.get("param")),
        plan_type=text(error.get("plan_type")),
        resets_at=number(error.get("resets_at")),
        resets_in_s=wait if wait is not None and 0 <= wait <= _LONGEST_WAIT_S else None,
        code=code,
        type=kind,
    )
