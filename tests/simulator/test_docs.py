"""The page about the simulator names everything there is to name."""

from pathlib import Path
from typing import get_args

import pytest

from codex_lb.simulator import steps
from codex_lb.simulator.refusals import CASES
from codex_lb.simulator.scripts import ENDPOINTS

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()

STEPS = [step.__name__ for step in get_args(steps.Step)]


@pytest.mark.parametrize("name", [*STEPS, *CASES, *sorted(ENDPOINTS)])
def test_the_page_names(name: str) -> None:
    assert f"`{name}`" in PAGE
