"""Pricing as a table, on prices made up for it."""

import pytest

from codex_lb.core.model import Cost, Usage
from codex_lb.core.pricing import ModelPrice, Prices, Rates, Tariff, price

MILLION = 1_000_000

PLAIN = ModelPrice(Tariff(Rates(1_000_000, 100_000, 8_000_000)))
TIERED = ModelPrice(
    standard=Tariff(
        Rates(2_000_000, 200_000, 10_000_000), 1_000, Rates(4_000_000, 400_000, 15_000_000)
    ),
    priority=Tariff(Rates(5_000_000, 500_000, 25_000_000)),
    flex=Tariff(Rates(1_000_000, 100_000, 5_000_000), 1_000, Rates(2_000_000, 200_000, 7_500_000)),
)


def named(*names: str, entry: ModelPrice = PLAIN) -> Prices:
    return Prices(dict.fromkeys(names, entry))


@pytest.mark.parametrize(
    ("usage", "tier", "expected"),
    [
        pytest.param(Usage(100, 10), None, Cost(200, 0, 100), id="input and output"),
        pytest.param(
            Usage(100, 10, cached_tokens=40), None, Cost(120, 8, 100), id="cached is less"
        ),
        pytest.param(
            Usage(100, 10, reasoning_tokens=9), None, Cost(200, 0, 100), id="reasoning is output"
        ),
        pytest.param(Usage(), None, Cost(0, 0, 0), id="nothing costs nothing"),
        pytest.param(
            Usage(10, 0, cached_tokens=40), None, Cost(0, 2, 0), id="no more is cached than came in"
        ),
        pytest.param(Usage(1_000, 10), None, Cost(2_000, 0, 100), id="1000 is not long yet"),
        pytest.param(Usage(1_001, 10), None, Cost(4_004, 0, 150), id="1001 is long, all of it"),
        pytest.param(Usage(100, 10), "default", Cost(200, 0, 100), id="the default tier"),
        pytest.param(Usage(100, 10), "auto", Cost(200, 0, 100), id="whatever upstream likes"),
        pytest.param(Usage(100, 10), "priority", Cost(500, 0, 250), id="priority costs more"),
        pytest.param(Usage(100, 10), "fast", Cost(500, 0, 250), id="fast is priority"),
        pytest.param(Usage(100, 10), "Flex", Cost(100, 0, 50), id="flex costs less"),
        pytest.param(Usage(2_000, 10), "priority", Cost(10_000, 0, 250), id="no long priority"),
        pytest.param(Usage(2_000, 10), "flex", Cost(4_000, 0, 75), id="long flex"),
    ],
)
def test_price(usage: Usage, tier: str | None, expected: Cost) -> None:
    assert price("gpt-9", usage, tier=tier, catalogue=named("gpt-9", entry=TIERED)) == expected


def test_a_tier_without_rates_is_an_estimate() -> None:
    cost = price("gpt-9", Usage(100), tier="priority", catalogue=named("gpt-9"))
    assert cost == Cost(100, 0, 0, estimated=True)


@pytest.mark.parametrize(
    ("rate", "tokens", "micros"),
    [
        pytest.param(175_000, 2, 0, id="0.35 micro-dollars are none"),
        pytest.param(175_000, 3, 1, id="0.525 are one"),
        pytest.param(500_000, 1, 1, id="half is rounded up"),
    ],
)
def test_rounding(rate: int, tokens: int, micros: int) -> None:
    catalogue = named("m", entry=ModelPrice(Tariff(Rates(0, 0, rate))))
    cost = price("m", Usage(0, tokens), tier=None, catalogue=catalogue)
    assert cost is not None
    assert cost.output_micros == micros


FAMILY = [
    "gpt-5",
    "gpt-5-mini",
    "gpt-5.2",
    "gpt-5.2-codex",
    "gpt-5.4",
    "gpt-5.4-mini",
    "o3",
    "o4-mini",
]


@pytest.mark.parametrize(
    ("model", "priced_as"),
    [
        pytest.param("gpt-5.2", "gpt-5.2", id="its own price"),
        pytest.param("GPT-5.2", "gpt-5.2", id="names are compared without case"),
        pytest.param("gpt-5.2-2025-12-11", "gpt-5.2", id="a snapshot costs what its model costs"),
        pytest.param("gpt-5.2-codex-max", "≈gpt-5.2-codex", id="the words count first"),
        pytest.param("gpt-5.3-mini", "≈gpt-5.4-mini", id="a small model is like a small model"),
        pytest.param("gpt-6-2027-01-01", "≈gpt-5.4", id="a new version is like the last"),
        pytest.param("gpt-5.3", "≈gpt-5.4", id="between two, the newer"),
        pytest.param("gpt-5.10", "≈gpt-5.4", id="ten comes after nine"),
        pytest.param("gpt-5.2-nova", "≈gpt-5.2", id="an unknown word is like none"),
        pytest.param("gpt-mystery", "≈gpt-5", id="without a version, the oldest"),
        pytest.param("o9", "≈o3", id="lines are not mixed"),
        pytest.param("claude-sonnet-9", None, id="of another line nothing is known"),
        pytest.param("gptx", None, id="nor of a name that only begins alike"),
        pytest.param("gpt 5", None, id="nor of one that is no name"),
        pytest.param("", None, id="nor of none"),
        pytest.param("gpt-" + "9" * 9_999, "≈gpt-5", id="an absurd version is none"),
    ],
)
def test_which_price(model: str, priced_as: str | None) -> None:
    """Each model costs one more than the one before, so the cost tells which it was."""
    catalogue = Prices(
        {
            name: ModelPrice(Tariff(Rates(number * MILLION, 0, 0)))
            for number, name in enumerate(FAMILY)
        }
    )
    cost = price(model, Usage(1), tier=None, catalogue=catalogue)
    found = cost and ("≈" if cost.estimated else "") + FAMILY[cost.input_micros]
    assert found == priced_as


def test_the_operator_overrides_what_is_shipped() -> None:
    catalogue = named("gpt-9", "gpt-8").with_overrides({"gpt-9": TIERED, "own": TIERED})
    for model, input_micros in (("gpt-9", 200), ("gpt-8", 100), ("own", 200)):
        assert price(model, Usage(100), tier=None, catalogue=catalogue) == Cost(input_micros, 0, 0)
