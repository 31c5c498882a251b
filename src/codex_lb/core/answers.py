"""The answers that are ours: refusals, faults and bad requests, for a person and for a program.

Each client has its own way to misread an error (docs/wire.md, "What clients do on errors"), so
an `Answer` knows both forms: an HTTP reply, and an event for a stream that has begun. The rule
behind the choices: a terminal state is asked once and said well, a passing one is retried a few
times and never thirty.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

import msgspec

from codex_lb.core.errors import Signal
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Dialect

_BRIEF_BYTES = 1_500
_LOGIN_REFUSED = frozenset({401, 407})
_PASSING = frozenset({408, 409, 429})  # worth repeating as they are


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    message: str
    type: str
    code: str | None
    event_code: str  # in a `response.failed`; Codex knows few and repeats the unknown
    param: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # further members of `error`
    retry_after_s: int | None = None
    final: bool = False  # repeating it cannot help: `x-should-retry: false`
    as_event: bool = False  # on the Codex route say it inside a 200, where it is repeated less
    raw: bytes | None = None  # upstream's own body, passed on as it is

    def headers(self) -> dict[str, str]:
        sent = {"content-type": "application/json", "cache-control": "no-store"}
        if self.retry_after_s is not None:
            sent["retry-after"] = str(self.retry_after_s)
        if self.final:
            sent["x-should-retry"] = "false"
        return sent

    def brief(self) -> "Answer":
        """For a WebSocket handshake, of whose refusal Codex reads 4 KiB at most and nothing twice.

        Where it misses the reason it would wait as long as `retry-after` says, so that is left out.
        """
        short = self.raw is not None and len(self.raw) <= _BRIEF_BYTES
        return replace(
            self,
            message=self.message.partition("\n")[0][:_BRIEF_BYTES],
            extra={name: value for name, value in self.extra.items() if name != "accounts"},
            raw=self.raw if short else None,
            retry_after_s=None,
        )

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        error = {
            "message": self.message,
            "type": self.type,
            "code": self.code,
            "param": self.param,
            **self.extra,
        }
        return msgspec.json.encode({"error": error})


def bad_request(error: BadRequestError) -> Answer:
    return Answer(
        400, error.message, "invalid_request_error", error.code, "invalid_prompt", error.param,
        final=True,
    )  # fmt: skip


def too_large(limit: int, dialect: Dialect) -> Answer:
    """A 413 makes Codex repeat the request and then give up its transport, so it gets a 400."""
    message = f"The request body is larger than {limit // (1024 * 1024)} MiB after decoding."
    status = 400 if dialect is Dialect.CODEX else 413
    return Answer(
        status, message, "invalid_request_error", "payload_too_large", "invalid_prompt", final=True
    )


def unsupported_encoding(name: str, dialect: Dialect) -> Answer:
    message = f"Unsupported Content-Encoding: {name}. Use zstd, gzip, deflate or none."
    status = 400 if dialect is Dialect.CODEX else 415
    return Answer(
        status, message, "invalid_request_error", "unsupported_content_encoding", "invalid_prompt",
        final=True,
    )  # fmt: skip


def unauthorized(message: str) -> Answer:
    return Answer(
        401, message, "authentication_error", "invalid_api_key", "invalid_prompt", final=True
    )


def revoked() -> Answer:
    """In the midst of a stream whose key is no longer good."""
    message = "The API key of this request has been revoked."
    return Answer(
        401, message, "authentication_error", "invalid_api_key", "invalid_prompt", final=True
    )


def limits_unknown() -> Answer:
    """Where money is limited, not to know is to refuse."""
    message = "The limits of this API key cannot be checked just now. Please try again in 5s."
    return Answer(
        503, message, "server_error", "limits_unavailable", "rate_limit_exceeded",
        retry_after_s=5, as_event=True,
    )  # fmt: skip


def forbidden(message: str, code: str) -> Answer:
    return Answer(403, message, "permission_error", code, "invalid_prompt", final=True)


def quota_hidden() -> Answer:
    return forbidden("The operator does not show the pool's quota to API keys.", "quota_hidden")


def forbidden_address() -> Answer:
    message = "Requests from this address are not allowed."
    return Answer(403, message, "access_error", "ip_forbidden", "invalid_prompt", final=True)


def not_found(path: str) -> Answer:
    message = f"There is nothing at {path[:200]}."
    return Answer(404, message, "invalid_request_error", "not_found", "invalid_prompt", final=True)


def no_such_model(slug: str) -> Answer:
    message = f"The model '{slug[:200]}' does not exist, or no account of the pool has it."
    return Answer(
        404, message, "invalid_request_error", "model_not_found", "invalid_prompt", "model",
        final=True,
    )  # fmt: skip


def wrong_method(method: str, path: str) -> Answer:
    message = f"{method} is not possible at {path[:200]}."
    return Answer(
        405, message, "invalid_request_error", "method_not_allowed", "invalid_prompt", final=True
    )


def no_websocket() -> Answer:
    """Codex takes a 426 as the word to speak HTTP from now on; any other refusal it repeats."""
    message = "This endpoint speaks HTTP. Send the request as a POST."
    return Answer(
        426, message, "invalid_request_error", "upgrade_not_supported", "invalid_prompt", final=True
    )


def shutting_down() -> Answer:
    message = "The server is shutting down. Please try again in 2s."
    return Answer(
        503, message, "server_error", "server_shutting_down", "rate_limit_exceeded",
        retry_after_s=2, as_event=True,
    )  # fmt: skip


def try_again() -> Answer:
    """The accounts asked were spent, others are not: the next try begins with those."""
    message = "The accounts tried cannot serve; others can. Please try again in 1s."
    return Answer(
        429, message, "rate_limit_error", "rate_limit_exceeded", "rate_limit_exceeded",
        retry_after_s=1, as_event=True,
    )  # fmt: skip


def lost_anchor(response_id: str) -> Answer:
    """In upstream's own words, on which clients send their whole history again."""
    message = f"Previous response with id '{response_id}' not found."
    return Answer(
        400, message, "invalid_request_error", "previous_response_not_found",
        "previous_response_not_found", "previous_response_id", final=True,
    )  # fmt: skip


