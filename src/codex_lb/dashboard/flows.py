"""Which sign-ins are under way? Begins them, takes what comes back, and ends what is abandoned.

Flows live in this process, because nobody waits for one across a restart. What follows on what is
said in `core/oauth.py`. `run` asks for device codes and ends flows whose time is over; the port for
browsers is held only while one of them is awaited.
"""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from codex_lb.core import oauth
from codex_lb.core.failover import describe
from codex_lb.core.identity import local_id
from codex_lb.core.model import Account
from codex_lb.core.oauth import DeviceCode, Event, Flow, Grant
from codex_lb.dashboard.callback import Take
from codex_lb.dashboard.ports import AccountsPort, Clock
from codex_lb.store import StoreError
from codex_lb.upstream.oauth import Refused, SignedIn

_TICK_S = 1.0
_EXCHANGE_S = 60.0  # longer than the login host and the store may take together
_KEPT = 32  # flows, ended ones among them
_LIVE = ("pending", "exchanging")
_INTERRUPTED = "The sign-in was interrupted. Start it again."
_REMOVED = "The account has been removed meanwhile. Nothing was changed."

_log = structlog.get_logger(__name__)


class LoginHost(Protocol):
    @property
    def device_page(self) -> str: ...
    def authorization_url(self, *, redirect_uri: str, state: str, verifier: str) -> str: ...
    async def exchange(self, grant: Grant) -> SignedIn | Refused: ...
    async def device_code(self) -> DeviceCode | Refused: ...
    async def device_grant(self, code: DeviceCode) -> Grant | Refused: ...


class Listener(Protocol):
    @property
    def address(self) -> str: ...
    async def open(self, take: Take) -> str | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class InBrowser:
    """A flow that has begun. `warning`: why the browser will not find its way back."""

    flow: Flow
    authorization_url: str
    callback_url: str
    warning: str | None


