"""The routes of what the operator sets while the program runs."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request

from codex_lb.core import operator_settings
from codex_lb.core.operator_settings import InvalidSettingError, OperatorSettings
from codex_lb.core.routing_settings import Strategy
from codex_lb.dashboard import audit
from codex_lb.dashboard.ports import AccountsPort, SettingsPort
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.sign_in import SignIn
from codex_lb.dashboard.summaries import Shape


class OwnPrice(Shape):
    """Micro-dollars per million tokens."""

    input: int
    cached: int
    output: int


class SettingsResponse(Shape):
    """Days of retention are those in force; 0 is for ever. An import always replaces."""

    sticky_threads_enabled: bool
    prefer_earlier_reset_accounts: bool
    prefer_earlier_reset_window: Literal["primary", "secondary"]
    routing_strategy: Strategy
    relative_availability_power: float
    relative_availability_top_k: int
    single_account_id: str | None
    openai_cache_affinity_max_age_seconds: int
    proxy_account_stream_limit: int
    prohibit_fast_mode: bool
    api_key_auth_enabled: bool
    hide_upstream_quota_from_api_keys: bool
    dashboard_session_ttl_seconds: int
    request_log_retention_days: int
    request_log_retention_override_days: int | None
    usage_history_retention_days: int
    usage_history_retention_override_days: int | None
    model_prices: dict[str, OwnPrice]
    import_without_overwrite: Literal[False] = False
    totp_required_on_login: bool
    totp_configured: bool
    version: int


class SettingsUpdate(Shape):
    """What is missing or null stays as it is, but a null clears the single account and overrides.

    `model_prices`: all that are not as shipped; it takes the place of those before.
    """

    sticky_threads_enabled: bool | None = None
    prefer_earlier_reset_accounts: bool | None = None
    prefer_earlier_reset_window: Literal["primary", "secondary"] | None = None
    routing_strategy: Strategy | None = None
    relative_availability_power: float | None = None
    relative_availability_top_k: int | None = None
    single_account_id: str | None = None
    openai_cache_affinity_max_age_seconds: int | None = None
    proxy_account_stream_limit: int | None = None
    prohibit_fast_mode: bool | None = None
    api_key_auth_enabled: bool | None = None
    hide_upstream_quota_from_api_keys: bool | None = None
    dashboard_session_ttl_seconds: int | None = None
    request_log_retention_override_days: int | None = None
    usage_history_retention_override_days: int | None = None
    model_prices: dict[str, OwnPrice] | None = None
    totp_required_on_login: bool | None = None
    expected_version: int | None = None


def routes(settings: SettingsPort, accounts: AccountsPort, sign_in: SignIn) -> APIRouter:
    router = APIRouter(prefix="/api/settings", tags=["settings"])
    changing = asyncio.Lock()  # between reading and writing nobody else may write

    async def told(known: OperatorSettings) -> SettingsResponse:
        login = await sign_in.callers.login()
        codes = {
            "totpRequiredOnLogin": login.asks_code,
            "totpConfigured": login.totp_secret is not None,
        }
        return SettingsResponse.model_validate(
            operator_settings.in_force(known, settings.environment) | codes
        )

    @router.get("")
    async def get_settings() -> SettingsResponse:
        return await told(await settings.read())

    @router.put("", responses=errors(409))
    async def update_settings(request: Request, update: SettingsUpdate) -> SettingsResponse:
        """Change what is given. `expected_version` refuses it if another was faster."""
        given = update.model_dump(by_alias=True, exclude_unset=True)
        known = {account.id for account in await accounts.list()}
        async with changing:
            current = await settings.read()
            before = await told(current)
            if update.expected_version not in (None, current.version):
                raise Problem(
                    409,
                    "settings_conflict",
                    f"The settings were changed meanwhile; they are at version {current.version}.",
                )
            try:
                changed = operator_settings.changed(
                    current, given, account_ids=known, environment=settings.environment
                )
            except InvalidSettingError as refusal:
                raise Problem(422, "validation_error", str(refusal)) from None
            if update.totp_required_on_login is not None:
                await sign_in.require_code(required=update.totp_required_on_login)
            await settings.write(changed)
            after = await told(changed)
        audit.tell(request, detail=_differences(before, after))
        return after

    return router


def _differences(before: SettingsResponse, after: SettingsResponse) -> dict[str, object]:
    """What was set anew."""
    old, new = (told.model_dump(by_alias=True, exclude={"version"}) for told in (before, after))
    return {name: value for name, value in new.items() if value != old[name]}
