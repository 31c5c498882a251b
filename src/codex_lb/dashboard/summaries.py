"""How an account is told to the operator: the shapes of `/api/accounts`.

Names are camel case on the wire and every field is always there, null where nothing is known.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from codex_lb.core import login_state, status_reason, summary
from codex_lb.core.model import Account, ExtraLimit, Priority, QuotaWindow
from codex_lb.store import AccountTotals

MICROS = 1_000_000


def _camel(name: str) -> str:
    """As in `requests7d`, where pydantic's own generator would write `requests7D`."""
    first, *more = name.split("_")
    return first + "".join(word.capitalize() for word in more)


class Shape(BaseModel):
    model_config = ConfigDict(alias_generator=_camel, populate_by_name=True, frozen=True)


class AccountUsage(Shape):
    primary_remaining_percent: float | None
    secondary_remaining_percent: float | None
    monthly_remaining_percent: float | None


class AccountRequestUsage(Shape):
    request_count: int
    total_tokens: int
    cached_input_tokens: int
    total_cost_usd: float


class AccountAdditionalWindow(Shape):
    used_percent: float
    reset_at: int | None
    window_minutes: int | None


class AccountAdditionalQuota(Shape):
    """A limit that upstream keeps beside the account's own, for one feature."""

    quota_key: str | None
    limit_name: str
    metered_feature: str
    display_label: str | None
    routing_policy: str
    primary_window: AccountAdditionalWindow | None
    secondary_window: AccountAdditionalWindow | None


class AccountTokenStatus(Shape):
    expires_at: datetime | None
    state: str | None


class AccountAuthStatus(Shape):
    access: AccountTokenStatus
    refresh: AccountTokenStatus
    id_token: AccountTokenStatus


class AccountLimitWarmupStatus(Shape):
    window: str
    reset_at: int
    status: str
    model: str
    attempted_at: datetime
    completed_at: datetime | None
    error_code: str | None
    error_message: str | None


class AccountSummary(Shape):
    """`primary` is the window of some hours, `secondary` the weekly one.

    `source` is where upstream told of a window: headers, event, usage or error. `status_reason`
    says what keeps the account from serving, since when, and until when (null: until a person
    acts); all three are null if nothing does. `login_text`: signed in until when, or sign in again
    why.
    """

    account_id: str
    chatgpt_account_id: str | None
    email: str
    alias: str | None
    display_name: str
    workspace_id: str | None
    workspace_label: str | None
    seat_type: str | None
    plan_type: str
    routing_policy: Priority
    status: summary.Status
    status_reason: str | None
    status_since: datetime | None
    blocked_until: datetime | None
    active_streams: int
    security_work_authorized: bool = False
    usage: AccountUsage
    reset_at_primary: datetime | None
    reset_at_secondary: datetime | None
    reset_at_monthly: datetime | None
    window_minutes_primary: int | None
    window_minutes_secondary: int | None
    window_minutes_monthly: int | None
    measured_at_primary: datetime | None
    measured_at_secondary: datetime | None
    measured_at_monthly: datetime | None
    source_primary: str | None
    source_secondary: str | None
    source_monthly: str | None
    last_refresh_at: datetime | None
    capacity_credits_primary: float | None
    remaining_credits_primary: float | None
    capacity_credits_secondary: float | None
    remaining_credits_secondary: float | None
    capacity_credits_monthly: float | None
    remaining_credits_monthly: float | None
    request_usage: AccountRequestUsage | None
    additional_quotas: tuple[AccountAdditionalQuota, ...]
    credits_has: bool | None
    credits_unlimited: bool | None
    credits_balance: float | None
    deactivation_reason: str | None
    auth: AccountAuthStatus
    login_state: login_state.Kind
    login_text: str
    limit_warmup_enabled: bool = False
    limit_warmup: AccountLimitWarmupStatus | None = None
    is_email_duplicate: bool
    available_reset_credits: int
    reset_credit_nearest_expires_at: datetime | None = None


class AccountsResponse(Shape):
    accounts: tuple[AccountSummary, ...]


class AccountImportResponse(Shape):
    account_id: str
    email: str
    workspace_id: str | None
    workspace_label: str | None
    seat_type: str | None
    plan_type: str
    status: summary.Status


class StatusResponse(Shape):
    status: str


def summaries(
    accounts: Sequence[Account],
    totals: Mapping[str, AccountTotals],
    streams: Mapping[str, int],
    now: float,
) -> AccountsResponse:
    """`streams`: how many requests run on each account now; one without any may be missing."""
    shared = summary.shared_emails(accounts)
    return AccountsResponse(
        accounts=tuple(
            _summary(account, totals.get(account.id), streams.get(account.id, 0), now, shared)
            for account in accounts
        )
    )


