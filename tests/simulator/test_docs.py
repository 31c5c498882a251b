"""The page about the simulator names everything there is to name."""

from pathlib import Path
from typing import get_args

import pytest

from codex_lb.simulator import steps
from codex_lb.simulator.refusals import CASES
from codex_lb.simulator.scripts import ENDPOINTS
from codex_lb.simulator.sentinels import names

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()

STEPS = [step.__name__ for step in get_args(steps.Step)]
SENTINELS = [name for name in names() if not name.startswith("sim-refuse-")]


@pytest.mark.parametrize("name", [*STEPS, *SENTINELS, *CASES, *sorted(ENDPOINTS)])
def test_the_page_names(name: str) -> None:
    assert f"`{name}`" in PAGE
