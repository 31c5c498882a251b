"""Who sends this request? Answers for every request under `/api`, from its head.

Proof and sessions are read from the store at most once a second and kept meanwhile; a change made
here acts at once, one made by another process within that second. While the database does not
answer, nobody who needs it is let in.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, Protocol

import structlog

from codex_lb import asgi
from codex_lb.asgi import Scope
from codex_lb.core import operator
from codex_lb.core.access import Place, Standing, Trust, bearer, is_cross_site, is_foreign, resolve
from codex_lb.core.operator import Caller, Login, Refused, Session, Shown
from codex_lb.core.throttle import place_of
from codex_lb.dashboard.guesses import Guesses
from codex_lb.dashboard.ports import Clock
from codex_lb.dashboard.problems import Problem
from codex_lb.store import StoreError
from codex_lb.store.operators import SessionOverError, Step

COOKIE = "codex_lb_dashboard_session"
SIGN_IN = "/api/dashboard-auth/"  # whoever is not signed in yet gets to these routes
COMMAND_LINE = "codex_lb.command_line"  # in a scope: our own command line asks, in this process
CALLER = "codex_lb.caller"  # in a scope: who the guard has found it to be

_FRESH_S = 1.0
_TOUCH_S = 60.0

_log = structlog.get_logger(__name__)


class OperatorsPort(Protocol):
    async def state(self, now: float) -> tuple[Login, list[Session]]: ...
    async def act(self, decide: Callable[[Login], Step]) -> Step: ...
    async def touch(self, id_hash: str, now: float) -> None: ...


class Callers:
    def __init__(
        self,
        store: OperatorsPort,
        trust: Trust,
        admin_token: str | None,
        clock: Clock,
        session_s: Callable[[], float] = lambda: operator.LIFE_S,
    ) -> None:
        self.session_s = session_s
        self._store = store
        self._trust = trust
        self._token = admin_token.encode() if admin_token else None
        self._clock = clock
        self._login = Login()
        self._sessions: dict[str, Session] = {}
        self._read_at: float | None = None
        self._guesses = Guesses(clock)  # at the token
        self._proven: set[str] = set()  # addresses from which the token has been shown
        self._turn = asyncio.Lock()  # so that nothing read before a change is kept after it

    @property
    def has_token(self) -> bool:
        return self._token is not None

    async def identify(self, scope: Scope, headers: Mapping[str, str]) -> Caller:
        """Raises `StoreError`."""
        place = resolve(asgi.peer(scope), scope["scheme"], headers, self._trust)
        if COMMAND_LINE in scope:
            return Caller("command line", place)
        login, session = await self.login(), self._session(headers)
        token = self._bearer(scope["path"], headers, place)
        if isinstance(token, Refused):
            return Caller("anonymous", place, session, token)
        shown = Shown(
            is_local=place.standing is Standing.LOCAL,
            is_foreign=is_foreign(headers),
            is_cross_site=is_cross_site(scope["method"], headers),
            bearer=token,
            session=session,
        )
        judged = operator.judge(login, shown, has_token=self.has_token)
        if isinstance(judged, Refused):
            return Caller("anonymous", place, session, judged)
        if judged == "session" and session is not None:
            await self._touch(session)
        return Caller(judged, place, session)

    async def login(self) -> Login:
        """What proves the operator. Raises `StoreError`."""
        if not self._is_fresh():
            async with self._turn:
                if not self._is_fresh():
                    await self._load()
        return self._login

    async def still_may(self, caller: Caller) -> bool:
        """Whether a request that was let in would be let in still; True if nobody can say."""
        try:
            login = await self.login()
        except StoreError:
            return True
        if caller.kind == "local":
            return login.password_hash is None and not self.has_token
        if caller.kind != "session" or caller.session is None:
            return True
        session = self._sessions.get(caller.session.id_hash)
        return session is not None and self._is_alive(session)

    async def sessions(self) -> list[Session]:
        """Those alive, the newest first. Raises `StoreError`."""
        await self.login()
        return [session for session in self._sessions.values() if self._is_alive(session)]

    async def act(self, decide: Callable[[Login], Step]) -> Step:
        """As of the store; what is known here is read again afterwards, whatever became of it.

        Raises `Problem` if the session that asks is over.
        """
        async with self._turn:
            try:
                return await self._store.act(decide)
            except SessionOverError:
                raise Problem.of(operator.NOT_SIGNED_IN) from None
            finally:
                self._read_at = None

    def _is_fresh(self) -> bool:
        return self._read_at is not None and 0 <= self._clock() - self._read_at < _FRESH_S

    def _is_alive(self, session: Session) -> bool:
        return operator.is_alive(session, self._clock(), life_s=self.session_s())

    async def _load(self) -> None:
        now = self._clock()
        self._login, sessions = await self._store.state(now)
        self._sessions = {session.id_hash: session for session in sessions}
        self._read_at = now

    def _session(self, headers: Mapping[str, str]) -> Session | None:
        value = _cookie(headers)
        session = self._sessions.get(hashed(value)) if value else None
        return session if session and self._is_alive(session) else None

    def _bearer(
        self, path: str, headers: Mapping[str, str], place: Place
    ) -> Literal["none", "right", "wrong"] | Refused:
        given, address = bearer(headers), place_of(place.address)
        if self._token is None or given is None:
            return "none"
        is_known = address in self._proven
        refused = self._guesses.count("token", address, is_known=is_known)
        if refused is None and hmac.compare_digest(given.encode("latin-1"), self._token):
            self._guesses.right(address, is_known=is_known)
            self._proven.add(address)
            return "right"
        return "none" if path.startswith(SIGN_IN) else refused or "wrong"

    async def _touch(self, session: Session) -> None:
        now = self._clock()
        if now - session.seen_at < _TOUCH_S:
            return
        self._sessions[session.id_hash] = replace(session, seen_at=now)
        try:
            await self._store.touch(session.id_hash, now)
        except StoreError as error:
            _log.warning("session use not kept", error=str(error))


def hashed(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("latin-1", "replace")).hexdigest()


def _cookie(headers: Mapping[str, str]) -> str | None:
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return None
