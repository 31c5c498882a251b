"""What would become of documents that are to be imported as accounts? A preview, one by one.

A document is an `auth.json`. It is new, replaces the login of an account (also of one that stands
earlier among the documents), or is invalid, and then says by which field.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codex_lb.core import identity
from codex_lb.core.identity import InvalidAuthJson
from codex_lb.core.model import Account, Credential, Identity

_OLDER = (
    "This sign-in is older than the one the account has; its refresh token may be spent already."
)
_TWICE = "The same account stands earlier in this list."


@dataclass(frozen=True, slots=True)
class Readable:
    account_id: str
    identity: Identity
    credential: Credential
    replaces: bool
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Invalid:
    field: str
    message: str  # a sentence without its full stop


def preview(
    documents: Iterable[bytes], accounts: Sequence[Account], now: float
) -> list[Readable | Invalid]:
    known = {account.id: account for account in accounts}
    seen: set[str] = set()
    return [_one(document, known, seen, now) for document in documents]


def _one(
    document: bytes, known: Mapping[str, Account], seen: set[str], now: float
) -> Readable | Invalid:
    try:
        who, credential = identity.parse(document, now=now)
    except InvalidAuthJson as refusal:
        return Invalid(refusal.field, refusal.message)
    id_ = identity.local_id(who)
    account = known.get(id_)
    warning = None
    if id_ in seen:
        warning = _TWICE
    elif account is not None and credential.refreshed_at < account.refreshed_at:
        warning = _OLDER
    replaces = account is not None or id_ in seen
    seen.add(id_)
    return Readable(id_, who, credential, replaces, warning)
