"""What the operator sets while the program runs: how it stands in the store, and how it changes.

A change names only what is to change. Every change raises the version, by which two operators who
change at a time find out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from codex_lb.core import routing_settings
from codex_lb.core.routing_settings import RoutingSettings

_NEEDS_KEY = "apiKeyAuthEnabled"


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    routing: RoutingSettings = routing_settings.DEFAULT
    version: int = 1
    needs_api_key: bool = False  # of every caller of the proxy


class InvalidSettingError(ValueError):
    """The message names the setting, as in JSON, and says what is wrong with it."""


def read(stored: object) -> OperatorSettings:
    """From the JSON that `as_json` gave, or None. `ValueError` for anything else."""
    if stored is None:
        return OperatorSettings()
    if not isinstance(stored, Mapping) or not isinstance(version := stored.get("version"), int):
        raise ValueError("they have no version")  # noqa: TRY004  about a value, not its type
    return OperatorSettings(
        routing_settings.read(stored), version, stored.get(_NEEDS_KEY, False) is True
    )


def as_json(settings: OperatorSettings) -> dict[str, object]:
    return {
        **routing_settings.as_json(settings.routing),
        _NEEDS_KEY: settings.needs_api_key,
        "version": settings.version,
    }


def changed(
    current: OperatorSettings, given: Mapping[str, object], account_ids: Collection[str]
) -> OperatorSettings:
    """`current` with what is `given`, by the names in JSON. Raises `InvalidSettingError`."""
    try:
        routing = routing_settings.read(given, current.routing)
    except ValueError as error:
        raise InvalidSettingError(str(error)) from error
    if routing.strategy == "single_account" and routing.single_account_id not in account_ids:
        raise InvalidSettingError("singleAccountId: there is no such account")
    needs_key = given.get(_NEEDS_KEY)
    if needs_key is None:
        needs_key = current.needs_api_key
    if not isinstance(needs_key, bool):
        raise InvalidSettingError(f"{_NEEDS_KEY}: true or false")
    return OperatorSettings(routing, current.version + 1, needs_key)
