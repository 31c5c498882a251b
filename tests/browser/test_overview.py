"""The overview: from the first steps to a pool that works, and what is shown while it does."""

import re

import pytest
from playwright.async_api import expect
from tests.browser.looking import Visitor
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import Service

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def test_without_accounts_the_first_steps_stand_there_and_lead_to_their_pages(
    visitor: Visitor,
) -> None:
    page = await visitor.goto("/")
    await expect(page.get_by_text("Three steps until the first answer.")).to_be_visible()
    await page.get_by_role("link", name="Add an account").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{visitor.url}/accounts/new")


async def test_what_the_pool_can_do_is_told_and_changes_while_one_looks(
    visitor: Visitor, service: Service, pool: Pool
) -> None:
    first, second = await pool.add_two()
    page = await visitor.goto("/")
    await expect(page.get_by_text("All 2 accounts can serve.")).to_be_visible()

    reply = await wire.ask(service)
    assert reply.is_completed, reply
    latest = page.get_by_role("grid", name="Latest requests")
    await expect(latest.get_by_role("row").filter(has_text="Served")).to_have_count(1)

    for member in (first, second):
        await service.admin("POST", f"/api/accounts/{member.id}/pause")
    await expect(page.get_by_text("Every account is paused.")).to_be_visible()


async def test_the_chart_shows_what_the_api_tells_and_the_address_keeps_the_view(
    visitor: Visitor, service: Service, pool: Pool
) -> None:
    await pool.add()
    await wire.ask(service)
    await pool.rows(1)
    page = await visitor.goto("/?range=7d&by=model")
    told = await service.admin("GET", "/api/ui/overview", params={"range": "7d", "group": "model"})
    last = sum(piece[-1] for piece in told["traffic"]["values"])
    assert last >= 1
    chart = page.get_by_role("slider", name="Requests")
    await chart.focus()
    await page.keyboard.press("Home")
    await expect(chart).to_have_attribute("aria-valuenow", "0")
    await page.keyboard.press("End")
    await expect(chart).to_have_attribute("aria-valuetext", re.compile(rf"so far: {last}\."))
    await page.get_by_label("By").select_option("client")
    await expect(page).to_have_url(f"{visitor.url}/?range=7d&by=client")
