"""What goes over the wire for a step: a whole reply, a stream, or a break.

Pure: the step, the request and the account's state in, an `Outcome` out, which `delivery` (HTTP)
and `sockets` (WebSocket) carry out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, assert_never

from codex_lb.simulator import answers, events, quota, refusals, steps
from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.events import Event, Story, Usage
from codex_lb.simulator.refusals import Reply
from codex_lb.simulator.steps import Answer, Step

JsonObject = dict[str, Any]

Ending = Literal["end", "rst", "fin", "hang"]


@dataclass(frozen=True, slots=True)
class Wire:
    """How events become bytes over HTTP. A WebSocket knows only frames and ignores it."""

    crlf: bool = False
    comments: bool = False
    data_only: bool = False
    split_utf8: bool = False
    drip_s: float | None = None  # None: whole events
    content_type: str = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Stream:
    """Events, perhaps a broken rest, and how it ends."""

    events: tuple[Event, ...]
    story: Story
    ending: Ending = "end"
    rest: bytes = b""  # half an event, or garbage, before the ending
    wire: Wire = Wire()
    wait_s: float = 0.0  # before the status line
    first_event_s: float = 0.0  # after it
    is_whole: bool = False  # the answer went out to its end
    close_code: int | None = None  # with which a WebSocket ends after it


@dataclass(frozen=True, slots=True)
class Break:
    """No answer: raw bytes perhaps, then the end."""

    ending: Literal["rst", "fin", "hang"]
    raw: bytes = b""
    code: int | None = None  # close code on a WebSocket; None: no close frame


Outcome = Reply | Stream | Break


@dataclass(frozen=True, slots=True)
class Scene:
    """What a step needs to know of the call it answers."""

    account: SimAccount
    now: float
    request: JsonObject
    model: str
    input_tokens: int
    cached_tokens: int
    new_id: Callable[[str], str]


def stage(step: Step, scene: Scene) -> Outcome:
    """The outcome of a call to a streaming endpoint."""
    if isinstance(step, steps.SlowHead):
        return _delayed(stage(step.then, scene), step)
    if isinstance(step, steps.Reset) and not step.before_headers:
        return replace(_whole(steps.Auto(), scene), events=(), ending="rst", is_whole=False)
    if isinstance(step, steps.Refusal | steps.Break):
        return simple(step, scene.account, scene.now, scene.model)
    if isinstance(step, steps.Shape):
        return _shaped(step, scene)
    return _spoiled(step, scene) if isinstance(step, steps.Spoiled) else _whole(step, scene)


def simple(
    step: steps.Refusal | steps.Break,
    account: SimAccount | None,
    now: float,
    model: str = "gpt-5.5",
) -> Reply | Break:
    """The outcome of a refusal or a break, at any endpoint.

    Replies have the account's quota in their headers where the real ones do.
    """
    match step:
        case steps.Status(status, dict(body), headers):
            return refusals.json_reply(status, body, headers)
        case steps.Status(status, body, headers):
            return refusals.text_reply(status, str(body or ""), headers)
        case steps.UsageLimit():
            return _usage_limit(step, account, now)
        case steps.Burst():
            return _with_quota(refusals.burst(step.retry_after_s, model), account, now)
        case steps.Refuse():
            row = refusals.CASES[step.case]
            return _with_quota(replace(row, status=step.status or row.status), account, now)
        case steps.Reset():
            return Break("rst")
        case steps.Close():
            return Break("fin", code=step.code)
        case steps.BlackHole():
            return Break("hang")
        case steps.Garbage():
            return Break("fin", raw=b"\x16\x03\x01\x00\x02\x02(\x00 this is not HTTP \xff\xfe\r\n")
        case steps.HugeHeader():
            return Reply(200, b"{}", headers=(("x-huge", "h" * step.kb * 1000),))
        case steps.Html():
            return refusals.text_reply(200, "<!DOCTYPE html><html><body>Welcome</body></html>")
        case _:
            assert_never(step)


def quota_headers(account: SimAccount, now: float) -> tuple[tuple[str, str], ...]:
    return tuple(quota.headers(account.plan, account.windows, account.credits, now))


def _usage_limit(step: steps.UsageLimit, account: SimAccount | None, now: float) -> Reply:
    plan = account.plan if account else "plus"
    reply = refusals.usage_limit(plan, now, step.resets_in_s, step.resets_at)
    if account is None:
        return reply
    windows = [
        quota.Window(window.minutes, 1.0, _reset(step, window, now))
        if window.minutes == step.window_minutes
        else window
        for window in account.windows
    ]
    rows = quota.headers(plan, windows, account.credits, now)
    return replace(reply, headers=(*reply.headers, *rows))


def _reset(step: steps.UsageLimit, window: quota.Window, now: float) -> float:
    """What the headers say of the full window: the same as the body, if that names a time."""
    if step.resets_at is not None:
        return step.resets_at
    return window.resets_at if step.resets_in_s is None else now + step.resets_in_s


def _with_quota(reply: Reply, account: SimAccount | None, now: float) -> Reply:
    if account is None or reply.status not in (400, 429, 503):
        return reply
    return replace(reply, headers=(*reply.headers, *quota_headers(account, now)))


def _delayed(outcome: Outcome, step: steps.SlowHead) -> Outcome:
    match outcome:
        case Reply():
            return replace(outcome, wait_s=step.seconds)
        case Stream():
            return replace(outcome, wait_s=step.seconds, first_event_s=step.first_event_s)
        case Break():
            return outcome


def _shaped(step: steps.Shape, scene: Scene) -> Stream:
    stream = stage(step.then, scene)
    if not isinstance(stream, Stream):
        raise TypeError(f"{type(step).__name__} shapes streams, not a {type(step.then).__name__}")
    if isinstance(step, steps.Parting):
        return replace(stream, close_code=step.code)
    return replace(stream, wire=_rewired(step, stream.wire))


def _rewired(step: steps.Rewiring, wire: Wire) -> Wire:
    match step:
        case steps.Drip():
            return replace(wire, drip_s=step.pause_s)
        case steps.SplitUtf8():
            return replace(wire, split_utf8=True)
        case steps.Crlf():
            return replace(wire, crlf=True)
        case steps.Comments():
            return replace(wire, comments=True)
        case steps.DataOnly():
            return replace(wire, data_only=True)
        case steps.WrongType():
            return replace(wire, content_type="text/plain; charset=utf-8")
        case _:
            assert_never(step)


def _whole(step: Answer, scene: Scene, *, incomplete: str | None = None) -> Stream:
    made = answers.answer(step, scene.request, scene.new_id, scene.account.seal)
    told = made.text
    input_tokens = scene.input_tokens if told.input_tokens is None else told.input_tokens
    output_tokens = told.output_tokens
    if output_tokens is None:
        output_tokens = answers.output_size(made.items) + made.reasoning_tokens
    cached_tokens = min(scene.cached_tokens, input_tokens)
    story = Story(
        response_id=scene.new_id("resp"),
        model=told.model or scene.model,
        created_at=int(scene.now),
        items=made.items,
        usage=Usage(input_tokens, cached_tokens, output_tokens, made.reasoning_tokens),
        request=scene.request,
        service_tier=told.service_tier or _tier(scene.request),
        deltas=told.deltas,
        delay_s=told.delay_s,
        incomplete=incomplete,
    )
    return Stream(tuple(events.tell(story)), story, is_whole=True)


def _tier(request: JsonObject) -> str:
    """What is served for what was asked: `auto` and nothing become `default`."""
    asked = request.get("service_tier")
    return asked if asked in ("flex", "priority") else "default"


def _spoiled(step: steps.Spoiled, scene: Scene) -> Stream:
    if isinstance(step, steps.Incomplete):
        return _whole(step.then, scene, incomplete=step.reason)
    whole = _whole(step.then, scene)
    count = events.position(whole.events, step.after)
    kept, following = whole.events[:count], whole.events[count]
    stream = replace(whole, events=kept, is_whole=False)
    match step:
        case steps.FailedEvent() | steps.ErrorEvent():
            return replace(stream, events=(*kept, _failure(step, whole.story, count)))
        case steps.CutAfter():
            return replace(stream, ending=step.how)
        case steps.NoTerminal():
            return replace(stream, close_code=step.code)
        case steps.HalfEvent():
            frame = b"event: %b\ndata: %b" % (following.kind.encode(), following.data)
            return replace(stream, rest=frame[: len(frame) // 2])
        case steps.GarbageEvent():
            return replace(stream, rest=b"\x00\xff\xfe garbage {{{ \r\n\r\n")
        case steps.Silence():
            return replace(stream, ending="hang")
        case _:
            assert_never(step)


def _failure(step: steps.FailedEvent | steps.ErrorEvent, story: Story, sequence: int) -> Event:
    message = step.message or refusals.failure_message(step.code)
    if isinstance(step, steps.ErrorEvent):
        return events.error(sequence, step.code, message, step.status)
    return events.failed(story, sequence, step.code, message)
