"""What answers one model request, over HTTP or as a WebSocket turn.

In this order: a malformed request is refused; a script has its say; a full quota window refuses; a
sentinel model misbehaves; everything else gets an ordinary answer. What is answered in full is
charged to the account's quota.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from codex_lb.simulator import catalogue, quota, sentinels, staging, strict
from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.delivery import Headers
from codex_lb.simulator.events import Event
from codex_lb.simulator.record import Received
from codex_lb.simulator.refusals import Reply
from codex_lb.simulator.site import Site
from codex_lb.simulator.staging import Outcome, Scene, Stream
from codex_lb.simulator.steps import Auto, Items, Step, UsageLimit

JsonObject = dict[str, Any]
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Context:
    """What the connection remembers of the turns before (nothing, over HTTP)."""

    tokens: int = 0
    open_calls: tuple[str, ...] = ()


def malformed(
    request: JsonObject, account: SimAccount, context: Context, parameters: Collection[str]
) -> Reply | None:
    """The refusal for a request that no account's quota could help; None if it is sound."""
    known = catalogue.slugs(account.plan)
    model = request.get("model")
    if isinstance(model, str) and sentinels.is_sentinel(model):
        known |= {model}
    return (
        strict.check(request, known, parameters)
        or strict.check_ciphertext(request, account.account_id)
        or strict.check_history(request, context.open_calls)
    )


def outcome(
    site: Site,
    account: SimAccount,
    request: JsonObject,
    received: Received,
    context: Context,
) -> Outcome:
    """The outcome of a sound request; charges the account for a whole answer."""
    step = _step(site, account, request, received)
    received.step = type(step).__name__
    now = site.clock()
    input_tokens = len(received.body) // _BYTES_PER_TOKEN + context.tokens
    sent_key = request.get("prompt_cache_key")
    key = sent_key if isinstance(sent_key, str) else None
    scene = Scene(
        account=account,
        now=now,
        request=request,
        model=request["model"],
        input_tokens=input_tokens,
        cached_tokens=account.held_tokens(key, input_tokens),
        new_id=site.new_id,
    )
    staged = staging.stage(step, scene)
    if not isinstance(staged, Stream):
        return staged
    announced = _announce_quota(staged, account, now)
    if staged.is_whole:
        used = staged.story.usage
        spent = quota.cost(used.input_tokens, used.cached_tokens, used.output_tokens)
        account.charge(spent, key, used.input_tokens)
    return announced


def stream_headers(site: Site, account: SimAccount, received: Received) -> Headers:
    """The headers of an answer of the real back end, cookies of its edge included."""
    state = received.headers.get("x-codex-turn-state") or site.new_id("turn")
    return (
        *staging.quota_headers(account, site.clock()),
        ("x-request-id", site.new_id("req")),
        ("x-codex-turn-state", state),
        ("x-models-etag", catalogue.plan_etag(account.plan)),
        ("x-reasoning-included", "true"),
        ("server", "cloudflare"),
        ("cf-ray", "8f0000000000sim-LAX"),
        ("set-cookie", f"__cf_bm={account.account_id}; path=/; HttpOnly"),
    )


def _step(site: Site, account: SimAccount, request: JsonObject, received: Received) -> Step:
    step = site.scripts.next(account.account_id, received.endpoint)
    if step is not None and not isinstance(step, Auto):
        return step
    full = account.full_window()
    if full is not None:
        return UsageLimit(resets_at=round(full.resets_at), window_minutes=full.minutes)
    if request.get("generate") is False:
        return Items()  # a prewarm: created and completed, nothing between
    return site.sentinels.step_for(request["model"], request, received.body)


def _announce_quota(stream: Stream, account: SimAccount, now: float) -> Stream:
    """Put `codex.rate_limits` in front, unless the stream is to begin with a failure."""
    if not stream.events or stream.events[0].kind != "response.created":
        return stream
    body = quota.event(account.plan, account.windows, account.credits, now)
    first = Event("codex.rate_limits", msgspec.json.encode(body))
    return replace(stream, events=(first, *stream.events))
