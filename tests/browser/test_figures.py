"""Every figure that a page names: something happens, the page shows it, and the API says the same.

Reloading the page's address shows the same again. Nothing here is judged by its speed, but for the
one test that is about it.
"""

import asyncio
import csv
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from time import perf_counter
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from tests.browser.looking import Visitor
from tests.journeys import wire
from tests.journeys.pool import Member, Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator
from codex_lb.simulator.steps import Text, UsageLimit

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

UNPRICED = "nobody-sells-this"


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def two(service: Service, sim: Simulator) -> AsyncIterator[tuple[Member, Member]]:
    """Accounts called ada and bob, alike but for their names; and one answer."""
    pool = await Pool.begin(sim, service)
    both = await pool.add_two()
    for member, alias in zip(both, ("ada", "bob"), strict=True):
        await service.admin("PUT", f"/api/accounts/{member.id}/alias", json={"alias": alias})
        await probe(service, member)
    await wire.ask(service)
    yield both
    await pool.end()


async def probe(service: Service, member: Member) -> None:
    """Let the service hear what upstream says of the account now."""
    await service.admin("POST", f"/api/accounts/{member.id}/probe")


async def ask(service: Service, **more: Any) -> None:
    """One answer; afterwards the log has it."""
    since = sum(row["status"] != "in_progress" for row in service.rows())
    await wire.ask(service, **more)
    await service.closed_rows(since=0, count=since + 1)


async def told(service: Service, page: str, **params: str) -> Any:
    return await service.admin("GET", f"/api/ui/{page}", params=params)


async def twice(page: Page, shown: Callable[[], Awaitable[None]]) -> None:
    """While one looks, and again by the page's address."""
    await shown()
    await page.reload()
    await shown()


@asynccontextmanager
async def a_long_answer(service: Service, sim: Simulator) -> AsyncIterator[None]:
    """One request in flight."""
    sim.script(Text(deltas=10_000, delay_s=0.05), times=1)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(wire.ask(service))
        yield
        asking.cancel()


def term(page: Page, name: str) -> Locator:
    """The figure with this name in a list of figures."""
    found = page.locator("dl > div").filter(has=page.get_by_text(name, exact=True))
    return found.locator("dd").first


def begin_anew(service: Service, member: Member) -> None:
    """As if the account's week had begun anew some hours ago."""
    read = [(5, 0.8, 0), (4, 0.8, 0), (3, 0.1, 7), (2, 0.1, 7), (1, 0.1, 7)]
    now = service.sim.now()
    with closing(sqlite3.connect(service.data_dir / "store.db", timeout=5)) as store, store:
        store.executemany(
            "INSERT INTO quota_samples VALUES (?, 10080, ?, ?, ?)",
            [
                (member.id, now - hours * 3600, used, now + days * 86_400)
                for hours, used, days in read
            ],
        )


async def last_of(page: Page, chart: str) -> str:
    return str(await page.get_by_role("slider", name=chart).get_attribute("aria-valuetext"))


async def test_what_happens_is_shown_within_a_second(visitor: Visitor, service: Service) -> None:
    """One late time says that the machine was busy; ten of them say that the page is late."""
    page = visitor.page
    shown: dict[str, Callable[[int], Locator]] = {
        "/": lambda count: page.get_by_text(f"{count} requests ·").first,
        "/accounts": lambda count: page.get_by_title(f"{count} requests, 0 errors in 24 hours"),
        "/requests": lambda count: page.get_by_role("status").filter(has_text=f"{count} requests"),
        "/usage": lambda count: term(page, "Requests").filter(has_text=str(count)),
    }
    count = len(service.rows())
    for path, figure in shown.items():
        await visitor.goto(path)
        delays: list[float] = []
        while len(delays) < 10 and min(delays, default=2) >= 1:
            count += 1
            await wire.ask(service)
            began = perf_counter()
            await expect(figure(count)).to_be_visible()
            delays.append(perf_counter() - began)
        assert min(delays) < 1, path


