"""The palette: everything by name, by the keyboard alone."""

import pytest
from playwright.async_api import Page, expect
from tests.browser.looking import Visitor, axe, overflow
from tests.journeys.pool import Pool
from tests.journeys.service import Service

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def search(page: Page, words: str) -> None:
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox", name="Pages, actions")).to_be_focused()
    await page.keyboard.type(words)


async def status(service: Service, account_id: str) -> str:
    found = await service.admin("GET", "/api/accounts")
    return next(str(one["status"]) for one in found["accounts"] if one["accountId"] == account_id)


async def test_what_the_pool_has_is_found_and_acted_on_by_name(
    visitor: Visitor, service: Service, pool: Pool
) -> None:
    member = await pool.add()
    email = next(
        one["email"]
        for one in (await service.admin("GET", "/api/accounts"))["accounts"]
        if one["accountId"] == member.id
    )
    page = await visitor.goto("/keys")

    await search(page, email)
    await expect(page.get_by_role("option", name=email, exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    assert await axe(page) == []
    assert await overflow(page) == 0
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{visitor.url}/accounts/{member.id}")
    await expect(page.get_by_role("dialog", name="Search")).to_have_count(0)

    await visitor.goto("/keys")
    await search(page, f"pause {email}")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(f"{email} is paused.")).to_be_visible()
    assert await status(service, member.id) == "paused"
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text(f"{email} serves again.")).to_be_visible()
    assert await status(service, member.id) == "active"


async def test_words_that_name_nothing_are_sought_in_the_log(visitor: Visitor) -> None:
    page = await visitor.goto("/keys")
    await search(page, "status:error odd words")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{visitor.url}/requests?q=status%3Aerror%20odd%20words")
