"""The sheet that adds accounts: each way to its end, and every way to fail said in words."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.browser.looking import Look, Visitor, axe, overflow
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import Service, free_port

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.steps import Refuse

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def port() -> int:
    """At which the browser comes back; the registered one may be taken on this machine."""
    return free_port()


@pytest.fixture(scope="module")
def settings(port: int) -> dict[str, str]:
    return {"CODEX_LB_OAUTH_CALLBACK_PORT": str(port)}


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _clean(service: Service, sim: Simulator) -> AsyncIterator[None]:
    pool = await Pool.begin(sim, service)
    sim.login.interval_s = 1
    sim.login.device_enabled = True
    yield
    await pool.end()


def person(sim: Simulator) -> SimAccount:
    """Somebody who is not in the pool yet."""
    return sim.add_account(f"person-{len(sim.accounts)}@example.com")


async def opened(visitor: Visitor, tab: str | None = None) -> Page:
    page = await visitor.goto("/accounts/new")
    await expect(page.get_by_role("dialog", name="Add an account")).to_be_visible()
    if tab:
        await page.get_by_role("tab", name=tab).click()
    return page


async def freed(port: int) -> None:
    """Until nobody listens there any more."""
    async with asyncio.timeout(15):
        while True:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    return
            await asyncio.sleep(0.03)


async def test_somebody_signs_in_in_a_new_tab_and_goes_on_to_connect(
    visitor: Visitor, service: Service, sim: Simulator, port: int
) -> None:
    somebody = person(sim)
    page = await opened(visitor)
    async with visitor.context.expect_page() as coming:
        await page.get_by_role("link", name="Open the sign-in").click()
    tab = await coming.value
    await tab.get_by_role("link", name=somebody.email).click()
    await expect(tab.get_by_role("heading", name="Signed in")).to_be_visible()
    await expect(page.get_by_text(f"{somebody.email} is signed in.")).to_be_visible()
    assert [each["email"] for each in (await service.accounts()).values()] == [somebody.email]
    await freed(port)
    await page.get_by_role("button", name="Connect a client").click()
    await expect(page.get_by_text("Waiting for your first request")).to_be_visible()


async def test_who_declines_is_told_so_and_may_begin_anew(visitor: Visitor) -> None:
    page = await opened(visitor)
    link = page.get_by_role("link", name="Open the sign-in")
    url = f"{await link.get_attribute('href')}&login_hint=nobody"
    await visitor.context.request.get(url)
    await expect(page.get_by_role("alert")).to_contain_text("The sign-in was declined")
    await page.get_by_role("button", name="Start again").click()
    await expect(link).to_be_visible()
    await page.get_by_role("button", name="Close").click()


async def test_who_closes_the_sheet_or_leaves_the_page_gives_the_sign_in_up(
    visitor: Visitor, port: int
) -> None:
    page = await opened(visitor)
    link = page.get_by_role("link", name="Open the sign-in")
    await expect(link).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await freed(port)
    await opened(visitor)
    await expect(link).to_be_visible()
    await page.goto("about:blank")
    await freed(port)


async def test_where_the_browser_cannot_come_back_its_address_is_pasted(
    visitor: Visitor, sim: Simulator, port: int
) -> None:
    somebody = person(sim)
    with closing(socket.create_server(("127.0.0.1", port))):
        page = await opened(visitor)
        await expect(page.get_by_role("note").filter(has_text=str(port))).to_be_visible()
        field = page.get_by_label("Address that the browser ended at")
        await field.fill("http://example.com/")
        await page.keyboard.press("Enter")
        await expect(
            page.get_by_text("This is not the address the browser ended at")
        ).to_be_visible()
        begun = await page.get_by_role("link", name="Open the sign-in").get_attribute("href")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{begun}&login_hint={somebody.account_id}", allow_redirects=False) as told,
        ):
            await field.fill(told.headers["location"])
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(f"{somebody.email} is signed in.")).to_be_visible()


async def test_a_device_code_is_approved_elsewhere_and_the_next_one_declined(
    visitor: Visitor, sim: Simulator
) -> None:
    somebody = person(sim)
    page = await opened(visitor, "Device code")
    code = await page.get_by_role("status", name="Code").inner_text()
    await expect(page.get_by_role("timer")).to_contain_text("The code expires in 1")
    await expect(page.get_by_role("link", name="Open the page")).to_have_attribute(
        "href", f"{sim.auth_url}/codex/device"
    )
    sim.approve_device(code, somebody)
    await expect(page.get_by_text(f"{somebody.email} is signed in.")).to_be_visible()
    await page.get_by_role("button", name="Add another").click()
    shown = page.get_by_role("status", name="Code")
    await expect(shown).not_to_have_text(code)
    sim.deny_device(await shown.inner_text())
    await expect(page.get_by_role("alert")).to_contain_text("declined at ChatGPT")
    assert await axe(page) == []


async def test_where_device_codes_are_off_the_browser_is_offered(
    visitor: Visitor, sim: Simulator
) -> None:
    sim.login.device_enabled = False
    page = await opened(visitor, "Device code")
    await expect(page.get_by_role("alert")).to_contain_text("Device codes are switched off")
    await page.get_by_role("button", name="Use the browser instead").click()
    await expect(page.get_by_role("link", name="Open the sign-in")).to_be_visible()
    await page.get_by_role("button", name="Close").click()


async def test_only_the_account_itself_is_signed_in_again(
    visitor: Visitor, service: Service, sim: Simulator
) -> None:
    pool = await Pool.begin(sim, service)
    lost, other = await pool.add(), person(sim)
    lost.upstream.expire()
    sim.script(Refuse("refresh_token_reused"), account=lost.upstream, endpoint="refresh")
    await wire.ask(service)
    page = await visitor.goto(f"/accounts/{lost.id}")
    await page.get_by_role("button", name="Sign in again").first.click()
    sheet = page.get_by_role("dialog", name="Sign in again")
    await expect(sheet.get_by_text(lost.upstream.email)).to_be_visible()
    await expect(sheet.get_by_role("tab")).to_have_text(["Browser", "Device code"])

    link = sheet.get_by_role("link", name="Open the sign-in")
    for who, told in ((other, "Nothing was changed"), (lost.upstream, "is signed in again")):
        url = f"{await link.get_attribute('href')}&login_hint={who.account_id}"
        await visitor.context.request.get(url)
        await expect(sheet.get_by_text(told)).to_be_visible()
        if who is other:
            named = sheet.get_by_role("alert").locator(".private")
            await expect(named).to_have_text([other.email, lost.upstream.email])
            assert await axe(page) == []
            await sheet.get_by_role("button", name="Start again").click()
    await expect(sheet.get_by_role("button", name="Add another")).to_have_count(0)
    assert list(await service.accounts()) == [lost.id]


async def test_nothing_is_imported_before_it_was_shown_what_would_happen(
    visitor: Visitor, service: Service, sim: Simulator, tmp_path: Path
) -> None:
    known, new = person(sim), person(sim)
    await service.import_account(known)
    for name, document in {"a": known.auth_json(), "b": new.auth_json(), "c": {}}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")
    page = await opened(visitor, "Import")
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("button", name="Choose a folder").click()
    await (await choosing.value).set_files(tmp_path)

    shown = page.get_by_role("list", name="What would be imported").get_by_role("listitem")
    await expect(shown.filter(has_text=known.email)).to_contain_text("Replaces its sign-in")
    await expect(shown.filter(has_text=new.email)).to_contain_text("New")
    await expect(shown.filter(has_text="c.json")).to_contain_text("tokens is missing")
    assert len(await service.accounts()) == 1
    assert await axe(page) == []
    await page.get_by_role("button", name="Import 2 accounts").click()
    await expect(page.get_by_text("1 account added. 1 account signed in anew.")).to_be_visible()
    results = page.get_by_role("list", name="What was imported").get_by_role("listitem")
    await expect(results.filter(has_text=new.email)).to_contain_text("Added")
    await expect(results.filter(has_text="c.json")).to_contain_text("Invalid")
    assert await axe(page) == []
    emails = {each["email"] for each in (await service.accounts()).values()}
    assert emails == {known.email, new.email}


async def test_a_file_is_dropped_and_its_name_is_private(visitor: Visitor) -> None:
    page = await visitor.goto("/accounts/new?by=import")
    script = """() => {
        const dropped = new DataTransfer()
        dropped.items.add(new File(['{}'], 'ada@example.com.json'))
        return dropped
    }"""
    event = {"dataTransfer": await page.evaluate_handle(script), "cancelable": True}
    missed = await page.get_by_role("heading", name="Add an account").evaluate(
        "(at, event) => !at.dispatchEvent(new DragEvent('drop', {...event, bubbles: true}))", event
    )
    assert missed  # the browser does not open it
    await page.get_by_text("Drop files or a folder here").dispatch_event("drop", event)
    row = page.get_by_role("list", name="What would be imported").get_by_role("listitem")
    await expect(row.filter(has_text="tokens is missing")).to_have_count(1)
    await expect(row.locator(".private")).to_have_text("ada@example.com.json")


async def test_the_address_names_the_tab_for_as_long_as_the_sheet_is_open(
    visitor: Visitor,
) -> None:
    page = await visitor.goto("/accounts/new?by=import")
    await expect(page.get_by_role("tab", name="Import", selected=True)).to_be_visible()
    await page.get_by_role("tab", name="Device code").click()
    await expect(page).to_have_url(f"{visitor.url}/accounts/new?by=device")
    await page.reload()
    await expect(page.get_by_role("tab", name="Device code", selected=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(f"{visitor.url}/accounts")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_text_is_pasted_and_imported_by_keyboard(visitor: Visitor, sim: Simulator) -> None:
    somebody = person(sim)
    page = await opened(visitor)
    await page.get_by_role("tab", name="Browser").focus()
    await page.keyboard.press("End")
    await page.get_by_label("Or paste what is in such a file").focus()
    await page.keyboard.insert_text(json.dumps(somebody.auth_json()))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    send = page.get_by_role("button", name="Import 1 account")
    await send.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("1 account added.")).to_be_visible()


async def test_every_way_is_there_on_a_small_dark_screen(
    browser: Browser, service: Service
) -> None:
    visitor = await Visitor.come(browser, service.url, Look(320, 640, "dark"))
    page = await opened(visitor)
    for tab, known in (
        ("Browser", "The browser does not come back?"),
        ("Device code", "Enter the code only at this address"),
        ("Import", "Drop files or a folder here"),
    ):
        await page.get_by_role("tab", name=tab).click()
        await expect(page.get_by_text(known)).to_be_visible()
        assert await axe(page) == []
        assert await overflow(page) == 0
    await visitor.leave()
