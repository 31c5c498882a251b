"""Gentle live traffic through a proxy, so that a demo moves.

A few clients keep conversations going against the proxy's address, each turn with the whole
history, as Codex CLI does it. A refusal or a lost connection is reported and the client goes on.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from codex_lb.simulator import habits

JsonObject = dict[str, Any]

CLIENTS = 3  # conversations at a time
TURNS = 6  # on average, until a client starts a new conversation
REQUEST_TIMEOUT_S = 120.0  # longer than any answer of the simulator but a silent one
# Besides ordinary ones: a long answer to watch, a tool call, and failures another account hides.
SHOWPIECES = (
    "sim-long",
    "sim-reasoning",
    "sim-refuse-overloaded-once",
    "sim-burst-once",
    "sim-reset-once",
)
SHOWPIECE_SHARE = 0.2

_PROMPTS = (
    "Explain what this repository does.",
    "Why does the second test fail?",
    "Rename the function and update its callers.",
    "Write a test for the empty list.",
    "Is there a race in this code?",
    "Summarise the last three commits.",
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request and what came of it."""

    model: str
    status: int  # 0 if no answer came
    took_s: float


@dataclass(slots=True)
class _Conversation:
    thread_id: str
    model: str
    effort: str
    user_agent: str
    items: list[JsonObject] = field(default_factory=list)


async def gentle_traffic(
    base_url: str,
    *,
    api_key: str | None = None,
    per_minute: float = 12.0,
    seed: int = 0,
    on_sent: Callable[[Sent], None] | None = None,
) -> None:
    """Send requests to the proxy at `base_url` (its origin) until cancelled."""
    timeout = ClientTimeout(total=REQUEST_TIMEOUT_S)
    async with (
        ClientSession(base_url, timeout=timeout, cookie_jar=DummyCookieJar()) as session,
        asyncio.TaskGroup() as group,
    ):
        for number in range(CLIENTS):
            rng = random.Random(f"{seed}:{number}")  # noqa: S311 -- made-up traffic needs no secrecy
            rate = per_minute / 60 / CLIENTS
            group.create_task(_client(session, api_key, rate, rng, on_sent))


async def _client(
    session: ClientSession,
    api_key: str | None,
    rate: float,
    rng: random.Random,
    on_sent: Callable[[Sent], None] | None,
) -> None:
    conversation = _begin(rng)
    while True:
        await asyncio.sleep(rng.expovariate(rate))
        sent = await _turn(session, api_key, conversation, rng)
        if on_sent is not None:
            on_sent(sent)
        if rng.random() < 1 / TURNS:
            conversation = _begin(rng)


def _begin(rng: random.Random) -> _Conversation:
    model = rng.choices(habits.MODELS, [m.weight for m in habits.MODELS])[0]
    showpiece = rng.random() < SHOWPIECE_SHARE
    thread_id = f"{rng.getrandbits(128):032x}"
    return _Conversation(
        thread_id=f"{rng.choice(SHOWPIECES)}.{thread_id}" if showpiece else thread_id,
        model=model.slug,
        effort=rng.choice(model.efforts),
        user_agent=rng.choice(habits.CLIENTS[:4]).user_agent,
    )


async def _turn(
    session: ClientSession, api_key: str | None, conversation: _Conversation, rng: random.Random
) -> Sent:
    """Ask the next question; the history grows by it and by an answer of ours."""
    prompt = rng.choice(_PROMPTS)
    conversation.items.append(_message("user", "input_text", prompt))
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with session.post(
            "/backend-api/codex/responses",
            json=_body(conversation),
            headers=_headers(conversation, api_key),
        ) as reply:
            await reply.read()
            status = reply.status
    except (ClientError, TimeoutError):
        status = 0
    conversation.items.append(_message("assistant", "output_text", f"About that: {prompt}"))
    return Sent(conversation.model, status, loop.time() - began)


def _message(role: str, kind: str, text: str) -> JsonObject:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _body(conversation: _Conversation) -> JsonObject:
    return {
        "model": conversation.model,
        "stream": True,
        "store": False,
        "input": conversation.items,
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": conversation.effort, "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": conversation.thread_id,
    }


def _headers(conversation: _Conversation, api_key: str | None) -> dict[str, str]:
    headers = {
        "accept": "text/event-stream",
        "user-agent": conversation.user_agent,
        "originator": "codex_cli_rs",
        "session-id": conversation.thread_id,
        "thread-id": conversation.thread_id,
    }
    if api_key is not None:
        headers["authorization"] = f"Bearer {api_key}"
    return headers
