"""The settings: saved at once and with a way back, never over another's, and what signs in."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect
from tests.browser.looking import Look, Visitor, axe, overflow
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

PASSWORD, PASSPHRASE = "correct horse battery", "staple correct horse"
SECTIONS = (
    "general",
    "security",
    "routing",
    "access",
    "models",
    "data",
    "audit",
    "environment",
    "about",
)
FAST, AT_A_TIME = "Never serve in fast mode", "Requests at a time, per account"
UNTOUCHED = {
    "modelPrices": {},
    "prohibitFastMode": False,
    "proxyAccountStreamLimit": 8,
    "requestLogRetentionOverrideDays": None,
    "routingStrategy": "capacity_weighted",
    "singleAccountId": None,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _accounts(service: Service, sim: Simulator) -> AsyncIterator[None]:
    pool = await Pool.begin(sim, service)
    await pool.add()
    yield
    await pool.end()


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _untouched(service: Service) -> AsyncIterator[None]:
    yield
    await service.admin("PUT", "/api/settings", json=UNTOUCHED)


async def told(service: Service, name: str) -> object:
    return (await service.admin("GET", "/api/settings"))[name]


async def press(page: Page, name: str) -> None:
    """A button of the dialog that is open."""
    await page.get_by_role("dialog").get_by_role("button", name=name).click()


async def test_a_switch_is_saved_at_once_and_can_be_taken_back(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/settings/routing")
    switch = page.get_by_role("switch", name=FAST)
    await switch.click()
    await expect(page.get_by_text(f"{FAST}: on.")).to_be_visible()
    assert await told(service, "prohibitFastMode") is True
    await page.get_by_role("button", name="Undo").click()
    await expect(switch).not_to_be_checked()
    await switch.focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text("Changed. The default is off.")).to_be_visible()
    await expect(switch).to_be_focused()
    await page.get_by_role("button", name=f"Back to default: {FAST}").press("Enter")
    await expect(page.get_by_text("Changed. The default is off.")).to_have_count(0)
    await expect(switch).not_to_be_checked()
    await expect(switch).to_be_focused()
    assert await told(service, "prohibitFastMode") is False


async def test_a_number_is_saved_when_one_leaves_it_and_said_to_be_wrong(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/settings/routing")
    field = page.get_by_label(AT_A_TIME, exact=True)
    await field.fill("none")
    await field.press("Enter")
    await expect(page.get_by_text("A whole number from 1 to 1000000")).to_be_visible()
    await field.fill("3")
    await page.get_by_role("switch", name=FAST).click()  # leaves the field, so both are saved
    await expect(page.get_by_role("switch", name=FAST)).to_be_checked()
    await expect(page.get_by_text("Changed. The default is 8.")).to_be_visible()
    assert await told(service, "proxyAccountStreamLimit") == 3


async def test_the_single_account_is_chosen_together_with_its_strategy(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/settings/routing")
    account = page.get_by_label("The single account")
    await expect(account).to_be_disabled()
    await page.get_by_role("radio", name="One account only").click()
    assert await told(service, "routingStrategy") == "capacity_weighted"
    await account.select_option(index=1)
    await expect(page.get_by_text("Changed. The default is By what is left.")).to_be_visible()
    settings = await service.admin("GET", "/api/settings")
    assert settings["routingStrategy"] == "single_account"
    assert settings["singleAccountId"] is not None
    await page.get_by_role("radio", name="Fullest first").click()
    await expect(page.get_by_text("Which account serves: Fullest first.")).to_be_visible()


async def test_what_another_sets_is_shown_at_once_and_not_written_over(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/settings/routing")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await service.admin("PUT", "/api/settings", json={"proxyAccountStreamLimit": 4})
    await expect(page.get_by_label(AT_A_TIME, exact=True)).to_have_value("4")

    async def after_another(route: Route) -> None:
        await service.admin("PUT", "/api/settings", json={"proxyAccountStreamLimit": 5})
        await route.continue_()

    await page.route("**/api/settings", after_another, times=1)
    await page.get_by_role("switch", name=FAST).click()
    await expect(page.get_by_text("Somebody else changed the settings")).to_be_visible()
    await expect(page.get_by_label(AT_A_TIME, exact=True)).to_have_value("5")
    await expect(page.get_by_role("switch", name=FAST)).not_to_be_checked()


async def test_every_setting_is_found_by_its_words(visitor: Visitor) -> None:
    page = await visitor.goto("/settings")
    await page.keyboard.press("/")
    await page.keyboard.type("firewall")
    await expect(page).to_have_url(f"{visitor.url}/settings?q=firewall")
    await page.reload()
    await page.get_by_role("link", name="Networks").click()
    await expect(page).to_have_url(f"{visitor.url}/settings/access#networks")
    await expect(page.get_by_label("Address or network")).to_be_visible()


async def test_the_first_network_is_asked_about_before_it_locks_everybody_out(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/settings/access")
    await page.get_by_label("Address or network").fill("nowhere")
    await page.keyboard.press("Enter")
    await press(page, "Lock everybody else out")
    await expect(page.get_by_text("neither an IP address nor a network")).to_be_visible()
    await page.get_by_label("Address or network").fill("127.0.0.1")
    await page.keyboard.press("Enter")
    await press(page, "Lock everybody else out")
    listed = page.get_by_role("list", name="Networks that may use the proxy")
    await expect(listed.get_by_text("127.0.0.1")).to_be_visible()
    await page.get_by_role("button", name="Remove 127.0.0.1").click()
    await press(page, "Let every address in")
    await expect(page.get_by_text("Nothing is listed")).to_be_visible()
    assert (await service.admin("GET", "/api/firewall/ips"))["entries"] == []


async def test_keeping_less_is_asked_about_because_it_deletes(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/settings/data")
    kept = page.get_by_label("Keep requests for", exact=True)
    await kept.select_option("365 days")
    await expect(page.get_by_text("Changed. The default is 90 days.")).to_be_visible()
    await kept.select_option("30 days")
    await press(page, "Cancel")
    assert await told(service, "requestLogRetentionOverrideDays") == 365
    await kept.select_option("30 days")
    await press(page, "Delete what is older")
    await expect(page.get_by_text("Keep requests for: 30 days.")).to_be_visible()
    assert await told(service, "requestLogRetentionOverrideDays") == 30


async def test_password_codes_and_sessions(browser: Browser, visitor: Visitor) -> None:
    page = await visitor.goto("/settings/security")
    await page.get_by_role("button", name="Set a password").click()
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_label("The same again").fill("something else")
    await press(page, "Set a password")
    await expect(page.get_by_text("The two are not the same.")).to_be_visible()
    await page.get_by_label("The same again").fill(PASSWORD)
    await press(page, "Set a password")
    await expect(page.get_by_text("this browser")).to_be_visible()

    await page.get_by_role("button", name="Set up codes").click()
    secret = await page.get_by_role("status", name="Secret").inner_text()
    await page.get_by_label("Code that the app shows").fill("000000")
    await press(page, "Confirm")
    await expect(page.get_by_text("The code is wrong")).to_be_visible()
    await page.get_by_label("Code that the app shows").fill(pyotp.TOTP(secret).now())
    await press(page, "Confirm")
    codes = page.get_by_role("dialog").get_by_role("listitem")
    await expect(codes).to_have_count(10)
    code = await codes.first.inner_text()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("They are never shown again.")).to_be_visible()
    await press(page, "I have kept them")
    await expect(page.get_by_role("switch", name="Ask for a code at sign-in")).to_be_checked()

    other = await Visitor.come(browser, visitor.url)
    await other.call("POST", "/api/dashboard-auth/password/login", {"password": PASSWORD})
    await page.reload()
    await page.get_by_role("button", name="End the session of").click()
    await expect(page.get_by_text("The session has ended.")).to_be_visible()
    await expect(page.get_by_role("list", name="Sessions").get_by_role("listitem")).to_have_count(1)
    await other.leave()

    await page.get_by_role("button", name="Switch codes off").click()
    await page.get_by_label("Code", exact=True).fill(code)
    await press(page, "Switch codes off")
    await expect(page.get_by_role("button", name="Set up codes")).to_be_visible()
    await page.get_by_role("button", name="Remove the password").click()
    await page.get_by_label("Present password").fill("wrong password")
    await press(page, "Remove the password")
    await expect(page.get_by_role("dialog").get_by_text("wrong")).to_be_visible()
    await page.get_by_label("Present password").fill(PASSWORD)
    await press(page, "Remove the password")
    await expect(page.get_by_role("button", name="Set a password")).to_be_visible()

    await page.get_by_role("link", name="Audit log").click()
    await expect(page.get_by_role("row", name="Removed the password").first).to_be_visible()
    await page.get_by_label("Only").select_option("Set up codes")
    await expect(page).to_have_url(f"{visitor.url}/settings/audit?action=confirm_totp_setup")
    await expect(page.get_by_role("row", name="Removed the password")).to_have_count(0)


async def test_a_model_without_a_price_is_given_one_and_loses_it_again(
    visitor: Visitor, service: Service, sim: Simulator
) -> None:
    began_at = sim.now()
    await wire.ask(service, model="sim-long.7f", key="sim-text.1")
    await service.closed_rows(since=began_at, count=1)
    page = await visitor.goto("/")
    await page.get_by_role("link", name="Set a price").click()
    row = page.get_by_role("row", name="sim-long.7f")
    await expect(row).to_contain_text("Unknown")
    await row.get_by_role("button", name="Change the price").click()
    await page.get_by_label("Input").fill("1.25")
    await page.get_by_label("Output").fill("cheap")
    await press(page, "Save")
    await expect(page.get_by_text("An amount in dollars, as 1.25").first).to_be_visible()
    assert await axe(page) == []
    await page.get_by_label("Cached").fill("0.125")
    await page.get_by_label("Output").fill("10")
    await page.keyboard.press("Enter")
    await expect(row).to_contain_text("Your own")
    assert await told(service, "modelPrices") == {
        "sim-long.7f": {"input": 1_250_000, "cached": 125_000, "output": 10_000_000}
    }
    await page.get_by_role("button", name="Undo").click()
    await expect(row).to_contain_text("Unknown")
    assert await told(service, "modelPrices") == {}


async def test_everything_goes_out_as_a_bundle_and_comes_in(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = await visitor.goto("/settings/data")
    await page.get_by_role("button", name="Take everything out").click()
    await page.get_by_label("Passphrase").fill(PASSPHRASE)
    await page.get_by_label("The same again").fill(PASSPHRASE)
    async with page.expect_download() as begun:
        await press(page, "Download")
    bundle = tmp_path / "house.bundle"
    await (await begun.value).save_as(bundle)

    await page.get_by_role("button", name="Bring it in").click()
    await page.get_by_label("File", exact=True).set_input_files(bundle)
    await page.get_by_label("Passphrase").fill("another passphrase")
    await press(page, "Look inside")
    await expect(page.get_by_role("dialog").get_by_text("passphrase")).to_be_visible()
    await page.get_by_label("Passphrase").fill(PASSPHRASE)
    await press(page, "Look inside")
    records = page.get_by_role("region", name="What would become of each record")
    await expect(records.get_by_text("Account").first).to_be_visible()
    await press(page, "Bring it in")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_diagnostics_name_nobody(visitor: Visitor) -> None:
    page = await visitor.goto("/settings/about")
    async with page.expect_download() as begun:
        await page.get_by_role("button", name="Download diagnostics").click()
    text = (await (await begun.value).path()).read_text("utf-8")
    assert json.loads(text)["pool"]["total"] == 1
    assert "@" not in text
    assert "/tmp" not in text  # noqa: S108  no directory either


async def test_every_section_is_there_for_everybody(browser: Browser, service: Service) -> None:
    small = await Visitor.come(browser, service.url, Look(320, 640, "dark"))
    page = await small.goto("/settings")
    for section in SECTIONS:
        await page.get_by_label("Section").select_option(section)
        await expect(page).to_have_url(f"{small.url}/settings/{section}")
        await expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
        assert await axe(page) == []
        assert await overflow(page) == 0
    await small.leave()
