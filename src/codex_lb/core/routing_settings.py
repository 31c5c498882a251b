"""What the operator has set about routing, by its names in JSON."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from codex_lb.core.affinity import TTL_S

Strategy = Literal[
    "capacity_weighted",
    "usage_weighted",
    "round_robin",
    "relative_availability",
    "fill_first",
    "sequential_drain",
    "reset_drain",
    "single_account",
]


class RoutingSettings(msgspec.Struct, frozen=True):
    """`ValueError` for a single account without its id: it would stop all traffic."""

    strategy: Strategy = field(default="capacity_weighted", name="routingStrategy")
    prefer_earlier_reset: bool = field(default=True, name="preferEarlierResetAccounts")
    prefer_earlier_window: Literal["primary", "secondary"] = field(
        default="secondary", name="preferEarlierResetWindow"
    )
    relative_power: Annotated[float, Meta(gt=0.0, le=1_000.0)] = field(
        default=2.0, name="relativeAvailabilityPower"
    )
    relative_top_k: Annotated[int, Meta(ge=1, le=20)] = field(
        default=5, name="relativeAvailabilityTopK"
    )
    single_account_id: Annotated[str, Meta(max_length=255)] | None = field(
        default=None, name="singleAccountId"
    )
    sticky: bool = field(default=True, name="stickyThreadsEnabled")
    affinity_s: Annotated[int, Meta(ge=1, le=604_800)] = field(
        default=int(TTL_S), name="openaiCacheAffinityMaxAgeSeconds"
    )

    def __post_init__(self) -> None:
        if self.strategy == "single_account" and not self.single_account_id:
            raise ValueError("`singleAccountId` is needed for `single_account`")


DEFAULT = RoutingSettings()
