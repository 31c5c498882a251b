"""The document from which the front end's types are made."""

from tools.openapi import FILE, told


async def test_the_file_says_what_the_service_says() -> None:
    assert FILE.read_text("utf-8") == await told(), "run `make types`"
