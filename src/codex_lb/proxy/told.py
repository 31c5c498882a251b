"""What clients are told of the pool's quota, the same in every form.

Made anew at most once a second, and at once when something was proven of an account: a client that
is refused must not read that there is quota left. The operator may hide it from who shows a key.
"""

from collections.abc import Callable, Mapping

from codex_lb.core import pool_quota
from codex_lb.core.keys import ApiKey
from codex_lb.core.pool_quota import PoolQuota
from codex_lb.proxy.pool import Pool

_GOOD_FOR_S = 1.0


class Told:
    def __init__(
        self,
        pool: Pool,
        clock: Callable[[], float],
        hides_from_keys: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._hides_from_keys = hides_from_keys
        self._proofs = -1
        self._quota: PoolQuota
        self._headers: Mapping[str, str] = {}

    def is_hidden(self, key: ApiKey | None) -> bool:
        return key is not None and self._hides_from_keys()

    def headers(self, key: ApiKey | None) -> Mapping[str, str]:
        """Empty if they are hidden."""
        if self.is_hidden(key):
            return {}
        self._refresh()
        return self._headers

    def event(self, key: ApiKey | None) -> bytes | None:
        """The payload of the `codex.rate_limits` event; None if it is hidden."""
        if self.is_hidden(key):
            return None
        self._refresh()
        return pool_quota.event(self._quota)

    def document(self, key: ApiKey | None) -> bytes | None:
        """None if it is hidden."""
        if self.is_hidden(key):
            return None
        self._refresh()
        return pool_quota.document(self._quota)

    def _refresh(self) -> None:
        now, proofs = self._clock(), self._pool.proofs
        if proofs == self._proofs and 0.0 <= now - self._quota.at < _GOOD_FOR_S:
            return
        self._proofs = proofs
        self._quota = pool_quota.of(self._pool.accounts(), now)
        self._headers = pool_quota.headers(self._quota)