def lost_file(file_id: str) -> Answer:
    message = (
        f"The ChatGPT account that has the file '{file_id}' is not available. Upload it again."
    )
    return Answer(
        400, message, "invalid_request_error", "file_not_found", "invalid_prompt", "file_id",
        final=True,
    )  # fmt: skip


def foreign_history() -> Answer:
    message = (
        "The compacted history of this conversation was made by another ChatGPT account, and the"
        " account at hand cannot read it. Try again when the first account can serve, or begin a"
        " new conversation."
    )
    return Answer(
        400, message, "invalid_request_error", "invalid_encrypted_content", "invalid_prompt",
        "input", final=True,
    )  # fmt: skip


def no_compaction() -> Answer:
    message = "Upstream has answered without a compaction item, so the history stays as it is."
    return Answer(
        400, message, "invalid_request_error", "compaction_failed", "invalid_prompt", final=True
    )


def no_image(words: str) -> Answer:
    """`words`: what the model has said instead."""
    message = f"No image was drawn. {words}".strip()
    return Answer(
        400, message, "invalid_request_error", "image_not_generated", "invalid_prompt", final=True
    )


def cut(signal: Signal) -> Answer:
    """The answer broke off after its beginning. OpenCode asks again only if it is told so."""
    message = f"{signal.message or 'Upstream broke off.'} Please try again later."
    return Answer(502, message, "server_error", signal.word, signal.word or "stream_incomplete")


def internal() -> Answer:
    message = "Internal error; the server's log has the details under this request id."
    return Answer(500, message, "server_error", "internal_error", "server_error", as_event=True)


def of_signal(signal: Signal, *, dialect: Dialect, body: bytes | None = None) -> Answer:
    """The client's answer to a failed exchange. `body`: upstream's reply, if it is a client error.

    A login that upstream refuses is never passed on: the client would think of its own key.
    """
    status = signal.status
    is_theirs = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if not is_theirs or status in _LOGIN_REFUSED:
        return _upstream_fault(signal)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and dialect is Dialect.CODEX:
        status = HTTPStatus.BAD_REQUEST
    is_limit = status == HTTPStatus.TOO_MANY_REQUESTS
    wait_s = math.ceil(signal.resets_in_s) if signal.resets_in_s is not None else None
    is_envelope = bool(signal.word and body)
    return Answer(
        status,
        signal.message or f"Upstream answered {signal.status}.",
        signal.type or _type_of(status),
        signal.code or (signal.type or "rate_limit_exceeded" if is_limit else None),
        signal.word or "invalid_prompt",
        signal.param,
        retry_after_s=wait_s if is_limit else None,
        final=status not in _PASSING,
        raw=body if is_envelope else None,
    )


def _upstream_fault(signal: Signal) -> Answer:
    if signal.word in ("server_is_overloaded", "slow_down"):
        message = signal.message or "Upstream is overloaded."
        return Answer(503, message, "server_error", signal.word, signal.word)
    if signal.status in _LOGIN_REFUSED:
        message = (
            "ChatGPT refuses the sign-in of the accounts tried. Their operator must look at it."
        )
        return Answer(502, message, "server_error", "upstream_error", "server_error", as_event=True)
    what = f"answered {signal.status}" if signal.status else f"failed ({signal.word})"
    message = f"Upstream {what}: {signal.message}" if signal.message else f"Upstream {what}."
    code = "upstream_error" if signal.status else "upstream_unavailable"
    return Answer(502, message, "server_error", code, "server_error", as_event=True)


def of_failed_event(signal: Signal) -> Answer:
    """For a client that asked for one JSON reply: the failure event as an HTTP error."""
    status = {
        "usage_limit_reached": 429,
        "usage_not_included": 429,
        "insufficient_quota": 429,
        "rate_limit_exceeded": 429,
        "rate_limit_error": 429,
        "server_is_overloaded": 503,
        "slow_down": 503,
        "previous_response_not_found": 400,
        "context_length_exceeded": 400,
        "invalid_prompt": 400,
        "invalid_request_error": 400,
        "cyber_policy": 400,
        "content_filter": 400,
        "invalid_encrypted_content": 400,
    }.get(signal.word or "", 502)
    code = signal.word or "upstream_error"
    return Answer(
        status,
        signal.message or "Upstream failed to produce a response.",
        signal.type or _type_of(status),
        code,
        code,
        signal.param,
        final=status == HTTPStatus.BAD_REQUEST,
    )


def _type_of(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit_error"
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return "server_error" if is_ours else "invalid_request_error"
