"""How an API key is told to the operator, and what may be set: the shapes of `/api/api-keys`.

Every field of the published interface is there. One that stands for something this program does
not do is told at its default and refused at any other value, because a restriction that is
accepted and ignored is worse than none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from codex_lb.core import limits, usage_summary
from codex_lb.core.keys import ApiKey, InvalidKeyError, Secret, Terms, check, check_rules, tidied
from codex_lb.core.limits import Kind, Limit, Rule, Window
from codex_lb.core.model import Account
from codex_lb.dashboard.summaries import AccountRequestUsage, Shape, moment, request_usage, time
from codex_lb.store import AccountTotals

_LARGEST = 2**63 - 1  # what a database counts to
_USAGE_SECTIONS = "upstream_limits,account_pool_usage"
_UNSUPPORTED = {
    "traffic_class": (None, "foreground"),
    "transport_policy_override": (None,),
    "usage_sections": (None, _USAGE_SECTIONS),
    "assigned_source_ids": (None, ()),
}
_TERMS = {  # as the wire calls them → as we do
    "name": "name",
    "allowed_models": "allowed_models",
    "allowed_reasoning_efforts": "allowed_efforts",
    "assigned_account_ids": "assigned_accounts",
    "enforced_model": "enforced_model",
    "enforced_reasoning_effort": "enforced_effort",
    "enforced_service_tier": "enforced_tier",
    "apply_to_codex_model": "shows_hidden",
    "expires_at": "expires_at",
    "is_active": "is_active",
}
_CLEARED: dict[str, object] = {  # by null; the others then stay as they are
    "allowed_models": (),
    "allowed_efforts": (),
    "assigned_accounts": (),
    "enforced_model": None,
    "enforced_effort": None,
    "enforced_tier": None,
    "expires_at": None,
}

# PostgreSQL can say nothing of a NUL.
Text = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00]*$")]
Whole = Annotated[int, Field(ge=1, le=_LARGEST)]


class LimitRuleCreate(Shape):
    """`max_value` is in tokens, for `cost_usd` in micro-dollars."""

    limit_type: Kind
    limit_window: Window
    max_value: Whole
    model_filter: Text | None = None


class ApiKeyUpdateRequest(Shape):
    """What is missing stays as it is. `limits` replaces the whole set."""

    name: Name | None = None
    allowed_models: tuple[Text, ...] | None = None
    apply_to_codex_model: bool | None = None
    enforced_model: Text | None = None
    enforced_reasoning_effort: Text | None = None
    allowed_reasoning_efforts: tuple[Text, ...] | None = None
    enforced_service_tier: Text | None = None
    traffic_class: Text | None = None
    transport_policy_override: Text | None = None
    usage_sections: str | None = None
    weekly_token_limit: Whole | None = None
    expires_at: datetime | None = None
    is_active: bool | None = None
    assigned_account_ids: tuple[Text, ...] | None = None
    assigned_source_ids: tuple[Text, ...] | None = None
    limits: tuple[LimitRuleCreate, ...] | None = None
    reset_usage: bool | None = None


class ApiKeyCreateRequest(ApiKeyUpdateRequest):
    name: Name


class LimitRuleResponse(Shape):
    id: int
    limit_type: Kind
    limit_window: Window
    max_value: int
    current_value: int
    model_filter: str | None
    reset_at: datetime


class ApiKeyResponse(Shape):
    id: str
    name: str
    key_prefix: str
    allowed_models: tuple[str, ...] | None
    apply_to_codex_model: bool
    enforced_model: str | None
    enforced_reasoning_effort: str | None
    allowed_reasoning_efforts: tuple[str, ...] | None
    enforced_service_tier: str | None
    traffic_class: str = "foreground"
    transport_policy_override: str | None = None
    usage_sections: str = _USAGE_SECTIONS
    expires_at: datetime | None
    is_active: bool
    account_assignment_scope_enabled: bool
    source_assignment_scope_enabled: bool = False
    assigned_account_ids: tuple[str, ...]
    assigned_source_ids: tuple[str, ...] = ()
    created_at: datetime
    last_used_at: datetime | None
    limits: tuple[LimitRuleResponse, ...]
    usage_summary: AccountRequestUsage | None
    pooled_remaining_percent_primary: float | None
    pooled_remaining_percent_secondary: float | None
    pooled_capacity_credits_primary: float


class ApiKeyCreateResponse(ApiKeyResponse):
    key: str


# -- what is wanted ----------------------------------------------------------------------------


def wanted_terms(
    wanted: ApiKeyUpdateRequest, before: Terms, known_accounts: Collection[str]
) -> Terms:
    """Raises `InvalidKeyError`. Accounts that have left the pool may stay where they were named."""
    given = wanted.model_dump(exclude_unset=True)
    _refuse_unsupported(given)
    named = {ours: given[theirs] for theirs, ours in _TERMS.items() if theirs in given}
    if isinstance(at := named.get("expires_at"), datetime):
        named["expires_at"] = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    changes: dict[str, Any] = {
        name: _CLEARED[name] if value is None else value
        for name, value in named.items()
        if value is not None or name in _CLEARED
    }
    terms = tidied(replace(before, **changes))
    check(terms, {*known_accounts, *before.assigned_accounts})
    return terms


def wanted_rules(wanted: ApiKeyUpdateRequest) -> list[Rule] | None:
    """None: nothing is said of limits. Raises `InvalidKeyError`."""
    if wanted.limits is None and wanted.weekly_token_limit is None:
        return None
    rules = [
        Rule(rule.limit_type, rule.limit_window, rule.max_value, rule.model_filter)
        for rule in wanted.limits or ()
    ]
    if wanted.weekly_token_limit is not None:
        rules.append(Rule("total_tokens", "weekly", wanted.weekly_token_limit))
    check_rules(rules)
    return rules


def _refuse_unsupported(given: Mapping[str, object]) -> None:
    for name, harmless in _UNSUPPORTED.items():
        if given.get(name) not in harmless:
            field = ApiKeyUpdateRequest.model_fields[name].alias
            raise InvalidKeyError(f"`{field}` is not supported; leave it out.")


# -- what is told ------------------------------------------------------------------------------


def told(
    key: ApiKey, totals: Mapping[str, AccountTotals], accounts: Sequence[Account], now: float
) -> ApiKeyResponse:
    terms = key.terms
    its = terms.assigned_accounts
    pool = [account for account in accounts if not its or account.id in its]
    windows = usage_summary.windows(pool, now)
    return ApiKeyResponse(
        id=key.id,
        name=terms.name,
        key_prefix=key.prefix,
        allowed_models=terms.allowed_models or None,
        apply_to_codex_model=terms.shows_hidden,
        enforced_model=terms.enforced_model,
        enforced_reasoning_effort=terms.enforced_effort,
        allowed_reasoning_efforts=terms.allowed_efforts or None,
        enforced_service_tier=terms.enforced_tier,
        expires_at=time(terms.expires_at),
        is_active=terms.is_active,
        account_assignment_scope_enabled=bool(its),
        assigned_account_ids=its,
        created_at=moment(key.created_at),
        last_used_at=time(key.last_used_at),
        limits=tuple(limit_told(limit, now) for limit in key.limits),
        usage_summary=request_usage(totals.get(key.id)),
        pooled_remaining_percent_primary=windows.short.remaining_percent if pool else None,
        pooled_remaining_percent_secondary=windows.weekly.remaining_percent if pool else None,
        pooled_capacity_credits_primary=windows.short.capacity,
    )


def told_with_secret(response: ApiKeyResponse, secret: Secret) -> ApiKeyCreateResponse:
    return ApiKeyCreateResponse(**response.model_dump(), key=secret.key)


def limit_told(limit: Limit, now: float) -> LimitRuleResponse:
    limit = limits.rolled(limit, now)
    return LimitRuleResponse(
        id=limit.id,
        limit_type=limit.rule.kind,
        limit_window=limit.rule.window,
        max_value=limit.rule.max_value,
        current_value=limit.used,
        model_filter=limit.rule.model,
        reset_at=moment(limit.resets_at),
    )
