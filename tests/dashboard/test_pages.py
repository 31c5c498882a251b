"""The page that a browser gets."""

import re

import httpx2
import pytest


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
