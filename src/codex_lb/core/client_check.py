"""Ask as a client would, and say in plain words what is wrong with the answer."""

from http import HTTPStatus

from codex_lb.core import errors, events
from codex_lb.core.client_setup import Client, Facts
from codex_lb.core.errors import Signal
from codex_lb.core.foreign_json import JsonObject, json_object
from codex_lb.core.sse import Scanner

_HELLO = "Say hello."
_QUOTA = ("usage_limit_reached", "insufficient_quota", "usage_not_included")
_NO_MODEL = ("model_not_supported", "model_not_found")


def question(client: Client, facts: Facts) -> tuple[str, JsonObject]:
    """Path below the base URL, and body, of one small request."""
    if facts.chat and client != "codex":
        return "/chat/completions", {
            "model": facts.model,
            "messages": [{"role": "user", "content": _HELLO}],
        }
    said = {"type": "message", "role": "user", "content": _HELLO}
    return "/responses", {"model": facts.model, "input": [said], "stream": client == "codex"}


def unreachable(facts: Facts, reason: str) -> str:
    return f"Nothing answers at {facts.url} ({reason}). Is codex-lb running there?"


def complaint(status: int, body: bytes, facts: Facts, *, has_key: bool) -> str | None:
    """What is wrong; None: nothing. `has_key`: the variable that names the key is set."""
    document = json_object(body) or {}
    if isinstance(document.get("error"), dict):
        return _said(errors.read_reply(status, body), facts, has_key=has_key)
    failure = _failure(body) if body.startswith((b"event:", b"data:", b":")) else None
    if failure is not None:
        return _said(failure, facts, has_key=has_key)
    if status != HTTPStatus.OK or body.lstrip().startswith(b"<"):
        return f"Something else than codex-lb answers at {facts.url} (status {status})."
    return None


def _failure(body: bytes) -> Signal | None:
    """How a stream failed that should be an answer; None if it ended well."""
    told = {event.kind: event for event in Scanner().feed(body)}
    if told.keys() & events.GOOD_ENDS:
        return None
    failed = next((told[kind] for kind in events.FAILURES if kind in told), None)
    lost = errors.fault("stream_incomplete", "The answer broke off.")
    return errors.read_event(failed.data()) if failed else lost


def _said(signal: Signal, facts: Facts, *, has_key: bool) -> str:
    word, told = signal.word, signal.message
    if word == "invalid_api_key" and has_key:
        return f"The API key in {facts.key_env} is not accepted: {told}."
    if word == "invalid_api_key":
        return (
            f"codex-lb asks for an API key, and {facts.key_env} is not set. Make a key in the"
            f" dashboard, then: export {facts.key_env}=sk-clb-..."
        )
    if word == "no_accounts":
        return f"codex-lb runs, but has no account that can serve. {told}"
    if word == "model_not_allowed":
        return f"The API key may not use {facts.model}; choose another with --model. {told}"
    if word in _NO_MODEL:
        return f"The pool does not have {facts.model}; choose another with --model. {told}"
    if word in _QUOTA:
        return f"The quota of the accounts is used up. {told}"
    if word == "rate_limit_exceeded":
        return f"A limit is reached just now. {told}"
    is_ours = signal.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return f"{'The answer failed' if is_ours else 'The request was refused'}: {told}"
