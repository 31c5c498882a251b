"""Show accounts on a terminal, and find the one a word means. Pure.

Accounts are objects of `GET /api/accounts`.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

JsonObject = dict[str, Any]

_HEAD = ("STATUS", "E-MAIL", "PLAN", "5 H LEFT", "WEEK LEFT", "REQUESTS", "ID")


def table(accounts: Sequence[JsonObject]) -> str:
    """A heading, then a line in columns and one about the login for each account."""
    heading, *rows = columns([_HEAD, *map(_row, accounts)])
    about = (f"  {account['loginText']}" for account in accounts)
    return "\n".join([heading, *chain.from_iterable(zip(rows, about, strict=True))])


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line per row, each column as wide as it needs to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_line(row, widths) for row in rows]


def percent(share: float | None) -> str:
    return "?" if share is None else f"{share:.0f} %"


def matching(accounts: Iterable[JsonObject], word: str) -> list[JsonObject]:
    """Those with this id; else of this name; else with this e-mail address; else whose id begins so."""
    known = list(accounts)
    email = word.lower()
    return (
        [account for account in known if account["accountId"] == word]
        or [account for account in known if word and account["alias"] == word]
        or [account for account in known if account["email"].lower() == email]
        or [account for account in known if word and account["accountId"].startswith(word)]
    )


def _row(account: JsonObject) -> tuple[str, ...]:
    usage = account["usage"]
    served = account["requestUsage"] or {"requestCount": 0}
    return (
        account["status"],
        account["email"],
        account["planType"],
        percent(usage["primaryRemainingPercent"]),
        percent(usage["secondaryRemainingPercent"]),
        str(served["requestCount"]),
        account["accountId"],
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
