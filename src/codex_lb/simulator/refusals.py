"""What exactly the back end sends when it refuses.

One row per case, with the status, headers and body that real clients were seen to understand.
Several carry only a `type` or only a `code`, some only a `detail`, some a page of HTML: that is
the point. The same rows serve scripts (`Refuse`), sentinel models and the simulator's own checks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

JSON = "application/json"
HTML_TYPE = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

_INVALID = "invalid_request_error"
_FIREWALL_PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    "<body><h1>Sorry, you have been blocked</h1><p>Ray ID: 8f0000000000sim</p></body></html>"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: no stream, one body."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    wait_s: float = 0.0  # before the status line


def json_reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, msgspec.json.encode(body), headers=tuple((headers or {}).items()))


def text_reply(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Text as it is; a page if it starts like one."""
    kind = HTML_TYPE if text.lstrip().startswith("<") else TEXT
    return Reply(status, text.encode(), kind, tuple((headers or {}).items()))


def detail(status: int, text: str) -> Reply:
    """The framework's own envelope, as for unknown parameters."""
    return json_reply(status, {"detail": text})


def error(
    status: int,
    message: str,
    type_: str | None = None,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """The OpenAI envelope."""
    body = {"message": message, "type": type_, "code": code, "param": param}
    return json_reply(status, {"error": body}, headers)


def _bad(message: str, *, code: str | None = None, param: str | None = None) -> Reply:
    return error(400, message, _INVALID, code, param)


def usage_limit(plan: str, now: float, resets_in_s: float | None, resets_at: float | None) -> Reply:
    """429 for a full window. It has a `type` and no `code`."""
    body: dict[str, Any] = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": plan,
        "eligible_promo": None,
    }
    if resets_at is not None:
        body |= {"resets_at": resets_at, "resets_in_seconds": max(0, round(resets_at - now))}
    elif resets_in_s is not None:
        body |= {"resets_at": round(now + resets_in_s), "resets_in_seconds": round(resets_in_s)}
    return json_reply(429, {"error": body})


def burst(retry_after_s: float, model: str) -> Reply:
    """429 for too many requests at once."""
    text = (
        f"Rate limit reached for {model} in organization org-simulator on requests per min (RPM). "
        f"Please try again in {retry_after_s:g}s."
    )
    wait = {"retry-after": str(max(1, round(retry_after_s)))}
    return error(429, text, "rate_limit_error", "rate_limit_exceeded", headers=wait)


def unsupported_model(model: str) -> Reply:
    text = f"The '{model}' model is not supported when using Codex with a ChatGPT account."
    return detail(400, text)


def unsupported_parameter(name: str) -> Reply:
    return detail(400, f"Unsupported parameter: {name}")


def lost_anchor(response_id: str) -> Reply:
    return _bad(
        f"Previous response with id '{response_id}' not found.",
        code="previous_response_not_found",
        param="previous_response_id",
    )


def foreign_ciphertext(item_id: str) -> Reply:
    return _bad(
        f"The encrypted content for item {item_id} could not be verified. "
        "Reason: Encrypted content organization_id did not match the target organization.",
        code="invalid_encrypted_content",
    )


def no_output(call_id: str) -> Reply:
    return _bad(f"No tool output found for function call {call_id}.", param="input")


def no_call(call_id: str) -> Reply:
    text = f"No tool call found for function call output with call_id {call_id}."
    return _bad(text, param="input")


_SERVER = "The server had an error while processing your request. Sorry about that!"
_OVERLOADED = "Our servers are currently overloaded. Please try again later."
_CONTEXT = (
    "Your input exceeds the context window of this model. Please adjust your input and try again."
)
_SIGN_IN = "Please try signing in again."

# 401 with the case as its code: from the back end, and with a type from the login host
_LOGIN = {
    "token_expired": f"Provided authentication token is expired. {_SIGN_IN}",
    "token_invalidated": f"Your authentication token has been invalidated. {_SIGN_IN}",
    "token_revoked": "Encountered invalidated oauth token for user, failing request",
    "app_session_terminated": f"Your session has ended. {_SIGN_IN}",
    "account_session_expired": f"Your session has expired. {_SIGN_IN}",
    "account_auth_invalidated": f"Your sign-in is no longer valid. {_SIGN_IN}",
    "account_deactivated": "Your OpenAI account has been deactivated, "
    "please check your email for more information.",
}
_REFRESH = {
    "refresh_token_reused": "Your refresh token has already been used to generate a new access "
    f"token. {_SIGN_IN}",
    "refresh_token_expired": f"Your refresh token has expired. {_SIGN_IN}",
    "refresh_token_invalidated": f"Your refresh token has been invalidated. {_SIGN_IN}",
    "invalid_refresh_token": "Invalid refresh token.",
}

