"""How an account is told to the operator: the shapes of `/api/accounts`.

Names are camel case on the wire and every field is always there, null where nothing is known.
"""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from codex_lb.core import summary
from codex_lb.core.model import Account
from codex_lb.store import AccountTotals

MICROS = 1_000_000


class Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


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
    """`primary` is the window of some hours, `secondary` the weekly one."""

    account_id: str
    chatgpt_account_id: str | None
    email: str
    alias: str | None = None
    display_name: str
    workspace_id: str | None
    workspace_label: str | None
    seat_type: str | None
    plan_type: str
    routing_policy: str = "normal"
    status: summary.Status
    security_work_authorized: bool = False
    usage: AccountUsage
    reset_at_primary: datetime | None
    reset_at_secondary: datetime | None
    reset_at_monthly: datetime | None
    window_minutes_primary: int | None
    window_minutes_secondary: int | None
    window_minutes_monthly: int | None
    last_refresh_at: datetime | None
    capacity_credits_primary: float | None
    remaining_credits_primary: float | None
    capacity_credits_secondary: float | None
    remaining_credits_secondary: float | None
    capacity_credits_monthly: float | None
    remaining_credits_monthly: float | None
    request_usage: AccountRequestUsage | None
    additional_quotas: tuple[AccountAdditionalQuota, ...] = ()
    credits_has: bool | None = None
    credits_unlimited: bool | None = None
    credits_balance: float | None = None
    deactivation_reason: str | None
    auth: AccountAuthStatus
    limit_warmup_enabled: bool = False
    limit_warmup: AccountLimitWarmupStatus | None = None
    is_email_duplicate: bool
    available_reset_credits: int = 0
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
    accounts: list[Account], totals: dict[str, AccountTotals], now: float
) -> AccountsResponse:
    shared = summary.shared_emails(accounts)
    return AccountsResponse(
        accounts=tuple(
            _summary(account, totals.get(account.id), now, shared) for account in accounts
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


def _summary(
    account: Account, totals: AccountTotals | None, now: float, shared_emails: frozenset[str]
) -> AccountSummary:
    identity = account.identity
    left = summary.windows(account, now)
    return AccountSummary(
        account_id=account.id,
        chatgpt_account_id=identity.chatgpt_account_id,
        email=identity.email,
        display_name=identity.email,
        workspace_id=identity.workspace_id,
        workspace_label=identity.workspace_label,
        seat_type=identity.seat_type,
        plan_type=identity.plan,
        status=summary.status(account, now),
        usage=AccountUsage(
            primary_remaining_percent=left.short.remaining_percent,
            secondary_remaining_percent=left.weekly.remaining_percent,
            monthly_remaining_percent=left.monthly.remaining_percent,
        ),
        reset_at_primary=_time(left.short.resets_at),
        reset_at_secondary=_time(left.weekly.resets_at),
        reset_at_monthly=_time(left.monthly.resets_at),
        window_minutes_primary=left.short.minutes,
        window_minutes_secondary=left.weekly.minutes,
        window_minutes_monthly=left.monthly.minutes,
        last_refresh_at=_time(account.refreshed_at),
        capacity_credits_primary=left.short.capacity,
        remaining_credits_primary=left.short.remaining,
        capacity_credits_secondary=left.weekly.capacity,
        remaining_credits_secondary=left.weekly.remaining,
        capacity_credits_monthly=left.monthly.capacity,
        remaining_credits_monthly=left.monthly.remaining,
        request_usage=_request_usage(totals),
        deactivation_reason=account.state_reason,
        auth=_auth(account),
        is_email_duplicate=identity.email.lower() in shared_emails,
    )


def _request_usage(totals: AccountTotals | None) -> AccountRequestUsage | None:
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
        access=AccountTokenStatus(expires_at=_time(account.access_expires_at), state=None),
        refresh=AccountTokenStatus(expires_at=None, state="stored"),
        id_token=AccountTokenStatus(expires_at=None, state="parsed"),
    )


def _time(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
