"""Which of the operator's settings are in force? Those set last; the parts that go by them ask here."""

from codex_lb.core.operator_settings import Amounts, OperatorSettings
from codex_lb.core.pricing import Prices
from codex_lb.proxy.pool import Pool


class Rules:
    def __init__(self, pool: Pool, environment: Amounts, shipped: Prices) -> None:
        self._pool = pool
        self._shipped = self.prices = shipped
        self._environment = self.amounts = environment
        self.now = OperatorSettings()

    def take(self, settings: OperatorSettings) -> None:
        self.now = settings
        self.amounts = settings.amounts(self._environment)
        self.prices = self._shipped.with_overrides(settings.model_prices())
        self._pool.use(settings.routing, self.amounts.stream_limit)
