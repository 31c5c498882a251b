"""How many second attempts the whole pool may make, so that trouble upstream is not doubled.

Every exchange earns a tenth of a retry; a reserve lets a quiet proxy recover from a bad minute.
With it, of a hundred requests that all fail, less than a fifth of the calls upstream are retries.

Only faults that say nothing of the account draw on it: a spent account is left once and rests.
A retry that led to an answer is given back: the trouble was one account's, not upstream's.
"""

from collections.abc import Callable

SHARE = 0.1
RESERVE = 10.0
_REFILL_PER_S = 0.5  # of the reserve, so that trouble long past does not count


class RetryBudget:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._credit = RESERVE
        self._at = clock()

    def earn(self) -> None:
        """An exchange has begun."""
        self._settle()
        self._credit = min(RESERVE, self._credit + SHARE)

    def spend(self) -> bool:
        """Whether one more attempt is allowed; if so it is counted."""
        self._settle()
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True

    def give_back(self, retries: int) -> None:
        """So many of those spent were worth it."""
        self._credit = min(RESERVE, self._credit + retries)

    def _settle(self) -> None:
        now = self._clock()
        gained = max(0.0, now - self._at) * _REFILL_PER_S
        self._credit = min(RESERVE, self._credit + gained)
        self._at = now
