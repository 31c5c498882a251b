"""The accounts page: the table with its filters and actions, and one account with its past."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from tests.browser.looking import Visitor, axe, overflow
from tests.journeys import wire
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def pool(service: Service, sim: Simulator) -> AsyncIterator[Pool]:
    one = await Pool.begin(sim, service)
    yield one
    await one.end()


async def name(service: Service, member: Member, alias: str) -> None:
    await service.admin("PUT", f"/api/accounts/{member.id}/alias", json={"alias": alias})


@pytest_asyncio.fixture(loop_scope="module")
async def two(service: Service, pool: Pool) -> tuple[Member, Member]:
    """Called ada and bob; bob has a better plan."""
    ada, bob = await pool.add(), await pool.add(plan="pro")
    await name(service, ada, "ada")
    await name(service, bob, "bob")
    return ada, bob


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


@pytest.mark.usefixtures("pool")
async def test_where_there_is_no_account_the_page_says_so_and_leads_on(visitor: Visitor) -> None:
    page = await visitor.goto("/accounts/nobody?q=a")
    await expect(page.get_by_text("There is no such account.")).to_be_visible()
    await page.get_by_role("link", name="All accounts").click()
    await expect(page).to_have_url(f"{visitor.url}/accounts?q=a")
    await page.get_by_role("button", name="Add an account").click()
    await expect(page).to_have_url(f"{visitor.url}/accounts/new?q=a")
    await expect(page.get_by_role("dialog", name="Add an account")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_row_changes_while_one_looks(
    visitor: Visitor, service: Service, pool: Pool, two: tuple[Member, Member]
) -> None:
    ada, bob = two
    page = await visitor.goto("/accounts")
    await expect(row(page, "bob")).to_contain_text("Serving")
    await service.admin("POST", f"/api/accounts/{bob.id}/pause")
    await expect(row(page, "bob")).to_contain_text("paused by the operator")

    pool.sim.script(UsageLimit(resets_in_s=7200), account=ada.upstream)
    await wire.ask(service)
    await expect(row(page, "ada")).to_contain_text("back in 2 h")
    (told,) = [
        each
        for each in (await service.admin("GET", "/api/ui/accounts"))["accounts"]
        if each["accountId"] == ada.id
    ]
    day = row(page, "ada").get_by_title(f"{told['requests24h']} request")
    await expect(day).to_be_visible()
    await expect(day).to_contain_text("1 error")


@pytest.mark.usefixtures("two")
async def test_filter_order_and_groups_stand_in_the_address(visitor: Visitor) -> None:
    page = await visitor.goto("/accounts?group=plan&sort=name&desc=1")
    await expect(page.get_by_role("heading", level=2)).to_have_text(["pro 1", "plus 1"])
    await page.get_by_label("Group").select_option("Not grouped")
    await page.get_by_role("button", name="Account", exact=True).click()
    names = page.get_by_role("row").filter(has_text="Serving")
    await expect(names).to_contain_text(["ada", "bob"])
    await expect(page).to_have_url(f"{visitor.url}/accounts?sort=name")
    await page.keyboard.press("/")
    await page.keyboard.type("bo")
    await expect(page).to_have_url(f"{visitor.url}/accounts?sort=name&q=bo")
    await expect(page.get_by_text("1 of 2 accounts")).to_be_visible()
    await expect(row(page, "ada")).to_have_count(0)
    await page.get_by_label("State").select_option("Paused")
    await page.get_by_role("button", name="Clear the filters").click()
    await expect(row(page, "ada")).to_be_visible()


async def test_many_are_paused_by_keyboard_and_that_is_undone(
    visitor: Visitor, two: tuple[Member, Member], pool: Pool
) -> None:
    page = await visitor.goto("/")
    for key in ("g", "a"):
        await page.keyboard.press(key)
    await expect(row(page, "ada")).to_be_visible()
    for key in ("j", "x", "j", "x"):
        await page.keyboard.press(key)
    await expect(page.get_by_text("2 accounts selected")).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("2 accounts are paused.")).to_be_visible()
    await expect(page.get_by_text("paused by the operator")).to_have_count(2)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("paused by the operator")).to_have_count(0)
    assert [await pool.status(each) for each in two] == ["active", "active"]

    await page.get_by_role("toolbar").get_by_role("button", name="Policy").click()
    await page.get_by_role("menuitem", name="Use last").click()
    await expect(page.get_by_text("2 accounts are used last now.")).to_be_visible()
    await expect(page.get_by_role("gridcell", name="Last", exact=True)).to_have_count(2)


async def test_an_account_opens_at_its_address_and_the_way_back_keeps_the_filters(
    visitor: Visitor, service: Service, two: tuple[Member, Member]
) -> None:
    ada, _ = two
    await service.admin("POST", f"/api/accounts/{ada.id}/probe")
    page = await visitor.goto("/accounts?q=a&sort=name")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{visitor.url}/accounts/{ada.id}?q=a&sort=name")
    await expect(page.get_by_role("heading", level=1)).to_have_text("ada")
    told = (await service.admin("GET", f"/api/ui/accounts/{ada.id}"))["account"]["usage"]
    for window, percent in (
        ("5 hours", told["primaryRemainingPercent"]),
        ("Week", told["secondaryRemainingPercent"]),
    ):
        meter = page.get_by_role("meter", name=window)
        await expect(meter).to_have_attribute("aria-valuetext", re.compile(f"^{percent:.0f}% left"))
    await expect(page.get_by_text("Added by the operator")).to_be_visible()
    await service.admin("POST", f"/api/accounts/{ada.id}/pause")
    await expect(page.get_by_text("It serves again when you resume it.")).to_be_visible()
    await expect(page.get_by_text("Paused by the operator").last).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(f"{visitor.url}/accounts?q=a&sort=name")
    await expect(row(page, "ada")).to_be_focused()


async def test_an_account_is_named_preferred_and_exported_on_its_page(
    visitor: Visitor, service: Service, two: tuple[Member, Member], tmp_path: Path
) -> None:
    ada, _ = two
    page = await visitor.goto(f"/accounts/{ada.id}")
    await page.get_by_label("Name", exact=True).fill("Ada of the long nights")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ada of the long nights")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("ada")
    await page.get_by_label("First").click()
    await expect(page.get_by_text("The account is used first now.")).to_be_visible()
    assert (await service.accounts())[ada.id]["routingPolicy"] == "burn_first"
    await page.get_by_role("button", name="Try now").click()
    await expect(page.get_by_text("ChatGPT says: 90% left of 5 hours")).to_be_visible()
    await page.get_by_role("button", name="Sign in again").click()
    await expect(page.get_by_role("dialog")).to_contain_text(ada.upstream.email)
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name="Export the sign-in").click()
    await expect(page.get_by_role("dialog")).to_contain_text("in clear")
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Download").click()
    download = await started.value
    assert download.suggested_filename == "auth.json"
    await download.save_as(tmp_path / "auth.json")
    tokens = json.loads((tmp_path / "auth.json").read_text("utf-8"))["tokens"]
    assert tokens == ada.upstream.auth_json()["tokens"]
    await expect(page.get_by_text(tokens["access_token"])).to_have_count(0)


async def test_deleting_asks_for_the_name_and_says_what_goes(
    visitor: Visitor, service: Service, two: tuple[Member, Member]
) -> None:
    ada, _ = two
    terms = {"name": "laptop", "assignedAccountIds": [ada.id]}
    key = await service.admin("POST", "/api/api-keys", json=terms)
    page = await visitor.goto(f"/accounts/{ada.id}")
    await expect(page.get_by_role("link", name="laptop")).to_have_attribute(
        "href", f"/keys/{key['id']}"
    )
    await page.get_by_role("button", name="Delete the account").click()
    shown = page.get_by_role("dialog", name="Delete this account?")
    await expect(shown).to_contain_text("1 key loses this account.")
    await shown.get_by_label("Type ada to confirm").fill("ada")
    await shown.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("The account is deleted.")).to_be_visible()
    await expect(page).to_have_url(f"{visitor.url}/accounts")
    await expect(row(page, "bob")).to_be_visible()
    await expect(row(page, "ada")).to_have_count(0)
    await service.admin("DELETE", f"/api/api-keys/{key['id']}")


async def test_an_account_is_there_for_everybody_and_so_is_a_long_name(
    visitor: Visitor, service: Service, two: tuple[Member, Member]
) -> None:
    ada, _ = two
    await name(service, ada, "a name that is longer than any column of any table would like")
    await visitor.page.set_viewport_size({"width": 320, "height": 640})
    page = await visitor.goto("/accounts?group=state")
    assert await overflow(page) == 0
    await row(page, "a name that is longer").click()
    await expect(page.get_by_role("button", name="Delete the account")).to_be_visible()
    assert await overflow(page) == 0
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("body")).to_have_css("background-color", "rgb(14, 16, 20)")
    assert await axe(page) == []
    await page.set_viewport_size({"width": 1440, "height": 900})
    assert await overflow(page) == 0
