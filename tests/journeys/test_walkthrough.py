"""The steps of `docs/api.md`, run as they are written there: by bash, with curl and jq."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest
from tests.journeys.service import REPOSITORY, Service

from codex_lb.simulator import Simulator

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

TOKEN = "made-up-admin-token"
_LIMIT_S = 120.0
_BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
_MARK = "\x1e"  # between what two steps print


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CODEX_LB_ADMIN_API_TOKEN": TOKEN}


def steps(service: Service) -> list[str]:
    """The code of the document, for this service. What comes before the first step is the first."""
    preparation, *numbered = _BLOCK.findall((REPOSITORY / "docs" / "api.md").read_text("utf-8"))
    for written, meant in (
        ("http://127.0.0.1:2455", service.url),
        ("the value of CODEX_LB_ADMIN_API_TOKEN", TOKEN),
    ):
        assert preparation.count(written) == 1
        preparation = preparation.replace(written, meant)
    assert [step.split(".")[0] for step in numbered] == [f"# {n}" for n in range(1, 13)]
    return [f"set -euo pipefail\n{preparation}", *numbered]


async def test_every_step_does_what_it_says(
    service: Service, sim: Simulator, tmp_path: Path
) -> None:
    for tool in ("bash", "curl", "jq"):
        assert shutil.which(tool), f"{tool} is missing; `make test` as root installs it"
    account = sim.add_account(email="walk@example.com")
    (tmp_path / "auth.json").write_text(json.dumps(account.auth_json()))

    said = await _run("\nprintf '\\x1e'\n".join(steps(service)), tmp_path)
    imported, left, switched, created, every, used, renamed, limited, reset = map(
        json.loads, said[1:10]
    )
    models, usage = said[11].split("\n{", 1)
    assert (imported["email"], imported["status"]) == ("walk@example.com", "active")
    assert all(window.keys() == {"remainingPercent", "resetAt"} for window in left.values())
    assert switched["apiKeyAuthEnabled"] is True
    assert [key["id"] for key in every] == [created["id"]]
    assert [limit["of"] for limit in used] == [500_000, 2_500_000, 10_000_000]
    assert (renamed["name"], renamed["allowedModels"]) == ("old laptop", ["gpt-5.4"])
    assert [limit["maxValue"] for limit in limited["limits"]] == [300_000, 12_000_000]
    assert {limit["currentValue"] for limit in reset["limits"]} == {0}
    assert said[10] == ""
    assert json.loads(models) == ["gpt-5.4"]
    assert json.loads("{" + usage)["request_count"] == 0
    assert said[12].startswith("HTTP/1.1 204")
    assert await _keys(service) == []


async def _run(script: str, directory: Path) -> list[str]:
    """What each step prints. A step that fails ends it."""
    bash = await asyncio.create_subprocess_exec(
        "bash",
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_LIMIT_S):
        out, err = await bash.communicate(script.encode())
    assert bash.returncode == 0, f"{out.decode()}\n{err.decode()}"
    return out.decode().split(_MARK)


async def _keys(service: Service) -> object:
    return await service.admin("GET", "/api/api-keys", headers={"authorization": f"Bearer {TOKEN}"})
