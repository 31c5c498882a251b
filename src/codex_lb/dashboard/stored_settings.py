"""The operator's settings in the store, told to whoever goes by them."""

from collections.abc import Callable

import structlog

from codex_lb.core import operator_settings
from codex_lb.core.operator_settings import OperatorSettings
from codex_lb.store import Store
from codex_lb.store.preferences import OPERATOR

log = structlog.get_logger(__name__)


class StoredSettings:
    """A `SettingsPort`. `on_change` hears of every change made here."""

    def __init__(
        self, store: Store, on_change: Callable[[OperatorSettings], None] | None = None
    ) -> None:
        self._store = store
        self._on_change = on_change

    async def read(self) -> OperatorSettings:
        """The defaults if another release has written what cannot be read here."""
        stored = await self._store.setting(OPERATOR)
        try:
            return operator_settings.read(stored)
        except ValueError as error:
            log.warning("stored settings are not usable", error=str(error))
            return operator_settings.fallback(stored)

    async def write(self, settings: OperatorSettings) -> None:
        await self._store.put_setting(OPERATOR, operator_settings.as_json(settings))
        if self._on_change is not None:
            self._on_change(settings)
