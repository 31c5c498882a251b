"""Keep the model registry current, and in the store, so that a restart knows it at once."""

import asyncio
from typing import Protocol

import structlog

from codex_lb.core import registry
from codex_lb.core.registry import NOTHING, Registry
from codex_lb.proxy.models import Models

SETTING = "model_registry"
_LOOK_S = 5.0  # within which a plan that came with an import is asked for
_REWRITE_S = 3600.0  # the same entries are written again, so that a restart trusts them

_log = structlog.get_logger(__name__)


class Shelf(Protocol):
    """The store, as this job uses it."""

    async def setting(self, name: str) -> object: ...
    async def put_setting(self, name: str, value: object) -> None: ...


class ModelSync:
    """`load` once at the start; `run` until cancelled."""

    def __init__(self, models: Models, shelf: Shelf) -> None:
        self._models = models
        self._shelf = shelf
        self._written = NOTHING

    async def load(self) -> None:
        self._written = registry.from_json(await self._shelf.setting(SETTING))
        self._models.registry = self._written

    async def run(self) -> None:
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001  the next look may go better
                _log.exception("models not synced")
            await asyncio.sleep(_LOOK_S)

    async def once(self) -> None:
        await self._models.sync()
        current = self._models.registry
        if _is_worth_writing(self._written, current):
            await self._shelf.put_setting(SETTING, current.as_json())
            self._written = current


def _is_worth_writing(written: Registry, current: Registry) -> bool:
    if written.plans.keys() != current.plans.keys():
        return True
    pairs = [(old, current.plans[name]) for name, old in written.plans.items()]
    return any(
        old.entries != new.entries or new.fetched_at - old.fetched_at >= _REWRITE_S
        for old, new in pairs
    )
