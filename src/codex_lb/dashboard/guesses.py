"""Slow guessing down: at passwords, one-time codes and the admin token (`core/throttle.py`).

Whoever has proved itself guesses on its own account, so that nobody outside can keep it out. Each
process counts its own: replicas together take as many times more.
"""

from math import ceil

from codex_lb.core.operator import Refused
from codex_lb.core.throttle import Throttle
from codex_lb.dashboard.ports import Clock


class Guesses:
    """`place`: an address, or whatever else tells callers apart; `is_known`: it has proved itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._throttles = {False: Throttle(), True: Throttle(everyone=None)}  # by `is_known`

    def count(self, what: str, place: str, *, is_known: bool) -> Refused | None:
        """One guess more, before it is looked at; or why it is not looked at."""
        now, throttle = self._clock(), self._throttles[is_known]
        wait_s = ceil(throttle.wait_s(place, now))
        if wait_s > 0:
            message = f"Too many attempts. Try again in {wait_s} seconds."
            return Refused(429, f"{what}_rate_limited", message, retry_after_s=wait_s)
        self._throttles[is_known] = throttle.counted(place, now)
        return None

    def right(self, place: str, *, is_known: bool, clears: bool = True) -> None:
        """The last guess was right. `clears`: nothing more is to be guessed."""
        throttle = self._throttles[is_known]
        after = throttle.cleared(place) if clears else throttle.refunded(place)
        self._throttles[is_known] = after