CASES: dict[str, Reply] = {
    **{code: error(401, text, code=code) for code, text in _LOGIN.items()},
    **{code: error(401, text, _INVALID, code) for code, text in _REFRESH.items()},
    # quota
    "usage_not_included": json_reply(
        429,
        {
            "error": {
                "type": "usage_not_included",
                "message": "Usage is not included in your plan",
                "plan_type": "free",
            }
        },
    ),
    "insufficient_quota": error(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        "insufficient_quota",
    ),
    "quota_exceeded": error(429, "Quota exceeded.", "insufficient_quota", "quota_exceeded"),
    "rate_limit": burst(1.2, "gpt-5.5"),
    "bare_429": detail(429, "Too Many Requests"),
    "empty_429": text_reply(429, ""),
    # standing
    "unauthorized": detail(401, "Unauthorized"),
    "account_suspended": error(403, "Your account has been suspended.", code="account_suspended"),
    "account_deleted": error(403, "Your account has been deleted.", code="account_deleted"),
    "deactivated_workspace": json_reply(402, {"detail": {"code": "deactivated_workspace"}}),
    "workspace_forbidden": detail(403, "You do not have access to this workspace."),
    "firewall": text_reply(403, _FIREWALL_PAGE, {"cf-mitigated": "challenge"}),
    # the request itself
    "bad_request": _bad("Invalid type for 'input[3]': expected an object.", param="input[3]"),
    "unsupported_parameter": unsupported_parameter("temperature"),
    "system_message": detail(400, "System messages are not allowed"),
    "model_not_supported": unsupported_model("gpt-5.3-codex-spark"),
    "model_not_found": error(
        404, "The requested model does not exist.", _INVALID, "model_not_found"
    ),
    "context_length": _bad(_CONTEXT, code="context_length_exceeded", param="input"),
    "encrypted_content": foreign_ciphertext("rs_simulated"),
    "encrypted_unverified": _bad(
        "The encrypted content for item rs_simulated could not be verified. "
        "Reason: Encrypted content could not be decrypted or parsed.",
    ),
    "lost_anchor": lost_anchor("resp_simulated"),
    "no_tool_output": no_output("call_simulated"),
    "cyber_policy": error(
        400,
        "This request has been flagged for potentially high-risk cyber activity.",
        "invalid_request",
        "cyber_policy",
    ),
    "invalid_prompt": _bad(
        "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
        code="invalid_prompt",
    ),
    "too_large": detail(413, "Request Entity Too Large"),
    "not_found": detail(404, "Not Found"),
    # faults
    "overloaded": error(503, _OVERLOADED, "service_unavailable_error", "server_is_overloaded"),
    "slow_down": error(503, "Slow down.", "service_unavailable_error", "slow_down"),
    "overloaded_error": error(529, "Overloaded", "overloaded_error"),
    "at_capacity": error(
        503, "Selected model is at capacity. Please try a different model.", "server_error"
    ),
    "server_error": error(500, _SERVER, "server_error", "server_error"),
    "upstream_error": error(502, "Upstream request failed.", "server_error", "upstream_error"),
    "internal": text_reply(500, "Internal Server Error"),
    "bad_gateway": text_reply(
        502,
        "<html><head><title>502 Bad Gateway</title></head>"
        "<body><center><h1>502 Bad Gateway</h1></center><hr>cloudflare</body></html>",
    ),
    "unavailable": text_reply(
        503, "upstream connect error or disconnect/reset before headers. reset reason: overflow"
    ),
    "gateway_timeout": text_reply(504, "error code: 504"),
    # WebSocket
    "upgrade_required": detail(426, "Upgrade Required"),
    "connection_limit": _bad(
        "Responses websocket connection limit reached (60 minutes). "
        "Create a new websocket connection to continue.",
        code="websocket_connection_limit_reached",
    ),
    # login host
    "invalid_grant": json_reply(
        400,
        {
            "error": "invalid_grant",
            "error_description": "The provided grant is invalid or expired.",
        },
    ),
}

# What `response.failed` and `error` events say for a code.
_FAILURES: dict[str, str] = {
    "server_error": _SERVER,
    "server_is_overloaded": _OVERLOADED,
    "slow_down": "Slow down.",
    "context_length_exceeded": _CONTEXT,
    "rate_limit_exceeded": (
        "Rate limit reached for gpt-5.5 in organization org-simulator on tokens per min (TPM): "
        "Limit 30000, Used 29000, Requested 3000. Please try again in 1.2s."
    ),
    "usage_limit_reached": "The usage limit has been reached",
    "insufficient_quota": "You exceeded your current quota.",
    "usage_not_included": "Usage is not included in your plan",
    "invalid_prompt": "Invalid prompt: your prompt was flagged.",
    "cyber_policy": "This request has been flagged for potentially high-risk cyber activity.",
    "previous_response_not_found": "Previous response with id 'resp_simulated' not found.",
}


def failure_message(code: str | None) -> str:
    return _FAILURES.get(code or "", f"The request failed: {code}")
