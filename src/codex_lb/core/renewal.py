"""Decide when a credential is renewed ahead of need, and when again after a failure.

Ahead, because no request should wait for it, and because the refresh token of an account that
rests for weeks would lapse. `jobs/credentials.py` asks.
"""

import hashlib
from typing import Literal

from codex_lb.core.model import AccountState, Credential

# What the store says to a process that wants to take a refresh token to the login host:
# claimed     it may, and nobody else will
# Credential  somebody has renewed it or signed in anew: use this one
# busy        another process has taken it there
# in_doubt    a process that ended had taken it there; whether it is spent, nobody can know
# gone        the account has no credential any more
Claim = Credential | Literal["claimed", "busy", "in_doubt", "gone"]

# Paused accounts too, because they are to serve again one day; a login that was lost has nothing
# to renew.
RENEWED_STATES: frozenset[AccountState] = frozenset({"active", "paused"})

_LEAD_S = 900.0  # before the access token ends; a login host may be away that long
_SPREAD_S = 900.0
_SPREAD_SHARE = 1 / 8  # of the interval
_LEAST_AGE_S = 300.0  # or a login host whose tokens live for minutes would be asked all the time
_FIRST_RETRY_S = 300.0
_LAST_RETRY_S = 3600.0


def due_at(account_id: str, credential: Credential, *, interval_s: float) -> float:
    """Unix seconds. `interval_s` is the age that no credential reaches.

    Accounts that were added together come due apart, each always at the same distance: a burst of
    renewals from one address has cost logins (docs/wire.md, "Sign-in").
    """
    apart = _share(account_id)
    is_old_at = credential.refreshed_at + interval_s * (1 - apart * _SPREAD_SHARE)
    dues = [is_old_at]
    if credential.expires_at is not None:
        dues.append(credential.expires_at - _LEAD_S - apart * _SPREAD_S)
    return max(min(dues), credential.refreshed_at + _LEAST_AGE_S)


def retry_s(failures: int) -> float:
    """How long to wait after `failures` in a row, of which there is at least one."""
    return min(_FIRST_RETRY_S * 2.0 ** min(failures - 1, 16), _LAST_RETRY_S)


def _share(account_id: str) -> float:
    """0 to 1, evenly spread over ids."""
    return int.from_bytes(hashlib.sha256(account_id.encode()).digest()[:4]) / 2**32
