"""Who may call, and with which tokens: accounts and their login sessions.

Access tokens are JWTs of the real shape with an empty promise for a signature. Refresh tokens
rotate and are single use: the second use of one ends the account's session, as at the real login
host (`refresh_token_reused`), and is counted.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from codex_lb.simulator import quota
from codex_lb.simulator.quota import Credits, ExtraLimit, Window

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"  # the public client of Codex CLI
_CLAIM = "https://api.openai.com/auth"
_PROFILE = "https://api.openai.com/profile"
_ENVELOPE = b"sealed:"

Session = Literal["live", "reused", "expired", "invalidated", "deactivated"]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _uuid(text: str) -> str:
    return str(UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))


def _jwt(claims: dict[str, Any], salt: str) -> str:
    head = {"alg": "RS256", "kid": "simulator", "typ": "JWT"}
    body = ".".join(_b64(msgspec.json.encode(part)) for part in (head, claims))
    return f"{body}.{_b64(hashlib.sha512(f'{salt}{body}'.encode()).digest())}"


@dataclass(slots=True, eq=False)
class SimAccount:
    """One ChatGPT account. Every field may be changed by a test while the simulator runs."""

    account_id: str
    user_id: str
    email: str
    plan: str
    workspace_id: str | None
    access_ttl_s: float
    windows: list[Window]
    clock: Callable[[], float] = field(repr=False)
    credits: Credits = field(default_factory=Credits)
    extras: list[ExtraLimit] = field(default_factory=list)
    reset_credits: int = 0
    session: Session = "live"
    access_tokens: dict[str, float] = field(default_factory=dict, repr=False)  # token → expiry
    refresh_token: str = field(default="", repr=False)
    used_refresh_tokens: set[str] = field(default_factory=set, repr=False)
    id_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    refreshed_at: float = 0.0
    refresh_calls: int = 0
    cache: dict[str, int] = field(default_factory=dict, repr=False)  # cache key → tokens held
    served: int = 0
    _minted: int = 0

    @property
    def used_5h(self) -> float:
        return self.window(quota.FIVE_HOURS).used

    @used_5h.setter
    def used_5h(self, share: float) -> None:
        self.window(quota.FIVE_HOURS).used = share

    @property
    def used_week(self) -> float:
        return self.window(quota.WEEK).used

    @used_week.setter
    def used_week(self, share: float) -> None:
        self.window(quota.WEEK).used = share

    def window(self, minutes: int) -> Window:
        """The window of that length. Raises `LookupError` if the plan has none."""
        for window in self.windows:
            if window.minutes == minutes:
                return window
        raise LookupError(f"{self.email} has no window of {minutes} minutes")

    def roll(self) -> None:
        """Start windows anew whose reset has passed."""
        for window in (*self.windows, *(w for extra in self.extras for w in extra.windows)):
            window.roll(self.clock())

    def full_window(self) -> Window | None:
        """The spent window that resets last, if any is spent and no credits cover it."""
        self.roll()
        if self.credits.unlimited or self.credits.has_credits:
            return None
        spent = [window for window in self.windows if window.used >= 1.0]
        return max(spent, key=lambda window: window.resets_at, default=None)

    def charge(self, spent_credits: float, cache_key: str | None, input_tokens: int) -> None:
        """Book one answer: run the windows down, and keep the prompt warm."""
        self.served += 1
        sizes = quota.capacity(self.plan)
        for window in self.windows:
            size = sizes.get(window.minutes)
            if size is not None:
                window.used = min(1.0, window.used + spent_credits / size)
        if cache_key is not None:
            self.cache[cache_key] = max(self.cache.get(cache_key, 0), input_tokens)

    def held_tokens(self, cache_key: str | None, input_tokens: int) -> int:
        """How much of a prompt this account holds warm.

        In steps of 128 and from 1024 on, as the real prompt cache does.
        """
        held = min(self.cache.get(cache_key or "", 0), input_tokens)
        return held // 128 * 128 if held >= 1024 else 0  # noqa: PLR2004 -- the cache's own rule

    def mint(self) -> None:
        """New id, access and refresh token. The refresh token before becomes a used one."""
        if self.refresh_token:
            self.used_refresh_tokens.add(self.refresh_token)
        self._minted += 1
        now = self.clock()
        self.refreshed_at = now
        salt = f"{self.account_id}:{self._minted}:{now}"
        self.access_token = _jwt(self._access_claims(salt), salt)
        self.id_token = _jwt(self._id_claims(salt), salt)
        self.refresh_token = f"rt_{hashlib.sha256(salt.encode()).hexdigest()}"
        self.access_tokens[self.access_token] = now + self.access_ttl_s

    def sign_in(self) -> None:
        """A new session in place of the old one, whose tokens are then unknown."""
        self.session = "live"
        self.access_tokens.clear()
        self.refresh_token = ""
        self.used_refresh_tokens.clear()
        self.mint()

    def expire(self) -> None:
        """Let all access tokens lapse now; the refresh token still works."""
        self.access_tokens = dict.fromkeys(self.access_tokens, self.clock())

    def auth_json(self) -> dict[str, Any]:
        """The account as Codex CLI's `auth.json` holds it."""
        stamp = datetime.fromtimestamp(self.refreshed_at, UTC).isoformat().replace("+00:00", "Z")
        tokens = {
            "id_token": self.id_token,
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "account_id": self.account_id,
        }
        return {
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": None,
            "tokens": tokens,
            "last_refresh": stamp,
        }

    def seal(self, note: str) -> str:
        """Ciphertext that only this account accepts back."""
        text = _ENVELOPE + f"{self.account_id}:{note}:".encode()
        return "gAAAAAB" + _b64(text + hashlib.sha512(text).digest() * 2)

    def _claims(self, jti: str, lifetime_s: float, **own: object) -> dict[str, Any]:
        """What both tokens say, and what is `own` to one of them."""
        claim = {
            "chatgpt_account_id": self.account_id,
            "chatgpt_plan_type": self.plan,
            "chatgpt_user_id": self.user_id,
            "user_id": self.user_id,
            "organizations": [
                {"id": f"org-{self.user_id[-12:]}", "is_default": True, "role": "owner"}
            ],
        }
        if self.workspace_id is not None:
            claim["workspace_id"] = self.workspace_id
        return {
            **own,
            "exp": round(self.refreshed_at + lifetime_s),
            _CLAIM: claim,
            "iat": round(self.refreshed_at),
            "iss": "https://auth.openai.com",
            "jti": _uuid(jti),
            "sub": self.user_id,
        }

    def _access_claims(self, salt: str) -> dict[str, Any]:
        own = {
            "aud": ["https://api.openai.com/v1"],
            "client_id": CLIENT_ID,
            _PROFILE: {"email": self.email, "email_verified": True},
            "nbf": round(self.refreshed_at),
            "scp": ["openid", "profile", "email", "offline_access"],
        }
        return self._claims(salt, self.access_ttl_s, **own)

    def _id_claims(self, salt: str) -> dict[str, Any]:
        own = {"aud": [CLIENT_ID], "email": self.email, "email_verified": True}
        return self._claims(f"id:{salt}", 3600, **own)


