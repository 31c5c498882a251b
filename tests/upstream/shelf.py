"""A store of one account that can be made to fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from codex_lb.core.failover import Verdict
from codex_lb.core.model import Credential
from codex_lb.core.renewal import Claim


@dataclass
class Shelf:
    kept: Credential | None
    failures: int = 0  # how often storing still fails
    is_down: bool = False  # nothing can be claimed or released
    answers: Sequence[Claim] = ()  # to the next claims, instead of the truth
    claimed: str | None = None
    stored: list[str] = field(default_factory=list)

    async def credential(self, account_id: str) -> Credential | None:
        del account_id
        return self.kept

    async def claim_refresh(self, account_id: str, refresh_token: str, *, now: float) -> Claim:
        del account_id, now
        self._be_up()
        if self.answers:
            answer, *self.answers = self.answers
            return answer
        if self.kept is None:
            return "gone"
        if self.kept.refresh_token != refresh_token:
            return self.kept
        self.claimed = refresh_token
        return "claimed"

    async def release_refresh(self, account_id: str, refresh_token: str) -> None:
        del account_id
        self._be_up()
        if self.claimed == refresh_token:
            self.claimed = None

    async def replace_credential(
        self, account_id: str, *, expected_refresh_token: str, credential: Credential
    ) -> bool:
        del account_id
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        if self.kept is None or self.kept.refresh_token != expected_refresh_token:
            return False
        self.kept = credential
        self.claimed = None
        self.stored.append(credential.refresh_token)
        return True

    def _be_up(self) -> None:
        if self.is_down:
            raise OSError("no route to host")


@dataclass
class Heard:
    """An observer that writes down what it is told."""

    news: list[tuple[str, str]] = field(default_factory=list)

    def renewed(self, account_id: str, credential: Credential) -> None:
        self.news.append((account_id, f"renewed {credential.refresh_token}"))

    def adopted(self, account_id: str, credential: Credential) -> None:
        self.news.append((account_id, f"adopted {credential.refresh_token}"))

    def refused(self, account_id: str, verdict: Verdict) -> None:
        self.news.append((account_id, f"{verdict.state} {verdict.reason}"))
