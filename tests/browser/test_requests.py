"""The requests page: what came in is found, followed, and explained one by one."""

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from tests.browser.looking import Visitor, axe
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

FAILS_OVER = "sim-burst-once"


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def pool(service: Service, sim: Simulator) -> AsyncIterator[Pool]:
    """Two requests were served, one of them by the second account that was asked."""
    one = await Pool.begin(sim, service)
    await one.add_two()
    await wire.ask(service)
    await wire.ask(service, model=FAILS_OVER)
    await one.rows(2)
    yield one
    await one.end()


def rows(page: Page) -> Locator:
    return page.get_by_role("grid", name="Requests").locator("tbody").get_by_role("row")


async def test_a_request_is_found_by_typing_and_shown_whole(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/requests")
    await expect(rows(page)).to_have_count(2)
    assert await axe(page) == []
    await page.keyboard.press("/")
    await page.keyboard.type("outcome:rec")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{visitor.url}/requests?q=outcome%3Arecovered")
    await expect(rows(page)).to_have_count(1)
    await page.reload()
    await expect(rows(page)).to_have_count(1)

    [told] = (await service.admin("GET", "/api/ui/requests?q=outcome:recovered"))["requests"]
    row = rows(page).first
    await row.focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(rf"/requests/{told['requestId']}\?q="))
    shown = page.get_by_role("dialog", name="Served on retry")
    await expect(shown.get_by_text("The next account was tried.")).to_be_visible()
    await expect(shown.get_by_text("Its answer went to the client.")).to_be_visible()
    bill = shown.get_by_role("row", name="In all")
    await expect(bill.get_by_role("cell").first).to_have_text(str(told["tokens"]))
    await expect(shown.get_by_text("$CODEX_LB_API_KEY")).to_be_visible()
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    await expect(shown).to_have_count(0)
    await expect(row).to_be_focused()

    await page.get_by_role("button", name="All", exact=True).click()
    await rows(page).first.click()
    await expect(shown).to_be_visible()
    await page.keyboard.press("j")  # to the request before
    await expect(page.get_by_role("dialog", name="Served", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(rows(page).nth(1)).to_be_focused()


async def test_filters_chart_and_views_make_the_address(visitor: Visitor) -> None:
    page = await visitor.goto("/requests")
    filters = page.get_by_role("complementary", name="Filters")
    await filters.get_by_role("checkbox", name=FAILS_OVER).check()
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("slider", name="When").focus()
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(rf"q=model%3A{FAILS_OVER}&zoom=24h\.\d+\.\d+$"))
    await expect(rows(page)).to_have_count(1)

    await page.get_by_role("button", name="Save this view").click()
    await page.get_by_label("Name", exact=True).fill("bursts")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_role("button", name="Refused", exact=True).click()
    await expect(page.get_by_text("No request matches these filters.")).to_be_visible()
    await page.get_by_role("button", name="Clear all filters").click()
    await expect(page).to_have_url(f"{visitor.url}/requests")
    await page.get_by_role("button", name="bursts").click()
    await expect(rows(page)).to_have_count(1)

    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="As JSON lines").click()
    [line] = (await (await download.value).path()).read_text("utf-8").splitlines()
    assert json.loads(line)["model"] == FAILS_OVER


async def test_new_requests_appear_and_wait_while_one_reads(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/requests")
    before = await rows(page).count()
    await wire.ask(service, model="gpt-5.4")
    await expect(rows(page)).to_have_count(before + 1)
    await expect(rows(page).first).to_contain_text("gpt-5.4")
    await page.keyboard.press("l")
    await expect(page.get_by_role("button", name="Go on")).to_be_visible()
    await wire.ask(service, model="gpt-5.5")
    await page.get_by_role("button", name="1 new").click()
    await expect(rows(page)).to_have_count(before + 2)

    page = await visitor.goto("/requests?q=model:gpt-5.4")
    await expect(rows(page)).to_have_count(1)
    await wire.ask(service, model="gpt-5.4")  # only the service knows that it matches
    await expect(rows(page)).to_have_count(2)


async def test_what_is_not_there_is_said(visitor: Visitor) -> None:
    page = await visitor.goto("/requests/nothing")
    await expect(page.get_by_text("There is no such request")).to_be_visible()
    broken = {"error": {"code": "store_failed", "message": "The database does not answer."}}
    await page.route("**/api/ui/requests?*", lambda route: route.fulfill(status=503, json=broken))
    page = await visitor.goto("/requests?range=7d")
    await expect(page.get_by_text("The database does not answer.")).to_be_visible()
    await page.unroute("**/api/ui/requests?*")
    await page.get_by_role("button", name="Retry").click()
    await expect(rows(page)).not_to_have_count(0)
