"""Who is calling, and from where? Asked before a request without a session or key is trusted.

A loopback peer is not an identity: every web page in the operator's browser and every reverse
proxy on the host comes from loopback. So

1. a caller is *local* only if its peer is loopback, its `Host` is an allowed name (a rebound DNS
   name is not) and nothing shows that a proxy passed it on;
2. a request is *foreign* if the browser says that another site's page made it; it never gets
   anything that rests on the caller's address alone;
3. key-less use of the proxy is for local callers and for networks the operator has named. In a
   container its default gateway stands for the host itself, under the rules of a local caller;
4. a caller's *address* is its peer's, unless that is a proxy the operator has named: then it is
   the last one in `X-Forwarded-For` that no such proxy has. It never makes a caller local.

Headers are a mapping of lower-case names to first values. Programs that are not browsers send
neither `Origin` nor `Sec-Fetch-Site` and are never foreign.
"""

import enum
import ipaddress
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Headers that reverse proxies, load balancers and CDNs add: RFC 7239 and 9110, and the documents of
# nginx, HAProxy, Envoy, Traefik, Cloudflare, Fastly, Akamai, AWS, Azure, Google, Fly and Vercel.
_TRACES = frozenset(
    {
        "cdn-loop",
        "client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "forwarded",
        "forwarded-for",
        "true-client-ip",
        "via",
        "x-amzn-trace-id",
        "x-appengine-user-ip",
        "x-client-ip",
        "x-cloud-trace-context",
        "x-cluster-client-ip",
        "x-host",
        "x-nginx-proxy",
        "x-proxyuser-ip",
        "x-remote-addr",
        "x-remote-ip",
        "x-rewrite-url",
        "x-scheme",
    }
)
_TRACE_PREFIXES = (
    "cf-",
    "x-akamai-",
    "x-arr-",
    "x-azure-",
    "x-envoy-",
    "x-forwarded",
    "x-original-",
    "x-real-",
    "x-vercel-",
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[\w.-]+))(?::(?P<port>\d{1,5}))?",
    re.ASCII | re.IGNORECASE,
)
_ROUTE_HAS_GATEWAY = 0x2  # RTF_GATEWAY of linux/route.h


class Standing(enum.Enum):
    LOCAL = enum.auto()
    REMOTE = enum.auto()


