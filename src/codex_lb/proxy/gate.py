"""Who may use the proxy: judged by the head of a request, before a byte of its body is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from codex_lb.core import access, answers, firewall, keys
from codex_lb.core.access import IPNetwork, Trust
from codex_lb.core.answers import Answer
from codex_lb.core.keys import ApiKey
from codex_lb.proxy.key_ring import KeyRing


@dataclass(frozen=True, slots=True)
class KeylessCallers:
    """Who may use the proxy without a key (docs/decisions/0008)."""

    allowed_hosts: tuple[str, ...]
    networks: tuple[IPNetwork, ...] = ()
    gateway: str | None = None  # under which a container sees its host
    proxies: tuple[IPNetwork, ...] = ()  # whose forwarding headers count

    @property
    def trust(self) -> Trust:
        return Trust(self.allowed_hosts, self.proxies)


class Gate:
    """`needs_key`: whether the operator asks every caller for a key."""

    def __init__(
        self,
        ring: KeyRing,
        keyless: KeylessCallers,
        needs_key: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._ring = ring
        self._keyless = keyless
        self._needs_key = needs_key
        self._clock = clock
        self._listed: tuple[IPNetwork, ...] = ()
        self.proxies = keyless.proxies  # whose word on a caller's address counts

    def list_only(self, networks: tuple[IPNetwork, ...]) -> None:
        """From now on nobody else may come, key or not; with none listed, everybody may."""
        self._listed = networks

    def judge(
        self, address: str | None, headers: Mapping[str, str], *, insists: bool = False
    ) -> ApiKey | Answer | None:
        """The caller's key, None for one who needs none, or why it stays outside.

        `insists`: a key is needed here in any case. Where none is needed, what a client shows in
        place of one means nothing, but a good key is still the caller's.
        """
        if not firewall.admits(address, self._listed):
            return answers.forbidden_address()
        token = access.bearer(headers)
        key = self._ring.find(token) if token else None
        refusal = keys.refused(key, self._clock())
        if refusal is None:
            return key
        if insists or self._needs_key():
            return refusal if token else answers.unauthorized(keys.MISSING)
        if access.may_use_proxy(
            address,
            headers,
            allowed_hosts=self._keyless.allowed_hosts,
            networks=self._keyless.networks,
            gateway=self._keyless.gateway,
        ):
            return None
        if token and token.startswith(keys.PREFIX):
            return refusal
        return answers.unauthorized(
            "Proxy authentication must be configured before remote access is allowed."
        )
