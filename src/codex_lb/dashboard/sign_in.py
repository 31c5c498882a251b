"""Signing in and out, and changing what that takes: password, one-time codes, sessions.

Every guess is counted before it is looked at (`dashboard/guesses.py`); a session guesses on its own
account, so that nobody outside can keep it from, say, a change of password.
Whatever changes the proof ends every session and opens a new one for whoever changed it.
"""

import hmac
import secrets
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import structlog

from codex_lb.core import one_time_codes, operator
from codex_lb.core.operator import Caller, Login, Refused, Session
from codex_lb.core.throttle import place_of
from codex_lb.dashboard.callers import Callers, hashed
from codex_lb.dashboard.guesses import Guesses
from codex_lb.dashboard.passwords import Passwords
from codex_lb.dashboard.ports import Clock
from codex_lb.dashboard.problems import Problem
from codex_lb.store.operators import EVERY, Step

BOOTSTRAP_S = 1_800.0
_RANDOM_BYTES = 32

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session. `cookie` is nowhere to be had again."""

    cookie: str
    session: Session


class SignIn:
    def __init__(self, callers: Callers, passwords: Passwords, clock: Clock) -> None:
        self.callers = callers
        self._passwords = passwords
        self._clock = clock
        self._guesses = Guesses(clock)
        self._bootstrap: tuple[str, float] | None = None  # token, and its end

    # -- password -------------------------------------------------------------------------------

    async def announce(self) -> None:
        """Print a token with which the first password can be set from elsewhere, if there is none.

        Raises `StoreError`.
        """
        if self.callers.has_token or (await self.callers.login()).password_hash is not None:
            return
        token = secrets.token_urlsafe(_RANDOM_BYTES)
        self._bootstrap = (token, self._clock() + BOOTSTRAP_S)
        _log.warning(
            "no operator password yet; to set the first one from another machine, use this token",
            bootstrap=token,
            minutes=int(BOOTSTRAP_S // 60),
        )

    @property
    def has_bootstrap(self) -> bool:
        return self._bootstrap is not None and self._clock() < self._bootstrap[1]

    async def set_up(
        self, caller: Caller, password: str, bootstrap: str | None, agent: str | None
    ) -> Opened:
        if (await self.callers.login()).password_hash is not None:
            raise Problem.of(_ALREADY_SET)
        if caller.kind == "anonymous":
            self._check_bootstrap(caller, bootstrap)
        password_hash = await self._fit(password)
        opened = self._open(caller, agent, owes_code=True)

        def decide(login: Login) -> Step:
            if login.password_hash is not None:
                raise Problem.of(_ALREADY_SET)
            return Step(Login(password_hash), EVERY, opened.session)

        await self.callers.act(decide)
        self._bootstrap = None
        return opened

    async def sign_in(self, caller: Caller, password: str, agent: str | None) -> Opened:
        """With a session that owes the code, if one is asked for."""
        login = await self._proved(caller, password)
        opened = self._open(caller, agent, owes_code=True)
        ends = caller.session.id_hash if caller.session else None
        await self.callers.act(_unless_changed(login, lambda _: Step(None, ends, opened.session)))
        self._proven(caller, clears=not login.asks_code)
        return opened

    async def change_password(
        self, caller: Caller, current: str, new: str, agent: str | None
    ) -> Opened:
        session = _session_of(caller)
        login = await self._proved(caller, current)
        self._proven(caller)
        password_hash = await self._fit(new)
        opened = self._open(caller, agent, owes_code=session.owes_code)
        await self.callers.act(
            _unless_changed(
                login,
                lambda now: Step(
                    replace(now, password_hash=password_hash),
                    EVERY,
                    opened.session,
                    by=session.id_hash,
                ),
            )
        )
        return opened

    async def remove_password(self, caller: Caller, password: str) -> None:
        """The one-time codes go with it."""
        session = _session_of(caller)
        login = await self._proved(caller, password)
        self._proven(caller)
        removal = Step(Login(), EVERY, by=session.id_hash)
        await self.callers.act(_unless_changed(login, lambda _: removal))
        await self.announce()

    async def reset(self, password: str) -> None:
        """Whatever it was; for who can open the store. One-time codes and sessions go with it."""
        password_hash = await self._fit(password)
        await self.callers.act(lambda _: Step(Login(password_hash), EVERY))

    # -- one-time codes -------------------------------------------------------------------------

    async def new_secret(self, caller: Caller) -> str:
        _session_of(caller)
        if (await self.callers.login()).totp_secret is not None:
            raise Problem.of(_ALREADY_ENROLLED)
        return b32encode(secrets.token_bytes(one_time_codes.SECRET_BYTES)).decode()

    async def enrol(
        self, caller: Caller, secret: str, code: str, agent: str | None
    ) -> tuple[Opened, list[str]]:
        """With the recovery codes, which are nowhere to be had again."""
        session = _session_of(caller)
        self._count(caller, "totp")
        step = None
        if one_time_codes.is_secret(secret):
            step = one_time_codes.matching_step(secret, code, last_step=0, now=self._clock())
        if step is None:
            raise Problem.of(_WRONG_CODE)
        self._proven(caller)
        written = [_recovery_code() for _ in range(one_time_codes.RECOVERY_CODES)]
        opened = self._open(caller, agent, owes_code=False)

        def decide(login: Login) -> Step:
            if login.totp_secret is not None or login.password_hash is None:
                raise Problem.of(_ALREADY_ENROLLED)
            hashes = tuple(one_time_codes.hashed(code) for code in written)
            enrolled = replace(login, totp_secret=secret, last_step=step, recovery=hashes)
            return Step(enrolled, EVERY, opened.session, by=session.id_hash)

        await self.callers.act(decide)
        return opened, written

    async def verify(self, caller: Caller, code: str, agent: str | None) -> Opened:
        """Takes a recovery code too."""
        session = caller.session
        if session is None:
            raise Problem.of(operator.NOT_SIGNED_IN)
        opened = self._open(caller, agent, owes_code=False)
        await self._take(
            caller,
            code,
            lambda login: Step(login, session.id_hash, opened.session, by=session.id_hash),
        )
        return opened

    async def disable_codes(self, caller: Caller, code: str, agent: str | None) -> Opened:
        session = _session_of(caller)
        opened = self._open(caller, agent, owes_code=True)
        await self._take(
            caller,
            code,
            lambda login: Step(
                Login(login.password_hash), EVERY, opened.session, by=session.id_hash
            ),
        )
        return opened

    async def require_code(self, *, required: bool) -> None:
        """Whether signing in takes a code. `Problem` if none are set up."""
        if required == (await self.callers.login()).requires_code:
            return

        def decide(login: Login) -> Step:
            if required and login.totp_secret is None:
                raise Problem.of(_NOT_ENROLLED)
            return Step(replace(login, requires_code=required))

        await self.callers.act(decide)

    # -- sessions -------------------------------------------------------------------------------

    async def end(self, id_hash: str) -> None:
        await self.callers.act(lambda _: Step(ends=id_hash))

    def _open(self, caller: Caller, agent: str | None, *, owes_code: bool) -> Opened:
        cookie, now = secrets.token_urlsafe(_RANDOM_BYTES), self._clock()
        session = Session(hashed(cookie), now, now, owes_code, caller.place.address, agent)
        return Opened(cookie, session)

    # -- guesses --------------------------------------------------------------------------------

    async def _proved(self, caller: Caller, password: str) -> Login:
        """The proof that the password opened. Raises `Problem`."""
        login = await self.callers.login()
        if login.password_hash is None:
            raise Problem.of(_NOT_SET)
        self._count(caller, "password")
        if not await self._passwords.matches(login.password_hash, password.strip()):
            raise Problem.of(_WRONG_PASSWORD)
        return login

    async def _take(self, caller: Caller, code: str, then: Callable[[Login], Step]) -> None:
        """Use the code up. Raises `Problem`."""
        self._count(caller, "totp")

        def decide(login: Login) -> Step:
            taken = operator.taken(login, code, self._clock())
            if taken is None:
                raise Problem.of(_WRONG_CODE)
            return then(taken)

        await self.callers.act(decide)
        self._proven(caller)

    def _check_bootstrap(self, caller: Caller, given: str | None) -> None:
        if self._bootstrap is None or not self.has_bootstrap:
            raise Problem.of(_NO_BOOTSTRAP)
        self._count(caller, "password")
        if not hmac.compare_digest((given or "").encode(), self._bootstrap[0].encode()):
            raise Problem.of(_WRONG_BOOTSTRAP)
        self._proven(caller)

    def _count(self, caller: Caller, what: Literal["password", "totp"]) -> None:
        """One guess more, or `Problem` 429."""
        refused = self._guesses.count(what, _place(caller), is_known=caller.kind == "session")
        if refused is not None:
            raise Problem.of(refused)

    def _proven(self, caller: Caller, *, clears: bool = True) -> None:
        """The last guess was right. `clears`: nothing more is to be guessed."""
        self._guesses.right(_place(caller), is_known=caller.kind == "session", clears=clears)

    async def _fit(self, password: str) -> str:
        """The hash of a new password. Raises `Problem` for one that may not be."""
        password = password.strip()
        unfit = operator.why_unfit(password)
        if unfit is not None:
            raise Problem.of(unfit)
        return await self._passwords.hashed(password)


def _unless_changed(proved: Login, then: Callable[[Login], Step]) -> Callable[[Login], Step]:
    """The password is the one that was shown, also now that nobody else can change it."""

    def decide(login: Login) -> Step:
        if login.password_hash != proved.password_hash:
            raise Problem.of(_WRONG_PASSWORD)
        return then(login)

    return decide


def _session_of(caller: Caller) -> Session:
    """Of one that is signed in. Raises `Problem`."""
    if caller.kind == "session" and caller.session is not None:
        return caller.session
    raise Problem.of(operator.OWES_CODE if caller.session else operator.NOT_SIGNED_IN)


def _place(caller: Caller) -> str:
    if caller.kind == "session" and caller.session is not None:
        return caller.session.id_hash
    return place_of(caller.place.address)


def _recovery_code() -> str:
    return one_time_codes.shown(
        b32encode(secrets.token_bytes(one_time_codes.RECOVERY_BYTES)).decode()
    )


_ALREADY_SET = Refused(409, "password_already_configured", "A password is set already.")
_NOT_SET = Refused(400, "password_not_configured", "No password is set.")
_ALREADY_ENROLLED = Refused(400, "invalid_totp_setup", "One-time codes are set up already.")
_NOT_ENROLLED = Refused(400, "invalid_totp_config", "Set up one-time codes first.")
_WRONG_PASSWORD = Refused(401, "invalid_credentials", "The password is wrong.")
_WRONG_CODE = Refused(400, "invalid_totp_code", "The code is wrong, or was used before.")
_NO_BOOTSTRAP = Refused(
    401, "bootstrap_unavailable", "No set-up token is valid. A restart prints a new one."
)
_WRONG_BOOTSTRAP = Refused(
    401, "invalid_bootstrap_token", "This is not the token that the log shows."
)
