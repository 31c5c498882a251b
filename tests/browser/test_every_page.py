"""Every page, in every look: for everybody's eyes and hands, and within its budget."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from tests.browser.looking import APP, LOOKS, PAGES, Look, Visitor, axe, clipped, overflow
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

looks = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)

NARROW = 390

# Addresses at which something stands over a page.
SHEETS = ("/accounts/new", "/keys/new")

LIMITS = [
    {"limitType": "cost_usd", "limitWindow": "monthly", "maxValue": 20_000_000},
    {"limitType": "total_tokens", "limitWindow": "daily", "maxValue": 1, "modelFilter": "gpt-5.5"},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _something_of_everything(service: Service, sim: Simulator) -> None:
    """Accounts in several states, requests that went well, elsewhere and wrong, and keys."""
    pool = await Pool.begin(sim, service)
    first, second = await pool.add_two()
    await pool.add(plan="team")
    await wire.ask(service)
    sim.script(UsageLimit(), account=first.upstream, times=1)
    await wire.ask(service)
    for model in ("sim-refuse-overloaded", "nobody-knows-" + "a-name-without-a-space-" * 4):
        await wire.ask(service, model=model)
    await service.admin("POST", f"/api/accounts/{second.id}/pause")
    for terms in (
        {"name": "laptop", "limits": LIMITS},
        {"name": "a name that is longer than any column of any table would like it to be"},
        {"name": "phone", "isActive": False, "allowedModels": ["gpt-5.5", "gpt-5.4"]},
    ):
        await service.admin("POST", "/api/api-keys", json=terms)


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser, service: Service, look: Look) -> AsyncIterator[Visitor]:
    one = await Visitor.come(browser, service.url, look)
    yield one
    await one.leave()


@looks
async def test_every_page_is_there_for_everybody(
    visitor: Visitor, service: Service, look: Look
) -> None:
    account_id = next(iter(await service.accounts()))
    row = (await service.admin("GET", "/api/request-logs"))["requests"][0]
    for path in (*PAGES, *SHEETS, f"/accounts/{account_id}", f"/requests/{row['requestId']}"):
        page = await visitor.goto(path)
        if path not in SHEETS and row["requestId"] not in path:  # what is behind a sheet is hidden
            await expect(page.get_by_role("heading", level=1)).to_have_count(1)
            await expect(page.get_by_role("main")).to_have_count(1)
        if look.width >= NARROW:  # as narrow as that, it is the same page, only tighter
            assert await axe(page) == [], path
        assert await overflow(page) == 0, path


@pytest.mark.parametrize("look", [Look(1024), Look(768)], ids=lambda look: look.name)
async def test_between_a_phone_and_a_large_screen_nothing_is_cut_off(visitor: Visitor) -> None:
    for path in PAGES:
        page = await visitor.goto(path)
        assert await overflow(page) == 0, path
        assert await clipped(page) == [], path


@pytest.mark.parametrize("look", [Look(), Look(390, 844, "dark")], ids=lambda look: look.name)
async def test_forms_and_dialogs_are_there_for_everybody(visitor: Visitor) -> None:
    page = await visitor.goto("/?by=model")
    await page.get_by_text("View as table").click()
    assert await axe(page) == []
    assert await overflow(page) == 0

    page = await visitor.goto("/keys/new")
    await page.get_by_text("More: models").click()
    await page.get_by_role("button", name="Add a budget").click()
    await page.get_by_role("button", name="Create", exact=True).click()  # a form with faults
    await expect(page.get_by_text("A key needs a name.")).to_be_visible()
    assert await axe(page) == []
    assert await overflow(page) == 0

    page = await visitor.goto("/keys")
    menu = page.get_by_role("button", name="Actions for laptop")
    await menu.click()
    await expect(page.get_by_role("menu")).to_be_visible()
    assert await axe(page) == []
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page.get_by_role("dialog", name="Delete laptop?")).to_be_visible()
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("dialog", name="Search")).to_be_visible()
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert await axe(page) == []
    assert await overflow(page) == 0


MOST_SCRIPT, MOST_LOGIN_SCRIPT = 170_000, 15_000  # bytes, gzip
MOST_STYLE = 15_000
MOST_REQUESTS, MOST_SCRIPTS = 14, 8


def packed(visitor: Visitor, kind: str) -> list[int]:
    """Sizes under gzip of the files of a kind that were asked for."""
    names = [r.url.rpartition("/")[2] for r in visitor.requests if r.resource_type == kind]
    found = [APP / "assets" / f"{name}.gz" for name in names]
    plain = [APP / "assets" / name for name in names]
    return [(a if a.exists() else b).stat().st_size for a, b in zip(found, plain, strict=True)]


@pytest.mark.parametrize("look", [Look()], ids=["large"])
@pytest.mark.parametrize("path", PAGES)
async def test_a_page_keeps_within_its_budget(visitor: Visitor, path: str) -> None:
    await visitor.goto(path)
    scripts = packed(visitor, "script")
    assert 0 < sum(scripts) <= MOST_SCRIPT
    assert len(scripts) <= MOST_SCRIPTS
    assert 0 < sum(packed(visitor, "stylesheet")) <= MOST_STYLE
    assert len(visitor.requests) <= MOST_REQUESTS


@pytest.mark.parametrize("look", [Look()], ids=["large"])
async def test_the_login_page_keeps_within_its_budget(visitor: Visitor) -> None:
    await visitor.goto("/login")
    assert 0 < sum(packed(visitor, "script")) <= MOST_LOGIN_SCRIPT
