"""What is shown stays true: by the stream of events, by asking again, and in spite of failures."""

import asyncio

import pytest
from playwright.async_api import Route, expect
from tests.browser.looking import Visitor
from tests.journeys.service import Service

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

STREAM, KEYS = "**/api/ui/stream", "**/api/ui/keys"


async def test_an_event_makes_the_page_ask_again_and_the_next_connection_goes_on_after_it(
    visitor: Visitor, service: Service
) -> None:
    gone_on: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    begun = asyncio.Event()

    async def stream(route: Route) -> None:
        last = await route.request.header_value("last-event-id")
        if last == "7" and not gone_on.done():
            gone_on.set_result(last)
        await begun.wait()
        body = "" if last == "7" else "id: 7\nevent: requests.logged\ndata: {}\n\n"
        await route.fulfill(body=body, content_type="text/event-stream")

    await visitor.context.route(STREAM, stream)
    page = await visitor.goto("/keys")
    await service.admin("POST", "/api/api-keys", json={"name": "from elsewhere"})
    begun.set()
    await expect(page.get_by_role("row", name="from elsewhere")).to_be_visible()
    assert await asyncio.wait_for(gone_on, 30) == "7"


async def test_one_tab_listens_for_all(visitor: Visitor) -> None:
    asked = 0
    say = asyncio.Event()

    async def stream(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await say.wait()
            body = "id: 1\nevent: requests.logged\ndata: {}\n\n"
            await route.fulfill(body=body, content_type="text/event-stream")

    await visitor.context.route(STREAM, stream)
    await visitor.goto("/keys")
    other = await visitor.context.new_page()
    await other.goto(f"{visitor.url}/keys")
    await expect(other.get_by_role("heading", name="Keys")).to_be_visible()
    assert asked == 1
    async with other.expect_request(KEYS):
        say.set()


async def test_without_a_stream_the_page_says_so_and_asks_every_15_seconds(
    visitor: Visitor,
) -> None:
    await visitor.context.route(STREAM, lambda route: route.fulfill(status=404))
    await visitor.page.clock.install()
    page = await visitor.goto("/keys")
    await expect(page.get_by_text("Every 15 s")).to_be_visible()
    for _ in range(3):  # at once, and then again and again
        async with page.expect_response(KEYS):
            await page.clock.run_for(16_000)


async def test_while_the_stream_is_coming_nothing_is_asked_again(visitor: Visitor) -> None:
    async def stream(_route: Route) -> None:
        await asyncio.Event().wait()

    await visitor.context.route(STREAM, stream)
    await visitor.page.clock.install()
    page = await visitor.goto("/keys")
    before = len(visitor.requests)
    await page.clock.run_for(35_000)
    assert [request.url for request in visitor.requests[before:]] == []


async def test_a_failure_leaves_what_was_there_and_offers_to_ask_again(
    visitor: Visitor, service: Service
) -> None:
    await service.admin("POST", "/api/api-keys", json={"name": "still there"})
    page = await visitor.goto("/keys")
    body = '{"error": {"code": "store_unavailable", "message": "The database does not answer."}}'

    async def fail(route: Route) -> None:
        await route.fulfill(status=503, body=body, content_type="application/json")

    await visitor.context.route(KEYS, fail)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await page.keyboard.press("g")
    await page.keyboard.press("o")
    await page.clock.install()
    await page.clock.fast_forward(60_000)
    await page.get_by_role("link", name="Keys").click()
    await expect(page.get_by_role("alert")).to_contain_text("The database does not answer.")
    await expect(page.get_by_role("row", name="still there")).to_be_visible()
    await visitor.context.unroute(KEYS)
    await page.get_by_role("button", name="Retry").click()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_page_that_cannot_be_had_comes_when_the_service_is_back(visitor: Visitor) -> None:
    async def fail(route: Route) -> None:
        await route.abort()

    await visitor.context.route(STREAM, fail)
    page = await visitor.goto("/keys")
    await expect(page.get_by_text("Offline since")).to_be_visible()
    await visitor.context.route("**/*", fail)
    await page.keyboard.press("Control+k")  # its file has not come yet either
    await page.get_by_role("link", name="Usage").click()
    await expect(page.get_by_text("This page comes as soon as it does.")).to_be_visible()
    await visitor.context.unroute_all()
    await expect(page.get_by_role("heading", name="Usage", exact=True)).to_be_visible()
    visitor.errors.clear()  # the browser's own, for each file that did not come


async def test_a_choice_of_colours_is_kept_and_comes_with_the_next_page(visitor: Visitor) -> None:
    page = await visitor.goto("/keys")
    await page.get_by_role("button", name="Theme").click()
    await page.get_by_role("menuitemcheckbox", name="Dark").click()
    reply = await visitor.page.request.get(f"{visitor.url}/keys")
    assert 'data-theme="dark"' in await reply.text()
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(14, 16, 20)"
    )