async def test_capacity_and_what_needs_attention(
    visitor: Visitor, service: Service, two: tuple[Member, Member], sim: Simulator
) -> None:
    ada, bob = two
    page = await visitor.goto("/?range=7d")
    five_hours = page.get_by_role("listitem").filter(has_text="ada:").first
    await expect(five_hours).to_contain_text("ada: ")
    ada.upstream.used_5h, bob.upstream.used_5h = 0.25, 0.65
    for member in two:
        await probe(service, member)

    async def shown() -> None:
        capacity = (await told(service, "overview"))["capacity"][0]
        assert (capacity["kind"], round(capacity["leftPercent"])) == ("short", 55)
        card = page.get_by_role("region", name="Capacity")
        await expect(card.get_by_text("55% left").first).to_be_visible()
        for name, left in (("ada", 75), ("bob", 35)):
            segment = card.get_by_role("listitem").filter(has_text=f"{name}: {left}% left")
            await expect(segment.first).to_contain_text("resets")
        await expect(card).to_contain_text(
            f"+{int(capacity['nextReset']['gainPercent'] + 0.5)}% at"
        )
        await expect(card).to_contain_text(f"No forecast: {capacity['forecast']['hiddenBecause']}")

    await twice(page, shown)

    sim.script(UsageLimit(resets_in_s=7200), account=ada.upstream, times=1)
    sim.script(UsageLimit(resets_in_s=7200), account=bob.upstream, times=1)
    await ask(service)

    async def attention() -> None:
        items = (await told(service, "overview"))["attention"]
        assert {(item["kind"], item["subject"]) for item in items} >= {
            ("limited", "ada"),
            ("limited", "bob"),
        }
        card = page.get_by_role("region", name="Needs attention")
        await expect(card.get_by_role("listitem")).to_have_count(len(items))
        await expect(card.get_by_role("listitem").filter(has_text="ada")).to_contain_text("rests")
        await expect(page.get_by_text("None of 2 accounts can serve.")).to_be_visible()

    await twice(page, attention)
    for member in two:
        await probe(service, member)
    await expect(page.get_by_text("All 2 accounts can serve.")).to_be_visible()
    await expect(page.get_by_text("rests")).to_have_count(0)


async def test_now_traffic_and_most_used(
    visitor: Visitor, service: Service, sim: Simulator
) -> None:
    page = await visitor.goto("/?by=model")
    async with a_long_answer(service, sim):
        await expect(term(page, "In flight")).to_have_text("1")
    await expect(term(page, "In flight")).to_have_text("0")
    await ask(service, model="gpt-5.4")

    async def shown() -> None:
        overview = await told(service, "overview", group="model")
        await expect(term(page, "Requests per minute")).to_have_text(
            str(overview["now"]["requestsPerMinute"])
        )
        for one in overview["top"]["models"]:
            line = page.get_by_role("region", name="Models").get_by_role("listitem")
            await expect(line.filter(has_text=one["key"])).to_contain_text(
                re.compile(rf"\b{one['requests']} requests? ·")
            )
        traffic = overview["traffic"]
        last = traffic["values"][traffic["keys"].index("gpt-5.4")][-1]
        chart = page.get_by_role("slider", name="Requests")
        await expect(chart).to_have_attribute("aria-valuetext", re.compile(rf"gpt-5.4 {last}\b"))

    await twice(page, shown)


