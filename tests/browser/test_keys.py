"""The keys page: from no key to one that works, and what else may happen to a key."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.looking import Visitor
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _clean(service: Service, sim: Simulator) -> AsyncIterator[None]:
    pool = await Pool.begin(sim, service)
    await pool.add()
    yield
    await pool.end()
    for key in await keys(service):
        async with aiohttp.ClientSession() as session:
            await session.delete(f"{service.url}/api/api-keys/{key['id']}")
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": False})


async def keys(service: Service) -> list[dict[str, object]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{service.url}/api/api-keys") as reply,
    ):
        found: list[dict[str, object]] = await reply.json()
        return found


async def add(service: Service, **terms: object) -> str:
    """Make a key; its secret."""
    return str((await service.admin("POST", "/api/api-keys", json=terms))["key"])


async def choose(page: Page, name: str, action: str) -> None:
    await page.get_by_role("button", name=f"Actions for {name}").click()
    await page.get_by_role("menuitem", name=action).click()


async def test_from_no_key_to_one_that_serves(visitor: Visitor, service: Service) -> None:
    page = await visitor.goto("/keys")
    await page.get_by_role("button", name="Create a key").click()
    await page.get_by_label("Name", exact=True).fill("laptop")
    await page.get_by_label("Budget in dollars").fill("20")
    await page.get_by_label("Expires").select_option("In 30 days")
    await page.get_by_role("button", name="Create", exact=True).click()

    shown = page.get_by_role("dialog", name="The key of laptop")
    secret = await shown.get_by_role("status", name="API key").inner_text()
    await shown.get_by_role("button", name="Test now").click()
    await expect(shown.get_by_text("It works:")).to_be_visible()
    await expect(shown.get_by_text(f"export CODEX_LB_API_KEY={secret}")).to_be_visible()
    await shown.get_by_role("tab", name="Python SDK").click()
    await expect(shown.get_by_text(f'base_url="{service.url}/v1"')).to_be_visible()

    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("main")).to_be_focused()  # the button that began it is gone
    row = page.get_by_role("row", name="laptop")
    await expect(row.get_by_role("meter", name="Cost per month")).to_have_attribute(
        "aria-valuetext", "100% left, $0.00 of $20.00 used"
    )
    await expect(page.get_by_text(secret)).to_have_count(0)
    since = time.time() - 1  # noqa: TID251  as the rows have it
    body = {"model": "gpt-5.5", "input": "Hello!"}
    headers = {"authorization": f"Bearer {secret}"}
    await service.admin("POST", "/v1/responses", json=body, headers=headers)
    await service.closed_rows(since=since, count=1)
    await expect(row.get_by_text("1 request ·")).to_be_visible()
    [key] = await keys(service)
    assert key["name"] == "laptop"
    assert secret.startswith(str(key["keyPrefix"]))


async def test_a_form_says_what_is_wrong_and_where_and_keeps_what_was_typed(
    visitor: Visitor,
) -> None:
    page = await visitor.goto("/keys/new")
    await page.get_by_label("Budget in dollars").fill("lots")
    await page.get_by_role("button", name="Create", exact=True).click()
    name = page.get_by_label("Name", exact=True)
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("A number above zero")).to_be_visible()
    await expect(page.get_by_label("Budget in dollars")).to_have_value("lots")


async def test_what_the_service_refuses_is_said_in_the_form(visitor: Visitor) -> None:
    page = await visitor.goto("/keys/new")
    await page.get_by_label("Name", exact=True).fill("twice")
    await page.get_by_text("More: models").click()
    await page.get_by_label("Budget in dollars").fill("1")
    await page.get_by_role("button", name="Add a budget").click()
    await page.get_by_label("Counts").select_option("Cost")
    await page.get_by_label("At most").fill("2")
    await page.get_by_label("Per", exact=True).select_option("per month")
    await page.get_by_role("button", name="Create", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("two rules of the same type")


async def test_a_key_is_edited_at_its_own_address(visitor: Visitor, service: Service) -> None:
    await add(service, name="before", allowedModels=["gpt-5.5"])
    page = await visitor.goto("/keys")
    await page.get_by_role("row", name="before").click()
    await page.get_by_label("Name", exact=True).fill("after")
    await page.reload()  # the form is at its address, with what the key is
    await expect(page.get_by_label("Name", exact=True)).to_have_value("before")
    await page.get_by_label("Name", exact=True).fill("after")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("row", name="after")).to_be_visible()
    [key] = await keys(service)
    assert (key["name"], key["allowedModels"]) == ("after", ["gpt-5.5"])


async def test_disabling_can_be_undone(visitor: Visitor, service: Service) -> None:
    await add(service, name="laptop")
    page = await visitor.goto("/keys")
    row = page.get_by_role("row", name="laptop")
    await choose(page, "laptop", "Disable")
    await expect(row.get_by_text("Disabled")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(row.get_by_text("Active")).to_be_visible()


async def test_a_new_secret_is_shown_once(visitor: Visitor, service: Service) -> None:
    old = await add(service, name="laptop")
    page = await visitor.goto("/keys")
    await choose(page, "laptop", "Give a new secret")
    await page.get_by_role("dialog").get_by_role("button", name="Give a new secret").click()
    shown = page.get_by_role("dialog", name="The key of laptop")
    secret = await shown.get_by_role("status", name="API key").inner_text()
    assert secret != old


async def test_deleting_asks_for_the_name(visitor: Visitor, service: Service) -> None:
    await add(service, name="laptop")
    page = await visitor.goto("/keys")
    await choose(page, "laptop", "Delete")
    button = page.get_by_role("button", name="Delete")
    await page.get_by_label("Type laptop to confirm").fill("lap")
    await expect(button).to_be_disabled()
    await page.get_by_label("Type laptop to confirm").fill("laptop")
    await button.click()
    await expect(page.get_by_text("laptop is deleted.")).to_be_visible()
    await expect(page.get_by_text("No keys yet.")).to_be_visible()
    assert await keys(service) == []


async def test_the_banner_switches_key_checking_on_and_goes(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/keys")
    await page.get_by_role("switch", name="Ask every client for a key").click()
    await expect(page.get_by_text("Every client must show a key now.")).to_be_visible()
    await expect(page.get_by_text("Key checking is off")).to_have_count(0)
    assert (await service.admin("GET", "/api/settings"))["apiKeyAuthEnabled"] is True
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("Key checking is off")).to_be_visible()


async def test_everything_can_be_done_by_keyboard(visitor: Visitor, service: Service) -> None:
    await add(service, name="first")
    await add(service, name="second")
    page = await visitor.goto("/")
    await page.keyboard.press("g")
    await page.keyboard.press("k")
    await expect(page.get_by_role("row", name="second")).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.get_by_role("row", name="second")).to_be_focused()
    await page.keyboard.press(".")
    await expect(page.get_by_role("menuitem", name="Edit")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Actions for second")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("row", name="second")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Edit second")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
