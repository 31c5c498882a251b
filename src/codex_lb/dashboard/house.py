"""Pack what is in the store, unpack what came, and let whoever is running know of it."""

from collections.abc import Awaitable, Callable

from codex_lb.core.bundle import Bundle
from codex_lb.core.move_plan import Plan
from codex_lb.dashboard.ports import Clock
from codex_lb.store.moving import Moves


async def _nothing(_: object = None) -> None:
    pass


class House:
    """A `HousePort`. `before` writes down what only memory knows; `after` takes over what came."""

    def __init__(
        self,
        moves: Moves,
        clock: Clock,
        before: Callable[[], Awaitable[object]] = _nothing,
        after: Callable[[Plan], Awaitable[None]] = _nothing,
    ) -> None:
        self._moves = moves
        self._clock = clock
        self._before = before
        self._after = after

    async def pack(self, *, with_history: bool) -> Bundle:
        await self._before()
        return await self._moves.pack(with_history=with_history, now=self._clock())

    async def foresee(self, bundle: Bundle) -> Plan:
        return await self._moves.foresee(bundle)

    async def unpack(self, bundle: Bundle, *, skip_invalid: bool) -> Plan:
        await self._before()
        plan = await self._moves.unpack(bundle, skip_invalid=skip_invalid, now=self._clock())
        await self._after(plan)
        return plan
