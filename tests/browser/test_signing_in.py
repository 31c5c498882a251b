"""The page that signs in, and the dialog that does so over another page."""

from collections.abc import AsyncIterator

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.browser.looking import LOOKS, Look, Visitor, axe, overflow
from tests.journeys.service import Service

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

PASSWORD = "correct horse battery"
# As behind a reverse proxy: whoever comes so is not at this machine.
ELSEWHERE = {"x-forwarded-for": "192.0.2.7"}


@pytest_asyncio.fixture(loop_scope="module")
async def stranger(browser: Browser, service: Service) -> AsyncIterator[Visitor]:
    one = await Visitor.come(browser, service.url, headers=ELSEWHERE)
    yield one
    await one.leave()


@pytest_asyncio.fixture(loop_scope="module")
async def operator(browser: Browser, service: Service) -> AsyncIterator[Visitor]:
    """Signed in; without the password that this sets, the service is as it was before."""
    one = await Visitor.come(browser, service.url)
    await one.call("POST", "/api/dashboard-auth/password/setup", {"password": PASSWORD})
    yield one
    await one.call("POST", "/api/dashboard-auth/password/login", {"password": PASSWORD})
    await one.call("DELETE", "/api/dashboard-auth/password", {"password": PASSWORD})
    await one.leave()


async def sign_in(page: Page, password: str) -> None:
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def test_from_elsewhere_the_set_up_token_sets_the_first_password(
    stranger: Visitor, service: Service
) -> None:
    page = await stranger.goto("/keys")
    await expect(page.get_by_role("heading", name="Set up this service")).to_be_visible()
    await page.get_by_label("Set-up token").fill("guessed")
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_label("The same again").fill("another one")
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("alert")).to_have_text("The two passwords are not the same.")

    await page.get_by_label("The same again").fill(PASSWORD)
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("alert")).to_contain_text("not the token")

    token = service.log().rpartition("bootstrap=")[2].split()[0]
    await page.get_by_label("Set-up token").fill(token)
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    await stranger.call("DELETE", "/api/dashboard-auth/password", {"password": PASSWORD})


async def test_on_this_machine_a_password_is_set_from_the_menu(visitor: Visitor) -> None:
    page = await visitor.goto("/settings")
    await page.get_by_role("button", name="Operator").click()
    await page.get_by_role("menuitem", name="Set a password").click()
    await page.get_by_label("New password").fill("short")
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("alert")).to_have_text("At least 8 characters are needed.")
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_label("The same again").fill(PASSWORD)
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    await page.get_by_role("button", name="Operator").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await sign_in(page, PASSWORD)
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    await visitor.call("DELETE", "/api/dashboard-auth/password", {"password": PASSWORD})


async def test_the_page_that_was_asked_for_follows_password_and_code(
    operator: Visitor, stranger: Visitor
) -> None:
    started = await operator.call("POST", "/api/dashboard-auth/totp/setup/start")
    codes = pyotp.TOTP(started["secret"])
    confirmed = await operator.call(
        "POST",
        "/api/dashboard-auth/totp/setup/confirm",
        {"secret": started["secret"], "code": codes.now()},
    )
    await operator.call("PUT", "/api/settings", {"totpRequiredOnLogin": True})

    page = await stranger.goto("/keys?range=7d")
    await sign_in(page, "a wrong one")
    await expect(page.get_by_role("alert")).to_have_text("The password is wrong.")
    await sign_in(page, PASSWORD)
    await expect(page.get_by_role("heading", name="One-time code")).to_be_visible()
    await page.reload()
    await page.get_by_label("Code").fill("000000")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    await page.get_by_label("Code").fill(confirmed["recoveryCodes"][0])
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    assert page.url.endswith("/keys?range=7d")
    await operator.call("PUT", "/api/settings", {"totpRequiredOnLogin": False})


async def test_a_session_that_ends_costs_nothing_that_was_typed(operator: Visitor) -> None:
    page = await operator.goto("/keys/new")
    await page.get_by_label("Name", exact=True).fill("laptop")
    [session] = await operator.call("GET", "/api/dashboard-auth/sessions")
    await operator.call("DELETE", f"/api/dashboard-auth/sessions/{session['id']}")

    await page.get_by_role("button", name="Create", exact=True).click()
    over = page.get_by_role("dialog", name="Sign in again")
    await over.get_by_label("Password").fill(PASSWORD)
    assert await axe(page) == []
    await over.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("dialog", name="The key of laptop")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
async def test_the_page_that_signs_in_is_there_for_everybody(
    browser: Browser, service: Service, operator: Visitor, look: Look
) -> None:
    del operator  # whose password is asked for
    visitor = await Visitor.come(browser, service.url, look)
    page = await visitor.goto("/")
    await sign_in(page, "a wrong one")
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await axe(page) == []
    assert await overflow(page) == 0
    await visitor.leave()
