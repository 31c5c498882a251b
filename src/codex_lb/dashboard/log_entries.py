"""How a request is told to the operator: the shapes of `/api/request-logs`.

Names are camel case on the wire and every field is always there, null where nothing is known.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from codex_lb.core.live import Now
from codex_lb.core.model import Attempt, Cost, Receipt
from codex_lb.core.request_log import SERVED, Outcome, ServedStatus, client_name, outcome, served
from codex_lb.dashboard.summaries import MICROS, Shape
from codex_lb.store import ConversationSums, KeyLabel, LogDetail, LogOptions, LogPage, RequestRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RUNNING = Receipt("", "in_progress", 0)  # all that is known of the end of what runs


class RequestLogCostBreakdown(Shape):
    """Null together: the request was not priced."""

    input_usd: float | None = None
    cached_input_usd: float | None = None
    output_usd: float | None = None
    total_usd: float | None = None


class RequestLogEntry(Shape):
    """What scripts know of the public project stands here too, null where we have no such thing."""

    requested_at: datetime
    conversation_id: str | None
    account_id: str | None
    plan_type: str | None
    api_key_id: str | None
    api_key_name: str | None
    request_id: str
    archive_request_id: str | None = None
    request_kind: str
    connection_request_kind: str | None = None
    model: str
    source: str | None = None
    model_source_id: str | None = None
    model_source_kind: str | None = None
    useragent: str | None
    useragent_group: str | None
    client_ip: str | None
    transport: str
    upstream_transport: str
    upstream_proxy_route_mode: str | None = None
    upstream_proxy_pool_id: str | None = None
    upstream_proxy_endpoint_id: str | None = None
    upstream_proxy_fallback_used: bool | None = None
    upstream_proxy_fail_closed_reason: str | None = None
    service_tier: str | None
    requested_service_tier: str | None
    actual_service_tier: str | None
    status: ServedStatus
    outcome: Outcome | None  # null while it runs
    error_code: str | None
    error_message: str | None
    failure_phase: str | None = None
    failure_detail: str | None = None
    failure_exception_type: str | None = None
    upstream_status_code: int | None
    upstream_error_code: str | None
    bridge_stage: str | None = None
    tokens: int | None
    input_tokens: int | None
    output_tokens: int | None
    output_tokens_raw: int | None
    reasoning_tokens: int | None
    cached_input_tokens: int | None
    reasoning_effort: str | None
    cost_usd: float | None
    cost_breakdown: RequestLogCostBreakdown
    cost_estimated: bool  # priced like the nearest model of its family
    unpriced: bool
    latency_ms: int | None
    latency_first_token_ms: int | None
    latency_queue_ms: int | None
    attempt_count: int


class RequestLogConversation(Shape):
    request_count: int
    aggregated_cost_usd: float


class RequestLogsResponse(Shape):
    """`next_cursor` leads to the next page even while requests arrive; null on the last one."""

    requests: list[RequestLogEntry]
    total: int
    total_is_exact: bool  # else there may be more than `total`
    has_more: bool
    next_cursor: str | None
    conversation: RequestLogConversation | None


class RequestLogModelOption(Shape):
    model: str
    reasoning_effort: str | None


class RequestLogApiKeyOption(Shape):
    id: str
    name: str
    key_prefix: str | None


class RequestLogFilterOptionsResponse(Shape):
    account_ids: list[str]
    model_options: list[RequestLogModelOption]
    api_keys: list[RequestLogApiKeyOption]
    statuses: list[ServedStatus]


class SkippedAccount(Shape):
    account_id: str
    reason: str


class RequestLogAttempt(Shape):
    """`started_ms` after the request came in; `status` 0 if no reply came."""

    account_id: str
    reason: str
    skipped: list[SkippedAccount]
    started_ms: int
    took_ms: int
    waited_ms: int
    status: int
    code: str | None
    verdict: str
    detail: str | None


class RequestLogDetail(RequestLogEntry):
    """`http_status` is what the client got, `upstream_status` what upstream answered last."""

    attempts: list[RequestLogAttempt]
    queue_ms: int | None
    http_status: int | None
    upstream_status: int | None
    response_id: str | None
    conversation: RequestLogConversation | None  # this request included


class LiveNow(Shape):
    """`error_rate`: 0 to 1, and the latencies, of the last five minutes; null: nothing happened."""

    in_flight: int
    requests_per_minute: int
    tokens_per_minute: int
    first_event_p50_ms: int | None
    first_event_p95_ms: int | None
    error_rate: float | None


def now(figures: Now, in_flight: int) -> LiveNow:
    return LiveNow(
        in_flight=in_flight,
        requests_per_minute=figures.requests_per_minute,
        tokens_per_minute=figures.tokens_per_minute,
        first_event_p50_ms=figures.first_event_p50_ms,
        first_event_p95_ms=figures.first_event_p95_ms,
        error_rate=figures.error_rate,
    )


def logs(page: LogPage) -> RequestLogsResponse:
    last = page.records[-1].cursor if page.records and page.has_more else None
    return RequestLogsResponse(
        requests=[
            RequestLogEntry.model_validate(entry(record, page.keys)) for record in page.records
        ],
        total=page.total,
        total_is_exact=page.total_is_exact,
        has_more=page.has_more,
        next_cursor=f"{last.opened_at_ms}.{last.id}" if last else None,
        conversation=_conversation(page.conversation),
    )


def options(found: LogOptions) -> RequestLogFilterOptionsResponse:
    return RequestLogFilterOptionsResponse(
        account_ids=found.account_ids,
        model_options=[
            RequestLogModelOption(model=model, reasoning_effort=effort)
            for model, effort in found.model_options
        ],
        api_keys=[
            RequestLogApiKeyOption(id=key.id, name=key.name, key_prefix=key.prefix)
            for key in found.keys
        ],
        statuses=[status for status in SERVED if status in found.statuses],
    )


def detail(found: LogDetail) -> RequestLogDetail:
    record, keys = found.record, {found.key.id: found.key} if found.key else {}
    receipt = record.receipt or _RUNNING
    return RequestLogDetail.model_validate(
        entry(record, keys)
        | {
            "attempts": [_attempt(attempt) for attempt in receipt.attempts],
            "queue_ms": record.receipt and receipt.queue_ms,
            "http_status": receipt.http_status,
            "upstream_status": receipt.upstream_status,
            "response_id": receipt.response_id,
            "conversation": _conversation(found.conversation),
        }
    )


def entry(record: RequestRecord, keys: Mapping[str, KeyLabel]) -> dict[str, object]:
    opened = record.opened
    key = keys.get(opened.api_key_id or "")
    transport = "websocket" if opened.transport == "websocket" else "http"
    return {
        "requested_at": _EPOCH + timedelta(milliseconds=opened.opened_at_ms),
        "conversation_id": opened.conversation_id,
        "api_key_id": opened.api_key_id,
        "api_key_name": key.name if key else None,
        "request_id": opened.id,
        "request_kind": "normal" if opened.endpoint == "responses" else opened.endpoint,
        "model": opened.model,
        "useragent": opened.user_agent,
        "useragent_group": client_name(opened.user_agent),
        "client_ip": opened.client_ip,
        "transport": transport,
        "upstream_transport": transport,  # there is no bridge between the two
        "requested_service_tier": opened.service_tier,
        "reasoning_effort": opened.effort,
        **_end(record, record.receipt or _RUNNING),
    }


def _end(record: RequestRecord, receipt: Receipt) -> dict[str, object]:
    is_over = record.receipt is not None
    usage, attempts = receipt.usage, receipt.attempts
    return {
        "account_id": receipt.account_id,
        "plan_type": receipt.plan,
        "service_tier": receipt.actual_service_tier or record.opened.service_tier,
        "actual_service_tier": receipt.actual_service_tier,
        "status": served(record.status, receipt.error_code),
        "outcome": outcome(receipt) if is_over else None,
        "error_code": receipt.error_code,
        "error_message": receipt.error_message,
        "upstream_status_code": receipt.upstream_status,
        "upstream_error_code": attempts[-1].code if attempts else None,
        "tokens": usage and usage.input_tokens + usage.output_tokens,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "output_tokens_raw": usage and usage.output_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
        "cached_input_tokens": usage and usage.cached_tokens,
        "cost_usd": receipt.cost and receipt.cost.total_micros / MICROS,
        "cost_breakdown": _breakdown(receipt.cost),
        "cost_estimated": receipt.cost is not None and receipt.cost.estimated,
        "unpriced": receipt.unpriced,
        "latency_ms": receipt.duration_ms if is_over else None,
        "latency_first_token_ms": receipt.first_event_ms,
        "latency_queue_ms": receipt.queue_ms if is_over else None,
        "attempt_count": len(attempts),
    }


def _breakdown(cost: Cost | None) -> RequestLogCostBreakdown:
    if cost is None:
        return RequestLogCostBreakdown()
    return RequestLogCostBreakdown(
        input_usd=cost.input_micros / MICROS,
        cached_input_usd=cost.cached_micros / MICROS,
        output_usd=cost.output_micros / MICROS,
        total_usd=cost.total_micros / MICROS,
    )


def _conversation(sums: ConversationSums | None) -> RequestLogConversation | None:
    if sums is None:
        return None
    return RequestLogConversation(
        request_count=sums.requests, aggregated_cost_usd=sums.cost_micros / MICROS
    )


def _attempt(attempt: Attempt) -> RequestLogAttempt:
    return RequestLogAttempt(
        account_id=attempt.account_id,
        reason=attempt.reason,
        skipped=[
            SkippedAccount(account_id=skipped.account_id, reason=skipped.reason)
            for skipped in attempt.skipped
        ],
        started_ms=attempt.started_ms,
        took_ms=attempt.took_ms,
        waited_ms=attempt.waited_ms,
        status=attempt.status,
        code=attempt.code,
        verdict=attempt.verdict,
        detail=attempt.detail,
    )
