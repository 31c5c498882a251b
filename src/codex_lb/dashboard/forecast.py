"""The route of the forecast: when the pool runs out at the present pace, and what expires unused."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from fastapi import APIRouter

from codex_lb.core.demand import Hidden
from codex_lb.core.forecast import Forecast, Kind, forecasts
from codex_lb.dashboard.ports import AccountsPort, Clock, HistoryPort
from codex_lb.dashboard.summaries import Shape, moment, time

_HISTORY_S = 28 * 86_400.0
_GOOD_FOR_S = 60.0  # making it takes a quarter of a second


class WindowForecast(Shape):
    """Amounts in credits. `hidden_because` stands in the place of the three that would be guesses."""

    kind: Kind
    account_id: str | None  # null: the pool
    capacity: float
    remaining: float
    pace_per_hour: float | None = None
    runs_out_at: datetime | None = None  # null also if it lasts until its reset
    expires_unused: float | None = None  # at the next reset
    hidden_because: str | None = None


class ForecastResponse(Shape):
    made_at: datetime
    windows: list[WindowForecast]


class Forecasts:
    """What is foreseen; at most a minute old."""

    def __init__(self, accounts: AccountsPort, history: HistoryPort, clock: Clock) -> None:
        self._accounts = accounts
        self._history = history
        self._clock = clock
        self._making = asyncio.Lock()
        self._made: Sequence[Forecast] = ()
        self.made_at: float | None = None

    async def get(self) -> Sequence[Forecast]:
        """The pool's first, then each account's, by kind of window."""
        async with self._making:
            now = self._clock()
            if self.made_at is None or not 0.0 <= now - self.made_at < _GOOD_FOR_S:
                samples = await self._history.samples(since=now - _HISTORY_S)
                pool = await self._accounts.list()
                self._made = await asyncio.to_thread(forecasts, pool, samples, now)
                self.made_at = now
            return self._made


def routes(foreseen: Forecasts) -> APIRouter:
    router = APIRouter(prefix="/api/forecast", tags=["usage"])

    @router.get("")
    async def get_forecast() -> ForecastResponse:
        """The pool's first, then each account's, by kind of window. At most a minute old."""
        found = await foreseen.get()
        return ForecastResponse(
            made_at=moment(foreseen.made_at or 0.0), windows=[told(each) for each in found]
        )

    return router


def told(forecast: Forecast) -> WindowForecast:
    known = partial(
        WindowForecast,
        kind=forecast.kind,
        account_id=forecast.account_id,
        capacity=forecast.capacity,
        remaining=round(forecast.remaining, 2),
    )
    outlook = forecast.outlook
    if isinstance(outlook, Hidden):
        return known(hidden_because=outlook.reason)
    return known(
        pace_per_hour=round(outlook.pace_per_hour, 3),
        runs_out_at=time(outlook.runs_out_at),
        expires_unused=round(outlook.expires_unused, 2),
    )
