"""The usage page: its figures are the API's, and its address is the view."""

import pytest
from playwright.async_api import expect
from tests.browser.looking import Visitor
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def test_figures_are_those_of_the_api_and_the_address_keeps_the_view(
    visitor: Visitor, service: Service, sim: Simulator
) -> None:
    page = await visitor.goto("/usage")
    await expect(page.get_by_text("Nothing was used in this time.")).to_be_visible()

    pool = await Pool.begin(sim, service)
    await pool.add()
    await wire.ask(service)
    await pool.rows(1)
    page = await visitor.goto("/usage?days=7&show=tokens&by=model")
    told = await service.admin("GET", "/api/ui/usage", params={"days": "7", "group": "model"})
    [model] = told["groups"]
    row = page.get_by_role("grid", name="In detail").get_by_role("row", name=model["key"])
    await expect(row.get_by_role("gridcell").nth(1)).to_have_text("1")

    chart = page.get_by_role("slider", name="Tokens")
    tokens = model["total"]["inputTokens"] + model["total"]["outputTokens"]
    await chart.focus()
    await page.keyboard.press("End")
    assert f"so far: {tokens}." in str(await chart.get_attribute("aria-valuetext"))

    await page.get_by_label("By", exact=True).select_option("client")
    await expect(page).to_have_url(f"{visitor.url}/usage?days=7&show=tokens&by=client")
    await page.reload()
    await expect(page.get_by_role("columnheader", name="Client")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    assert (await download.value).suggested_filename == "usage-by-client.csv"
    await pool.end()
