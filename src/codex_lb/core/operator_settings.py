"""What the operator sets while the program runs: how it stands in JSON, and how it changes.

A change names only what is to change; a null changes nothing, but it clears what may be unset.
Every change raises the version, by which two operators who change at a time find out. No setting
can be given a value that stops all traffic.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from codex_lb.core import operator, routing_settings
from codex_lb.core.pricing import ModelPrice, Rates, Tariff
from codex_lb.core.routing_settings import RoutingSettings

_NEEDS_KEY = "apiKeyAuthEnabled"
_STREAM_LIMIT = "proxyAccountStreamLimit"
_LOG_DAYS = "requestLogRetentionOverrideDays"
_SAMPLE_DAYS = "usageHistoryRetentionOverrideDays"
_CLEARED_BY_NULL = frozenset({"singleAccountId", _LOG_DAYS, _SAMPLE_DAYS})

# What a limit of a month and a forecast by the weekday look back on; 0 is for ever.
_LEAST_DAYS = {_LOG_DAYS: 30, _SAMPLE_DAYS: 45}

Days = Annotated[int, Meta(ge=0, le=3_650)]
Rate = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]  # micro-dollars per million tokens
ModelName = Annotated[str, Meta(min_length=1, max_length=200)]


class OwnPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator says a model costs; the names are those of `pricing.Rates`."""

    input: Rate
    cached: Rate
    output: Rate


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the environment says, and the operator may say otherwise. 0 days: for ever."""

    stream_limit: int = 8  # requests one account serves at a time
    log_days: int = 90  # for which request rows are kept
    sample_days: int = 90  # for which readings of quota are kept


class OperatorSettings(msgspec.Struct, frozen=True):
    """None among the amounts: as the environment says."""

    routing: RoutingSettings = routing_settings.DEFAULT
    version: Annotated[int, Meta(ge=1)] = 1
    needs_api_key: bool = field(default=False, name=_NEEDS_KEY)  # of every caller of the proxy
    forbids_fast: bool = field(default=False, name="prohibitFastMode")
    hides_quota: bool = field(default=False, name="hideUpstreamQuotaFromApiKeys")
    session_s: Annotated[int, Meta(ge=3_600, le=31_536_000)] = field(
        default=int(operator.LIFE_S), name="dashboardSessionTtlSeconds"
    )
    stream_limit: Annotated[int, Meta(ge=1, le=1_000_000)] | None = field(
        default=None, name=_STREAM_LIMIT
    )
    log_days: Days | None = field(default=None, name=_LOG_DAYS)
    sample_days: Days | None = field(default=None, name=_SAMPLE_DAYS)
    prices: Annotated[dict[ModelName, OwnPrice], Meta(max_length=500)] = field(
        default_factory=dict, name="modelPrices"
    )

    def __post_init__(self) -> None:
        for name, days in ((_LOG_DAYS, self.log_days), (_SAMPLE_DAYS, self.sample_days)):
            if days and days < _LEAST_DAYS[name]:
                raise ValueError(f"`{name}` must be 0 or at least {_LEAST_DAYS[name]}")

    def model_prices(self) -> dict[str, ModelPrice]:
        """The operator's own, by the name as it is looked up."""
        return {
            name.lower(): ModelPrice(Tariff(Rates(own.input, own.cached, own.output)))
            for name, own in self.prices.items()
        }

    def amounts(self, environment: Amounts) -> Amounts:
        """Those in force."""
        return Amounts(
            environment.stream_limit if self.stream_limit is None else self.stream_limit,
            environment.log_days if self.log_days is None else self.log_days,
            environment.sample_days if self.sample_days is None else self.sample_days,
        )


class InvalidSettingError(ValueError):
    """The message names the setting, as in JSON, and says what is wrong with it."""


def read(stored: object) -> OperatorSettings:
    """From the JSON that `as_json` gave, or None. `ValueError` for anything else."""
    if stored is None:
        return OperatorSettings()
    if not isinstance(stored, Mapping) or "version" not in stored:
        raise ValueError("they have no version")
    return _laid_over(OperatorSettings(), stored)


def fallback(stored: object) -> OperatorSettings:
    """The defaults for what `read` cannot take; but a door that was closed stays closed."""
    is_closed = isinstance(stored, Mapping) and stored.get(_NEEDS_KEY) is True
    return OperatorSettings(needs_api_key=is_closed)


def as_json(settings: OperatorSettings) -> dict[str, object]:
    """One flat object."""
    built: dict[str, Any] = msgspec.to_builtins(settings)
    routing: dict[str, object] = built.pop("routing")
    return routing | built


def in_force(settings: OperatorSettings, environment: Amounts) -> dict[str, object]:
    """As `as_json`, with the amounts that count."""
    amounts = settings.amounts(environment)
    return as_json(settings) | {
        _STREAM_LIMIT: amounts.stream_limit,
        "requestLogRetentionDays": amounts.log_days,
        "usageHistoryRetentionDays": amounts.sample_days,
    }


def changed(
    current: OperatorSettings,
    given: Mapping[str, object],
    *,
    account_ids: Collection[str],
    environment: Amounts,
) -> OperatorSettings:
    """`current` with what is `given`, by the names in JSON. Raises `InvalidSettingError`.

    Whoever gives all back as it was told means no limit of their own: so an amount that is the
    environment's goes on following it.
    """
    try:
        new = _laid_over(current, {**given, "version": current.version + 1})
    except ValueError as error:
        raise InvalidSettingError(str(error)) from error
    if _single(new) not in (None, _single(current), *account_ids):
        raise InvalidSettingError("`singleAccountId`: there is no such account")
    if new.stream_limit == environment.stream_limit:
        new = msgspec.structs.replace(new, stream_limit=None)
    return new


def _laid_over(base: OperatorSettings, given: Mapping[str, object]) -> OperatorSettings:
    """Names that are none of ours are ignored. Raises `ValueError` with the name."""
    known = {
        name: value
        for name, value in given.items()
        if (value is not None or name in _CLEARED_BY_NULL) and name != "routing"
    }
    merged = {**as_json(base), **known}
    return msgspec.convert({**merged, "routing": merged}, OperatorSettings)


def _single(settings: OperatorSettings) -> str | None:
    """The one account that is to serve everything."""
    routing = settings.routing
    return routing.single_account_id if routing.strategy == "single_account" else None
