"""What people do with a pool: which clients and models they use, when, and what it costs.

Plain tables for the demo's history and its live traffic; none of it is measured.
"""

from dataclasses import dataclass
from typing import Literal

# Share of a day's conversations that start in each hour (UTC): two working peaks, quiet nights.
HOURS = (1, 1, 0.5, 0.5, 0.5, 1, 3, 7, 11, 12, 12, 9, 7, 10, 12, 12, 10, 7, 5, 5, 5, 4, 3, 2)
WEEKEND = 0.3  # of a working day


@dataclass(frozen=True, slots=True)
class Client:
    user_agent: str
    transport: Literal["sse", "http", "websocket"]
    weight: float
    names_effort: bool = True
    names_conversation: bool = True


CLIENTS = (
    Client("codex_cli_rs/0.169.0 (Debian 12.0.0; x86_64) xterm-256color", "sse", 40),
    Client("codex_cli_rs/0.169.0 (Mac OS 15.6.0; arm64) iTerm.app", "websocket", 20),
    Client("codex_vscode/0.168.2 (Mac OS 15.6.0; arm64) vscode", "websocket", 12),
    Client("opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14", "sse", 14),
    Client("OpenAI/JS 7.15.0", "sse", 7, names_effort=False, names_conversation=False),
    Client("OpenAI/Python 3.54.0", "http", 7, names_effort=False, names_conversation=False),
)


@dataclass(frozen=True, slots=True)
class Priced:
    """A model people use, with its price in micro-dollars per token (USD per million)."""

    slug: str
    weight: float
    input: float
    cached: float
    output: float
    efforts: tuple[str, ...] = ("low", "medium", "medium", "high")


MODELS = (
    Priced("gpt-5.6-sol", 30, 5.0, 0.5, 30.0, ("medium", "high", "high", "xhigh")),
    Priced("gpt-5.6-terra", 26, 2.0, 0.2, 12.0),
    Priced("gpt-5.6-luna", 12, 0.2, 0.02, 1.2, ("low", "medium")),
    Priced("gpt-5.5", 18, 5.0, 0.5, 30.0),
    Priced("gpt-5.3-codex", 14, 1.75, 0.175, 14.0),
)
PRIORITY_FACTOR = 2.0  # of the standard price
PRIORITY_SHARE = 0.06  # of the conversations

# Reasoning tokens per visible output token.
REASONING = {"low": 0.2, "medium": 0.6, "high": 1.4, "xhigh": 2.5}


@dataclass(frozen=True, slots=True)
class Mishap:
    """A way in which an attempt fails."""

    status: int  # upstream's; 0 if no reply came
    code: str
    message: str
    weight: float


# The account's quota is spent.
SPENT = Mishap(429, "usage_limit_reached", "The usage limit has been reached", 1)
# Another account helped: the client never saw these.
HIDDEN = (
    Mishap(503, "server_is_overloaded", "Our servers are currently overloaded.", 2),
    Mishap(500, "server_error", "The server had an error while processing your request.", 2),
    Mishap(0, "connection_reset", "Upstream broke the connection.", 1),
    Mishap(401, "token_invalidated", "Your authentication token has been invalidated.", 0.5),
)
# Nothing helped, or nothing was tried: what the client got.
SEEN = (
    Mishap(400, "context_length_exceeded", "Your input exceeds the context window.", 4),
    Mishap(429, "rate_limit_exceeded", "Rate limit reached. Please try again in 1.2s.", 3),
    Mishap(400, "invalid_request_error", "Invalid value: 'input[7]'.", 2),
    Mishap(500, "server_error", "The server had an error while processing your request.", 2),
)
HIDDEN_SHARE, SEEN_SHARE, CANCELLED_SHARE = 0.015, 0.025, 0.015  # of all requests
UNDETERRED = 0.15  # of the requests that come although nothing is left
