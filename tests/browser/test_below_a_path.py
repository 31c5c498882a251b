"""The dashboard below a path of a reverse proxy, which may take the path off or leave it on."""

import pytest
from playwright.async_api import expect
from tests.browser.looking import Visitor
from tests.journeys.service import Service

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_BASE_PATH": "/some/lb/"}


async def test_pages_files_and_calls_are_below_the_path(visitor: Visitor) -> None:
    page = await visitor.goto("/some/lb/keys/new")
    await page.get_by_label("Name", exact=True).fill("laptop")
    await page.get_by_role("button", name="Create", exact=True).click()
    await page.get_by_role("tab", name="curl").click()
    await expect(page.get_by_text("/some/lb/v1/responses")).to_be_visible()
    await page.get_by_role("button", name="Test now").click()
    await expect(page.get_by_text("It works:")).to_be_visible()
    await page.get_by_role("button", name="Done").click()
    await page.get_by_role("link", name="Usage").click()
    await expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    assert page.url == f"{visitor.url}/some/lb/usage"
    assert {request.url for request in visitor.requests if "/some/lb/" not in request.url} == set()


async def test_without_the_path_programs_are_served_too(service: Service) -> None:
    assert (await service.admin("GET", "/api/settings"))["version"] == 1
    assert (await service.admin("GET", "/some/lb/health"))["status"]
