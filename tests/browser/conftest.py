"""A browser in front of the whole service. Each module has one service and one browser."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from tests.browser.looking import Visitor, require_dashboard
from tests.journeys.conftest import pool, pytest_runtest_makereport, service, settings, sim
from tests.journeys.service import Service

__all__ = ["pool", "pytest_runtest_makereport", "service", "settings", "sim"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    require_dashboard()
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        try:
            yield running
        finally:
            await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser, service: Service) -> AsyncIterator[Visitor]:
    """Somebody at this machine, at a large screen; no script of the page may fail."""
    one = await Visitor.come(browser, service.url)
    yield one
    await one.leave()
