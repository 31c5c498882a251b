"""The proxy's address list at the wire, and in the store."""

import httpx2
import pytest
from tests.dashboard.builders import NOW, FakeAccounts, FakeFirewall, caller

from codex_lb.core.access import IPNetwork
from codex_lb.core.firewall import Entry
from codex_lb.dashboard.stored_firewall import StoredFirewall
from codex_lb.store import Store

PATH = "/api/firewall/ips"


@pytest.fixture
def here(accounts: FakeAccounts) -> httpx2.AsyncClient:
    return caller(accounts, peer="127.0.0.1", firewall=FakeFirewall())


async def test_at_first_everybody_may_come(here: httpx2.AsyncClient) -> None:
    assert (await here.get(PATH)).json() == {"mode": "allow_all", "entries": []}


async def test_addresses_and_networks_are_listed_and_taken_off(here: httpx2.AsyncClient) -> None:
    told = {"ipAddress": "192.0.2.0/24", "createdAt": "2026-09-21T14:13:20Z"}
    answer = await here.post(PATH, json={"ipAddress": "192.0.2.7/24"})
    assert (answer.status_code, answer.json()) == (200, told)
    assert (await here.get(PATH)).json() == {"mode": "allowlist_active", "entries": [told]}
    answer = await here.delete(f"{PATH}/192.0.2.0%2F24")
    assert answer.json() == {"status": "deleted"}
    assert (await here.get(PATH)).json()["entries"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", PATH, {"ipAddress": "somewhere"}, 400, "invalid_ip"),
        ("POST", PATH, {"ipAddress": "::1/128"}, 409, "ip_exists"),
        ("POST", PATH, {}, 422, "validation_error"),
        ("DELETE", f"{PATH}/10.0.0.1", None, 404, "ip_not_found"),
        ("DELETE", f"{PATH}/somewhere", None, 400, "invalid_ip"),
    ],
)
async def test_what_cannot_be_listed(
    here: httpx2.AsyncClient, method: str, path: str, body: object, status: int, code: str
) -> None:
    await here.post(PATH, json={"ipAddress": "::1"})
    answer = await here.request(method, path, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_the_list_is_kept_and_told(store: Store) -> None:
    told: list[list[str]] = []

    def tell(networks: tuple[IPNetwork, ...]) -> None:
        told.append([str(network) for network in networks])

    firewall = StoredFirewall(store, tell)
    one, two = Entry("192.0.2.1", NOW), Entry("10.0.0.0/8", NOW)
    assert await firewall.add(one)
    assert await firewall.add(two)
    assert not await firewall.add(Entry("192.0.2.1", NOW + 1))
    assert await firewall.remove("192.0.2.1")
    assert not await firewall.remove("192.0.2.1")
    await StoredFirewall(store, tell).load()
    assert await firewall.entries() == [two]
    assert told == [
        ["192.0.2.1/32"],
        ["192.0.2.1/32", "10.0.0.0/8"],
        ["10.0.0.0/8"],
        ["10.0.0.0/8"],
    ]