async def test_an_accounts_quota_past_and_why_it_was_passed_over(
    visitor: Visitor, service: Service, two: tuple[Member, Member], sim: Simulator
) -> None:
    ada, _ = two
    page = await visitor.goto("/accounts?q=ada")
    ada.upstream.used_5h, ada.upstream.used_week = 0.4, 0.3
    await probe(service, ada)
    for window, left in (("5 hours", 60), ("Week", 70)):
        meter = page.get_by_role("meter", name=window)
        await expect(meter).to_have_attribute(
            "aria-valuetext", re.compile(f"^{left}% left, resets")
        )

    page = await visitor.goto(f"/accounts/{ada.id}")
    sim.script(UsageLimit(resets_in_s=3600), account=ada.upstream, times=1)
    for name in ("a", "b", "c", "d"):  # one of the first two goes to ada, the others pass it over
        await ask(service, key=f"conversation {name}")

    async def shown() -> None:
        past = page.get_by_role("region", name="What happened").get_by_role("listitem")
        await expect(past.first).to_contain_text("A request went on to another account")
        await expect(past.nth(1)).to_contain_text("Limit reached, told by ChatGPT")
        account = await told(service, f"accounts/{ada.id}")
        await expect(past).to_have_count(len(account["events"]))
        reasons = page.get_by_role("region", name="Passed over").get_by_role("listitem")
        assert account["passedOver"]
        for place, why in enumerate(account["passedOver"]):
            await expect(reasons.nth(place)).to_have_text(f"{why['reason']}{why['requests']}")
        left = round(account["account"]["usage"]["secondaryRemainingPercent"])
        week = page.get_by_role("slider", name="The last week")
        await expect(week).to_have_attribute("aria-valuetext", re.compile(f"Week {left}% left"))
        await expect(page.get_by_text(re.compile(r"^Reset \w"))).to_be_visible()

    begin_anew(service, ada)
    await twice(page, shown)
    await probe(service, ada)
    await expect(page.get_by_text("Serves again").first).to_be_visible()


async def test_facets_histogram_pages_and_the_file(
    visitor: Visitor, service: Service, pool_of_rows: int
) -> None:
    page = await visitor.goto("/requests?q=outcome:served")
    filters = page.get_by_role("complementary", name="Filters")

    async def shown() -> None:
        document = await told(service, "requests", q="outcome:served")
        models = next(facet for facet in document["facets"] if facet["name"] == "model")
        for value in models["values"]:
            line = filters.locator("label").filter(has_text=value["label"])
            await expect(line.first).to_contain_text(str(value["count"]))
        assert f": {document['histogram'][-1]['requests']}." in await last_of(page, "When")

    await twice(page, shown)
    await ask(service, model="gpt-5.4")
    total = (await told(service, "requests", q="outcome:served"))["total"]
    await expect(page.get_by_role("status").filter(has_text=f"{total} requests")).to_be_visible()
    await shown()

    assert pool_of_rows < total < 2 * pool_of_rows
    rows = page.get_by_role("grid", name="Requests").locator("tbody").get_by_role("row")
    await expect(rows).to_have_count(100)
    await page.get_by_role("button", name="Older requests").click()
    await expect(rows).to_have_count(total)

    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="As CSV").click()
    with (await (await download.value).path()).open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == total


@pytest_asyncio.fixture(loop_scope="module")
async def pool_of_rows(service: Service) -> int:
    """More requests than a page has."""
    for _ in range(10):
        await asyncio.gather(*(wire.ask(service) for _ in range(10)))
    await ask(service, model="gpt-5.4")  # one model alone would be no choice
    return 100


async def test_a_conversation_its_phases_and_its_bill(visitor: Visitor, service: Service) -> None:
    for _ in range(2):
        await ask(service, key="a-conversation")
    rows = await told(service, "requests", q="conversation:a-conversation")
    newest = rows["requests"][0]
    page = await visitor.goto(f"/requests/{newest['requestId']}")
    sheet = page.get_by_role("dialog")
    siblings = sheet.get_by_role("region", name="The conversation").get_by_role("listitem")
    await expect(siblings).to_have_count(2)
    await ask(service, key="a-conversation")
    await expect(siblings).to_have_count(3)

    document = await told(service, f"requests/{newest['requestId']}")
    bill = sheet.get_by_role("row", name="In all")
    cost = f"${document['request']['costUsd']:.4f}".rstrip("0")
    await expect(bill.get_by_role("cell").last).to_contain_text(cost[:6])
    await expect(sheet.get_by_text("Until the first token")).to_be_visible()
    await siblings.first.get_by_role("link").click()
    await expect(page).to_have_url(re.compile(document["siblings"][0]["requestId"]))


