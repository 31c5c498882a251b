"""What a chat client gets for each event of upstream's, as `core/chat_reply.py` says it."""

from collections.abc import Iterator
from functools import partial

from codex_lb.core import chat_reply
from codex_lb.core.answers import Answer
from codex_lb.core.chat_reply import Chat, Chunks
from codex_lb.core.sse import Event
from codex_lb.proxy.parts import Request
from codex_lb.proxy.sinks import JsonSink, Sink
from codex_lb.proxy.told import Told


class ChatSink:
    streams = True
    passes_deltas = False

    def __init__(self, chat: Chat) -> None:
        self._chunks = Chunks(chat)

    def take(self, event: Event) -> bytes:
        return self._chunks.take(event)

    def failure(
        self, answer: Answer, response_id: str | None, sequence: int, *, fresh: bool
    ) -> Iterator[bytes]:
        del response_id, sequence, fresh  # a chat's error needs nothing around it
        yield chat_reply.error(answer.body())


def chat_sink(request: Request, told: Told) -> Sink:
    del told  # a chat client has no place for the pool's quota
    row, call = request.row, request.call
    chat = Chat(
        f"chatcmpl-{row.id}",
        call.model,
        row.opened_at_ms // 1000,
        call.wants_usage,
        call.knows_one_call,
    )
    return ChatSink(chat) if call.stream else JsonSink(partial(chat_reply.completion, chat))
