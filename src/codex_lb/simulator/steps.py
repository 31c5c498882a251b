"""What a script can tell the simulator to do with a call.

A step is one value. Answers say what the model produces; refusals answer with a status; breaks end
the connection before any answer; the rest spoils or shapes a stream and names the step it acts on
in `then`. Steps are msgspec structs (not dataclasses) because other processes send them as JSON,
told apart by the key `step`: `{"step": "text", "text": "hello"}`.

Where a stream step says `after`, a number counts the events of the answer from
`response.created` = 1 (`codex.*` events are extra), and a word names an event by its type or the
end of it: `"created"`, `"delta"`, `"output_item.done"`; `"start"` is before the first event.
"""

import re
from typing import Any, Literal

import msgspec

from codex_lb.simulator.refusals import CASES

After = int | str
CutHow = Literal["rst", "fin"]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Step(msgspec.Struct, frozen=True, tag_field="step", tag=_snake):
    """What all steps share: immutable, and tagged by name in JSON."""


# Answers


class Auto(_Step, frozen=True):
    """What an unscripted call gets: a compaction if it asks for one, else a short text."""


class Text(_Step, frozen=True):
    """An assistant message in `deltas` pieces, `delay_s` apart (real seconds)."""

    text: str = "Hello from the simulator."
    deltas: int = 5
    delay_s: float = 0.0
    input_tokens: int | None = None  # None: estimated from the request's size
    output_tokens: int | None = None  # None: estimated from the answer's size
    service_tier: str | None = None  # the tier really served; None: the one asked for
    model: str | None = None  # the model really served; None: the one asked for


class Reasoning(_Step, frozen=True):
    """A reasoning item with ciphertext only this account can read, then a message."""

    text: str = "Thought through."
    summary: str = "**Thinking**"
    deltas: int = 5


class Tool(_Step, frozen=True):
    """A function call. Without a name: one of the tools the request offers.

    If the turn already carries a tool result, the answer is a text, so that a round trip ends;
    `again` calls once more.
    """

    name: str | None = None
    arguments: dict[str, Any] | None = None
    again: bool = False
    count: int = 1  # that many parallel calls


class CustomTool(_Step, frozen=True):
    """A call of a free-form tool, such as apply_patch. A tool result in the turn ends it."""

    name: str = "apply_patch"
    input: str = "*** Begin Patch\n*** Add File: hello.txt\n+hello\n*** End Patch"
    again: bool = False


class Compaction(_Step, frozen=True):
    """One compaction item with ciphertext."""


class Image(_Step, frozen=True):
    """A finished image generation call (a PNG of one pixel)."""


class Items(_Step, frozen=True):
    """These output items as they are; unknown types get added and done events only."""

    items: tuple[dict[str, Any], ...] = ()
    deltas: int = 1


class BigEvent(_Step, frozen=True):
    """A message whose text makes single events of about `mb` megabytes."""

    mb: float = 10.0


# Refusals


class Status(_Step, frozen=True):
    """Any status with any body: an object becomes JSON, text goes out as it is."""

    status: int
    body: dict[str, Any] | str | None = None
    headers: dict[str, str] = {}


class UsageLimit(_Step, frozen=True):
    """429 `usage_limit_reached` with full windows in the headers, as the real back end sends it."""

    resets_in_s: float | None = 3600.0  # None: the body names no time
    resets_at: float | None = None  # sent verbatim instead, however absurd, in the headers too
    window_minutes: int = 300  # the window that is full


class Burst(_Step, frozen=True):
    """429 `rate_limit_exceeded`: too many requests just now, with quota left."""

    retry_after_s: float = 1.2


class Refuse(_Step, frozen=True):
    """A refusal by its name in `refusals.CASES`; `status` replaces the usual status."""

    case: str
    status: int | None = None

    def __post_init__(self) -> None:
        if self.case not in CASES:
            raise ValueError(f"no refusal {self.case!r}; known: {', '.join(sorted(CASES))}")


# Breaks before any answer


class Reset(_Step, frozen=True):
    """TCP reset, before the headers or right after them."""

    before_headers: bool = True


class Close(_Step, frozen=True):
    """Clean end of the connection before the headers; on a WebSocket a close frame."""

    code: int = 1011


class BlackHole(_Step, frozen=True):
    """Take the request and never answer."""


