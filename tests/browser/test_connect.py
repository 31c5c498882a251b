"""The Connect page: from nothing to a client's first answer, and what is said if it fails."""

import asyncio
import json
import os
import tomllib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from tests.browser.looking import Visitor, axe
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator import Simulator

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _clean(service: Service) -> AsyncIterator[None]:
    yield
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": False})


def snippet(page: Page, label: str) -> Locator:
    return page.get_by_role("figure").filter(has_text=label).get_by_role("code")


async def run(command: str, variables: dict[str, str]) -> dict[str, object]:
    """What a shell would get; a new key is known everywhere within a second."""
    async with asyncio.timeout(15):
        while True:
            shell = await asyncio.create_subprocess_exec(
                *("sh", "-c", command),
                env={**variables, "PATH": os.environ["PATH"]},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            answer: dict[str, object] = json.loads((await shell.communicate())[0])
            if "error" not in answer or answer["error"] is None:
                return answer
            await asyncio.sleep(0.1)


async def test_from_nothing_to_the_first_answer(
    visitor: Visitor, service: Service, sim: Simulator
) -> None:
    page = await visitor.goto("/connect")
    await expect(page.get_by_text("Waiting for your first request")).to_be_visible()
    await expect(page.get_by_text("There is no account in the pool yet")).to_be_visible()
    link = page.get_by_role("main").get_by_role("link", name="Add an account")
    await expect(link).to_have_attribute("href", "/accounts/new")
    await expect(page.get_by_text("Nothing is at that address.")).to_be_visible()

    pool = await Pool.begin(sim, service)
    await pool.add()
    await expect(link).to_have_count(0)
    told = tomllib.loads(await snippet(page, "config.toml").inner_text())
    assert told["model_providers"]["codex-lb"]["base_url"] == f"{service.url}/backend-api/codex"

    await wire.ask(service, model=told["model"])
    arrived = page.get_by_role("link", name="Received from")
    await expect(arrived).to_contain_text(f"{told['model']}, first token after")
    await expect(page.get_by_text("Waiting for")).to_have_count(0)
    (row,) = await service.closed_rows(since=pool.began_at, count=1)
    await page.reload()
    await expect(arrived).to_contain_text(f"{told['model']}, first token after")
    await expect(arrived).to_have_attribute("href", f"/requests/{row['id']}")


async def test_what_is_chosen_stands_in_the_address(visitor: Visitor, service: Service) -> None:
    listed = (await service.admin("GET", "/v1/models"))["data"]
    page = await visitor.goto("/connect")
    await page.get_by_role("tab", name="Codex CLI").focus()
    await page.keyboard.press("ArrowRight")
    await page.get_by_label("Model").select_option("gpt-5.4")
    told = json.loads(await snippet(page, "opencode.json").inner_text())
    assert told["model"] == "codex-lb/gpt-5.4"
    assert page.url == f"{service.url}/connect?client=opencode&model=gpt-5.4"
    await page.reload()
    await expect(page.get_by_role("tab", name="OpenCode")).to_have_attribute(
        "aria-selected", "true"
    )
    await expect(snippet(page, "codex-lb write it")).to_have_text(
        "codex-lb setup opencode --model gpt-5.4 --write --check"
    )
    assert set(told["provider"]["codex-lb"]["models"]) == {model["id"] for model in listed}


async def test_a_key_made_here_works_in_what_is_copied(visitor: Visitor, service: Service) -> None:
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": True})
    page = await visitor.goto("/connect?client=curl&model=gpt-5.5")
    await expect(page.get_by_text("A client at this address must show a key.")).to_be_visible()
    await page.get_by_role("button", name="New key").click()
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_text("A key needs a name.")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("laptop")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("This is the only time it is shown.")).to_be_visible()

    exported = await snippet(page, "export").inner_text()
    command = await snippet(page, "curl").inner_text()
    name, _, secret = exported.removeprefix("export ").partition("=")
    service.heard(json.dumps({"key": secret}))  # shown to a person, as it may be once
    assert (await run(command, {name: secret}))["status"] == "completed"
    await expect(page.get_by_role("link", name="Received from curl: gpt-5.5")).to_be_visible()

    await page.reload()
    await expect(
        page.get_by_text("Its secret was shown once and is not kept here.")
    ).to_be_visible()
    await expect(page.get_by_text(secret)).to_have_count(0)


async def test_what_fails_says_why_and_what_to_do(visitor: Visitor, service: Service) -> None:
    for account_id in await service.accounts():
        await service.admin("POST", f"/api/accounts/{account_id}/pause")
    page = await visitor.goto("/connect")
    await wire.ask(service)
    failed = page.get_by_role("listitem").filter(has_text="no account can serve")
    await expect(failed.get_by_text("Failed")).to_be_visible()
    await expect(failed.get_by_role("link", name="Mend it")).to_have_attribute("href", "/accounts")


async def test_who_is_turned_away_at_the_door_is_told_at_once(
    visitor: Visitor, service: Service
) -> None:
    page = await visitor.goto("/connect")
    wrong = {"authorization": "Bearer sk-clb-not-one", "user-agent": "curl/8.0"}
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": True})
    reply = await wire.send(service, b"{}", headers=wrong)
    assert reply.status == 401
    refused = page.get_by_role("region", name="Turned away").get_by_role("listitem")
    await expect(refused).to_contain_text("curl from 127.0.0.1, for /backend-api/codex/responses")
    await expect(refused).to_contain_text("Set the right key where the client runs")
    await page.reload()
    await expect(refused.filter(has_text="Refused (401)")).to_have_count(1)
    assert await axe(page) == []
