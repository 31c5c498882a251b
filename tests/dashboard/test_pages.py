"""The page that a browser gets."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.dashboard.builders import FakeAccounts, FakeSettings, caller

from codex_lb.core.operator_settings import OperatorSettings
from codex_lb.core.routing_settings import RoutingSettings
from codex_lb.dashboard import assets
from codex_lb.dashboard.assets import Built


async def test_the_page_names_the_addresses_to_copy(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/", headers={"host": "localhost:4242"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "http://localhost:4242/backend-api/codex" in answer.text
    assert "http://localhost:4242/v1" in answer.text
    assert "version 9.9" in answer.text


async def test_a_host_that_is_none_is_not_repeated(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/", headers={"host": '"><script>'})
    assert "script" not in answer.text
    assert "http://127.0.0.1:2455/v1" in answer.text


async def test_the_page_needs_no_script_and_nothing_from_elsewhere(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|<style|style=|\son\w+=", answer.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert address.startswith("/")
        assert (await client.get(address)).status_code == 200


async def test_everybody_may_see_the_page(remote: httpx2.AsyncClient) -> None:
    assert (await remote.get("/")).status_code == 200


@pytest.mark.parametrize("path", ["/accounts", "/some/where", "/apical", "/healthy"])
async def test_a_mistyped_address_gets_the_page_too(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "<h1>codex-lb</h1>" in answer.text


async def test_head_is_get_without_the_body(client: httpx2.AsyncClient) -> None:
    answer = await client.head("/")
    assert answer.status_code == 200
    assert answer.content == b""


# With the dashboard built.

PAGE = '<html data-base="__base__" data-theme="__theme__" data-nonce="__nonce__">{}: __facts__'
PACKED = gzip.compress(b"plain", mtime=0)
BUILT = Built(
    PAGE.format("app"),
    PAGE.format("login"),
    {"a-1.js": {"br": b"smallest", "gzip": PACKED}, "b-2.css": {"": b"short"}},
)


def browser(peer: str = "127.0.0.1", **more: Any) -> httpx2.AsyncClient:
    return caller(FakeAccounts(), peer=peer, built=BUILT, **more)


def facts(answer: httpx2.Response) -> Any:
    return json.loads(answer.text.partition(": ")[2])


async def test_the_operator_gets_the_dashboard_with_its_first_data() -> None:
    async with browser() as client:
        answer = await client.get("/settings")
        told = (await client.get("/api/ui/settings")).json()
    assert answer.status_code == 200
    assert ">app:" in answer.text
    assert facts(answer)["first"]["/api/ui/settings"]["operator"] == told["operator"]
    assert answer.headers["cache-control"] == "no-store"


async def test_first_data_that_there_is_none_of_is_left_out() -> None:
    async with browser() as client:
        first = facts(await client.get("/connect"))["first"]
    assert list(first) == ["/api/dashboard-auth/session"]


async def test_nothing_in_the_first_data_ends_its_script() -> None:
    settings = FakeSettings(OperatorSettings(RoutingSettings(single_account_id="</script><!--")))
    async with browser(settings=settings) as client:
        answer = await client.get("/settings")
    fields = facts(answer)["first"]["/api/ui/settings"]["operator"]
    assert "</script><!--" in [field["value"] for field in fields]
    assert "<" not in answer.text.partition(": ")[2]


async def test_a_stranger_gets_the_page_that_signs_in_and_no_data() -> None:
    async with browser("192.0.2.7") as client:
        answer = await client.get("/settings")
    assert answer.status_code == 200
    assert ">login:" in answer.text
    assert list(facts(answer)["first"]) == ["/api/dashboard-auth/session"]


async def test_a_link_from_another_site_leads_to_the_dashboard_without_data() -> None:
    async with browser() as client:
        answer = await client.get("/settings", headers={"sec-fetch-site": "cross-site"})
    assert ">app:" in answer.text
    assert "/api/ui/settings" not in facts(answer)["first"]


async def test_on_this_machine_a_password_can_be_set_at_login() -> None:
    async with browser() as client:
        assert ">login:" in (await client.get("/login")).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/accounts/acc-1", 200),
        ("/settings/security", 200),
        ("/nowhere", 404),
        ("/settings/security/more", 404),
        ("/apical", 404),
    ],
)
async def test_the_dashboard_says_itself_that_an_address_is_none(path: str, status: int) -> None:
    async with browser() as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert ">app:" in answer.text


@pytest.mark.parametrize("path", ["/v1/nothing", "/api/nothing", "/assets/nothing.js"])
async def test_programs_get_no_page(path: str) -> None:
    async with browser() as client:
        answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


async def test_only_our_files_run_and_no_style_without_the_nonce() -> None:
    async with browser() as client:
        answers = [await client.get("/") for _ in range(2)]
    policies = [answer.headers["content-security-policy"] for answer in answers]
    nonces = [re.findall(r"'nonce-([\w-]{16,})'", policy) for policy in policies]
    assert all(
        f'data-nonce="{nonce}"' in answer.text
        for answer, [nonce] in zip(answers, nonces, strict=True)
    )
    assert nonces[0] != nonces[1]
    assert "script-src 'self';" in policies[0]
    assert "unsafe" not in policies[0]


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><b>', "system"), ("", "system")]
)
async def test_a_page_comes_in_the_colours_that_were_chosen(cookie: str, theme: str) -> None:
    async with browser(cookies={"codex_lb_theme": cookie}) as client:
        assert f'data-theme="{theme}"' in (await client.get("/")).text


async def test_behind_a_prefix_the_page_knows_it() -> None:
    async with browser(base="/codex") as client:
        assert 'data-base="/codex"' in (await client.get("/")).text


@pytest.mark.parametrize(
    ("accepted", "sent", "encoding"),
    [
        ("gzip, deflate, br, zstd", b"smallest", "br"),
        ("gzip;q=1.0", PACKED, "gzip"),
        ("identity", b"plain", None),
    ],
)
async def test_files_come_packed_as_the_browser_takes_them_and_stay(
    accepted: str, sent: bytes, encoding: str | None
) -> None:
    async with (
        browser("192.0.2.7") as client,
        client.stream("GET", "/assets/a-1.js", headers={"accept-encoding": accepted}) as answer,
    ):
        assert b"".join([piece async for piece in answer.aiter_raw()]) == sent
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "accept-encoding"


def test_what_was_built_is_read_with_its_packed_forms(tmp_path: Path) -> None:
    assert assets.load(tmp_path) is None
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "login.html", "a.js", "a.js.br", "a.js.gz", "b.css"):
        place = tmp_path if name.endswith("html") else tmp_path / "assets"
        (place / name).write_text(name)
    built = assets.load(tmp_path)
    assert built is not None
    assert (built.app, built.login) == ("index.html", "login.html")
    assert built.files == {
        "a.js": {"br": b"a.js.br", "gzip": b"a.js.gz"},
        "b.css": {"": b"b.css"},
    }