def sealed_by(ciphertext: str) -> str | None:
    """The account id that `seal` wrote into a ciphertext; None if it is none of ours."""
    prefix, _, body = ciphertext.partition("gAAAAAB")
    try:
        text = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError:
        return None
    if prefix or not text.startswith(_ENVELOPE):
        return None
    return text.removeprefix(_ENVELOPE).split(b":", 1)[0].decode(errors="replace")


@dataclass(slots=True)
class Accounts:
    """All accounts, and the rules by which tokens open them."""

    clock: Callable[[], float]
    all: list[SimAccount] = field(default_factory=list)
    reuse_count: int = 0

    def __iter__(self) -> Iterator[SimAccount]:
        return iter(self.all)

    def add(
        self,
        email: str,
        plan: str = "plus",
        account_id: str | None = None,
        workspace_id: str | None = None,
        used_5h: float = 0.1,
        used_week: float = 0.2,
        access_ttl_s: float = 3600.0,
    ) -> SimAccount:
        """A new account, signed in. Plans without a 5-hour window show `used_week` in theirs."""
        now = self.clock()
        windows = [
            Window(
                minutes, used_5h if minutes == quota.FIVE_HOURS else used_week, now + minutes * 30
            )
            for minutes in quota.capacity(plan)
        ]
        account = SimAccount(
            account_id=account_id or _uuid(f"account:{email}:{workspace_id}"),
            user_id=f"user-{hashlib.sha256(email.encode()).hexdigest()[:24]}",
            email=email,
            plan=plan,
            workspace_id=workspace_id,
            access_ttl_s=access_ttl_s,
            windows=windows,
            clock=self.clock,
        )
        account.mint()
        self.all.append(account)
        return account

    def find(self, name: str) -> SimAccount:
        """By account id or mail address. Raises `LookupError`."""
        for account in self.all:
            if name in (account.account_id, account.email):
                return account
        raise LookupError(f"no account {name!r}")

    def authenticate(self, bearer: str, account_id: str | None) -> SimAccount | str:
        """The account a call comes from, or the case of its refusal."""
        account = next((one for one in self.all if bearer in one.access_tokens), None)
        if account is None:
            return "unauthorized"
        if account.session != "live":
            is_gone = account.session == "deactivated"
            return "account_deactivated" if is_gone else "token_invalidated"
        if account.access_tokens[bearer] <= self.clock():
            return "token_expired"
        return account if account_id == account.account_id else "unauthorized"

    def of_refresh_token(self, token: str) -> SimAccount | None:
        """The owner of a refresh token, used or not."""
        for account in self.all:
            if token == account.refresh_token or token in account.used_refresh_tokens:
                return account
        return None

    def refresh(self, token: str) -> SimAccount | Session | Literal["unknown"]:
        """Rotate the tokens of the session `token` belongs to, or say what is wrong with it."""
        account = self.of_refresh_token(token)
        if account is None:
            return "unknown"
        if token in account.used_refresh_tokens:
            self.reuse_count += 1
            account.session = "reused"
        if account.session != "live":
            return account.session
        account.mint()
        return account
