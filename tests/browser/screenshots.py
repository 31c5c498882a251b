"""Pictures of every page of the demo, in every look, for `docs/screenshots`: `make screenshots`."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from playwright.async_api import async_playwright
from tests.browser.looking import LOOKS, PAGES, REPOSITORY, Visitor, require_dashboard
from tests.journeys.service import free_port

FOLDER = REPOSITORY / "docs" / "screenshots"
_START_LIMIT_S = 60.0
_SETTLE_MS = 1_000  # charts are drawn after the text
_KEYS = (
    {
        "name": "laptop",
        "limits": [{"limitType": "cost_usd", "limitWindow": "monthly", "maxValue": 20_000_000}],
    },
    {
        "name": "continuous integration",
        "allowedModels": ["gpt-5.5"],
        "limits": [
            {"limitType": "total_tokens", "limitWindow": "daily", "maxValue": 1_500_000},
            {"limitType": "cost_usd", "limitWindow": "weekly", "maxValue": 50_000_000},
        ],
    },
    {"name": "old phone", "isActive": False},
)


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """The address of a running demonstration with a few API keys."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "codex_lb", "demo", "--port", str(port))
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(_START_LIMIT_S), aiohttp.ClientSession() as session:
            while not await _is_ready(session, url):
                assert process.returncode is None
                await asyncio.sleep(0.1)
            for terms in _KEYS:
                async with session.post(f"{url}/api/api-keys", json=terms) as reply:
                    reply.raise_for_status()
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/health/ready") as reply:
            return reply.ok
    except aiohttp.ClientConnectionError:
        return False


async def main() -> None:
    require_dashboard()
    FOLDER.mkdir(exist_ok=True)
    async with demo() as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for look in LOOKS:
            visitor = await Visitor.come(browser, url, look)
            for path in (*PAGES, "/accounts/new", "/keys/new", "/login"):
                page = await visitor.goto(path)
                await page.wait_for_timeout(_SETTLE_MS)
                name = path.strip("/").replace("/", "-") or "overview"
                await page.screenshot(path=FOLDER / f"{name}-{look.name}.png")
            await visitor.leave()
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
