"""Say how long the next guess at a password or code must wait.

A guess is counted before it is looked at, for its place (an address) and for everyone together, so
that neither many guesses at once nor many addresses help. After the free ones each takes longer to
come than the one before, up to a bound; after `QUIET_S` without any, all is as at first.

Together that is at most eight in the first minute and 200 a day, whatever the caller does.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

QUIET_S = 7_200.0


@dataclass(frozen=True, slots=True)
class Pace:
    free: int  # guesses without a wait
    first_s: float  # the first wait; each further one is twice as long
    most_s: float


ONE_PLACE = Pace(5, 15.0, 900.0)
EVERYONE = Pace(8, 60.0, 480.0)


@dataclass(frozen=True, slots=True)
class Tally:
    count: int = 0
    last_at: float = 0.0

    def wait_s(self, pace: Pace, now: float) -> float:
        passed = max(now - self.last_at, 0.0)
        if self.count < pace.free or passed >= QUIET_S:
            return 0.0
        doublings = min(self.count - pace.free, 16)
        return max(min(pace.first_s * 2.0**doublings, pace.most_s) - passed, 0.0)

    def counted(self, now: float) -> "Tally":
        return Tally(1 if now - self.last_at >= QUIET_S else self.count + 1, now)

    def refunded(self) -> "Tally":
        return replace(self, count=max(self.count - 1, 0))


@dataclass(frozen=True, slots=True)
class Throttle:
    """The guesses so far. `everyone` None: only places count, because they are known."""

    everyone: Tally | None = field(default_factory=Tally)
    places: Mapping[str, Tally] = field(default_factory=dict)

    def wait_s(self, place: str, now: float) -> float:
        own = self.places.get(place, Tally()).wait_s(ONE_PLACE, now)
        return max(own, self.everyone.wait_s(EVERYONE, now)) if self.everyone else own

    def counted(self, place: str, now: float) -> "Throttle":
        """With one guess more; places that have been quiet are forgotten."""
        kept = {name: t for name, t in self.places.items() if now - t.last_at < QUIET_S}
        kept[place] = kept.get(place, Tally()).counted(now)
        return Throttle(self.everyone.counted(now) if self.everyone else None, kept)

    def refunded(self, place: str) -> "Throttle":
        """It was no guess: the password was right. Wrong ones before it still count."""
        places = {**self.places, place: self.places.get(place, Tally()).refunded()}
        return Throttle(self.everyone.refunded() if self.everyone else None, places)

    def cleared(self, place: str) -> "Throttle":
        """Whoever is there has proved itself: nothing counts against the place any more."""
        fresh = self.refunded(place)
        return replace(fresh, places={n: t for n, t in fresh.places.items() if n != place})


def place_of(address: str | None) -> str:
    """Where the guesses of a caller count. An IPv6 caller has a whole /64 to choose from."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
