"""A hostile web page in the operator's browser: it tries everything, and nothing comes of it.

The page (`hostile.html`) is served by another port of this machine, by another host name, and, as
after a rebound DNS name, by the service's own port under a name that is not the service's. At the
end the same page under the service's own origin has its way: that shows that it tries in earnest.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright
from tests.journeys.conftest import UNASKED
from tests.journeys.service import JsonObject, Service

from codex_lb.simulator import SimAccount, Simulator

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

PAGE = (Path(__file__).parent / "hostile.html").read_text("utf-8")
CHROMIUM = "/usr/bin/chromium"
PAGES = {"/", "/accounts"}  # for anybody to fetch, but not to read or frame
EVIL, REBOUND = "evil.test", "rebound.test"
PASSWORD = "correct horse battery staple"
CALL = {"model": "gpt-5.4", "input": "Hello!", "stream": False}
SETTINGS = {"apiKeyAuthEnabled": True, "stickyThreadsEnabled": False}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return UNASKED | {"CODEX_LB_MODEL_REGISTRY_ENABLED": "false"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                # What newer browsers do against such pages is not to hide what we do.
                "--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessChecks",
                f"--host-resolver-rules=MAP {EVIL} 127.0.0.1, MAP {REBOUND} 127.0.0.1",
            ],
        )
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def elsewhere() -> AsyncIterator[int]:
    """The port of another site, which has the page and can redirect."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def away(request: web.Request) -> web.Response:
        headers = {"location": request.query["to"]}
        return web.Response(status=int(request.query["status"]), headers=headers)

    site = web.Application()
    site.router.add_get("/", page)
    site.router.add_route("*", "/away", away)
    runner = web.AppRunner(site)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pooled(sim: Simulator, service: Service) -> str:
    """The id of the one account in the pool."""
    return await service.import_account(sim.add_account(email="victim@example.com"))


@pytest.fixture(scope="module")
def intruder(sim: Simulator) -> SimAccount:
    """Would gladly be in the pool, and read what is asked of it."""
    return sim.add_account(email="intruder@example.com")


def wishes(account_id: str) -> list[tuple[str, str, JsonObject | None]]:
    """What a page might want: to read, to change, to spend."""
    account = f"/api/accounts/{account_id}"
    auth = "/api/dashboard-auth"
    return [
        *(("GET", page, None) for page in sorted(PAGES)),
        ("GET", "/api/accounts", None),
        ("GET", "/api/settings", None),
        ("GET", "/api/api-keys", None),
        ("GET", "/api/openapi.json", None),
        ("GET", "/api/audit-logs", None),
        ("GET", "/api/request-logs", None),
        ("GET", f"{auth}/sessions", None),
        ("GET", "/api/ui/overview", None),
        ("GET", "/api/ui/stream", None),
        ("GET", "/v1/models", None),
        ("GET", "/backend-api/codex/models", None),
        ("GET", "/api/codex/usage", None),
        ("POST", "/api/accounts/import", {}),
        ("POST", f"{account}/pause", {}),
        ("POST", f"{account}/probe", {}),
        ("PUT", f"{account}/alias", {"alias": "mine"}),
        ("DELETE", account, {}),
        ("POST", "/internal/drain/start", {}),
        ("PUT", "/api/settings", SETTINGS),
        ("POST", "/api/api-keys", {"name": "mine"}),
        ("POST", "/api/firewall/ips", {"ipAddress": "192.0.2.1"}),
        ("POST", f"{auth}/password/setup", {"password": PASSWORD}),
        ("POST", "/v1/responses", CALL),
        ("POST", "/backend-api/codex/responses", CALL),
    ]


async def attacked(
    page: Page, base: str, requests: list[Any], intruder: SimAccount
) -> list[JsonObject]:
    """What the page got to read."""
    upload = json.dumps(intruder.auth_json())
    heard: list[JsonObject] = await page.evaluate(
        "(given) => attack(given)", {"base": base, "requests": requests, "upload": upload}
    )
    return heard


async def state(service: Service, context: BrowserContext | None = None) -> JsonObject:
    """All that an attack could have changed, as the operator sees it; `context` is signed in."""
    found = {}
    for path in (
        "accounts", "settings", "api-keys", "firewall/ips", "audit-logs", "request-logs",
    ):  # fmt: skip
        if context is None:
            found[path] = await service.admin("GET", f"/api/{path}")
        else:
            answer = await context.request.get(f"{service.url}/api/{path}")
            assert answer.ok, await answer.text()
            found[path] = await answer.json()
    return found


