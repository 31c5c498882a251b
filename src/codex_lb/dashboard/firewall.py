"""The routes of the proxy's address list."""

from datetime import datetime
from typing import Literal, Protocol

from fastapi import APIRouter, Request

from codex_lb.core import firewall
from codex_lb.core.firewall import Entry
from codex_lb.dashboard import audit
from codex_lb.dashboard.ports import Clock
from codex_lb.dashboard.problems import Problem, errors
from codex_lb.dashboard.summaries import Shape, StatusResponse, moment


class FirewallPort(Protocol):
    """The list, kept; a change acts on the next request."""

    async def entries(self) -> list[Entry]: ...

    async def add(self, entry: Entry) -> bool:
        """False if it is there already."""

    async def remove(self, network: str) -> bool:
        """False if it is not there."""


class FirewallIpEntry(Shape):
    ip_address: str
    created_at: datetime


class FirewallIpsResponse(Shape):
    mode: Literal["allow_all", "allowlist_active"]
    entries: list[FirewallIpEntry]


class FirewallIpCreateRequest(Shape):
    ip_address: str


def routes(port: FirewallPort, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/firewall/ips", tags=["firewall"])

    @router.get("")
    async def list_firewall_ips() -> FirewallIpsResponse:
        entries = await port.entries()
        mode: Literal["allow_all", "allowlist_active"] = (
            "allowlist_active" if entries else "allow_all"
        )
        return FirewallIpsResponse(mode=mode, entries=[_told(entry) for entry in entries])

    @router.post("", responses=errors(409))
    async def add_firewall_ip(request: Request, wanted: FirewallIpCreateRequest) -> FirewallIpEntry:
        """An address or a network in CIDR notation. The first one locks everyone else out."""
        entry = Entry(_parsed(wanted.ip_address), clock())
        if not await port.add(entry):
            raise Problem(409, "ip_exists", "This address is listed already.")
        audit.tell(request, target=entry.network)
        return _told(entry)

    @router.delete("/{ip:path}", responses=errors(404))
    async def remove_firewall_ip(ip: str) -> StatusResponse:
        if not await port.remove(_parsed(ip)):
            raise Problem(404, "ip_not_found", "This address is not listed.")
        return StatusResponse(status="deleted")

    return router


def _parsed(text: str) -> str:
    network = firewall.parse(text)
    if network is None:
        raise Problem(400, "invalid_ip", "This is neither an IP address nor a network.")
    return network


def _told(entry: Entry) -> FirewallIpEntry:
    return FirewallIpEntry(ip_address=entry.network, created_at=moment(entry.created_at))
