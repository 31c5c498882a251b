"""A fresh pool of accounts for one test, inside a service that serves many tests."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.journeys import wire
from tests.journeys.service import JsonObject, Service

from codex_lb.simulator import Received, SimAccount, Simulator

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Member:
    """One account, as upstream and as the service know it."""

    upstream: SimAccount
    id: str


@dataclass(slots=True)
class Pool:
    """The accounts of one test, and what became of its requests."""

    sim: Simulator
    service: Service
    members: list[Member] = field(default_factory=list)
    began_at: float = 0.0  # Unix seconds

    @classmethod
    async def begin(cls, sim: Simulator, service: Service) -> "Pool":
        sim.reset()
        return cls(sim, service, began_at=sim.now())

    async def end(self) -> None:
        """Take the accounts out again, so that the next test starts with none."""
        for account_id in await self.service.accounts():
            await self.service.admin("DELETE", f"/api/accounts/{account_id}")

    async def add(self, **features: Any) -> Member:
        """Sign an account in upstream and import it; each has a mail address of its own."""
        email = f"account-{next(_numbers)}@example.com"
        account = self.sim.add_account(email=email, **features)
        member = Member(account, await self.service.import_account(account))
        self.members.append(member)
        return member

    async def add_two(self) -> tuple[Member, Member]:
        return await self.add(), await self.add()

    async def tie(self, key: str) -> tuple[Member, Member]:
        """Serve one turn of the conversation `key`; the account that did it, and another one.

        The conversation stays on its account, so a test then knows who is asked first.
        """
        reply = await wire.ask(self.service, key=key)
        assert reply.is_completed, reply
        owner = self.asked()[-1]
        return owner, next(member for member in self.members if member is not owner)

    def asked(self) -> list[Member]:
        """Who was asked for an answer upstream, in order, once per upstream call."""
        return [self._member(received) for received in self.calls()]

    def calls(self) -> list[Received]:
        """The model requests that upstream received."""
        return self.sim.requests_to("/codex/responses", method="POST")

    def turns(self) -> list[Received]:
        """The turns that upstream received over WebSockets, without those that warm one up."""
        frames = self.sim.requests_to("/codex/responses", method="WS")
        return [frame for frame in frames if frame.endpoint == "responses"]

    async def status(self, member: Member) -> str:
        """In the words of the accounts page."""
        return str((await self.service.accounts())[member.id]["status"])

    async def rows(self, count: int) -> list[JsonObject]:
        """The test's own request rows, when `count` are closed; there must not be more."""
        rows = await self.service.closed_rows(since=self.began_at, count=count)
        assert len(rows) == count, rows
        return rows

    def client_requests(self) -> int:
        """How many requests clients have made so far."""
        return len(self.service.rows(since=self.began_at))

    async def last_attempts(self, count: int) -> list[tuple[Member, str | None, str]]:
        """Account, code and verdict of each attempt in the last of `count` rows."""
        row = (await self.rows(count))[-1]
        by_id = {member.id: member for member in self.members}
        return [(by_id[a["account_id"]], a["code"], a["verdict"]) for a in row["attempts"]]

    def spread(self) -> Counter[str]:
        """How many upstream calls each account got, by mail address."""
        return Counter(member.upstream.email for member in self.asked())

    def _member(self, received: Received) -> Member:
        """By the header, because upstream knows nobody by a token that has lapsed."""
        account_id = received.headers["chatgpt-account-id"]
        return next(each for each in self.members if each.upstream.account_id == account_id)
