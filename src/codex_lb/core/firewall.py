"""From which addresses may the proxy be used at all, key or not? The operator lists them.

An empty list lets everyone in. An entry is an address or a network.
"""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

from codex_lb.core.access import IPNetwork, is_within


@dataclass(frozen=True, slots=True)
class Entry:
    network: str  # in the one spelling that `parse` gives
    created_at: float


def parse(text: str) -> str | None:
    """The entry's one spelling, an address without its length; None if it is neither."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    alone = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if alone else str(network)


def networks(entries: Collection[Entry]) -> tuple[IPNetwork, ...]:
    return tuple(ipaddress.ip_network(entry.network) for entry in entries)


def admits(address: str | None, listed: Collection[IPNetwork]) -> bool:
    return not listed or is_within(address, listed)