async def test_usage_by_account_compared_and_without_a_price(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/usage")
    await expect(page.get_by_label("Time", exact=True)).to_have_value("28")
    await expect(page.get_by_label("By", exact=True)).to_have_value("account")
    await ask(service, model=UNPRICED, key="warm")

    async def shown() -> None:
        usage = await told(service, "usage", days="28", group="account")
        assert UNPRICED in usage["unpricedModels"]
        total = usage["total"]
        await expect(term(page, "Requests")).to_have_text(f"{total['requests']:,}")
        await expect(term(page, "Input from the cache")).to_have_text(
            f"{total['cachedTokens'] / total['inputTokens']:.0%}"
        )
        await expect(
            page.get_by_text(re.compile(f"no price is known: .*{UNPRICED}"))
        ).to_be_visible()
        detail = page.get_by_role("grid", name="In detail")
        for group in usage["groups"]:
            row = detail.get_by_role("row", name=group["label"] or "Without one")
            await expect(row.get_by_role("gridcell").nth(1)).to_have_text(
                f"{group['total']['requests']:,}"
            )
        counted = sum(map(sum, usage["heat"]))
        cells = page.locator("table td[title*=request] .sr-only")
        assert sum(int(text.replace(",", "")) for text in await cells.all_inner_texts()) == counted

    await twice(page, shown)
    await page.get_by_role("switch", name="Compare with the time before").click()
    await expect(page.get_by_text("The log does not go back that far.")).to_be_visible()
    await expect(page).to_have_url(f"{visitor.url}/usage?compare=1")


async def test_what_a_key_has_used_of_its_budgets(visitor: Visitor, service: Service) -> None:
    limit = {"limitType": "total_tokens", "limitWindow": "daily", "maxValue": 1_000_000}
    made = await service.admin("POST", "/api/api-keys", json={"name": "phone", "limits": [limit]})
    used = visitor.page.get_by_role("meter", name="Tokens per day")
    page = await visitor.goto("/keys")
    await expect(used).to_have_attribute("aria-valuetext", re.compile("^100% left, 0 of "))
    body = {"model": "gpt-5.5", "input": "Hello!"}
    headers = {"authorization": f"Bearer {made['key']}"}
    await service.admin("POST", "/v1/responses", json=body, headers=headers)
    await expect(used).not_to_have_attribute("aria-valuetext", re.compile(", 0 of "))

    async def shown() -> None:
        keys = (await told(service, "keys"))["keys"]
        (key,) = [one for one in keys if one["name"] == "phone"]
        spent = key["limits"][0]["currentValue"]
        assert spent > 0
        await expect(used).to_have_attribute("aria-valuetext", re.compile(rf"left, {spent:,} of "))

    await twice(page, shown)
    page = await visitor.goto("/usage")
    await expect(page.get_by_role("meter", name="phone: Tokens per day")).to_be_visible()
    await service.admin("DELETE", f"/api/api-keys/{made['id']}")


async def test_names_are_hidden_on_every_page_until_they_are_shown_again(
    visitor: Visitor,
) -> None:
    page = await visitor.goto("/accounts")
    name = page.get_by_text("ada", exact=True).first
    await expect(name).not_to_have_css("filter", re.compile("blur"))
    await page.get_by_role("button", name="Hide names").click()
    await expect(name).to_have_css("filter", re.compile("blur"))
    await page.goto(f"{visitor.url}/")
    await expect(page.locator("html")).to_have_attribute("data-privacy", "on")
    other = await visitor.context.new_page()
    await other.goto(f"{visitor.url}/accounts")
    await other.get_by_role("button", name="Show names").click()
    await expect(page.locator("html")).to_have_attribute("data-privacy", "off")


async def test_what_is_nowhere_leads_back(visitor: Visitor) -> None:
    page = await visitor.goto("/no/such/page")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.get_by_role("main").get_by_role("link", name="Overview").click()
    await expect(page).to_have_url(f"{visitor.url}/")
