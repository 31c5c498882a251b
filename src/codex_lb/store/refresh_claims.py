"""Which process has taken a refresh token to the login host, so that no other takes it there again.

A refresh token is good for one exchange; a second one ends the whole login upstream. So the token
is written down (as a hash) before it leaves the process, and crossed out with the answer: in the
transaction that stores the new tokens (accounts.py), or by `release`. What a process that ended
has left may be spent or not, which nobody can know, so nobody sends it again.
"""

import hashlib

from sqlalchemy import Connection, Row, delete, insert, select

from codex_lb.core.renewal import Claim
from codex_lb.store import accounts
from codex_lb.store.database import upsert
from codex_lb.store.instances import BEAT_S, is_dead
from codex_lb.store.schema import refresh_claims
from codex_lb.store.secrets import Keyring

# A restart of PostgreSQL drops the lock of a process that lives; it takes it again with a beat.
SURE_AFTER_S = 2 * BEAT_S

_NOBODY = "0" * 16  # the id of no process


def claim(
    connection: Connection,
    keys: Keyring,
    account_id: str,
    refresh_token: str,
    *,
    instance_id: str,
    now: float,
) -> Claim:
    """Claim the token for `instance_id`, unless something stands against it.

    A process may claim again what it has claimed: it knows what became of the first time.
    """
    accounts.lock(connection, account_id)
    stored = accounts.credential(connection, keys, account_id)
    if stored is None:
        return "gone"
    if stored.refresh_token != refresh_token:
        return stored
    other = _claim_of_another(connection, account_id, refresh_token, instance_id)
    if other is not None:
        return "in_doubt" if _is_abandoned(connection, other, now) else "busy"
    row = {"token_hash": _hash(refresh_token), "instance_id": instance_id, "claimed_at": now}
    adding = upsert(connection.dialect.name, refresh_claims).values(account_id=account_id, **row)
    connection.execute(adding.on_conflict_do_update(index_elements=["account_id"], set_=row))
    return "claimed"


def release(
    connection: Connection, account_id: str, refresh_token: str, *, instance_id: str
) -> None:
    """The exchange did not happen: whoever wants may try again."""
    connection.execute(
        delete(refresh_claims).where(
            refresh_claims.c.account_id == account_id,
            refresh_claims.c.token_hash == _hash(refresh_token),
            refresh_claims.c.instance_id == instance_id,
        )
    )


def is_claimed(connection: Connection, account_id: str, refresh_token: str) -> bool:
    """Whether the token is at the login host just now, or was left in doubt."""
    query = select(refresh_claims.c.token_hash).where(refresh_claims.c.account_id == account_id)
    return connection.scalar(query) == _hash(refresh_token)


def put_in_doubt(connection: Connection, account_id: str, refresh_token: str) -> None:
    """Another house may have spent the token."""
    row = {"token_hash": _hash(refresh_token), "instance_id": _NOBODY, "claimed_at": 0.0}
    connection.execute(insert(refresh_claims).values(account_id=account_id, **row))


def _claim_of_another(
    connection: Connection, account_id: str, refresh_token: str, instance_id: str
) -> Row[tuple[object, ...]] | None:
    """A claim on a token that has been replaced since is none."""
    return connection.execute(
        select(refresh_claims).where(
            refresh_claims.c.account_id == account_id,
            refresh_claims.c.token_hash == _hash(refresh_token),
            refresh_claims.c.instance_id != instance_id,
        )
    ).one_or_none()


def _is_abandoned(connection: Connection, other: Row[tuple[object, ...]], now: float) -> bool:
    is_sure = connection.dialect.name == "sqlite" or other.claimed_at + SURE_AFTER_S <= now
    return is_sure and is_dead(connection, other.instance_id)


def _hash(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()
