"""What clients are told of the pool's quota, the same in every form.

Made anew at most once a second, and at once when something was proven of an account: a client that
is refused must not read that there is quota left.
"""

from collections.abc import Callable, Mapping

from codex_lb.core import pool_quota
from codex_lb.core.pool_quota import PoolQuota
from codex_lb.proxy.pool import Pool

_GOOD_FOR_S = 1.0


class Told:
    def __init__(self, pool: Pool, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._clock = clock
        self._proofs = -1
        self._quota: PoolQuota
        self._headers: Mapping[str, str] = {}

    def headers(self) -> Mapping[str, str]:
        self._refresh()
        return self._headers

    def event(self) -> bytes:
        """The `codex.rate_limits` event's payload."""
        self._refresh()
        return pool_quota.event(self._quota)

    def document(self) -> bytes:
        self._refresh()
        return pool_quota.document(self._quota)

    def _refresh(self) -> None:
        now, proofs = self._clock(), self._pool.proofs
        if proofs == self._proofs and 0.0 <= now - self._quota.at < _GOOD_FOR_S:
            return
        self._proofs = proofs
        self._quota = pool_quota.of(self._pool.accounts(), now)
        self._headers = pool_quota.headers(self._quota)
