"""What fresh proof changes of an account: a block's end is a hint, never a verdict.

- A success clears what was thought before its attempt began, but for models: another one served.
- A reading that is newer than a limit block clears it if every window has something left, or if
  there are credits to go on with. If a window is spent, its reset is the block's new end.
- A rest says nothing of quota, so no reading ends it.

The headers of a refusal are read before its block is made, so they never clear it.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import replace

from codex_lb.core import quota
from codex_lb.core.model import Account, Block, Credits, QuotaWindow
from codex_lb.core.usage_report import UsageReport

_LIMITS = ("usage_limit", "quota")


def after_failure(account: Account, block: Block, now: float) -> Account:
    """One block of a kind at a time, or of a kind and a model."""
    others = [
        other
        for other in account.blocks
        if (other.kind, other.model) != (block.kind, block.model) and other.until > now
    ]
    return replace(account, blocks=(*others, block))


def after_success(account: Account, *, since: float) -> Account:
    """`since`: when the successful attempt began."""
    left = tuple(b for b in account.blocks if b.kind == "model" or b.since > since)
    return replace(account, blocks=left)


def after_reading(
    account: Account, windows: Collection[QuotaWindow], credits_: Credits | None, now: float
) -> Account:
    """What came with a reply. Windows it lacks stay as they were."""
    merged = quota.merge(account.windows, list(windows))
    read = replace(account, windows=merged, credits=credits_ or account.credits)
    return replace(read, blocks=_judged(read, now)) if read.blocks else read


def after_report(account: Account, report: UsageReport, now: float) -> Account:
    """A limit that the report says is reached ends by credits alone, whatever its windows say."""
    plan = report.plan or account.identity.plan
    known = replace(
        account,
        identity=replace(account.identity, plan=plan),
        windows=quota.merge(account.windows, report.windows, complete=report.is_complete),
        extras=account.extras if report.extras is None else report.extras,
        reset_credits=(
            account.reset_credits if report.reset_credits is None else report.reset_credits
        ),
    )
    told = after_reading(known, report.windows, report.credits, now)
    if report.limit_reached and not (told.credits and told.credits.usable):
        return replace(told, blocks=account.blocks)
    return told


def cause(account: Account, now: float) -> str:
    """What shows that a spent account is spent, for its timeline."""
    said = [b.reason for b in account.blocks if b.kind in _LIMITS and b.until > now]
    read = [
        f"nothing left of the window of {window.minutes} minutes"
        for window in account.windows
        if quota.left(window, now) == 0.0
    ]
    return (said or read)[0]


def _judged(account: Account, now: float) -> tuple[Block, ...]:
    """The account's blocks after a reading that is among its windows and credits already."""
    judged = (_after_reading(block, account, now) for block in account.blocks)
    return tuple(block for block in judged if block is not None)


def _after_reading(block: Block, account: Account, now: float) -> Block | None:
    """None: disproved."""
    if block.kind not in _LIMITS:
        return block
    known = account.credits
    if known is not None and known.usable and known.measured_at > block.since:
        return None
    if not account.windows or not _is_newer(account.windows, block, now):
        return block
    if all(quota.left(window, now) > 0.0 for window in account.windows):
        return None
    reset = quota.spent_until(account.windows, now)
    return block if reset is None else replace(block, until=math.ceil(reset), is_told=True)


def _is_newer(windows: Iterable[QuotaWindow], block: Block, now: float) -> bool:
    """Whether each window was measured after the block, or has begun anew since."""
    return all(
        window.measured_at > block.since
        or (window.resets_at is not None and block.since < window.resets_at <= now)
        for window in windows
    )
