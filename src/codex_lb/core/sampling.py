"""Which readings of a quota window are worth keeping for history and forecast.

Every reply brings one, and most say nothing new. What changed is kept, at most once a minute; what
did not, twice an hour, so that standing still can be told from not knowing.
"""

from codex_lb.core.model import QuotaSample, QuotaWindow

SMALLEST_CHANGE = 0.001  # share
SMALLEST_MOVE_S = 60.0  # of the reset; less is what upstream's clock and ours differ
OFTEN_S = 60.0
SELDOM_S = 1800.0


def worth_keeping(last: QuotaSample | None, new: QuotaWindow) -> bool:
    """`last` is the sample kept last of the same window, None if there is none."""
    if last is None:
        return True
    age_s = new.measured_at - last.measured_at
    if age_s <= 0:
        return False
    if age_s >= SELDOM_S or _has_moved(last, new):
        return True
    # A subtraction of shares is off by a little.
    return age_s >= OFTEN_S and abs(new.used - last.used) > SMALLEST_CHANGE - 1e-9


def _has_moved(last: QuotaSample, new: QuotaWindow) -> bool:
    """Whether another window has begun. The reset of an unused one may slide along with time."""
    if last.resets_at is None or new.resets_at is None or not (last.used or new.used):
        return False
    return abs(new.resets_at - last.resets_at) > SMALLEST_MOVE_S
