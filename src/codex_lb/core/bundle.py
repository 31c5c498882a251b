"""What moves from one house to another: its parts, and how they stand in JSON.

A bundle carries accounts with their credentials, API keys (their hashes) with their limits, settings,
the proxy's address list and, if wanted, the request log. It does not carry what proves the operator:
every house has its own. What becomes of it where it arrives is decided in `core/move_plan.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from codex_lb.core.firewall import Entry
from codex_lb.core.keys import ApiKey
from codex_lb.core.model import Account, Credential, OpenedRequest, Receipt

Kind = Literal["account", "api key", "setting", "address list", "request log", "other"]
Fate = Literal["new", "replaces", "unchanged", "invalid", "left out"]
Row = tuple[OpenedRequest, Receipt]

_ENDED = ("reauth_required", "deactivated")


class BundleError(Exception):
    """There is no reading it; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record, and what becomes of it."""

    kind: Kind
    name: str
    fate: Fate
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    account: Account
    credential: Credential
    in_doubt: bool = False  # its refresh token may be spent

    @property
    def is_good(self) -> bool:
        """It renews, as far as one can know."""
        return not self.in_doubt and self.account.state not in _ENDED


@dataclass(frozen=True, slots=True)
class Bundle:
    made_at: float
    members: Sequence[Member] = ()
    keys: Sequence[ApiKey] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)  # any of `operator_settings.as_json`
    firewall: Sequence[Entry] = ()
    rows: Sequence[Row] = ()
    remarks: Sequence[Line] = ()  # on what is in none of these


class _Document(msgspec.Struct):
    """As `written`; each record is judged by itself."""

    made_at: float
    members: list[msgspec.Raw] = []
    keys: list[msgspec.Raw] = []
    settings: dict[str, Any] = {}
    firewall: list[Entry] = []
    rows: list[msgspec.Raw] = []
    remarks: list[Line] = []


def written(bundle: Bundle) -> bytes:
    return msgspec.json.encode(bundle)


def read(document: bytes) -> Bundle:
    """From what `written` gave. Records that are none become remarks. Raises `BundleError`."""
    try:
        found = msgspec.json.decode(document, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError("The bundle is not as this version writes it.") from error
    remarks = list(found.remarks)
    return Bundle(
        found.made_at,
        _records(found.members, Member, "account", remarks),
        _records(found.keys, ApiKey, "api key", remarks),
        found.settings,
        found.firewall,
        _records(found.rows, Row, "request log", remarks),
        remarks,
    )


def _records(
    found: Sequence[msgspec.Raw], shape: Any, kind: Kind, remarks: list[Line]
) -> list[Any]:
    good = []
    for number, raw in enumerate(found, 1):
        try:
            good.append(msgspec.json.decode(raw, type=shape))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            remarks.append(Line(kind, f"number {number}", "invalid", str(error)))
    return good
