"""Say why no account can serve, account by account, and when one can again."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from codex_lb.core.answers import Answer
from codex_lb.core.obstacles import Obstacle
from codex_lb.core.responses import Dialect
from codex_lb.core.routing import Refusal

_QUEUE_RETRY_S = 5


def of_refusal(
    refusal: Refusal, *, dialect: Dialect, now: float, plans: Mapping[str, str]
) -> Answer:
    """`plans`: account id → plan."""
    lines = [
        f"- {account_id[:8]} ({plans.get(account_id, 'unknown')}): {_said(hurdle, now)}"
        for account_id, hurdle in refusal.obstacles
    ]
    accounts = [
        {
            "account": account_id[:8],
            "reason": hurdle.kind,
            "until": math.ceil(hurdle.until) if _has_end(hurdle, now) else None,
        }
        for account_id, hurdle in refusal.obstacles
    ]
    match refusal.kind:
        case "exhausted":
            return _exhausted(refusal, lines, accounts, now, plans)
        case "busy":
            message = _text(
                f"All accounts are at their stream limit. Please try again in {_QUEUE_RETRY_S}s.",
                lines,
            )
            return Answer(
                429, message, "rate_limit_error", "rate_limit_exceeded", "rate_limit_exceeded",
                extra={"accounts": accounts}, retry_after_s=_QUEUE_RETRY_S,
                as_event=True,
            )  # fmt: skip
        case "model":
            message = _text("No account of the pool can serve this model.", lines)
            return Answer(
                400, message, "invalid_request_error", "model_not_supported", "invalid_prompt",
                "model", {"accounts": accounts}, final=True,
            )  # fmt: skip
        case "unusable":
            head = "No account can be used." if lines else "There is no account in the pool yet."
            # Codex repeats a 503 thirty times and a 400 not at all.
            status = 400 if dialect is Dialect.CODEX else 503
            return Answer(
                status, _text(head, lines), "server_error", "no_accounts", "invalid_prompt",
                extra={"accounts": accounts}, final=True,
            )  # fmt: skip


def _exhausted(
    refusal: Refusal,
    lines: list[str],
    accounts: list[dict[str, Any]],
    now: float,
    plans: Mapping[str, str],
) -> Answer:
    extra: dict[str, Any] = {"accounts": accounts}
    head = "All accounts have reached their usage limit."
    wait_s = None
    if refusal.retry_at < math.inf:
        resets_at = math.ceil(refusal.retry_at)
        wait_s = max(1, math.ceil(refusal.retry_at - now))
        first = next(
            name for name, o in refusal.obstacles if o.is_told and o.until == refusal.retry_at
        )
        extra |= {
            "plan_type": plans.get(first, "unknown"),
            "resets_at": resets_at,
            "resets_in_seconds": wait_s,
        }
        head += f" The first is free again at {_moment(refusal.retry_at)}."
    return Answer(
        429, _text(head, lines), "usage_limit_reached", "usage_limit_reached",
        "insufficient_quota", extra=extra, retry_after_s=wait_s, final=True,
    )  # fmt: skip


def _text(head: str, lines: list[str]) -> str:
    return "\n".join([head, *lines])


def _said(hurdle: Obstacle, now: float) -> str:
    return hurdle.reason + (f" until {_moment(hurdle.until)}" if _has_end(hurdle, now) else "")


def _has_end(hurdle: Obstacle, now: float) -> bool:
    """Whether upstream has named the end; our own guesses are not told as facts."""
    return hurdle.is_told and now < hurdle.until < math.inf


def _moment(at: float) -> str:
    return datetime.fromtimestamp(math.ceil(at), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