@dataclass(frozen=True, slots=True)
class Trust:
    """What the operator's environment says of names and proxies."""

    allowed_hosts: Collection[str]
    proxies: Collection[IPNetwork] = ()  # whose forwarding headers count


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from."""

    address: str | None
    standing: Standing
    is_https: bool  # on the caller's side, as far as is known


def resolve(peer: str | None, scheme: str, headers: Mapping[str, str], trust: Trust) -> Place:
    """The one answer for access, throttling and the audit log.

    Here and in `caller_address`, a repeated `X-Forwarded-For` stands in `headers` whole, its values
    joined by commas: a caller may send the first, and its proxy add the second.
    """
    where = standing(peer, headers, allowed_hosts=trust.allowed_hosts)
    if is_within(peer, trust.proxies) and "x-forwarded-proto" in headers:
        scheme = headers["x-forwarded-proto"].strip().lower()
    return Place(caller_address(peer, headers, trust.proxies), where, scheme == "https")


def caller_address(
    peer: str | None, headers: Mapping[str, str], proxies: Collection[IPNetwork]
) -> str | None:
    """As in rule 4. From right to left, because each proxy adds on the right whom it saw."""
    if not is_within(peer, proxies):
        return peer
    for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
        address = _address(hop.strip())
        if address is None:
            break
        peer = str(address)
        if not _is_among(address, proxies):
            break
    return peer


def is_within(address: str | None, networks: Collection[IPNetwork]) -> bool:
    return bool(networks) and _is_among(_address(address), networks)


def _is_among(address: IPAddress | None, networks: Iterable[IPNetwork]) -> bool:
    return address is not None and any(address in network for network in networks)


def standing(
    peer: str | None, headers: Mapping[str, str], *, allowed_hosts: Collection[str]
) -> Standing:
    """Whether the caller is a program on this machine. `peer` is the socket's address."""
    address = _address(peer)
    local = address is not None and address.is_loopback and _is_direct(headers, allowed_hosts)
    return Standing.LOCAL if local else Standing.REMOTE


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends this for a page of another origin."""
    fetch_site = headers.get("sec-fetch-site", "").strip().lower()
    return _has_other_origin(headers) or fetch_site in {"cross-site", "same-site"}


def is_cross_site(method: str, headers: Mapping[str, str]) -> bool:
    """Whether to refuse this as another site's doing, even with a valid session.

    A safe method may come from a link on any page, but not with a foreign `Origin`: that is a
    script that wants to read the answer, or a WebSocket. Nor may an image or the like be fetched:
    the page could not read it, but learn from how long it takes.
    """
    is_link = headers.get("sec-fetch-mode", "navigate").strip().lower() == "navigate"
    if is_link and method.upper() in SAFE_METHODS:
        return _has_other_origin(headers)
    return is_foreign(headers)


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token that the caller shows, if any."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def may_use_proxy(
    peer: str | None,
    headers: Mapping[str, str],
    *,
    allowed_hosts: Collection[str],
    networks: Iterable[IPNetwork] = (),
    gateway: str | None = None,
) -> bool:
    """Whether the caller may use the proxy without an API key.

    `networks` are the operator's; a peer inside may call us by any name unless it is a browser,
    because a page can give its own name our address. `gateway` is the container's host.
    """
    address = _address(peer)
    if address is None or is_foreign(headers):
        return False
    if address.is_loopback or (gateway is not None and address == _address(gateway)):
        return _is_direct(headers, allowed_hosts)
    if "origin" in headers and not _is_unforgeable(headers, allowed_hosts):
        return False
    return _is_among(address, networks)


def default_gateway(route_table: str) -> str | None:
    """The IPv4 default gateway in the text of Linux's `/proc/net/route`, or None.

    Addresses stand there as hexadecimal numbers in the machine's byte order.
    """
    candidates: list[tuple[int, str]] = []
    for line in route_table.splitlines()[1:]:
        columns = line.split()
        if len(columns) < 8:  # noqa: PLR2004 # Iface Destination Gateway Flags RefCnt Use Metric Mask
            continue
        _, destination, gateway, flags, _, _, metric, mask = columns[:8]
        if int(destination, 16) or int(mask, 16) or not int(flags, 16) & _ROUTE_HAS_GATEWAY:
            continue
        octets = int(gateway, 16).to_bytes(4, sys.byteorder)
        candidates.append((int(metric), str(ipaddress.IPv4Address(octets))))
    return min(candidates)[1] if candidates else None


def _is_direct(headers: Mapping[str, str], allowed_hosts: Collection[str]) -> bool:
    """Whether the caller names us by an allowed name, with no proxy between."""
    return _is_allowed(headers, allowed_hosts) and not any(_is_trace(name) for name in headers)


def _is_unforgeable(headers: Mapping[str, str], allowed_hosts: Collection[str]) -> bool:
    """Whether no foreign page can have chosen the `Host`: an allowed name, or an address."""
    authority = _authority(headers.get("host", ""))
    literal = authority is not None and _address(authority[0]) is not None
    return literal or _is_allowed(headers, allowed_hosts)


def _is_allowed(headers: Mapping[str, str], allowed_hosts: Collection[str]) -> bool:
    authority = _authority(headers.get("host", ""))
    return authority is not None and authority[0] in {
        host.strip("[]").lower() for host in allowed_hosts
    }


def _is_trace(name: str) -> bool:
    """Underscores count as hyphens: some servers cannot tell them apart."""
    name = name.lower().replace("_", "-")
    return name in _TRACES or name.startswith(_TRACE_PREFIXES)


def _has_other_origin(headers: Mapping[str, str]) -> bool:
    """Whether `Origin` is there and not ours; "null" never is.

    The scheme may differ, because behind a proxy that ends TLS we do not see the browser's.
    """
    origin = headers.get("origin")
    if origin is None:
        return False
    scheme, _, rest = origin.strip().lower().partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    theirs, ours = _authority(rest), _authority(headers.get("host", ""))
    if port is None or theirs is None or ours is None:
        return True
    return (theirs[0], theirs[1] or port) != (ours[0], ours[1] or port)


def _authority(text: str) -> tuple[str, int | None] | None:
    """Name in lower case without brackets, and port; None if `text` is not of that form."""
    match = _AUTHORITY.fullmatch(text.strip())
    if match is None:
        return None
    return (match["v6"] or match["name"]).lower(), int(match["port"]) if match["port"] else None


def _address(text: str | None) -> IPAddress | None:
    """The address in `text`, an IPv4 one that is wrapped in IPv6 unwrapped; None if it is none."""
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
