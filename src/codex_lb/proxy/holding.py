"""What one request holds of its API key's limits, from its opening to its end.

There is nothing to give back here: the closing of the request's row does that (`store/limits.py`).
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from codex_lb.core import answers, limits
from codex_lb.core.answers import Answer
from codex_lb.core.limits import Limit, Spend
from codex_lb.core.model import Cost, Usage
from codex_lb.proxy.limit_line import LimitLine
from codex_lb.proxy.settle import Meter
from codex_lb.store import StoreError

_log = structlog.get_logger(__name__)


class TopUp(Protocol):
    async def __call__(self, key_id: str, request_id: str, need: Spend) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The parts; made once. `spawn` runs a coroutine beside the requests."""

    line: LimitLine
    top_up: TopUp
    spawn: Callable[[Coroutine[Any, Any, None]], object]


class Holding:
    """Of one request of a key that has limits. `price` is that of its model and tier."""

    def __init__(
        self,
        parts: Limits,
        meter: Meter,
        price: Callable[[Usage], Cost | None],
        *,
        key_id: str,
        request_id: str,
    ) -> None:
        self._parts = parts
        self._meter = meter
        self._price = price
        self._key_id = key_id
        self._request_id = request_id
        self._held = Spend(0, 0, 0)

    async def begin(
        self, model: str, body_bytes: int, *, refused: Callable[[Limit], Answer]
    ) -> Answer | None:
        """Hold what the request will take; an answer if it may not begin. It may wait a while."""
        try:
            verdict = await self._parts.line.reserve(
                self._key_id,
                self._request_id,
                model=model,
                estimate=lambda mean: limits.estimate(
                    body_bytes, mean_output=mean, price=self._price
                ),
            )
        except StoreError as error:
            _log.warning("limits not checked", key=self._key_id, error=str(error))
            return answers.limits_unknown()
        match verdict:
            case Spend():
                self._held = verdict
                self._meter.most, self._meter.grown = verdict.output_tokens, self._grow
                return None
            case Limit():
                return refused(verdict)
            case "unpriced":
                return limits.unpriced(model)
            case _:
                return limits.held_by_others()

    def _grow(self) -> None:
        """Twice what was seen, so that a long answer needs few of these."""
        seen = 2 * self._meter.deltas
        self._meter.most = seen
        usage = Usage(self._held.input_tokens, seen)
        need = limits.taken(usage, self._price(usage))
        self._parts.spawn(self._parts.top_up(self._key_id, self._request_id, need))