class Garbage(_Step, frozen=True):
    """Bytes that are not HTTP."""


class HugeHeader(_Step, frozen=True):
    """A reply whose head holds one header of `kb` kilobytes."""

    kb: int = 300


class Html(_Step, frozen=True):
    """An HTML page with status 200 where a stream belongs."""


class WrongType(_Step, frozen=True):
    """A good stream under the content type `text/plain`."""

    then: "Stream" = Auto()


# Spoiled streams


class FailedEvent(_Step, frozen=True):
    """`response.failed` with `code` after part of the answer."""

    code: str = "server_error"
    after: After = "created"
    message: str | None = None  # None: the usual words for the code
    then: "Answer" = Auto()


class ErrorEvent(_Step, frozen=True):
    """An `error` event. On a WebSocket it carries `status` only if one is given."""

    code: str | None = "server_error"
    after: After = "created"
    message: str | None = None
    status: int | None = None
    then: "Answer" = Auto()


class Incomplete(_Step, frozen=True):
    """The whole answer, but it ends with `response.incomplete`."""

    reason: str = "max_output_tokens"
    then: "Answer" = Auto()


class CutAfter(_Step, frozen=True):
    """The connection ends in mid-stream: by reset, or cleanly without the final chunk."""

    after: After = 5
    how: CutHow = "rst"
    then: "Answer" = Auto()


class NoTerminal(_Step, frozen=True):
    """The stream ends in good order, but without a terminal event. `code`: a WebSocket's close code."""

    after: After = 10_000
    then: "Answer" = Auto()
    code: int = 1000


class HalfEvent(_Step, frozen=True):
    """Half of the next event, then the stream ends in good order."""

    after: After = 5
    then: "Answer" = Auto()


class GarbageEvent(_Step, frozen=True):
    """Bytes that are no event, then the stream ends in good order."""

    after: After = 5
    then: "Answer" = Auto()


class Silence(_Step, frozen=True):
    """Nothing more, and the connection stays open."""

    after: After = 5
    then: "Answer" = Auto()


# Shapes of delivery


class SlowHead(_Step, frozen=True):
    """Wait before the status line, and again before the first event (real seconds)."""

    seconds: float = 3.0
    first_event_s: float = 0.0
    then: "Step" = Auto()


class Drip(_Step, frozen=True):
    """One byte per write, `pause_s` apart."""

    pause_s: float = 0.0
    then: "Stream" = Auto()


class SplitUtf8(_Step, frozen=True):
    """A write boundary inside every character that takes more than one byte."""

    then: "Stream" = Text("Grüße, 世界, 🌍 ok", deltas=4)


class Crlf(_Step, frozen=True):
    """Lines end with CR LF."""

    then: "Stream" = Auto()


class Comments(_Step, frozen=True):
    """Comment lines before and inside every event, and in place of silence.

    `SlowHead(0, first_event_s=9, then=Comments())` sends nothing but comments for nine seconds,
    `Comments(Silence())` nothing but comments in the end.
    """

    then: "Stream" = Auto()


class DataOnly(_Step, frozen=True):
    """Events without their `event:` line."""

    then: "Stream" = Auto()


class Parting(_Step, frozen=True):
    """After its last event the WebSocket ends: by close code, or (1006) by reset. HTTP ignores it."""

    code: int = 1000
    then: "Stream" = Auto()


Answer = Auto | Text | Reasoning | Tool | CustomTool | Compaction | Image | Items | BigEvent
Spoiled = (
    FailedEvent
    | ErrorEvent
    | Incomplete
    | CutAfter
    | NoTerminal
    | HalfEvent
    | GarbageEvent
    | Silence
)
Rewiring = Drip | SplitUtf8 | Crlf | Comments | DataOnly | WrongType
Shape = Rewiring | Parting
Refusal = Status | UsageLimit | Burst | Refuse
Break = Reset | Close | BlackHole | Garbage | HugeHeader | Html
Stream = Answer | Spoiled | Shape
Step = Stream | SlowHead | Refusal | Break


def fits_any_endpoint(step: Step) -> bool:
    """Whether `step` makes sense for a call that is answered with one JSON body."""
    if isinstance(step, SlowHead):
        return isinstance(step.then, Auto) or fits_any_endpoint(step.then)
    return isinstance(step, Auto | Refusal | Break)
