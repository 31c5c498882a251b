"""Answer what the operator asks first: does it work now, until when, and what needs me.

Pure: from accounts, keys, forecasts and the last minutes to a verdict and a short list of things
to do. What they are called on a page is the page's business; here they have codes.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from codex_lb.core import limits, status_reason, summary
from codex_lb.core.forecast import Forecast, Kind, Outlook
from codex_lb.core.keys import ApiKey
from codex_lb.core.live import Now
from codex_lb.core.model import Account

Level = Literal["ok", "degraded", "down", "setup"]
Severity = Literal["high", "medium", "low"]
AttentionKind = Literal[
    "sign_in", "deactivated", "limited", "key_budget", "key_spent", "failures", "unpriced"
]

_NEAR_SHARE = 0.8  # of a key's budget
MOST_SHOWN = 5
_ORDER: dict[Severity, int] = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    level: Level
    serving: int  # accounts that can serve now
    total: int
    back_at: float | None  # when the first account that cannot serve now can again
    runs_out_at: float | None  # the whole pool, at the present pace; None: not foreseen
    is_forecast: bool  # False: too little is known to say


@dataclass(frozen=True, slots=True)
class Attention:
    kind: AttentionKind
    severity: Severity
    subject_id: str | None  # of an account or a key
    subject: str
    text: str | None = None  # what is known of it, in words
    share: float | None = None  # 0 to 1 and beyond
    since: float | None = None
    until: float | None = None


def verdict(accounts: Sequence[Account], forecasts: Iterable[Forecast], now: float) -> Verdict:
    total = [account for account in accounts if account.state != "paused"]
    serving = sum(summary.status(account, now) == "active" for account in total)
    waits = [
        reason.until
        for account in total
        if (reason := status_reason.of(account, now)) and reason.until is not None
    ]
    outlooks = {each.kind: each.outlook for each in forecasts if each.account_id is None}
    known = {kind: each for kind, each in outlooks.items() if isinstance(each, Outlook)}
    end = _end(total, known, now)
    return Verdict(
        level=_level(serving, len(total), len(accounts)),
        serving=serving,
        total=len(total),
        back_at=min(waits, default=None),
        runs_out_at=end if end is not None and now < end else None,
        is_forecast=bool(known),
    )


def _end(accounts: Iterable[Account], known: Mapping[Kind, Outlook], now: float) -> float | None:
    """When the last account is out of quota; each is as soon as one of its windows is spent."""
    last = 0.0
    for account in accounts:
        windows = summary.windows(account, now)
        kinds = [kind for kind in known if getattr(windows, kind).minutes is not None]
        if account.state != "active" or not kinds:
            continue
        ends = (known[kind].runs_out_at for kind in kinds)
        last = max(last, min((at for at in ends if at is not None), default=math.inf))
    return last if 0.0 < last < math.inf else None


def attention(
    accounts: Iterable[Account],
    keys: Iterable[ApiKey],
    unpriced: Iterable[str],
    live: Now,
    now: float,
) -> list[Attention]:
    """The gravest first, at most `MOST_SHOWN`. `unpriced`: models that were asked for."""
    found = [*_of_accounts(accounts, now), *_of_keys(keys, now)]
    if live.is_burst:
        found.append(Attention("failures", "high", None, "", share=live.error_rate))
    found += [Attention("unpriced", "low", None, model) for model in unpriced]
    return sorted(found, key=lambda item: _ORDER[item.severity])[:MOST_SHOWN]


def _level(serving: int, total: int, known: int) -> Level:
    if not known:
        return "setup"
    if not serving:
        return "down"
    return "ok" if serving == total else "degraded"


def _of_accounts(accounts: Iterable[Account], now: float) -> Iterator[Attention]:
    for account in accounts:
        reason = status_reason.of(account, now)
        if reason is None or account.state == "paused":
            continue
        name = account.alias or account.identity.email
        match account.state:
            case "reauth_required":
                yield Attention("sign_in", "high", account.id, name, account.state_reason)
            case "deactivated":
                yield Attention("deactivated", "high", account.id, name, account.state_reason)
            case "active":
                yield Attention(
                    "limited",
                    "low",
                    account.id,
                    name,
                    reason.text,
                    since=reason.since,
                    until=reason.until,
                )


def _of_keys(keys: Iterable[ApiKey], now: float) -> Iterator[Attention]:
    for key in keys:
        rolled = [limits.rolled(limit, now) for limit in key.limits]
        fullest = max(rolled, key=lambda limit: limit.used / limit.rule.max_value, default=None)
        if fullest is None or not key.terms.is_active:
            continue
        share = fullest.used / fullest.rule.max_value
        if share >= _NEAR_SHARE:
            kind: AttentionKind = "key_spent" if share >= 1.0 else "key_budget"
            yield Attention(
                kind,
                "medium",
                key.id,
                key.terms.name,
                f"{fullest.rule.kind} per {fullest.rule.window}",
                share=share,
                until=fullest.resets_at,
            )