class Watch:
    """What a page asked of the service, and every answer that was no refusal."""

    def __init__(self, page: Page, port: int, *, links: bool = False) -> None:
        """`links`: whether a GET by a link is no matter, because the operator is signed in."""
        self._links = links
        self.asked: set[tuple[str, str]] = set()
        self.granted: list[str] = []
        self._port = port
        page.on("request", self._note_request)
        page.on("response", self._note_response)

    def _note_request(self, request: Any) -> None:
        if urlsplit(request.url).port == self._port:
            self.asked.add((request.method, urlsplit(request.url).path))

    def _note_response(self, response: Any) -> None:
        url = urlsplit(response.url)
        asked = response.request
        is_link = asked.method == "GET" and asked.is_navigation_request()
        is_granted = url.port == self._port and url.path not in PAGES and response.status < 400
        if is_granted and not (is_link and self._links):
            self.granted.append(f"{asked.method} {response.url} {response.status}")


@pytest.mark.parametrize("host", ["localhost", EVIL])
async def test_a_page_of_another_site_reads_nothing_and_changes_nothing(
    browser: Browser,
    elsewhere: int,
    service: Service,
    sim: Simulator,
    pooled: str,
    intruder: SimAccount,
    host: str,
) -> None:
    before, seen = await state(service), len(sim.requests)
    async with await browser.new_context() as context:
        page = await context.new_page()
        watch = Watch(page, service.port)
        await page.goto(f"http://{host}:{elsewhere}/")
        heard = await attacked(page, service.url, wishes(pooled), intruder)
        framed = {urlsplit(f.url).path for f in page.frames if f.url.startswith(service.url)}
    assert heard == []
    assert watch.granted == []
    assert {path for method, path, _ in wishes(pooled) if method in ("GET", "POST")} <= {
        path for _, path in watch.asked
    }
    assert not framed & {*PAGES, "/api/accounts"}
    assert await state(service) == before
    assert len(sim.requests) == seen


async def test_a_rebound_name_reads_nothing_and_changes_nothing(
    browser: Browser, service: Service, sim: Simulator, pooled: str, intruder: SimAccount
) -> None:
    """For the browser page and service are one site; the name in `Host` gives it away."""
    before, seen = await state(service), len(sim.requests)
    base = f"http://{REBOUND}:{service.port}"
    async with await browser.new_context() as context:
        page = await _taken_over(context, base)
        watch = Watch(page, service.port)
        heard = await attacked(page, base, wishes(pooled), intruder)
    assert {h["path"] for h in heard} >= {path for method, path, _ in wishes(pooled)}
    read = {h["path"] for h in heard if '"error"' not in h["what"]}
    assert read <= PAGES
    assert "victim@example.com" not in str(heard)
    assert watch.granted == []
    assert await state(service) == before
    assert len(sim.requests) == seen


async def test_the_same_page_under_the_services_own_name_has_its_way(
    browser: Browser, service: Service, sim: Simulator, pooled: str, intruder: SimAccount
) -> None:
    """And so has the operator's real page: here as one, because the browser cannot tell them apart."""
    wanted = [
        ("GET", "/api/accounts", None),
        ("POST", "/api/accounts/import", {}),
        ("POST", f"/api/accounts/{pooled}/pause", {}),
        ("POST", f"/api/accounts/{pooled}/reactivate", {}),
        ("PUT", "/api/settings", SETTINGS),
        ("PUT", "/api/settings", {"apiKeyAuthEnabled": False}),
        ("POST", "/v1/responses", CALL),
    ]
    async with await browser.new_context() as context:
        page = await _taken_over(context, service.url)
        heard = await attacked(page, service.url, wanted, intruder)
        assert {h["path"] for h in heard if " 200" in h["how"]} == {path for _, path, _ in wanted}
    assert len(await service.accounts()) == 2
    assert not (await service.admin("GET", "/api/settings"))["stickyThreadsEnabled"]
    assert sim.requests_to("/codex/responses")


async def test_a_page_of_another_port_has_no_use_of_the_operators_session(
    browser: Browser,
    elsewhere: int,
    service: Service,
    sim: Simulator,
    pooled: str,
    intruder: SimAccount,
) -> None:
    """Another port is the same site to a cookie, so the browser sends it along."""
    async with await browser.new_context(bypass_csp=True) as context:
        own = await context.new_page()
        await own.goto(service.url)
        status = await own.evaluate(
            """async (password) => (await fetch("/api/dashboard-auth/password/setup", {
                method: "POST", headers: {"content-type": "application/json"},
                body: JSON.stringify({password})})).status""",
            PASSWORD,
        )
        assert status == 200
        before, seen = await state(service, context), len(sim.requests)
        page = await context.new_page()
        watch = Watch(page, service.port, links=True)
        await page.goto(f"http://127.0.0.1:{elsewhere}/")
        asked = [*wishes(pooled), ("POST", "/api/dashboard-auth/logout", {})]
        heard = await attacked(page, service.url, asked, intruder)
        assert heard == []
        assert watch.granted == []
        assert await state(service, context) == before
        assert len(sim.requests) == seen


async def _taken_over(context: BrowserContext, base: str) -> Page:
    """The hostile page where the service's own would be: no `Origin` tells them apart."""

    async def instead(route: Route) -> None:
        await route.fulfill(body=PAGE, content_type="text/html")

    page = await context.new_page()
    await page.route(f"{base}/", instead)
    await page.goto(f"{base}/")
    return page
