"""Access as tables: who counts as local, whose request is another site's, who needs no key."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.access import (
    Standing,
    Trust,
    default_gateway,
    is_cross_site,
    is_foreign,
    may_use_proxy,
    resolve,
    standing,
)

ALLOWED = ("localhost", "127.0.0.1", "[::1]")
HOST = {"host": "localhost:2455"}
LAN = (ipaddress.ip_network("192.168.0.0/16"),)

TRACES = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded",
    "x-real-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-ray",
    "x-client-ip",
    "x-cluster-client-ip",
    "fastly-client-ip",
    "x-original-url",
    "x-original-forwarded-for",
    "x-rewrite-url",
    "x-envoy-external-address",
    "x_forwarded_for",
    "X-Forwarded-For",
]


@pytest.mark.parametrize(
    ("peer", "host", "local"),
    [
        pytest.param("127.0.0.1", "localhost", True, id="loopback by an allowed name is local"),
        pytest.param("127.9.9.9", "127.0.0.1:2455", True, id="all of 127.0.0.0/8 is loopback"),
        pytest.param("::1", "[::1]:2455", True, id="so is the one of IPv6, by its bracketed name"),
        pytest.param("::1", "[::1]", True, id="the port may be absent"),
        pytest.param("::ffff:127.0.0.1", "localhost", True, id="so is IPv4 wrapped in IPv6"),
        pytest.param("127.0.0.1", "LocalHost:1", True, id="names are compared without case"),
        pytest.param("192.168.1.2", "localhost", False, id="another machine is remote"),
        pytest.param("::ffff:192.168.1.2", "localhost", False, id="also wrapped in IPv6"),
        pytest.param(None, "localhost", False, id="an unknown peer is remote"),
        pytest.param("", "localhost", False, id="an empty peer is remote"),
        pytest.param("127.0.0.1", "evil.example.com", False, id="a rebound name is remote"),
        pytest.param("127.0.0.1", "localhost.example.com", False, id="a longer name is another"),
        pytest.param("127.0.0.1", "localhost@evil", False, id="a user in Host is not a name"),
        pytest.param("127.0.0.1", "localhost:80:80", False, id="two ports are not a name"),
        pytest.param("127.0.0.1", "localhost:port", False, id="a port is a number"),
        pytest.param("127.0.0.1", "::1", False, id="IPv6 without brackets is not a name"),
        pytest.param("127.0.0.1", "", False, id="an empty Host is remote"),
    ],
)
def test_standing(peer: str | None, host: str, local: bool) -> None:
    expected = Standing.LOCAL if local else Standing.REMOTE
    assert standing(peer, {"host": host}, allowed_hosts=ALLOWED) is expected


def test_no_host_is_remote() -> None:
    assert standing("127.0.0.1", {}, allowed_hosts=ALLOWED) is Standing.REMOTE


@pytest.mark.parametrize("name", TRACES)
def test_what_a_proxy_passed_on_is_remote(name: str) -> None:
    headers = HOST | {name: "127.0.0.1"}
    assert standing("127.0.0.1", headers, allowed_hosts=ALLOWED) is Standing.REMOTE


@given(
    peer=st.sampled_from(["127.0.0.1", "::1", "10.0.0.1", None]),
    headers=st.dictionaries(
        st.sampled_from(["host", "origin", "user-agent", "sec-fetch-site"]),
        st.sampled_from(["localhost", "http://localhost", "evil.example.com", "same-origin"]),
    ),
    trace=st.sampled_from(TRACES),
    value=st.text(max_size=20),
    gateway=st.sampled_from(["127.0.0.1", "10.0.0.1", None]),
)
def test_a_proxy_trace_never_makes_anyone_local(
    peer: str | None, headers: dict[str, str], trace: str, value: str, gateway: str | None
) -> None:
    traced = headers | {trace: value}
    assert standing(peer, traced, allowed_hosts=ALLOWED) is Standing.REMOTE
    assert not may_use_proxy(peer, traced, allowed_hosts=ALLOWED, gateway=gateway)


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        pytest.param({}, False, id="a program sends no Origin"),
        pytest.param({"origin": "http://localhost:2455"}, False, id="our own page"),
        pytest.param({"origin": "http://LOCALHOST:2455"}, False, id="our own page, in capitals"),
        pytest.param({"sec-fetch-site": "same-origin"}, False, id="our own page, says the browser"),
        pytest.param({"sec-fetch-site": "none"}, False, id="typed by the operator"),
        pytest.param({"origin": "http://evil.example.com"}, True, id="another site"),
        pytest.param({"origin": "http://localhost:3000"}, True, id="another port"),
        pytest.param({"origin": "http://localhost"}, True, id="the port 80 is another port"),
        pytest.param({"origin": "http://127.0.0.1:2455"}, True, id="another name for this machine"),
        pytest.param({"origin": "null"}, True, id="a sandboxed frame"),
        pytest.param({"origin": ""}, True, id="an empty Origin"),
        pytest.param({"origin": "file://"}, True, id="a file"),
        pytest.param({"origin": "chrome-extension://localhost:2455"}, True, id="an extension"),
        pytest.param({"origin": "http://localhost:2455/x"}, True, id="not an origin"),
        pytest.param({"sec-fetch-site": "cross-site"}, True, id="another site, says the browser"),
        pytest.param({"sec-fetch-site": "same-site"}, True, id="another origin of the same site"),
        pytest.param(
            {"origin": "http://localhost:2455", "sec-fetch-site": "cross-site"},
            True,
            id="one foreign sign is enough",
        ),
    ],
)
def test_is_foreign(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(HOST | headers) is foreign
    assert is_cross_site("POST", HOST | headers) is foreign
    if foreign:
        assert not may_use_proxy("127.0.0.1", HOST | headers, allowed_hosts=ALLOWED)


@pytest.mark.parametrize(
    ("host", "origin", "foreign"),
    [
        pytest.param("lb.example.com", "https://lb.example.com", False, id="TLS ends before us"),
        pytest.param("lb.example.com:443", "https://lb.example.com", False, id="default port said"),
        pytest.param("lb.example.com", "https://lb.example.com:8443", True, id="own port differs"),
        pytest.param("[::1]:2455", "http://[::1]:2455", False, id="IPv6"),
        pytest.param("", "http://", True, id="nothing is not the same as nothing"),
    ],
)
def test_origin_against_host(host: str, origin: str, foreign: bool) -> None:
    assert is_foreign({"host": host, "origin": origin}) is foreign


@pytest.mark.parametrize(
    ("method", "headers", "cross_site"),
    [
        pytest.param("GET", {"sec-fetch-site": "cross-site"}, False, id="a link may lead here"),
        pytest.param("HEAD", {"sec-fetch-site": "cross-site"}, False, id="also to look"),
        pytest.param(
            "GET",
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
            False,
            id="a link, says the browser",
        ),
        pytest.param(
            "GET",
            {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
            True,
            id="an image of another port's page may not",
        ),
        pytest.param(
            "GET",
            {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
            False,
            id="our own script may",
        ),
        pytest.param(
            "GET", {"origin": "http://evil.example.com"}, True, id="a script or WebSocket may not"
        ),
        pytest.param("DELETE", {"sec-fetch-site": "cross-site"}, True, id="a write may not"),
        pytest.param("post", {"sec-fetch-site": "cross-site"}, True, id="in any spelling"),
        pytest.param("FETCH", {"sec-fetch-site": "cross-site"}, True, id="unknown is unsafe"),
    ],
)
def test_is_cross_site(method: str, headers: dict[str, str], cross_site: bool) -> None:
    assert is_cross_site(method, HOST | headers) is cross_site


@pytest.mark.parametrize(
    ("peer", "headers", "may"),
    [
        pytest.param("127.0.0.1", HOST, True, id="a local caller may"),
        pytest.param("127.0.0.1", {"host": "evil.example.com"}, False, id="not by a rebound name"),
        pytest.param("10.0.0.1", HOST, False, id="another machine may not"),
        pytest.param("192.168.7.7", {"host": "lb"}, True, id="a named network may, by any name"),
        pytest.param("::ffff:192.168.7.7", {"host": "lb"}, True, id="also wrapped in IPv6"),
        pytest.param(
            "192.168.7.7",
            {"host": "lb", "x-forwarded-for": "8.8.8.8"},
            True,
            id="a proxy in a named network is the operator's choice",
        ),
        pytest.param(
            "192.168.7.7",
            {"host": "evil.example.com", "origin": "http://evil.example.com"},
            False,
            id="a browser there not by a name that its page chose",
        ),
        pytest.param(
            "192.168.7.7",
            {"host": "192.168.1.1:2455", "origin": "http://192.168.1.1:2455"},
            True,
            id="but by our address",
        ),
        pytest.param(
            "192.168.7.7",
            {"host": "192.168.1.1:2455", "origin": "http://evil.example.com"},
            False,
            id="and not for another site",
        ),
        pytest.param("172.17.0.1", HOST, True, id="a container's gateway is the host"),
        pytest.param(
            "172.17.0.1",
            HOST | {"x-forwarded-for": "8.8.8.8"},
            False,
            id="unless it passes on someone else",
        ),
        pytest.param(
            "172.17.0.1", {"host": "evil.example.com"}, False, id="or goes by a rebound name"
        ),
        pytest.param("172.17.0.2", HOST, False, id="the container next door needs a key"),
        pytest.param(None, HOST, False, id="an unknown peer needs a key"),
    ],
)
def test_may_use_proxy(peer: str | None, headers: dict[str, str], may: bool) -> None:
    assert (
        may_use_proxy(peer, headers, allowed_hosts=ALLOWED, networks=LAN, gateway="172.17.0.1")
        is may
    )


PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("127.0.0.1"))


@pytest.mark.parametrize(
    ("peer", "chain", "address"),
    [
        pytest.param("192.0.2.1", "8.8.8.8", "192.0.2.1", id="a stranger's word is nothing"),
        pytest.param("10.0.0.1", "8.8.8.8", "8.8.8.8", id="a named proxy's word counts"),
        pytest.param("::ffff:10.0.0.1", "8.8.8.8", "8.8.8.8", id="also wrapped in IPv6"),
        pytest.param("10.0.0.1", "1.1.1.1, 8.8.8.8", "8.8.8.8", id="but only whom it saw itself"),
        pytest.param("10.0.0.1", "1.1.1.1,8.8.8.8, 10.0.0.2", "8.8.8.8", id="or its fellow"),
        pytest.param("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3", id="proxies alone: the first"),
        pytest.param("10.0.0.1", "8.8.8.8, nonsense", "10.0.0.1", id="nothing beyond nonsense"),
        pytest.param("10.0.0.1", "", "10.0.0.1", id="nothing said"),
        pytest.param(None, "8.8.8.8", None, id="nobody there"),
    ],
)
def test_a_callers_address(peer: str | None, chain: str, address: str | None) -> None:
    headers = HOST | {"x-forwarded-for": chain}
    place = resolve(peer, "http", headers, Trust(ALLOWED, PROXIES))
    assert place.address == address
    assert resolve(peer, "http", headers, Trust(ALLOWED)).address == peer


@pytest.mark.parametrize("peer", ["10.0.0.1", "127.0.0.1"])
def test_a_proxy_makes_nobody_local(peer: str) -> None:
    headers = HOST | {"x-forwarded-for": "127.0.0.1"}
    assert resolve(peer, "http", headers, Trust(ALLOWED, PROXIES)).standing is Standing.REMOTE


@pytest.mark.parametrize(
    ("peer", "scheme", "told", "is_https"),
    [
        ("10.0.0.1", "http", "https", True),
        ("10.0.0.1", "https", "http", False),
        ("192.0.2.1", "http", "https", False),
        ("192.0.2.1", "https", "http", True),
        ("10.0.0.1", "https", None, True),
    ],
)
def test_https_is_what_a_named_proxy_says(
    peer: str, scheme: str, told: str | None, is_https: bool
) -> None:
    headers = HOST | ({"x-forwarded-proto": told} if told else {})
    assert resolve(peer, scheme, headers, Trust(ALLOWED, PROXIES)).is_https is is_https


HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


@pytest.mark.parametrize(
    ("routes", "gateway"),
    [
        pytest.param(
            "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
            "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n",
            "172.17.0.1",
            id="the default route's gateway",
        ),
        pytest.param(
            "a\t00000000\t0100000A\t0003\t0\t0\t200\t00000000\t0\t0\t0\n"
            "b\t00000000\t0200000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
            "10.0.0.2",
            id="the lowest metric wins",
        ),
        pytest.param(
            "a\t00000000\t0100000A\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n",
            None,
            id="a route to 0.0.0.0/8 is not the default",
        ),
        pytest.param(
            "ppp\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n",
            None,
            id="a default route may have no gateway",
        ),
        pytest.param("", None, id="no routes, no gateway"),
        pytest.param("eth0\t00000000\n", None, id="half a line says nothing"),
    ],
)
def test_default_gateway(routes: str, gateway: str | None) -> None:
    assert default_gateway(HEAD + routes) == gateway