@dataclass(slots=True)
class _Live:
    flow: Flow
    state: str = field(default="", repr=False)  # of a flow in a browser, like the verifier
    verifier: str = field(default="", repr=False)
    device: DeviceCode | None = None
    interval_s: float = 0.0  # of a device code, like `ask_at`
    ask_at: float = 0.0
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Flows:
    def __init__(
        self, host: LoginHost, accounts: AccountsPort, listener: Listener, clock: Clock
    ) -> None:
        self._host = host
        self._accounts = accounts
        self._listener = listener
        self._clock = clock
        self._flows: dict[str, _Live] = {}  # oldest first
        self._begun = asyncio.Event()
        self.turn = asyncio.Lock()  # held while `run` is at work

    @property
    def device_page(self) -> str:
        return self._host.device_page

    async def in_browser(self, account_id: str | None) -> InBrowser:
        state, verifier = (oauth.secret(secrets.token_bytes(32)) for _ in range(2))
        expires_at = self._clock() + oauth.BROWSER_S
        live = _Live(Flow(_new_id(), "browser", expires_at, account_id), state, verifier)
        self._add(live)
        warning = await self._listener.open(self._arrived)
        self._tidy()  # it may have been given up meanwhile
        back = self._listener.address
        url = self._host.authorization_url(redirect_uri=back, state=state, verifier=verifier)
        return InBrowser(live.flow, url, back, warning)

    async def by_device(self, account_id: str | None) -> tuple[Flow, DeviceCode] | Refused:
        code = await self._host.device_code()
        if isinstance(code, Refused):
            return code
        flow = Flow(_new_id(), "device", code.expires_at, account_id)
        ask_at = self._clock() + code.interval_s
        self._add(_Live(flow, device=code, interval_s=code.interval_s, ask_at=ask_at))
        return flow, code

    async def find(self, flow_id: str | None, *, wait_s: float = 0.0) -> Flow | None:
        """The flow, or the latest one; if it has not ended, as it is after `wait_s`."""
        live = self._flows.get(flow_id) if flow_id else next(reversed(self._flows.values()), None)
        if live is None:
            return None
        await _ended(live, wait_s)
        self._expire()
        return live.flow

    async def take(self, callback_url: str, flow_id: str | None = None) -> Flow | str:
        """What the browser came back with; the flow as it ended, or why it is none of ours."""
        self._expire()
        callback = oauth.read_callback(callback_url)
        if callback is None:
            return oauth.UNREADABLE
        live = next((each for each in self._flows.values() if each.state == callback.state), None)
        if live is not None and flow_id not in (None, live.flow.id):
            live = None
        if live is None:
            return oauth.UNKNOWN
        match oauth.judge(live.flow, callback):
            case "spent":
                return oauth.SPENT
            case "declined":
                self._move(live, "failed", message=callback.refusal)
            case "exchange":
                grant = Grant(callback.code or "", live.verifier, self._listener.address)
                await self._finish(live, grant)
            case "repeated":
                await _ended(live, _EXCHANGE_S)
        return live.flow

    def cancel(self, flow_id: str) -> Flow | None:
        """None if there is no such flow; one that has ended stays as it is."""
        live = self._flows.get(flow_id)
        if live is None:
            return None
        self._move(live, "given_up", message=oauth.CANCELLED)
        return live.flow

    def close(self) -> None:
        """The process ends."""
        for flow_id in self._flows:
            self.cancel(flow_id)
        self._listener.close()

    async def run(self) -> None:
        """Until cancelled; `turn` says when that loses nothing."""
        while True:
            await self._begun.wait()
            await self.tend()
            await asyncio.sleep(_TICK_S)

    async def tend(self) -> None:
        async with self.turn, asyncio.TaskGroup() as group:
            self._expire()
            for live in self._pending():
                if live.device is not None and live.ask_at <= self._clock():
                    group.create_task(self._ask(live, live.device))

    async def _arrived(self, target: str) -> str | None:
        taken = await self.take(target)
        if isinstance(taken, str):
            return taken
        return None if taken.stage == "success" else taken.message

    async def _ask(self, live: _Live, device: DeviceCode) -> None:
        try:
            answer = await self._host.device_grant(device)
            if isinstance(answer, Grant):
                await self._finish(live, answer)
            else:
                self._take_refusal(live, answer)
        except Exception:  # noqa: BLE001  no flow may end the others
            _log.exception("sign-in failed", flow=live.flow.id)
            self._move(live, "failed", message=_INTERRUPTED)
        live.ask_at = self._clock() + live.interval_s

    def _take_refusal(self, live: _Live, answer: Refused) -> None:
        match oauth.device_answer(answer.signal):
            case "pending":
                pass
            case "slow_down":
                live.interval_s += oauth.SLOWER_S
            case "denied":
                self._move(live, "failed", message=oauth.DECLINED)
            case "expired":
                self._move(live, "given_up", message=oauth.EXPIRED)
            case "failed":
                self._move(live, "failed", message=refused(answer))

    async def _finish(self, live: _Live, grant: Grant) -> None:
        """Spend the code, once; whatever interrupts that ends the flow."""
        self._move(live, "code", code=grant.code)
        outcome: Account | str = _INTERRUPTED
        try:
            outcome = await self._sign_in(live.flow, grant)
        except StoreError as error:
            outcome = f"The sign-in could not be kept: {error}. Start it again."
        finally:
            if isinstance(outcome, str):
                self._move(live, "failed", message=outcome)
            else:
                self._move(live, "signed_in", signed_in=outcome.id)

    async def _sign_in(self, flow: Flow, grant: Grant) -> Account | str:
        answer = await self._host.exchange(grant)
        if isinstance(answer, Refused):
            return refused(answer)
        if flow.account_id is not None:
            known = {account.id: account.identity for account in await self._accounts.list()}
            wanted = known.get(flow.account_id)
            if wanted is None:
                return _REMOVED
            if local_id(wanted) != local_id(answer.identity):
                return oauth.other_seat(wanted, answer.identity)
        account, _replaced = await self._accounts.import_(answer.identity, answer.credential)
        return account

    def _add(self, live: _Live) -> None:
        while len(self._flows) >= _KEPT:
            oldest = next(iter(self._flows))
            self.cancel(oldest)
            del self._flows[oldest]
        self._flows[live.flow.id] = live
        self._begun.set()
        _log.info("sign-in began", flow=live.flow.id, method=live.flow.method)

    def _pending(self) -> Iterator[_Live]:
        return (live for live in list(self._flows.values()) if live.flow.stage == "pending")

    def _expire(self) -> None:
        for live in self._pending():
            if live.flow.expires_at <= self._clock():
                self._move(live, "given_up", message=oauth.EXPIRED)

    def _move(
        self,
        live: _Live,
        event: Event,
        *,
        message: str | None = None,
        code: str | None = None,
        signed_in: str | None = None,
    ) -> None:
        moved = oauth.moved(live.flow, event, message=message, code=code, signed_in=signed_in)
        if moved is live.flow:
            return
        live.flow = moved
        if moved.stage not in _LIVE:
            live.ended.set()
            self._tidy()
            _log.info("sign-in ended", flow=moved.id, account=moved.signed_in, why=moved.message)

    def _tidy(self) -> None:
        """Hold nothing that no flow waits for."""
        awaited = {live.flow.method for live in self._flows.values() if live.flow.stage in _LIVE}
        if "browser" not in awaited:
            self._listener.close()
        if not awaited:
            self._begun.clear()


def refused(answer: Refused) -> str:
    """For the operator."""
    return f"The login host did not sign the account in: {describe(answer.signal)}"


async def _ended(live: _Live, wait_s: float) -> None:
    try:
        async with asyncio.timeout(wait_s):
            await live.ended.wait()
    except TimeoutError:
        return


def _new_id() -> str:
    return f"flow_{secrets.token_hex(8)}"
