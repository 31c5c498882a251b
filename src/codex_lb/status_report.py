"""Tell in a terminal how the pool is: a verdict, and a line per account. Pure.

Accounts are objects of `GET /api/accounts`, usage is that of `GET /api/usage/summary`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from codex_lb.listing import columns, percent

JsonObject = dict[str, Any]
Source = Literal["server", "store"]

_WIDTH = 80
_GAP = 2  # between two columns
_HEAD = ("ACCOUNT", "PLAN", "5 H", "WEEK/MO", "RESETS IN", "STREAMS", "STATE")
_KINDS = ("Primary", "Secondary", "Monthly")
_STATES = {"reauth_required": "needs sign-in"}
_FROM_STORE = "No server runs; this is what the data directory knows."


def report(
    accounts: Sequence[JsonObject], usage: JsonObject, source: Source, now: float
) -> JsonObject:
    """What `codex-lb status --json` prints: its names stay, more may come."""
    ready = sum(account["status"] == "active" for account in accounts)
    return {
        "verdict": _verdict(accounts, ready, usage, now),
        "canServe": ready > 0,
        "readyAccounts": ready,
        "totalAccounts": len(accounts),
        "source": source,
        "windows": {name: usage[f"{name}Window"] for name in ("primary", "secondary", "monthly")},
        "accounts": list(accounts),
    }


def text(told: JsonObject, now: float) -> str:
    """The same for people, at most 80 columns wide."""
    parts = [told["verdict"]]
    if told["source"] == "store":
        parts.append(_FROM_STORE)
    accounts = told["accounts"]
    if accounts:
        heading, *lines = columns(_fitting([_HEAD, *(_row(each, now) for each in accounts)]))
        parts += ["", heading]
        for account, line in zip(accounts, lines, strict=True):
            parts.append(line)
            parts.append(f"  {_clip(_about(account), _WIDTH - 2)}")
    return "\n".join(parts)


def _about(account: JsonObject) -> str:
    """A lost login comes before everything else, a good one after it."""
    login: str = account["loginText"]
    if account["loginState"] in ("sign_in_again", "deactivated"):
        return login
    return account["statusReason"] or login


def _verdict(accounts: Sequence[JsonObject], ready: int, usage: JsonObject, now: float) -> str:
    if not accounts:
        return "No accounts yet. Add one: codex-lb accounts login"
    count = f"{ready} of {len(accounts)} accounts can serve"
    if not ready:
        ends = [(at, account) for account in accounts if (at := account["blockedUntil"])]
        if not ends:
            return f"{count}; none comes back by itself."
        at, first = min(ends, key=lambda end: _seconds(end[0]))
        name = _clip(first["displayName"], 28)
        return f"{count}; {name} is back in {_until(at, now)}."
    weekly = usage["secondaryWindow"]
    if weekly is None:
        return f"{count}."
    resets = [at for at in (usage["primaryWindow"]["resetAt"], weekly["resetAt"]) if at]
    first_reset = f", next reset in {_until(min(resets, key=_seconds), now)}" if resets else ""
    return f"{count}; weekly quota {weekly['remainingPercent']:.0f} % left{first_reset}."


def _fitting(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The names get what the other columns leave."""
    others = list(zip(*rows, strict=True))[1:]
    room = _WIDTH - sum(max(map(len, column)) + _GAP for column in others)
    return [(_clip(name, room), *more) for name, *more in rows]


def _row(account: JsonObject, now: float) -> tuple[str, ...]:
    usage, status = account["usage"], account["status"]
    resets = [at for kind in _KINDS if (at := account[f"resetAt{kind}"])]
    longer = usage["secondaryRemainingPercent"]
    if longer is None:  # plans have a week or a month
        longer = usage["monthlyRemainingPercent"]
    coming = account["blockedUntil"] or min(resets, key=_seconds, default=None)
    return (
        account["displayName"],
        _clip(account["planType"], 8),
        percent(usage["primaryRemainingPercent"]),
        percent(longer),
        _until(coming, now) if coming else "",
        str(account["activeStreams"]),
        _STATES.get(status, status.replace("_", " ")),
    )


def _until(at: str, now: float) -> str:
    """The two largest of days, hours and minutes, rounded up to the minute."""
    minutes = max(0, -int((now - _seconds(at)) // 60))
    days, hours, minutes = minutes // 1_440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} m" if hours else f"{minutes} m"


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _clip(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"
