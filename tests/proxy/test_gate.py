"""The address list and named proxies, before keys are looked at."""

import ipaddress

import pytest
from tests.proxy.harness import OPENAI, KeyCabinet, Proxy

from codex_lb.core.answers import Answer
from codex_lb.proxy.gate import Gate, KeylessCallers
from codex_lb.proxy.key_ring import KeyRing

HOST = {"host": "127.0.0.1"}
LISTED = (ipaddress.ip_network("192.0.2.0/24"),)


def gate() -> Gate:
    ring = KeyRing(KeyCabinet(), lambda: 0.0)
    keyless = KeylessCallers(("127.0.0.1",), LISTED)
    return Gate(ring, keyless, lambda: False, lambda: 0.0)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        pytest.param("192.0.2.1", None, id="a listed address may come"),
        pytest.param("127.0.0.1", "ip_forbidden", id="this machine only if it is listed"),
        pytest.param(None, "ip_forbidden", id="nobody unknown"),
    ],
)
def test_with_a_list_only_whom_it_names_may_come(address: str | None, code: str | None) -> None:
    judge = gate()
    judge.list_only(LISTED)
    answer = judge.judge(address, HOST)
    assert (answer.code if isinstance(answer, Answer) else None) == code
    judge.list_only(())
    assert judge.judge("127.0.0.1", HOST) is None


async def test_the_list_is_asked_before_the_key(proxy: Proxy) -> None:
    proxy.gate.list_only(LISTED)
    answer = await proxy.post(OPENAI, headers={"authorization": "Bearer sk-clb-x"})
    assert answer.status == 403
    assert answer.json["error"]["type"] == "access_error"


async def test_a_strangers_word_does_not_change_its_address(proxy: Proxy) -> None:
    proxy.gate.list_only(LISTED)
    answer = await proxy.post(OPENAI, headers={"x-forwarded-for": "192.0.2.1"})
    assert answer.status == 403
    proxy.gate.proxies = (ipaddress.ip_network("127.0.0.1"),)
    answer = await proxy.post(OPENAI, headers={"x-forwarded-for": "192.0.2.1"})
    assert answer.status == 401