def imported(account: Account, now: float) -> AccountImportResponse:
    identity = account.identity
    return AccountImportResponse(
        account_id=account.id,
        email=identity.email,
        workspace_id=identity.workspace_id,
        workspace_label=identity.workspace_label,
        seat_type=identity.seat_type,
        plan_type=identity.plan,
        status=summary.status(account, now),
    )


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def time(at: float | None) -> datetime | None:
    return None if at is None else moment(at)


def _summary(
    account: Account,
    totals: AccountTotals | None,
    streams: int,
    now: float,
    shared_emails: frozenset[str],
) -> AccountSummary:
    identity = account.identity
    left = summary.windows(account, now)
    why = status_reason.of(account, now)
    login = login_state.of(account, now)
    credits_ = account.credits
    return AccountSummary(
        account_id=account.id,
        chatgpt_account_id=identity.chatgpt_account_id,
        email=identity.email,
        alias=account.alias,
        display_name=account.alias or identity.email,
        workspace_id=identity.workspace_id,
        workspace_label=identity.workspace_label,
        seat_type=identity.seat_type,
        plan_type=identity.plan,
        routing_policy=account.priority,
        status=summary.status(account, now),
        status_reason=why.text if why else None,
        status_since=time(why.since) if why else None,
        blocked_until=time(why.until) if why else None,
        active_streams=streams,
        usage=AccountUsage(
            primary_remaining_percent=left.short.remaining_percent,
            secondary_remaining_percent=left.weekly.remaining_percent,
            monthly_remaining_percent=left.monthly.remaining_percent,
        ),
        reset_at_primary=time(left.short.resets_at),
        reset_at_secondary=time(left.weekly.resets_at),
        reset_at_monthly=time(left.monthly.resets_at),
        window_minutes_primary=left.short.minutes,
        window_minutes_secondary=left.weekly.minutes,
        window_minutes_monthly=left.monthly.minutes,
        measured_at_primary=time(left.short.measured_at),
        measured_at_secondary=time(left.weekly.measured_at),
        measured_at_monthly=time(left.monthly.measured_at),
        source_primary=left.short.source,
        source_secondary=left.weekly.source,
        source_monthly=left.monthly.source,
        last_refresh_at=time(account.refreshed_at),
        capacity_credits_primary=left.short.capacity,
        remaining_credits_primary=left.short.remaining,
        capacity_credits_secondary=left.weekly.capacity,
        remaining_credits_secondary=left.weekly.remaining,
        capacity_credits_monthly=left.monthly.capacity,
        remaining_credits_monthly=left.monthly.remaining,
        request_usage=request_usage(totals),
        additional_quotas=tuple(_additional(limit) for limit in account.extras),
        credits_has=credits_.has if credits_ else None,
        credits_unlimited=credits_.unlimited if credits_ else None,
        credits_balance=credits_.balance if credits_ else None,
        deactivation_reason=account.state_reason,
        auth=_auth(account),
        login_state=login.kind,
        login_text=login.text,
        is_email_duplicate=identity.email.lower() in shared_emails,
        available_reset_credits=account.reset_credits,
    )


def request_usage(totals: AccountTotals | None) -> AccountRequestUsage | None:
    if totals is None or not totals.requests:
        return None
    return AccountRequestUsage(
        request_count=totals.requests,
        total_tokens=totals.total_tokens,
        cached_input_tokens=totals.cached_tokens,
        total_cost_usd=totals.cost_micros / MICROS,
    )


def _auth(account: Account) -> AccountAuthStatus:
    """No account is stored without a refresh token and an id token that could be read."""
    return AccountAuthStatus(
        access=AccountTokenStatus(expires_at=time(account.access_expires_at), state=None),
        refresh=AccountTokenStatus(expires_at=None, state="stored"),
        id_token=AccountTokenStatus(expires_at=None, state="parsed"),
    )


def _additional(limit: ExtraLimit) -> AccountAdditionalQuota:
    short = [window for window in limit.windows if summary.kind(window.minutes) == 0]
    longer = [window for window in limit.windows if summary.kind(window.minutes) > 0]
    return AccountAdditionalQuota(
        quota_key=limit.feature,
        limit_name=limit.name,
        metered_feature=limit.feature,
        display_label=limit.name,
        routing_policy="inherit",
        primary_window=_additional_window(short[0]) if short else None,
        secondary_window=_additional_window(longer[0]) if longer else None,
    )


def _additional_window(window: QuotaWindow) -> AccountAdditionalWindow:
    return AccountAdditionalWindow(
        used_percent=round(window.used * 100, 2),
        reset_at=None if window.resets_at is None else int(window.resets_at),
        window_minutes=window.minutes,
    )
