"""The operator's settings in the store, told to whoever goes by them."""

import asyncio
from collections.abc import Callable

import structlog

from codex_lb.core import operator_settings
from codex_lb.core.operator_settings import Amounts, OperatorSettings
from codex_lb.store import Store
from codex_lb.store.preferences import OPERATOR

_NONE_SET = Amounts()
_NOT_SEEN = object()

log = structlog.get_logger(__name__)


class StoredSettings:
    """A `SettingsPort`. `on_change` hears of every change made here, or found by `look`."""

    def __init__(
        self,
        store: Store,
        environment: Amounts = _NONE_SET,
        on_change: Callable[[OperatorSettings], None] | None = None,
    ) -> None:
        self.environment = environment
        self._store = store
        self._on_change = on_change
        self._seen: object = _NOT_SEEN
        self._turn = asyncio.Lock()  # so that nothing read before a change is told after it

    async def look(self) -> None:
        """Tell the settings unless they have been told. Raises `StoreError`."""
        async with self._turn:
            stored = await self._store.setting(OPERATOR)
            if stored != self._seen:
                self._tell(stored, _usable(stored))

    async def read(self) -> OperatorSettings:
        """The defaults if another release has written what cannot be read here."""
        return _usable(await self._store.setting(OPERATOR))

    async def write(self, settings: OperatorSettings) -> None:
        async with self._turn:
            stored = operator_settings.as_json(settings)
            await self._store.put_setting(OPERATOR, stored)
            self._tell(stored, settings)

    def _tell(self, stored: object, settings: OperatorSettings) -> None:
        self._seen = stored
        if self._on_change is not None:
            self._on_change(settings)


def _usable(stored: object) -> OperatorSettings:
    try:
        return operator_settings.read(stored)
    except ValueError as error:
        log.warning("stored settings are not usable", error=str(error))
        return operator_settings.fallback(stored)
