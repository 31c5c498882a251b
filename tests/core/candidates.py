"""Accounts as routing looks at them, for its tests."""

from hypothesis import strategies as st

from codex_lb.core.model import (
    Account,
    AccountState,
    Block,
    BlockKind,
    Credits,
    ExtraLimit,
    Identity,
    Priority,
    QuotaWindow,
)
from codex_lb.core.obstacles import Candidate

NOW = 1_000_000.0
HOUR = 3_600.0
DAY = 86_400.0


def account(
    name: str,
    *used: float,
    resets_in: float = HOUR,
    plan: str = "plus",
    state: AccountState = "active",
    windows: tuple[QuotaWindow, ...] = (),
    blocks: tuple[Block, ...] = (),
    credits: Credits | None = None,  # noqa: A002  as the account has it
    extras: tuple[ExtraLimit, ...] = (),
    priority: Priority = "normal",
    in_flight: int = 0,
    limit: int = 8,
    chosen_seq: int = 0,
    unanswered: int = 0,
) -> Candidate:
    """An account with one window per `used` share, all resetting `resets_in` seconds from NOW."""
    read = windows or tuple(
        QuotaWindow(300 + i, share, NOW + resets_in, NOW, "headers") for i, share in enumerate(used)
    )
    identity = Identity(name, None, f"{name}@example.com", plan)
    row = Account(
        name, identity, state, None, 0, 0, None, read, blocks, credits, extras, priority=priority
    )
    return Candidate(row, in_flight, limit, chosen_seq, unanswered)


def weekly(
    name: str, *, short: float = 0.0, long: float = 0.0, days: float | None = 6.5, **fields: object
) -> Candidate:
    """An account with upstream's two windows; the long one resets in `days`."""
    windows = (
        QuotaWindow(300, short, NOW + HOUR, NOW, "headers"),
        QuotaWindow(10_080, long, None if days is None else NOW + days * DAY, NOW, "headers"),
    )
    return account(name, windows=windows, **fields)  # type: ignore[arg-type]


def blocked(
    name: str,
    kind: BlockKind,
    seconds: float = HOUR,
    model: str | None = None,
    *,
    is_told: bool = True,
    in_flight: int = 0,
) -> Candidate:
    block = Block(kind, NOW, NOW + seconds, "x", model, is_told)
    return account(name, blocks=(block,), in_flight=in_flight)


_kinds: list[BlockKind] = ["usage_limit", "quota", "burst", "fault", "login", "model"]
_times = st.integers(0, 2_000).map(lambda s: NOW - 1000 + s)
_windows = st.lists(
    st.builds(
        QuotaWindow,
        minutes=st.sampled_from([300, 10_080]),
        used=st.sampled_from([0.0, 0.5, 1.0]),
        resets_at=_times,
        measured_at=st.just(NOW),
        source=st.just("headers"),
    ),
    max_size=2,
).map(tuple)
_blocks = st.lists(
    st.builds(
        Block,
        kind=st.sampled_from(_kinds),
        since=st.just(NOW),
        until=_times,
        reason=st.just("x"),
        model=st.sampled_from(["x", "y"]),
        is_told=st.booleans(),
    ),
    max_size=2,
).map(tuple)
_credits = st.none() | st.builds(
    Credits,
    has=st.booleans(),
    unlimited=st.booleans(),
    balance=st.none() | st.sampled_from([0.0, 1.0]),
    measured_at=st.just(NOW),
)
_extras = st.lists(
    st.builds(ExtraLimit, feature=st.just("f"), name=st.sampled_from("XY"), windows=_windows),
    max_size=1,
).map(tuple)
candidates_ = st.lists(
    st.builds(
        account,
        name=st.sampled_from("abcdef"),
        state=st.sampled_from(["active", "active", "active", "paused", "deactivated"]),
        plan=st.sampled_from(["plus", "pro", "free"]),
        windows=_windows,
        blocks=_blocks,
        credits=_credits,
        extras=_extras,
        priority=st.sampled_from(["burn_first", "normal", "preserve"]),
        in_flight=st.integers(0, 9),
        chosen_seq=st.integers(0, 3),
    ),
    unique_by=lambda candidate: candidate.account.id,
    max_size=5,
)
