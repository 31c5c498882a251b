"""How a request is told to the operator: one word for its end, the client's name, filters' words.

The words for limits look through `error` to what upstream meant; every other failure stays one.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Literal, get_args

from codex_lb.core.model import Receipt, RequestStatus

ServedStatus = Literal["ok", "cancelled", "rate_limit", "quota", "error", "in_progress"]
SERVED: tuple[ServedStatus, ...] = get_args(ServedStatus)

RATE_LIMIT_CODES = frozenset({"rate_limit_exceeded", "usage_limit_reached"})
QUOTA_CODES = frozenset({"insufficient_quota", "usage_not_included", "quota_exceeded"})

# How requests ended, for charts. `recovered`: another account answered after one had failed.
Outcome = Literal["served", "recovered", "client_error", "upstream_error", "refused", "cancelled"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
REFUSED_CODES = RATE_LIMIT_CODES | QUOTA_CODES | {"no_accounts"}
_CLIENT_NAME = re.compile(r"[A-Za-z0-9][\w.@-]{0,39}")  # what else is sent would swell the sums
OTHER_CLIENT = "other"

ALL = "all"
_EFFORT_MARK = ":::"


def served(status: RequestStatus, error_code: str | None) -> ServedStatus:
    match status:
        case "success":
            return "ok"
        case "error" if error_code in RATE_LIMIT_CODES:
            return "rate_limit"
        case "error" if error_code in QUOTA_CODES:
            return "quota"
        case "error" | "cancelled" | "in_progress":
            return status


def outcome(receipt: Receipt) -> Outcome:
    """Of a closed request."""
    if receipt.status == "success":
        return "served" if len(receipt.attempts) < 2 else "recovered"  # noqa: PLR2004  a second one
    if receipt.status == "cancelled":
        return "cancelled"
    if receipt.error_code in REFUSED_CODES:
        return "refused"
    status = receipt.http_status or 0
    is_clients = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return "client_error" if is_clients else "upstream_error"


def client_group(user_agent: str | None) -> str:
    """`client_name` for sums: '' without a user agent, `other` for what is no product's name."""
    name = client_name(user_agent)
    if name is None:
        return ""
    return name if _CLIENT_NAME.fullmatch(name) else OTHER_CLIENT


def read_statuses(words: Iterable[str]) -> frozenset[ServedStatus]:
    """In any case of letters; empty, as with `all` among them, means every status.

    Raises `ValueError` for a word that is none.
    """
    wanted = {word.strip().lower() for word in words}
    if unknown := wanted - {ALL, *SERVED}:
        raise ValueError(min(unknown))
    if ALL in wanted:
        return frozenset()
    return frozenset(status for status in SERVED if status in wanted)


def read_model_option(text: str) -> tuple[str, str | None]:
    """`<model>` or `<model>:::<effort>`; without an effort it means requests that named none."""
    model, _, effort = text.partition(_EFFORT_MARK)
    return model, effort or None


def client_name(user_agent: str | None) -> str | None:
    """The product that a user agent begins with, without version: `curl/7.88.1` is `curl`."""
    words = (user_agent or "").split()
    return words[0].partition("/")[0] or None if words else None
