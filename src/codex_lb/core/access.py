"""Who is calling, from where. Pure."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from enum import Enum


class Standing(Enum):
    LOCAL = "local"
    REMOTE = "remote"


_TRACES = ("forwarded", "via", "x-forwarded", "x-real-ip", "true-client-ip", "cf-", "x-client-ip")


def standing(
    peer: str | None, headers: Mapping[str, str], *, allowed_hosts: Collection[str]
) -> Standing:
    try:
        loopback = peer is not None and ipaddress.ip_address(peer).is_loopback
    except ValueError:
        loopback = False
    host = headers.get("host", "")
    name = host.split("]")[0] + "]" if host.startswith("[") else host.split(":")[0]
    if not loopback or name.lower() not in allowed_hosts:
        return Standing.REMOTE
    traced = any(header.startswith(_TRACES) for header in headers)
    return Standing.REMOTE if traced else Standing.LOCAL


def is_cross_site(method: str, headers: Mapping[str, str]) -> bool:
    if method in ("GET", "HEAD", "OPTIONS"):
        return False
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        return True
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def may_use_proxy(
    peer: str | None,
    headers: Mapping[str, str],
    *,
    allowed_hosts: Collection[str],
    networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> bool:
    if standing(peer, headers, allowed_hosts=allowed_hosts) is Standing.LOCAL:
        return True
    address = ipaddress.ip_address(peer) if peer else None
    return address is not None and any(address in network for network in networks)
