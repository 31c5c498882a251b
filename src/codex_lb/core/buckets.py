"""Cut the past into equal pieces for a chart: which timeframe has how many, and where they begin.

Pieces begin at whole multiples of their length in UTC, so that a chart moves only when a piece is
over. The last one holds now and is not over yet.
"""

from dataclasses import dataclass
from typing import Literal

TimeframeKey = Literal["1d", "7d", "30d"]


@dataclass(frozen=True, slots=True)
class Timeframe:
    key: TimeframeKey
    bucket_s: int
    count: int

    @property
    def length_s(self) -> int:
        return self.bucket_s * self.count


TIMEFRAMES: dict[TimeframeKey, Timeframe] = {
    "1d": Timeframe("1d", 3_600, 24),
    "7d": Timeframe("7d", 21_600, 28),
    "30d": Timeframe("30d", 86_400, 30),
}


@dataclass(frozen=True, slots=True)
class Period:
    """`count` buckets from `start_at`, and the same stretch one timeframe earlier.

    The earlier one ends where the current one stands now, so that like is compared with like.
    """

    start_at: int  # Unix seconds
    bucket_s: int
    count: int
    previous_start_at: int
    previous_end_at: float

    @property
    def length_s(self) -> int:
        return self.bucket_s * self.count

    @property
    def end_at(self) -> int:
        return self.start_at + self.length_s

    @property
    def starts(self) -> range:
        return range(self.start_at, self.end_at, self.bucket_s)


def period(timeframe: Timeframe, now: float) -> Period:
    last = int(now // timeframe.bucket_s) * timeframe.bucket_s
    start_at = last - (timeframe.count - 1) * timeframe.bucket_s
    return Period(
        start_at=start_at,
        bucket_s=timeframe.bucket_s,
        count=timeframe.count,
        previous_start_at=start_at - timeframe.length_s,
        previous_end_at=now - timeframe.length_s,
    )
