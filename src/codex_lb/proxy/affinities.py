"""Which account has which conversation, and which has which stored response or file.

Conversations are also kept in the store, so that a restart does not cool their caches; `changed`
says what must be written. Responses and files are known for the life of the process.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from codex_lb.core.affinity import TTL_S
from codex_lb.store.records import Affinity

KIND = "conversation"
_MAX = 50_000  # of each
_RENEWED_S = 60.0  # a busy conversation is written no more often


@dataclass(slots=True)
class _Home:
    account_id: str
    used_at: float
    noted_at: float  # when it was last put among the changes


class Affinities:
    """A conversation stays for `ttl_s` after its last request."""

    def __init__(self) -> None:
        self.ttl_s: float = TTL_S
        self._homes: OrderedDict[str, _Home] = OrderedDict()  # the longest unused first
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._changed: set[str] = set()

    def load(self, stored: Iterable[Affinity]) -> None:
        for row in sorted(stored, key=lambda row: row.expires_at):
            if row.kind == KIND:
                used_at = row.expires_at - self.ttl_s
                self._homes[row.key] = _Home(row.account_id, used_at, used_at)

    def home(self, key: str | None, now: float) -> str | None:
        found = self._homes.get(key) if key else None
        return found.account_id if found and found.used_at + self.ttl_s > now else None

    def keep(self, key: str, account_id: str, now: float) -> None:
        """The conversation was served there: it stays for another while."""
        home = self._homes.get(key)
        if home is None:
            home = self._homes[key] = _Home("", now, now)
            if len(self._homes) > _MAX:
                self._homes.popitem(last=False)
        if home.account_id != account_id or now - home.noted_at >= _RENEWED_S:
            home.noted_at = now
            self._changed.add(key)
        home.account_id, home.used_at = account_id, now
        self._homes.move_to_end(key)

    def changed(self) -> list[Affinity]:
        """What has changed since the last call."""
        keys, self._changed = self._changed, set()
        homes = ((key, self._homes.get(key)) for key in keys)
        return [Affinity(KIND, key, h.account_id, h.used_at + self.ttl_s) for key, h in homes if h]

    def owner(self, stored_id: str) -> str | None:
        return self._owners.get(stored_id)

    def own(self, stored_id: str, account_id: str) -> None:
        self._owners[stored_id] = account_id
        if len(self._owners) > _MAX:
            self._owners.popitem(last=False)
