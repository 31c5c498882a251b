"""What a person sees of a page, and what a page must be for everybody: the tools of these tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Request, expect

REPOSITORY = Path(__file__).parents[2]
APP = REPOSITORY / "src" / "codex_lb" / "dashboard" / "static" / "app"
AXE = REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

# Every page of the dashboard; each test of all pages goes through them.
PAGES = (
    "/",
    "/accounts",
    "/requests",
    "/usage",
    "/keys",
    "/connect",
    "/settings",
    "/settings/security",
    "/settings/routing",
    "/settings/models",
    "/nowhere",
)

expect.set_options(timeout=15_000)  # two busy cores; nothing is judged by its speed


@dataclass(frozen=True, slots=True)
class Look:
    """A screen, and the colours that its owner prefers."""

    width: int = 1440
    height: int = 900
    theme: str = "light"

    @property
    def name(self) -> str:
        return f"{self.width}-{self.theme}"


LOOKS = (
    Look(),
    Look(theme="dark"),
    Look(390, 844),
    Look(390, 844, "dark"),
    Look(320, 640),
)


@dataclass(slots=True)
class Visitor:
    """One browser profile and its first tab."""

    context: BrowserContext
    page: Page
    url: str
    requests: list[Request] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    async def come(
        cls,
        browser: Browser,
        url: str,
        look: Look | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Visitor":
        look = look or Look()
        context = await browser.new_context(
            viewport={"width": look.width, "height": look.height},
            color_scheme="dark" if look.theme == "dark" else "light",
            has_touch=look.width < 768,
            reduced_motion="reduce",
            locale="en-US",
            extra_http_headers=dict(headers or {}),
        )
        visitor = cls(context, await context.new_page(), url)
        visitor.page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        # The list's own method would not do: attributes are put on a handler.
        visitor.page.on("request", lambda request: visitor.requests.append(request))  # noqa: PLW0108
        return visitor

    async def leave(self) -> None:
        await self.context.close()
        assert self.errors == []

    async def goto(self, path: str) -> Page:
        """The page, once it has its heading and its data."""
        await self.page.goto(self.url + path)
        await expect(self.page.locator("h1")).to_be_visible()  # also behind a dialog
        await expect(self.page.get_by_text("Loading", exact=True)).to_have_count(0)
        return self.page

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """As the operator who is at this machine or signed in; it must be accepted."""
        reply = await self.context.request.fetch(self.url + path, method=method, data=body)
        assert reply.ok, await reply.text()
        return await reply.json() if "json" in reply.headers.get("content-type", "") else None


async def axe(page: Page) -> list[str]:
    """Every violation: the rule, and where."""
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, width)


async def clipped(page: Page) -> list[str]:
    """The tables that are wider than what holds them, which hides their last columns."""
    found: list[str] = await page.evaluate(
        "[...document.querySelectorAll('[role=grid]')]"
        ".filter((one) => one.offsetWidth > one.parentElement.clientWidth)"
        ".map((one) => one.ariaLabel)"
    )
    return found


def require_dashboard() -> None:
    assert (APP / "index.html").exists(), "the dashboard is not built: run `make dashboard`"
