"""The prices that are shipped: what they make of a request, and that they are what they claim."""

import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb import price_list
from codex_lb.core.model import Usage
from codex_lb.core.pricing import price

ROOT = Path(__file__).parents[1]
MILLION = 1_000_000
SHIPPED = price_list.shipped()


@given(
    st.sampled_from(["gpt-5", "gpt-5-mini", "o3"]),
    st.sampled_from([None, "priority", "flex", "default"]),
    *[st.integers(0, 10**9)] * 3,
)
def test_a_cost_is_never_negative_and_more_never_costs_less(
    model: str, tier: str | None, tokens: int, cached: int, output: int
) -> None:
    less = price(model, Usage(tokens, output, cached), tier=tier, catalogue=SHIPPED)
    more = price(model, Usage(tokens + 1, output + 1, cached), tier=tier, catalogue=SHIPPED)
    assert less is not None
    assert more is not None
    assert 0 <= less.total_micros <= more.total_micros


@pytest.mark.parametrize(
    ("model", "tier", "usage", "dollars"),
    [
        pytest.param("gpt-5.2", None, Usage(1_000, 500, 200), 0.008435, id="a worked example"),
        pytest.param("gpt-5.5", "priority", Usage(1_000, 100), 0.02, id="2.5 times for priority"),
        pytest.param("gpt-5.4", "flex", Usage(1_000, 100), 0.002, id="half for flex"),
        pytest.param("gpt-5.4", None, Usage(300_000), 1.5, id="long context costs double"),
        pytest.param("gpt-5.4", "flex", Usage(300_000), 0.75, id="also in flex"),
        pytest.param("gpt-5.4-pro", None, Usage(1_000, 0, 500), 0.03, id="no discount, no cache"),
        pytest.param("gpt-5.6", None, Usage(1_000, 100), 0.006, id="5.6 is its largest model"),
        pytest.param("gpt-5.1-codex-max", None, Usage(1_000, 100), 0.00225, id="codex-max"),
    ],
)
def test_shipped_prices(model: str, tier: str | None, usage: Usage, dollars: float) -> None:
    cost = price(model, usage, tier=tier, catalogue=SHIPPED)
    assert cost is not None
    assert not cost.estimated
    assert cost.total_micros == round(dollars * MILLION)


def test_the_shipped_prices_are_those_of_the_package_they_name() -> None:
    path = ROOT / "tools" / "extract_prices.py"
    spec = importlib.util.spec_from_file_location("extract_prices", path)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    listed = json.loads(tool.OUTPUT.read_text())
    assert listed == tool.extract(dt.date.fromisoformat(listed["checked"]))
