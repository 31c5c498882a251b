"""Accounts sign in, against the simulator's login host: every way, and every way to fail."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, async_playwright, expect
from tests.journeys import wire
from tests.journeys.clocked import ClockedService
from tests.journeys.conftest import UNASKED
from tests.journeys.patience import eventually
from tests.journeys.pool import Pool
from tests.journeys.service import JsonObject, Service, free_port
from tests.journeys.terminal import terminal

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.steps import Refuse

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

_LIMIT_S = 30.0


@pytest.fixture(scope="module")
def port() -> int:
    """At which the browser comes back; the registered one may be taken on this machine."""
    return free_port()


@pytest.fixture(scope="module")
def settings(port: int) -> dict[str, str]:
    return {
        "CODEX_LB_MODEL_REGISTRY_ENABLED": "false",
        "CODEX_LB_OAUTH_CALLBACK_PORT": str(port),
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield chromium
        await chromium.close()


async def logged(service: Service, words: str) -> None:
    """What is done after the answer is logged a little later."""

    async def is_so() -> bool:
        return words in service.log()

    await eventually(is_so, within_s=_LIMIT_S)


async def begin(service: Service, **wish: Any) -> JsonObject:
    return await service.admin("POST", "/api/oauth/start", json=wish)


async def outcome(service: Service, begun: JsonObject) -> JsonObject:
    """How the flow ends; the server is asked until it does."""
    query = {"flowId": begun["flowId"], "wait": "5"}
    async with asyncio.timeout(_LIMIT_S):
        while True:
            told = await service.admin("GET", "/api/oauth/status", params=query)
            if told["status"] != "pending":
                return told


async def consent(url: str, who: SimAccount | str) -> str:
    """The address at which a browser ends that signs in as `who`, without going there."""
    name = who if isinstance(who, str) else who.account_id
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}&login_hint={name}", allow_redirects=False) as page,
    ):
        return page.headers["location"]


async def visit(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        return page.status, await page.text()


async def paste(service: Service, url: str) -> JsonObject:
    return await service.admin("POST", "/api/oauth/manual-callback", json={"callbackUrl": url})


def is_free(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                probe.listen()  # only this is refused while another listens
            except OSError:
                return False
    return True


def stranger(sim: Simulator, **features: Any) -> SimAccount:
    """An account that is not in the pool yet; the mail address is its own."""
    return sim.add_account(f"person-{len(sim.accounts)}@example.com", **features)


async def test_in_a_real_browser_an_account_signs_in_twice_and_serves(
    service: Service, pool: Pool, browser: Browser, port: int
) -> None:
    person = stranger(pool.sim)
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    for _ in range(2):
        begun = await begin(service)
        assert begun["warning"] is None
        assert not is_free(port)
        page = await browser.new_page()
        page.on("console", hear)
        await page.goto(begun["authorizationUrl"])
        await page.get_by_role("link", name=person.email).click()
        await expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
        await expect(page.get_by_text("You may close this page")).to_be_visible()
        font = await page.evaluate("getComputedStyle(document.body).fontFamily")
        await page.close()
        told = await outcome(service, begun)
        assert (told["status"], font.split(",")[0]) == ("success", "system-ui")
        assert is_free(port)
    assert not [text for text in complaints if "Security Policy" in text]
    (account,) = (await service.accounts()).values()
    assert (account["email"], account["loginState"]) == (person.email, "signed_in")
    assert account["loginText"].startswith("signed in until ")
    assert (await wire.ask(service)).is_completed


async def test_in_a_real_browser_who_declines_reads_that_on_the_page(
    service: Service, pool: Pool, browser: Browser, port: int
) -> None:
    begun = await begin(service)
    page = await browser.new_page()
    await page.goto(begun["authorizationUrl"])
    await page.get_by_role("link", name="nobody").click()
    await expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
    await expect(page.get_by_text("declined")).to_be_visible()
    await page.close()
    assert (await outcome(service, begun))["status"] == "error"
    assert is_free(port)
    assert await service.accounts() == {}
    assert pool.members == []


async def test_several_flows_wait_on_one_port_and_a_wrong_state_disturbs_none(
    service: Service, pool: Pool, port: int
) -> None:
    people = [stranger(pool.sim) for _ in range(2)]
    flows = [await begin(service) for _ in people]
    back = [
        await consent(flow["authorizationUrl"], who)
        for flow, who in zip(flows, people, strict=True)
    ]
    status, text = await visit(re.sub("state=[^&]*", "state=guessed", back[0]))
    assert (status, "not known" in text) == (400, True)
    for number in (1, 0):
        assert (await visit(back[number]))[0] == 200
        told = await outcome(service, flows[number])
        account = (await service.accounts())[told["accountId"]]
        assert account["email"] == people[number].email
        assert is_free(port) == (number == 0)


async def test_pasting_works_twice_over_and_where_the_port_is_taken_by_another_program(
    service: Service, pool: Pool, port: int
) -> None:
    person = stranger(pool.sim)
    with socket.create_server(("127.0.0.1", port)):
        begun = await begin(service)
        assert f"Port {port} is in use by " in begun["warning"]
        assert "paste" in begun["warning"]
        back = await consent(begun["authorizationUrl"], person)
        first, second = [await paste(service, back) for _ in range(2)]
    assert first == second
    assert first["status"] == "success"
    assert (await wire.ask(service)).is_completed


async def test_a_lost_login_is_named_and_mended_in_place_and_only_by_its_own_seat(
    service: Service, pool: Pool
) -> None:
    lost = await pool.add(workspace_id="ws-1")
    other_seat = pool.sim.add_account(lost.upstream.email, workspace_id="ws-2")
    lost.upstream.expire()
    pool.sim.script(Refuse("refresh_token_reused"), account=lost.upstream, endpoint="refresh")
    await wire.ask(service)
    told = (await service.accounts())[lost.id]
    assert told["status"] == "reauth_required"
    assert told["loginText"].startswith("sign in again because another program has used the same")
    await logged(service, "account must sign in")

    wrong = await begin(service, accountId=lost.id)
    refused = await paste(service, await consent(wrong["authorizationUrl"], other_seat))
    assert refused["status"] == "error"
    assert "ws-2" in refused["errorMessage"]
    assert "Nothing was changed" in refused["errorMessage"]
    assert list(await service.accounts()) == [lost.id]
    assert await pool.status(lost) == "reauth_required"

    right = await begin(service, accountId=lost.id)
    done = await paste(service, await consent(right["authorizationUrl"], lost.upstream))
    assert (done["status"], done["accountId"]) == ("success", lost.id)
    await logged(service, "account signed in again")
    pool.sim.reset()
    assert (await wire.ask(service)).is_completed


@pytest.mark.parametrize("ending", ["approved", "denied", "expired"])
async def test_a_device_code_is(ending: str, service: Service, pool: Pool) -> None:
    pool.sim.login.interval_s = 1
    person = stranger(pool.sim)
    begun = await begin(service, forceMethod="device")
    assert begun["verificationUrl"] == f"{pool.sim.auth_url}/codex/device"
    match ending:
        case "approved":
            pool.sim.approve_device(begun["userCode"], person)
        case "denied":
            pool.sim.deny_device(begun["userCode"])
        case _:
            pool.sim.advance(900)
    told = await outcome(service, begun)
    if ending == "approved":
        assert (await service.accounts())[told["accountId"]]["email"] == person.email
    else:
        assert told["status"] == "error"
        assert {"denied": "declined", "expired": "ran out"}[ending] in told["errorMessage"]
        assert await service.accounts() == {}


async def test_the_exit_frees_the_port_at_once_though_a_browser_is_awaited(
    service: Service, pool: Pool, port: int
) -> None:
    await begin(service)
    await begin(service, forceMethod="device")
    assert not is_free(port)
    assert await service.stop() == 0
    assert is_free(port)
    await service.start()
    assert pool.members == []


# In a terminal


async def test_in_a_terminal_beside_the_server_by_code(service: Service, pool: Pool) -> None:
    pool.sim.login.interval_s = 1
    person = stranger(pool.sim)
    async with terminal(service, "accounts", "login") as shell:
        code = (await shell.says("enter this code: ")).rpartition(" ")[2]
        pool.sim.approve_device(code, person)
        exit_code, said = await shell.ended()
    assert exit_code == 0, said
    assert f"{person.email} (plus) signed in as " in said
    assert len(await service.accounts()) == 1


async def test_in_a_terminal_whoever_gives_up_frees_everything(
    service: Service, pool: Pool, port: int
) -> None:
    async with terminal(service, "accounts", "login", "--paste") as shell:
        await shell.says("Copy that address")
        assert not is_free(port)
        shell.interrupt()
        exit_code, said = await shell.ended()
    assert (exit_code, "Given up" in said) == (130, True), said
    assert is_free(port)
    assert pool.members == []


async def test_in_a_terminal_a_workspace_without_device_codes_is_no_dead_end(
    service: Service, pool: Pool
) -> None:
    pool.sim.login.device_enabled = False
    try:
        async with terminal(service, "accounts", "login", "--device") as shell:
            exit_code, said = await shell.ended()
        assert (exit_code, "switched off" in said) == (1, True), said
        async with terminal(service, "accounts", "login") as shell:
            url = await shell.says("http")
            await shell.says("Copy that address")
            shell.types("http://localhost/nonsense")
            shell.types(await consent(url, stranger(pool.sim)))
            exit_code, said = await shell.ended()
        assert exit_code == 0, said
        assert "This is not the address" in said
    finally:
        pool.sim.login.device_enabled = True


async def test_in_a_terminal_without_a_server_by_every_way(
    service: Service, pool: Pool, port: int
) -> None:
    pool.sim.login.interval_s = 1
    people = [stranger(pool.sim) for _ in range(3)]
    await service.stop()
    try:
        async with terminal(service, "accounts", "login", "--device") as shell:
            code = (await shell.says("enter this code: ")).rpartition(" ")[2]
            pool.sim.approve_device(code, people[0])
            assert (await shell.ended())[0] == 0
        async with terminal(service, "accounts", "login", "--paste") as shell:
            url = await shell.says("http")
            shell.types(await consent(url, people[1]))
            assert (await shell.ended())[0] == 0
        service.settings = {**service.settings, "DISPLAY": ":0"}
        async with terminal(service, "accounts", "login") as shell:
            url = await shell.says("http")
            assert (await visit(await consent(url, people[2])))[0] == 200
            assert (await shell.ended())[0] == 0
        async with terminal(service, "accounts", "login") as shell:
            await shell.says("http")
            shell.interrupt()
            assert (await shell.ended())[0] == 130
        assert is_free(port)
    finally:
        await service.start()
    found = {account["email"] for account in (await service.accounts()).values()}
    assert found == {person.email for person in people}


async def test_an_abandoned_flow_is_over_after_a_quarter_of_an_hour_and_the_next_succeeds(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    port = free_port()
    async with Simulator() as sim:
        folder = tmp_path_factory.mktemp("clocked")
        service = ClockedService(sim, folder, UNASKED | {"CODEX_LB_OAUTH_CALLBACK_PORT": str(port)})
        await service.start()
        try:
            abandoned = await begin(service)
            late = await consent(abandoned["authorizationUrl"], stranger(sim))
            sim.advance(900)
            assert "ran out" in (await outcome(service, abandoned))["errorMessage"]
            assert is_free(port)
            assert (await paste(service, late))["status"] == "error"
            begun = await begin(service)
            back = await consent(begun["authorizationUrl"], stranger(sim))
            assert (await visit(back))[0] == 200
            assert (await outcome(service, begun))["status"] == "success"
        finally:
            await service.stop()
