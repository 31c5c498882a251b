"""Which prices came with this release? They stand in `prices.json`, for `core/pricing.py`.

The rates come from the `genai-prices` package, which cites OpenAI's price pages; the file names the
version and the day. `tools/extract_prices.py` copies what is needed and a test compares
(docs/decisions/0013).
"""

from importlib.resources import files

import msgspec

from codex_lb.core.pricing import ModelPrice, Prices


class _Entry(msgspec.Struct):
    """Names that share a price."""

    names: list[str]
    price: ModelPrice


class _File(msgspec.Struct):
    source: str
    checked: str
    models: list[_Entry]


def parse(document: bytes) -> Prices:
    """The prices in the form of `prices.json`. Raises `msgspec.ValidationError` for another form."""
    entries = msgspec.json.decode(document, type=_File).models
    return Prices({name: entry.price for entry in entries for name in entry.names})


def shipped() -> Prices:
    """Reads a file of the package."""
    return parse(files("codex_lb").joinpath("prices.json").read_bytes())
