"""What a client gets that streams an image: previews as they come, then the image."""

from collections.abc import Iterator

from codex_lb.core import answers, errors, events, image_reply
from codex_lb.core.answers import Answer
from codex_lb.core.foreign_json import JsonObject, json_object
from codex_lb.core.sse import Event
from codex_lb.proxy.sinks import Output

_PARTIAL = "response.image_generation_call.partial_image"


class ImageSink:
    """`kind` begins the names of the events: `image_generation` or `image_edit`."""

    streams = True
    passes_deltas = False

    def __init__(self, kind: str, created_at: int) -> None:
        self._kind = kind
        self._created_at = created_at
        self._output = Output()

    def take(self, event: Event) -> bytes:
        self._output.note(event)
        if event.kind == _PARTIAL:
            return image_reply.partial(event.data(), self._kind, self._created_at)
        if event.kind in events.GOOD_ENDS:
            return self._end((json_object(event.data()) or {}).get("response"))
        if event.kind in events.FAILURES:
            signal = errors.read_event(event.data())
            return _error(answers.of_failed_event(signal))
        return b""

    def _end(self, response: object) -> bytes:
        whole: JsonObject = response if isinstance(response, dict) else {}
        said = image_reply.completed(self._output.fill(whole), self._kind)
        return _error(said) if isinstance(said, Answer) else said

    def failure(
        self, answer: Answer, response_id: str | None, sequence: int, *, fresh: bool
    ) -> Iterator[bytes]:
        del response_id, sequence, fresh
        yield _error(answer)


def _error(answer: Answer) -> bytes:
    """As the SDKs read it: they raise what stands under `error`."""
    return b"event: error\ndata: " + answer.body() + b"\n\n"
