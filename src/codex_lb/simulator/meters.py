"""How full the accounts' quota windows were while a made-up past was served.

A window begins with the first request after its reset. What it holds is measured by how much is
asked of the pool, so that a pool of any size runs dry now and then: late in a busy week.
"""

from collections.abc import Iterable, Iterator, Sequence

from codex_lb.core.model import Account, OpenedRequest, QuotaSample, Receipt
from codex_lb.core.quota import weight
from codex_lb.simulator import quota
from codex_lb.simulator.quota import Window

# How many working days of demand the windows of each length hold together.
_HOLDS_DAYS = {quota.FIVE_HOURS: 0.8, quota.WEEK: 4.1, quota.MONTH: 12.0}
_CREDITS_PER_REQUEST = 0.7  # on average, those that fail included
_APART_S = 2 * 3_600.0  # from one account's resets to the next one's

Room = Sequence[tuple[Account, float]]  # accounts, and what they have left in plan weights


class Meters:
    """The windows of the accounts that are active."""

    def __init__(self, accounts: Iterable[Account], first_reset_at: float, per_day: float) -> None:
        self.accounts = [account for account in accounts if account.state == "active"]
        self._credits_per_day = per_day * _CREDITS_PER_REQUEST
        self._windows = {  # by account id
            account.id: [
                Window(minutes, 0.0, first_reset_at + place * _APART_S)
                for minutes in quota.capacity(account.identity.plan)
            ]
            for place, account in enumerate(self.accounts)
        }

    def whole(self) -> Room:
        return [(account, weight(account.identity.plan)) for account in self.accounts]

    def room(self, at: float) -> Room:
        """The accounts that have something left in every window."""
        return [
            (account, whole * left)
            for account, whole in self.whole()
            if (left := 100 - max(_percent(w, at) for w in self._windows[account.id]))
        ]

    def charge(self, opened: OpenedRequest, receipt: Receipt) -> None:
        if receipt.usage is None or receipt.account_id is None or receipt.plan is None:
            return
        usage = receipt.usage
        spent = quota.cost(usage.input_tokens, usage.cached_tokens, usage.output_tokens)
        part = weight(receipt.plan) / sum(whole for _, whole in self.whole())
        days = spent / self._credits_per_day / part
        for window in self._windows[receipt.account_id]:
            window.roll(opened.opened_at_ms / 1000)
            window.used = min(1.0, window.used + days / _HOLDS_DAYS[window.minutes])

    def samples(self, at: float) -> Iterator[QuotaSample]:
        """What upstream would report: whole percents, and no reset of a window not begun."""
        for account_id, windows in self._windows.items():
            for window in windows:
                resets_at = window.resets_at if at < window.resets_at else None
                used = _percent(window, at) / 100
                yield QuotaSample(account_id, window.minutes, at, used, resets_at)


def _percent(window: Window, at: float) -> int:
    return window.percent if at < window.resets_at else 0
